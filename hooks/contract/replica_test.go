package contract

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/kratos"
	"nidan/policies"
	"nidan/settings"
)

// switches are the settings of all tests here: all channels are enforced.
var switches = settings.Settings{TwoFactor: true, Remember: true, RememberDays: rememberDays}

// keyring is the keyring of all replicas.
func keyring(t testing.TB) *challenge.Keyring {
	t.Helper()
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// shipped are the policies that ship. They are loaded once because loading takes longer than most of the tests.
var shipped = sync.OnceValues(func() (*policies.Engine, error) {
	return policies.New(context.Background(), policies.Shipped())
})

// newHook returns the hook of a replica.
func newHook(t testing.TB, s exchange.Store, now func() time.Time) *echo.Echo {
	t.Helper()
	engine, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	keys := keyring(t)
	h := &hooks.Handler{
		Tokens: hooks.NewTokens([]string{token}), Store: s, Policies: engine, Keys: keys, Now: now,
		Challenger: &challenge.Challenger{Keys: keys, Now: now, Rand: rand.Reader, MailWaits: func() bool { return false }},
		Identity: kratos.Pointers{
			Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
			Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
			Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
		},
		Sentences: sentences, DeviceCookie: hooks.DeviceCookie(false), TimeZone: time.UTC, Log: slog.New(slog.DiscardHandler),
	}
	e := echo.New()
	if err := h.Mount(e); err != nil {
		t.Fatal(err)
	}
	return e
}

// newCaller returns a caller with a hook on each of the stores. Each store has its own connections and so stands for a replica. The hooks
// belong to this caller alone, so that their time is known.
func newCaller(t testing.TB, clock *clock, order *atomic.Int64, stores ...exchange.Store) *caller {
	t.Helper()
	c := &caller{clock: clock, order: order, keys: keyring(t)}
	for _, s := range stores {
		watched := observed{s, c}
		c.hooks, c.stores = append(c.hooks, newHook(t, watched, c.now)), append(c.stores, watched)
	}
	return c
}
