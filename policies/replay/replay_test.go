package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
)

var at = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func signIn(change func(*policies.Input)) policies.Input {
	in := policies.Input{
		Now:      at,
		Settings: policies.Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Channels: map[string]bool{"admin_console": true, "softphone": true}, Remember: true, RememberDays: 30},
		Account: policies.Account{
			ID: "1", Name: "agent", Role: "user", Email: "agent@example.com", HasEmail: true, TwoFactor: true, State: "active",
		},
		Request: policies.Request{FlowType: "api", Method: "password", Headers: map[string]string{}, Client: policies.Client{Name: "softphone", Version: "3.5.0"}},
	}
	if change != nil {
		change(&in)
	}
	return in
}

func engine(t testing.TB, set fs.FS) *policies.Engine {
	t.Helper()
	e, err := policies.New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// shippedBut returns the shipped set with one text replaced in a file.
func shippedBut(t testing.TB, file, from, to string) fs.FS {
	t.Helper()
	set := fstest.MapFS{}
	err := fs.WalkDir(policies.Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(policies.Shipped(), path)
		if path == file {
			if !strings.Contains(string(text), from) {
				t.Fatalf("%s does not hold %s", file, from)
			}
			text = []byte(strings.ReplaceAll(string(text), from, to))
		}
		set[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// recorded returns the records of sign-ins that the shipped policies decided.
func recorded(t testing.TB, e *policies.Engine, ins ...policies.Input) iter.Seq2[Recorded, error] {
	t.Helper()
	var all []Recorded
	for i, in := range ins {
		v, err := e.Login(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		detail, err := json.Marshal(v.Kept)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Recorded{ID: int64(i + 1), Detail: detail})
	}
	return func(yield func(Recorded, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// among returns one sign-in at least for each kind that the shipped rules distinguish.
func among() []policies.Input {
	return []policies.Input{
		signIn(nil), signIn(nil),
		signIn(func(in *policies.Input) { in.Account.HasEmail, in.Account.Email = false, "" }),
		signIn(func(in *policies.Input) { in.Account.TwoFactor, in.Account.Role = false, "owner" }),
		signIn(func(in *policies.Input) { in.Account.Locked = true }),
		signIn(func(in *policies.Input) { in.Request.Client.Version = "3.4.0" }),
		signIn(func(in *policies.Input) { in.Request.FlowType = "browser" }),
		signIn(func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "softphone"} }),
	}
}

func run(t *testing.T, set fs.FS, ins ...policies.Input) Summary {
	t.Helper()
	return replayed(t, set, recorded(t, engine(t, policies.Shipped()), ins...))
}

func replayed(t *testing.T, set fs.FS, all iter.Seq2[Recorded, error]) Summary {
	t.Helper()
	var d Differences
	if err := Run(t.Context(), engine(t, set), all, &d, nil); err != nil {
		t.Fatal(err)
	}
	return d.Summary()
}

// For this reason, a mask must not change a decision: a replay decides on the masked input.
func TestTheSamePoliciesChangeNothing(t *testing.T) {
	if s := run(t, policies.Shipped(), among()...); s.Decided != 8 || s.Changed != 0 || s.Failed != 0 || len(s.Changes) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestWhatOtherPoliciesWouldChange(t *testing.T) {
	for name, tc := range map[string]struct {
		file, from, to string
		want           string // each change and its count
		loosened       int
	}{
		"a role that is always asked": {
			"data.json", `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`,
			"allow account_off to challenge code_required, softphone, owner: 1", 0,
		},
		"no address, no sign-in": {
			"data.json", `"no_email": "allow"`, `"no_email": "refuse"`,
			"allow no_email to refuse no_email, softphone, user: 1", 0,
		},
		"a softphone that may be older": {
			"data.json", `"3.5.0"`, `"3.4.0"`,
			"refuse client_too_old to challenge code_required, softphone, user: 1", 1,
		},
		"nobody is asked on the softphone": {
			"asked/asked.rego", `_switch(channel) == false`, `channel == "softphone"`,
			"challenge code_required to allow channel_off, softphone, user: 2; " +
				"allow account_off to allow channel_off, softphone, owner (forget_devices true → false): 1; " +
				"allow device_remembered to allow channel_off, softphone, user (second_step remembered → not_asked): 1; " +
				"refuse client_too_old to allow channel_off, softphone, user: 1; " +
				"allow no_email to allow channel_off, softphone, user: 1", 4, // to keep devices that the other set forgets counts as looser
		},
		"a remembered device that is worth nothing": {
			"login/login.rego", `"second_step": "remembered"`, `"second_step": "not_asked"`,
			"allow device_remembered to allow device_remembered, softphone, user (second_step remembered → not_asked): 1", 0,
		},
		"a locked account that is told so": {
			"login/login.rego", `"account_locked", "state": "sign_in_again"`, `"account_locked", "state": "refused"`,
			"refuse account_locked to refuse account_locked, softphone, user (state sign_in_again → refused): 1", 0,
		},
		"a code that can be sent again sooner": {
			"data.json", `"resend_after_seconds": 30`, `"resend_after_seconds": 10`,
			"challenge code_required to challenge code_required, softphone, user (code.resend_after_seconds 30 → 10): 2; " +
				"challenge code_required to challenge code_required, admin_console, user (code.resend_after_seconds 30 → 10): 1", 3,
		},
		"codes of more digits": {
			"data.json", `"length": 6`, `"length": 8`,
			"challenge code_required to challenge code_required, softphone, user (code.length 6 → 8): 2; " +
				"challenge code_required to challenge code_required, admin_console, user (code.length 6 → 8): 1", 0,
		},
		"devices remembered for a year": {
			"login/login.rego", `remember_days := input.settings.remember_days if`, `remember_days := 365 if`,
			"challenge code_required to challenge code_required, softphone, user (remember_days 30 → 365): 2; " +
				"challenge code_required to challenge code_required, admin_console, user (remember_days 30 → 365): 1", 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := run(t, shippedBut(t, tc.file, tc.from, tc.to), among()...)
			var got []string
			for _, c := range s.Changes {
				differs := ""
				if c.Differs != "" {
					differs = " (" + c.Differs + ")"
				}
				got = append(got, fmt.Sprintf("%s %s to %s %s, %s, %s%s: %d", c.From, c.FromReason, c.To, c.ToReason, c.Channel, c.Role, differs, c.Count))
				if len(c.Examples) != min(c.Count, examplesKept) || c.Examples[0].Account != "agent" || c.Examples[0].Record == 0 || !c.Examples[0].At.Equal(at) {
					t.Errorf("the examples are %+v", c.Examples)
				}
			}
			if strings.Join(got, "; ") != tc.want || s.Loosened != tc.loosened {
				t.Errorf("got  %s (%d loosened)\nwant %s (%d)", strings.Join(got, "; "), s.Loosened, tc.want, tc.loosened)
			}
		})
	}
}

func TestASessionThatWouldCountForMoreIsAskedLess(t *testing.T) {
	notAsked := policies.Decision{Action: policies.ActionAllow, Reason: "r", SecondStep: policies.SecondStepNotAsked}
	remembered := notAsked
	remembered.SecondStep = policies.SecondStepRemembered
	for name, tc := range map[string]struct {
		from, to          policies.Decision
		changed, loosened int
	}{
		"for more":      {notAsked, remembered, 1, 1},
		"for less":      {remembered, notAsked, 1, 0},
		"for as much":   {remembered, remembered, 0, 0},
		"not known yet": {policies.Decision{Action: policies.ActionAllow, Reason: "r"}, remembered, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var d Differences
			d.Add(signIn(nil), tc.from, tc.to, nil, 1)
			if s := d.Summary(); s.Changed != tc.changed || s.Loosened != tc.loosened {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// Records of earlier versions have no fields for the second step, the state and the devices to forget. They have the reason only.
func TestARecordFromBeforeIsNoChange(t *testing.T) {
	for name, tc := range map[string]struct {
		in       policies.Input
		decision string
	}{
		"remembered": {signIn(func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "softphone"} }),
			`{"action": "allow", "reason": "device_remembered", "channel": "softphone", "message": ""}`},
		"switched off": {signIn(func(in *policies.Input) { in.Account.TwoFactor = false }),
			`{"action": "allow", "reason": "account_off", "channel": "softphone", "message": ""}`},
		"locked": {signIn(func(in *policies.Input) { in.Account.Locked = true }),
			`{"action": "refuse", "reason": "account_locked", "channel": "softphone", "message": "No."}`},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := json.Marshal(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			all := func(yield func(Recorded, error) bool) {
				yield(Recorded{ID: 1, Detail: fmt.Appendf(nil, `{"input": %s, "decision": %s}`, in, tc.decision)}, nil)
			}
			if s := replayed(t, policies.Shipped(), all); s.Decided != 1 || len(s.Changes) != 0 {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestPoliciesThatDecideNothingRefuse(t *testing.T) {
	s := run(t, shippedBut(t, "login/login.rego", `_terms := {`, `_terms := {"x": 1 / input.device.age_days,`), signIn(nil))
	if s.Failed != 1 || s.Changes[0].To != policies.ActionRefuse || s.Changes[0].ToReason != "undecided" ||
		!strings.Contains(s.Changes[0].Examples[0].Error, "divide by zero") {
		t.Errorf("got %+v", s)
	}
}

// The address is masked in the records, so a decision that reads it may differ from the real one.
func TestPoliciesThatReadWhatWasNotKept(t *testing.T) {
	s := run(t, shippedBut(t, "asked/asked.rego", `input.account.has_email == false`, `input.account.email == ""`), among()...)
	// One record has no address to mask. One account is locked, which is decided before the address is read. The other six are
	// inexact.
	if s.Inexact != 6 || s.Decided != 8 || s.Changed != 0 || s.Lacking["account.email"] != 6 || len(s.InexactExamples) != examplesKept {
		t.Errorf("got %+v", s)
	}
	if s := run(t, policies.Shipped(), among()...); s.Inexact != 0 {
		t.Errorf("got %+v", s)
	}
}

// These sign-ins used the password, so their records are exact. They are inexact only if a mask removed the method.
func TestARecordFromBeforeThereWereMethodsIsOneWithThePassword(t *testing.T) {
	in, err := json.Marshal(signIn(func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "softphone"} }))
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(in), `"method":"password",`, "", 1)
	if older == string(in) {
		t.Fatalf("no method is in %s", in)
	}
	for erased, inexact := range map[string]int{"/input/request/ip": 0, "/input/request/method": 1} {
		all := func(yield func(Recorded, error) bool) {
			yield(Recorded{ID: 1, Detail: fmt.Appendf(nil,
				`{"input": %s, "decision": {"action": "allow", "reason": "device_remembered", "channel": "softphone", "second_step": "remembered",
					"capabilities": ["phonebook", "call_history"]}, "erased": [%q]}`, older, erased)}, nil)
		}
		if s := replayed(t, policies.Shipped(), all); s.Inexact != inexact || len(s.Changes) != 0 {
			t.Errorf("without %s: got %+v", erased, s)
		}
	}
}

func TestPoliciesThatReadWhatWasTakenOut(t *testing.T) {
	in, err := json.Marshal(signIn(nil))
	if err != nil {
		t.Fatal(err)
	}
	for erased, want := range map[string]int{"/input/account/has_email": 1, "/input/account": 1, "/input/device": 1, "/input/request/ip": 0} {
		all := func(yield func(Recorded, error) bool) {
			yield(Recorded{ID: 1, Detail: fmt.Appendf(nil, `{"input": %s, "decision": null, "erased": [%q]}`, in, erased)}, nil)
		}
		if s := replayed(t, policies.Shipped(), all); s.Inexact != want {
			t.Errorf("%s: got %+v, want %d", erased, s, want)
		}
	}
}

func TestSignInsThatWereNotDecidedAreCountedToo(t *testing.T) {
	in, err := json.Marshal(signIn(nil))
	if err != nil {
		t.Fatal(err)
	}
	all := func(yield func(Recorded, error) bool) {
		_ = yield(Recorded{ID: 1, Detail: fmt.Appendf(nil, `{"input": %s, "decision": null}`, in)}, nil) &&
			yield(Recorded{ID: 2, Detail: []byte(`{"input": null, "decision": null}`)}, nil)
	}
	if s := replayed(t, policies.Shipped(), all); s.Decided != 1 || s.Loosened != 1 || s.Changes[0].FromReason != "undecided" {
		t.Errorf("got %+v", s)
	}
}

func TestEachSignInIsCountedOnce(t *testing.T) {
	in, err := json.Marshal(signIn(func(in *policies.Input) { in.Settings.Remember = false }))
	if err != nil {
		t.Fatal(err)
	}
	detail := fmt.Appendf(nil, `{"input": %s, "decision": {"action": "allow", "reason": "account_off", "second_step": "not_asked"}}`, in)
	all := []Recorded{
		{ID: 5, Flow: "a", Detail: detail}, {ID: 4, Flow: "a", Detail: detail}, // the call with the code, and the call before with the password only
		{ID: 3, Flow: "b", Detail: detail}, {ID: 3, Flow: "b", Detail: detail}, // an export that contains a record twice
		{ID: 2, Detail: detail}, {ID: 1, Detail: detail}, // from a version that did not record the flow
		{ID: 6, Detail: []byte("{")}, {ID: 7},
	}
	d := Differences{Who: true}
	err = Run(t.Context(), engine(t, policies.Shipped()), func(yield func(Recorded, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}, &d, nil)
	s := d.Summary()
	if err != nil || s.Decided != 4 || s.Changed != 4 || s.Further != 1 || s.Duplicates != 1 || s.Unreadable != 2 ||
		!slices.Equal(s.Changes[0].Accounts, []string{"agent"}) {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestRecordsThatCannotBeHadEndTheReplay(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		all  iter.Seq2[Recorded, error]
		want string
	}{
		"a failure":   {func(yield func(Recorded, error) bool) { yield(Recorded{}, broken) }, "broken"},
		"a bad line":  {Lines(strings.NewReader("{"), at), "read line 1"},
		"a long line": {Lines(strings.NewReader(strings.Repeat("x", mostLine+1)), at), "too long"},
		"no record":   {Lines(strings.NewReader("\n{}\n"), at), "read line 2: it is no record"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), engine(t, policies.Shipped()), tc.all, &Differences{}, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestAReplayEndsWhenItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	endless := func(yield func(Recorded, error) bool) {
		for id := int64(1); yield(Recorded{ID: id, Detail: []byte(`{"input": {}}`)}, nil); id++ {
		}
	}
	err := Run(ctx, engine(t, policies.Shipped()), endless, &Differences{}, func(n int) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnExportIsReadSinceThen(t *testing.T) {
	export := fmt.Sprintf(`{"id": 1, "at": %q, "kind": "sign_in", "detail": {"input": {}}}
{"id": 2, "at": %q, "kind": "mail_sent", "detail": null}

{"id": 3, "at": %q, "kind": "sign_in", "detail": {"input": {}}}
`, at.Add(-time.Second).Format(time.RFC3339), at.Format(time.RFC3339), at.Format(time.RFC3339))
	var ids []int64
	for r, err := range Lines(strings.NewReader(export), at) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	if fmt.Sprint(ids) != "[3]" {
		t.Errorf("got %v", ids)
	}
}

func FuzzLines(f *testing.F) {
	f.Add(`{"id": 1, "at": "2026-04-01T09:00:00Z", "kind": "sign_in", "detail": {"input": {}, "decision": {"action": "allow"}}}`)
	f.Add(`{"id": 1, "kind": "sign_in", "detail": {"input": {"account": 1, "now": 2}}}`)
	f.Add("[1]\n\n{}")
	e := engine(f, policies.Shipped())
	f.Fuzz(func(t *testing.T, export string) {
		var d Differences
		err := Run(t.Context(), e, Lines(strings.NewReader(export), time.Time{}), &d, nil)
		if s := d.Summary(); s.Decided+s.Further+s.Duplicates+s.Unreadable > strings.Count(export, "\n")+1 {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

func TestChangesWithoutNumberAreNotToldApart(t *testing.T) {
	var d Differences
	for i := range mostChanges + 500 {
		d.Add(signIn(nil), policies.Decision{Action: "allow", Reason: "a"}, policies.Decision{Action: "refuse", Reason: fmt.Sprint(i)}, nil, 0)
	}
	s := d.Summary()
	if s.Changed != mostChanges+500 || len(s.Changes) != mostChanges+1 || s.Changes[0].Count != 500 || s.Changes[0].ToReason != others {
		t.Errorf("%d changed, %d changes, the first %+v", s.Changed, len(s.Changes), s.Changes[0].Change)
	}
}

// A million recorded sign-ins must be replayed in less than a minute on two cores.
func BenchmarkReplay(b *testing.B) {
	e := engine(b, policies.Shipped())
	var lines []Recorded
	for r := range recorded(b, e, among()...) {
		lines = append(lines, r)
	}
	n := 0
	err := Run(b.Context(), e, func(yield func(Recorded, error) bool) {
		one := lines[0]
		for b.Loop() && yield(one, nil) {
			n++
			one = lines[n%len(lines)]
			one.ID = int64(n + 1)
		}
	}, &Differences{}, nil)
	if err != nil {
		b.Fatal(err)
	}
}
