package watch

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/testutil"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"nidan/challenge"
	"nidan/hooks"
	"nidan/kratos"
	"nidan/logs"
	"nidan/policies"
	"nidan/settings"
	sql "nidan/store"
)

const token = "hook-token-hook-token-hook-token-1"

// scene is a watched hook with the real policies and a real database.
type scene struct {
	t      *testing.T
	watch  *Watch
	spans  *tracetest.InMemoryExporter // nil: nothing is traced
	hook   *hooks.Handler
	store  *sql.Store
	keys   *challenge.Keyring
	echo   *echo.Echo
	log    bytes.Buffer
	calls  int
	engine *policies.Engine
}

// newScene makes a scene. If traced is true, it keeps the traces.
func newScene(t *testing.T, set fs.FS, traced bool) *scene {
	t.Helper()
	s := &scene{t: t}
	var err error
	if s.store, err = sql.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	if err := s.store.Migrate(t.Context(), settings.Settings{TwoFactor: true, Remember: true, RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	if s.engine, err = policies.New(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if s.keys, err = challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)}); err != nil {
		t.Fatal(err)
	}
	var tracing *Tracing
	if traced {
		s.spans = tracetest.NewInMemoryExporter()
		tracing = newTracing(sdk.WithSyncer(s.spans))
	}
	s.watch = New(s.engine.Names, tracing)
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	s.hook = &hooks.Handler{
		Tokens: hooks.NewTokens([]string{token}), Store: s.watch.Store(s.store), Policies: s.watch.Decider(s.engine), Keys: s.keys, Now: time.Now,
		Challenger: &challenge.Challenger{Keys: s.keys, Now: time.Now, Rand: rand.Reader, MailWaits: func() bool { return false }},
		Identity: kratos.Pointers{
			Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale", Role: "/metadata_public/role",
			TwoFactor: "/metadata_public/two_factor/enabled", Locked: "/metadata_public/locked",
			PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
		},
		Sentences: sentences, DeviceCookie: hooks.DeviceCookie(false), TimeZone: time.UTC, Watch: s.watch.Call,
		Log: slog.New(logs.Handler{Handler: slog.NewJSONHandler(&s.log, nil)}),
	}
	s.echo = echo.New()
	if err := s.hook.Mount(s.echo); err != nil {
		t.Fatal(err)
	}
	return s
}

// post makes a call like Kratos. If asked is true, the account is asked for a code.
func (s *scene) post(asked bool, code string, header http.Header) *httptest.ResponseRecorder {
	s.t.Helper()
	s.calls++
	body, err := json.Marshal(map[string]any{
		"flow": map[string]any{"id": "flow-1", "type": "api", "transient_payload": map[string]any{"two_factor": map[string]any{
			"client": map[string]any{"name": "softphone", "version": "3.5.0"}, "code": code,
		}}},
		"identity": map[string]any{
			"id": "agent-id", "state": "active", "traits": map[string]any{"account": "agent", "name": "Agent", "email": "agent@example.com"},
			"metadata_public": map[string]any{"role": "user", "two_factor": map[string]any{"enabled": asked}},
		},
		"session": map[string]any{"authenticated_at": time.Unix(int64(s.calls), 0).UTC().Format(time.RFC3339Nano)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/login", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// mail returns the message that waits to be sent.
func (s *scene) mail() challenge.Message {
	s.t.Helper()
	taken, err := s.store.TakeMessages(context.Background(), time.Now(), time.Now(), 10)
	if err != nil || len(taken) != 1 {
		s.t.Fatalf("%d messages wait: %v", len(taken), err)
	}
	return taken[0].Message
}

func (s *scene) code(m challenge.Message) string {
	s.t.Helper()
	code, err := m.Open(s.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// signIns checks how many sign-ins were counted with these labels.
func (s *scene) signIns(want float64, action, reason, channel string) {
	s.t.Helper()
	if got := testutil.ToFloat64(s.watch.signIns.WithLabelValues(action, reason, channel)); got != want {
		s.t.Errorf("%v sign-ins of %s, %s, %s were counted, want %v", got, action, reason, channel, want)
	}
}
