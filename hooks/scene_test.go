package hooks

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/settings"
	"nidan/store"
)

const token = "hook-token-hook-token-hook-token-1"

// scene is the hook with the real policies and a real database. The test moves the clock, and mails are collected instead of sent.
type scene struct {
	t     testing.TB
	hook  *Handler
	echo  *echo.Echo
	store *store.Store
	mails *mailed
	log   *bytes.Buffer
	now   time.Time
	away  bool // the mail server
	calls int  // gives each call its own authenticated_at
}

// mailed is a store that collects the messages of committed transactions.
type mailed struct {
	exchange.Store
	then func() // called once after the next situation was read, unless nil
	mu   sync.Mutex
	sent []challenge.Message
}

// Situation implements [exchange.Store].
func (m *mailed) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	s, err := m.Store.Situation(ctx, c)
	if then := m.then; then != nil {
		m.then = nil
		then()
	}
	return s, err
}

// Update implements [exchange.Store].
func (m *mailed) Update(ctx context.Context, account string, fn func(exchange.Tx) error) error {
	var s sending
	err := m.Store.Update(ctx, account, func(tx exchange.Tx) error {
		s = sending{Tx: tx}
		return fn(&s)
	})
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sent = append(m.sent, s.sent...)
	}
	return err
}

type sending struct {
	exchange.Tx
	sent []challenge.Message
}

// Send implements [challenge.Sender].
func (s *sending) Send(ctx context.Context, m challenge.Message) error {
	s.sent = append(s.sent, m)
	return s.Tx.Send(ctx, m)
}

func newScene(t testing.TB, set fs.FS) *scene {
	t.Helper()
	return newSceneOn(t, set, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
}

// newSceneOn is newScene on the database with this URL.
func newSceneOn(t testing.TB, set fs.FS, database string) *scene {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	all := settings.Settings{TwoFactor: true, Remember: true, RememberDays: 30}
	if err := st.Migrate(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	engine, err := policies.New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, store: st, mails: &mailed{Store: st}, log: &bytes.Buffer{}, now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	s.hook = &Handler{
		Tokens: NewTokens([]string{token}), Store: s.mails, Policies: engine, Keys: keys, Now: now,
		Challenger: &challenge.Challenger{Keys: keys, Now: now, Rand: rand.Reader, MailWaits: func() bool { return s.away }},
		Identity: kratos.Pointers{
			Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
			Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
			Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
		},
		Sentences:    shippedSentences(t),
		DeviceCookie: DeviceCookie(false),
		TimeZone:     time.UTC,
		Log:          slog.New(slog.NewTextHandler(s.log, nil)),
	}
	s.echo = echo.New()
	if err := s.hook.Mount(s.echo); err != nil {
		t.Fatal(err)
	}
	return s
}

// object is a JSON object.
type object = map[string]any

// body is the body of a call for an account that is asked for a code, with changes at paths like "identity/traits/email". A nil value
// removes the field.
func (s *scene) body(changes object) []byte {
	s.t.Helper()
	s.calls++
	b := object{
		"flow": object{"id": "flow-1", "type": "api", "transient_payload": object{"two_factor": object{
			"client": object{"name": "softphone", "version": "3.5.0"},
		}}},
		"identity": object{
			"id": "agent-id", "state": "active",
			"traits":          object{"account": "agent", "name": "Agent", "email": "agent@example.com"},
			"metadata_public": object{"role": "user", "two_factor": object{"enabled": true}},
		},
		"session": object{
			"authenticated_at": s.now.Add(time.Duration(s.calls) * time.Microsecond).Format(time.RFC3339Nano),
			"devices":          []any{object{"ip_address": "192.0.2.1:1234", "user_agent": "softphone/3.5.0"}},
		},
		"request_headers": object{"User-Agent": []any{"softphone/3.5.0"}},
	}
	for path, v := range changes {
		at, steps := b, strings.Split(path, "/")
		for _, step := range steps[:len(steps)-1] {
			at = at[step].(object)
		}
		if last := steps[len(steps)-1]; v == nil {
			delete(at, last)
		} else {
			at[last] = v
		}
	}
	raw, err := json.Marshal(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

const (
	codeAt   = "flow/transient_payload/two_factor/code"
	actionAt = "flow/transient_payload/two_factor/action"
)

func (s *scene) post(body []byte, header http.Header) *httptest.ResponseRecorder {
	return s.postTo("/hooks/login/after-password", body, header)
}

func (s *scene) postTo(hook string, body []byte, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, hook, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// reply is an answer, decoded as Kratos decodes it.
type reply struct {
	status  int
	raw     string
	id      int64
	text    string
	kind    string
	state   string
	context struct {
		State     string `json:"state"`
		Challenge *struct {
			ID           string    `json:"id"`
			SentTo       string    `json:"sent_to"`
			CodeLength   int       `json:"code_length"`
			ExpiresAt    time.Time `json:"expires_at"`
			AttemptsLeft int       `json:"attempts_left"`
			ResendAt     time.Time `json:"resend_at"`
			RememberDays int       `json:"remember_days"`
			Mail         string    `json:"mail"`
			DeviceToken  string    `json:"device_token"`
		} `json:"challenge"`
		Capabilities []string `json:"capabilities"`
	}
	pointers []string
}

func (s *scene) read(w *httptest.ResponseRecorder) reply {
	s.t.Helper()
	raw, _ := io.ReadAll(w.Body)
	r := reply{status: w.Code, raw: string(raw)}
	if w.Code == http.StatusNoContent {
		if len(raw) != 0 {
			s.t.Errorf("204 came with a body: %s", raw)
		}
		return r
	}
	var b struct {
		Messages []struct {
			InstancePtr string `json:"instance_ptr"`
			Messages    []struct {
				ID      int64           `json:"id"`
				Text    string          `json:"text"`
				Type    string          `json:"type"`
				Context json.RawMessage `json:"context"`
			} `json:"messages"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(raw, &b); err != nil || len(b.Messages) == 0 || len(b.Messages[0].Messages) != 1 {
		s.t.Fatalf("status %d, body not as Kratos reads it: %v: %s", w.Code, err, raw)
	}
	for _, e := range b.Messages {
		r.pointers = append(r.pointers, e.InstancePtr)
	}
	m := b.Messages[0].Messages[0]
	if err := json.Unmarshal(m.Context, &r.context); err != nil {
		s.t.Fatal(err)
	}
	r.id, r.text, r.kind, r.state = m.ID, m.Text, m.Type, r.context.State
	return r
}

// submit makes a new call with the given changes.
func (s *scene) submit(changes object) reply {
	s.t.Helper()
	return s.read(s.post(s.body(changes), nil))
}

func (s *scene) expect(want challenge.State, changes object) reply {
	s.t.Helper()
	r := s.submit(changes)
	if r.state != string(want) || r.status != http.StatusBadRequest {
		s.t.Fatalf("got %d %s, want 400 %s: %s", r.status, r.state, want, r.raw)
	}
	return r
}

func (s *scene) expectIn(changes object) {
	s.t.Helper()
	if r := s.submit(changes); r.status != http.StatusNoContent {
		s.t.Fatalf("got %d %s, want 204: %s", r.status, r.state, r.raw)
	}
}

func (s *scene) mailed() string {
	s.t.Helper()
	code, err := s.mails.sent[len(s.mails.sent)-1].Open(s.hook.Keys)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// codeOf is the code that was mailed for a flow.
func (s *scene) codeOf(flow string) string {
	s.t.Helper()
	for _, m := range s.mails.sent {
		if m.Flow == flow {
			code, err := m.Open(s.hook.Keys)
			if err != nil {
				s.t.Fatal(err)
			}
			return code
		}
	}
	s.t.Fatalf("no code was mailed for %s", flow)
	return ""
}

func (s *scene) wrong() string {
	if s.mailed() == "000000" {
		return "111111"
	}
	return "000000"
}

func (s *scene) expectMails(want int) {
	s.t.Helper()
	if got := len(s.mails.sent); got != want {
		s.t.Fatalf("%d mails, want %d", got, want)
	}
}

// recorded are the records' states and reasons, oldest first.
func (s *scene) recorded() (lines []string) {
	s.t.Helper()
	rows, err := s.store.DB().QueryContext(s.t.Context(), `SELECT state || ' ' || reason FROM records ORDER BY id`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return lines
}
