package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/records"
	"nidan/server/session"
	"nidan/settings"
	"nidan/store"
)

// errFault is the error of everything that a test lets fail.
var errFault = errors.New("it is broken")

// scene is a console with a real store and the policies that ship. Kratos, the clock and faults are the test's own.
type scene struct {
	*Console
	kratos *accounts
	store  *faultyStore
	judge  *faultyJudge
	clock  time.Time
}

// accounts is a Kratos with the given accounts. Each page that is read advances the clock.
type accounts struct {
	all      []kratos.Identity
	slow     func()
	listed   error // error of the list
	setFlag  error
	switched []string // accounts whose flag was to be changed
	lookedUp []string
}

func (a *accounts) Accounts(_ context.Context, _, from string, size int) ([]kratos.Identity, string, error) {
	if a.listed != nil {
		return nil, "", a.listed
	}
	a.slow()
	at := 0
	if from != "" {
		at, _ = strconv.Atoi(from)
	}
	end := min(at+size, len(a.all))
	next := strconv.Itoa(end)
	if end == len(a.all) {
		next = ""
	}
	return a.all[at:end], next, nil
}

func (a *accounts) Account(_ context.Context, id string) (kratos.Identity, error) {
	a.lookedUp = append(a.lookedUp, id)
	for _, i := range a.all {
		if i.ID == id {
			return i, nil
		}
	}
	return kratos.Identity{}, kratos.ErrGone
}

func (a *accounts) SetFlag(_ context.Context, as kratos.Identity, _ string, _ bool) error {
	a.switched = append(a.switched, as.ID)
	return a.setFlag
}

// faultyStore is the real store, with some methods that can fail.
type faultyStore struct {
	*store.Store
	saveSettings error
	record       map[string]error // by state of the record; "": for every record
	recordsFrom  int              // from this read of records on, reads fail; 0: none fails
	reads        int
}

func (s *faultyStore) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	return s.Store.Update(ctx, account, func(tx exchange.Tx) error { return fn(faultyTx{tx, s}) })
}

func (s *faultyStore) SearchRecords(ctx context.Context, f records.Filter, within int) ([]records.Record, int64, error) {
	if s.reads++; s.recordsFrom != 0 && s.reads >= s.recordsFrom {
		return nil, 0, errFault
	}
	return s.Store.SearchRecords(ctx, f, within)
}

func (s *faultyStore) AnswerApproval(ctx context.Context, revision, digest, answer string, r records.Record) (bool, error) {
	if err := errors.Join(s.record[""], s.record[r.State]); err != nil {
		return false, err // the store runs its own unit of work here
	}
	return s.Store.AnswerApproval(ctx, revision, digest, answer, r)
}

type faultyTx struct {
	exchange.Tx
	s *faultyStore
}

func (tx faultyTx) SaveSettings(ctx context.Context, version int64, to settings.Settings, by string, at time.Time) (bool, error) {
	saved, err := tx.Tx.SaveSettings(ctx, version, to, by, at)
	return saved, errors.Join(err, tx.s.saveSettings)
}

func (tx faultyTx) AddRecord(ctx context.Context, r records.Record) error {
	return errors.Join(tx.Tx.AddRecord(ctx, r), tx.s.record[""], tx.s.record[r.State])
}

// faultyJudge is the engine, or a fault. With the error it also returns a permission, so that code that ignores the error lets
// everybody in, and the test fails.
type faultyJudge struct {
	*policies.Engine
	err   error
	store *store.Store
}

func (j *faultyJudge) Everywhere(context.Context) (live.Status, error) { return live.Status{}, nil }

func (j *faultyJudge) Asked(ctx context.Context) (asked []live.Waiting, err error) {
	kept, err := j.store.Approvals(ctx)
	for _, k := range kept {
		asked = append(asked, live.Waiting{
			Revision: k.Revision, Digest: k.Digest, Against: k.Against, Source: live.SourceOf(k.Source), Answer: live.Answer(k.Answer), By: k.AnsweredBy,
		})
	}
	return asked, err
}

func (j *faultyJudge) Console(ctx context.Context, in policies.ConsoleInput) (policies.ConsoleDecision, error) {
	if j.err != nil {
		return policies.ConsoleDecision{Allow: true, Reason: "administrator"}, j.err
	}
	return j.Engine.Console(ctx, in)
}

var allOn = settings.Settings{TwoFactor: true, Remember: true, RememberDays: 30}

// shipped is the engine of the policies that ship. It never changes, so all tests share it.
var shipped = sync.OnceValues(func() (*policies.Engine, error) { return policies.New(context.Background(), policies.Shipped()) })

func newScene(t *testing.T) *scene {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), allOn); err != nil {
		t.Fatal(err)
	}
	engine, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{
		kratos: &accounts{slow: func() {}}, store: &faultyStore{Store: st, record: map[string]error{}}, judge: &faultyJudge{Engine: engine, store: st},
		clock: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
	}
	s.Console = &Console{
		Kratos: s.kratos, Store: s.store, Policies: s.judge, Now: func() time.Time { return s.clock }, Log: slog.New(slog.DiscardHandler),
		TimeZone: time.UTC, Sets: &sets{}, Shadows: &shadows{}, Comparisons: NewComparisons(slog.New(slog.DiscardHandler)),
		Identity: kratos.Pointers{
			Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
			Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
			Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
		},
	}
	return s
}

// identity returns an account that must enter a code.
func identity(id, role string) kratos.Identity {
	return kratos.Identity{
		ID: id, State: "active", Traits: map[string]any{"account": id, "email": id + "@example.com"},
		MetadataPublic: map[string]any{"role": role, "two_factor": map[string]any{"enabled": true}},
	}
}

// visitor is an administrator whose session may use the console, and who has an account in Kratos.
func (s *scene) visitor(t *testing.T) session.Visitor {
	t.Helper()
	who := session.Visitor{
		Identity: identity("admin", "system_administrator"), Settings: allOn,
		Allowed: policies.Capabilities{Capabilities: []string{"console"}},
	}
	var err error
	if who.Person, err = s.Identity.Read(who.Identity); err != nil {
		t.Fatal(err)
	}
	s.kratos.all = append(s.kratos.all, who.Identity)
	return who
}

// remember gives each of these accounts a remembered device and wrong codes.
func (s *scene) remember(t *testing.T, accounts ...string) {
	t.Helper()
	for _, a := range accounts {
		err := s.store.Store.Update(t.Context(), a, func(tx exchange.Tx) error {
			d := challenge.Device{Account: a, TokenHash: []byte(a), Channel: "softphone", VerifiedAt: s.clock}
			err := tx.RememberDevice(t.Context(), d)
			for range 100 {
				err = errors.Join(err, tx.AddWrongCode(t.Context(), a, "flow", s.clock))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// kept returns everything that the console can change, as text: the remembered devices, the wrong codes, the settings and the
// records.
func (s *scene) kept(t *testing.T, accounts ...string) string {
	t.Helper()
	settings, err := s.store.Store.KeptSettings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := fmt.Sprintf("remember %v, %d days", settings.Remember, settings.RememberDays)
	for _, a := range accounts {
		devices, err := s.store.Store.AccountDevices(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := s.store.Store.AccountWrongCodes(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		kept += fmt.Sprintf("; %s: %d devices, %d wrong codes", a, len(devices), wrong)
	}
	records, err := s.store.Store.Records(t.Context(), records.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(records)
	for _, r := range records {
		detail := map[string]any{}
		if err := json.Unmarshal(r.Detail, &detail); err != nil {
			t.Fatal(err)
		}
		kept += fmt.Sprintf("; %s %s by %s", r.Kind, r.State, r.By)
		if n, ok := detail["devices_forgotten"]; ok {
			kept += fmt.Sprintf(", %v devices forgotten", n)
		}
	}
	return kept
}
