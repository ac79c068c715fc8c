package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestWhatTheShippedPoliciesRead(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	reads, err := e.Reads()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range reads {
		got = append(got, strings.Join(path, "."))
	}
	want := "account.factors.totp account.factors.webauthn account.has_email account.locked account.password_expired account.plan account.role account.state account.two_factor " +
		"device.age_calendar_days device.age_days device.channel device.known " +
		"request.client.version request.flow_type request.headers request.method request.oauth2_client_id request.refresh request.requested_aal request.return_to " +
		"settings.channels settings.remember settings.remember_days settings.two_factor today"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestWhatAPolicyReads(t *testing.T) {
	for rego, want := range map[string]string{
		`decision := input.account.role`:                              "[[account role]]",
		`decision := input.account.role if input.account.name == "x"`: "[[account name] [account role]]",
		`decision := input.account if input.account.name == "x"`:      "[[account]]",
		`decision := input`: "[[]]",
		`decision := f(input)` + "\n\nf(x) := x.account":                     "[[]]",
		`decision := x if some x in input.request.headers`:                   "[[request headers]]",
		`decision := input.request.headers[input.account.name]`:              "[[account name] [request headers]]",
		`decision := [x | x := input.now]`:                                   "[[now]]",
		`decision := 1 if not input.account.locked`:                          "[[account locked]]",
		`decision := 1 if { every h in input.request.headers { h != "" } }`:  "[[request headers]]",
		"decision := 1 if input.now == 1\n\nelse := 2 if input.device.known": "[[device known] [now]]",
		"default decision := 1\n\ndecision := 2 if data.other.p":             "[[account locked]]",
		`decision := 1`: "[]",
	} {
		t.Run(rego, func(t *testing.T) {
			set := files(rego, "")
			set["login/login.rego"].Data = []byte("package nidan.login\n\n" + rego)
			set["other/other.rego"] = &fstest.MapFile{Data: []byte("package other\n\np if input.account.locked\n")}
			e, err := New(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			reads, err := e.Reads()
			if got := fmt.Sprint(reads); err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}

// If a memo decided differently from its engine, the result of a replay would be wrong.
func TestAMemoDecidesAsItsEngineDoes(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		in := randomInput(r)
		want, wantErr := e.Login(t.Context(), in)
		for range 2 {
			got, err := m.Login(t.Context(), asJSON(t, in))
			if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want.Decision) {
				t.Fatalf("of %+v the memo says %+v, %v, and the engine %+v, %v", in, got, err, want.Decision, wantErr)
			}
		}
	}
	if m.known.answers.Len() == 0 || m.known.answers.Len() > 3000 {
		t.Errorf("%d are known", m.known.answers.Len())
	}
}

func asJSON(t *testing.T, in Input) (m map[string]any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// randomInput returns a random sign-in. Most of its facts have few values.
func randomInput(r *rand.Rand) Input {
	some := func(of ...string) string { return of[r.IntN(len(of))] }
	is := func() bool { return r.IntN(3) > 0 }
	in := usualSignIn(some("owner", "system_administrator", "supervisor", "user", "", "other"), some("browser", "api", ""))
	console, softphone := is(), is()
	in.Settings = Settings{
		TwoFactor: is(), AdminConsole: console, Softphone: softphone, Channels: map[string]bool{"admin_console": console, "softphone": softphone},
		Remember: is(), RememberDays: 1 + r.IntN(3),
	}
	in.Account.ID, in.Account.Name = fmt.Sprint(r.Uint64()), fmt.Sprint(r.Uint64())
	in.Account.HasEmail, in.Account.TwoFactor, in.Account.Locked = is(), is(), !is()
	in.Account.PasswordExpired, in.Account.State, in.Account.Plan = !is(), some("active", "active", "inactive"), some("", "business_phone")
	in.Request.Client.Version = some("", "3.4.9", "3.5.0", "4", "x")
	in.Device = Device{Known: is(), Channel: some("admin_console", "softphone"), AgeDays: r.IntN(4), AgeCalendarDays: r.IntN(4)}
	return in
}

func TestAMemoTellsApartWhatIsReadFromWhatIsNot(t *testing.T) {
	e, err := New(t.Context(), with("decision := {\"action\": \"allow\", \"reason\": input.account.role, \"channel\": \"c\"}"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"a", "b", "a"} {
		for _, name := range []string{"x", "y"} {
			d, err := m.Login(t.Context(), map[string]any{"account": map[string]any{"role": role, "name": name}})
			if err != nil || d.Reason != role {
				t.Errorf("got %+v, %v", d, err)
			}
		}
	}
	for _, in := range []map[string]any{{}, {"account": map[string]any{}}, {"account": "x"}, {"account": map[string]any{"role": nil}}} {
		if d, err := m.Login(t.Context(), in); err == nil {
			t.Errorf("%v is decided: %+v", in, d)
		}
	}
	if m.known.answers.Len() != 4 {
		t.Errorf("%d are known", m.known.answers.Len())
	}
}

func TestWhetherSomethingMaskedIsRead(t *testing.T) {
	e, err := New(t.Context(), with(`decision := input.account.role if { input.request.headers; input.account["a/b"] }`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]bool{
		"/input/account/role": true, "/input/account": true, "/input/request/headers/x": true, "/input/account/a~1b": true,
		"/input/account/email": false, "/input/request/ip": false, "/result/reason": false, "/result/account/role": false,
	} {
		if m.ReadsAny([]string{"/input/now", pointer}) != want {
			t.Errorf("%s: not %v", pointer, want)
		}
	}
}

// If a missing fact left no trace in the key, one of these inputs would be taken for the other.
func TestAMemoTellsAMissingFactFromTheNext(t *testing.T) {
	e, err := New(t.Context(), with(`decision := {"action": "allow", "reason": "by name", "channel": "c"} if {
	input.account.name == "x"
} else := {"action": "refuse", "reason": "by role", "channel": "c"} if {
	input.account.role == "x"
}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	for fact, want := range map[string]string{"name": "by name", "role": "by role"} {
		if d, err := m.Login(t.Context(), map[string]any{"account": map[string]any{fact: "x"}}); err != nil || d.Reason != want {
			t.Errorf("%s: got %+v, %v", fact, d, err)
		}
	}
}

func TestAMemoDoesNotRememberWhatWasTooSlow(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	in := asJSON(t, asked())
	e.limit = time.Nanosecond
	if _, err := m.Login(t.Context(), in); !errors.Is(err, ErrTooSlow) {
		t.Fatalf("got %v", err)
	}
	e.limit = DecideWithin
	if d, err := m.Login(t.Context(), in); err != nil || d.Reason != "code_required" {
		t.Errorf("got %+v, %v", d, err)
	}
}

// endedLate is a context that ends in the instant after an evaluation: the evaluation does not see that the context has ended.
type endedLate struct{ context.Context }

func (endedLate) Err() error { return context.Canceled }

func TestAMemoDoesNotRememberADecisionThatEndedWithItsContext(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	in := asJSON(t, asked())
	if d, err := m.Login(endedLate{context.WithoutCancel(t.Context())}, in); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", d, err)
	}
	if d, err := m.Login(t.Context(), in); err != nil || d.Reason != "code_required" {
		t.Errorf("afterwards: got %+v, %v", d, err)
	}
}
