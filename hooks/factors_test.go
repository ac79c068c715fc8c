package hooks

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/challenge"
	"nidan/kratos"
	"nidan/policies"
)

// enrolled is a fake of Kratos: it gives all accounts the same factors and counts the questions.
type enrolled struct {
	factors kratos.Factors
	err     error
	times   int
}

// Factors implements [Factors].
func (e *enrolled) Factors(context.Context, string) (kratos.Factors, error) {
	e.times++
	return e.factors, e.err
}

// withParameter are the policies that ship, with another value of a parameter of data.json.
func withParameter(t *testing.T, from, to string) fs.FS {
	t.Helper()
	set := fstest.MapFS{}
	err := fs.WalkDir(policies.Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(policies.Shipped(), path)
		set[path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	data := string(set["data.json"].Data)
	if !strings.Contains(data, from) {
		t.Fatalf("data.json does not say %s", from)
	}
	set["data.json"].Data = []byte(strings.Replace(data, from, to, 1))
	return set
}

// appsFirst is the hook with policies that ask for a factor of Kratos first, and else for a mailed code.
func appsFirst(t *testing.T, e *enrolled) *scene {
	t.Helper()
	s := newScene(t, withParameter(t, `"second_step_by": ["email"]`, `"second_step_by": ["aal2", "email"]`))
	s.hook.Factors = e
	return s
}

// step is the SecondStep of the account's newest sign-in.
func (s *scene) step() string {
	s.t.Helper()
	var step string
	err := s.store.DB().QueryRowContext(s.t.Context(), `SELECT second_step FROM sign_ins ORDER BY authenticated_at DESC LIMIT 1`).Scan(&step)
	if err != nil {
		s.t.Fatal(err)
	}
	return step
}

func TestWhoHasAFactorIsLetInForIt(t *testing.T) {
	for name, factors := range map[string]kratos.Factors{"an app": {TOTP: true}, "a security key": {WebAuthn: true}} {
		s := appsFirst(t, &enrolled{factors: factors})
		s.expectIn(nil)
		s.expectMails(0)
		if got := s.step(); got != "aal2_needed" {
			t.Errorf("%s: the session came through %s", name, got)
		}
		if got := s.recorded(); !slices.Equal(got, []string{"aal2_needed aal2_needed"}) {
			t.Errorf("%s: recorded %q", name, got)
		}
	}
}

func TestWhoHasNoFactorIsMailedACode(t *testing.T) {
	for name, factors := range map[string]kratos.Factors{"nothing": {}, "recovery codes alone": {LookupSecret: true}} {
		s := appsFirst(t, &enrolled{factors: factors})
		s.expect(challenge.CodeSent, nil)
		s.expectIn(object{codeAt: s.mailed()})
		if got := s.step(); got != "passed" {
			t.Errorf("with %s, the session came through %s", name, got)
		}
	}
}

func TestTheRepeatOfASignInForAFactorIsAnsweredAlike(t *testing.T) {
	e := &enrolled{factors: kratos.Factors{TOTP: true}}
	s := appsFirst(t, e)
	body := s.body(nil)
	for range 3 {
		if w := s.post(body, nil); w.Code != http.StatusNoContent {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	if got := s.recorded(); len(got) != 1 || e.times != 1 {
		t.Errorf("recorded %q, and the factors were looked up %d times", got, e.times)
	}
}

// Each look-up is a request to Kratos, while Kratos waits for Nidan. So Nidan looks factors up only if the decision depends on them.
func TestFactorsAreLookedUpWhereADecisionTurnsOnThem(t *testing.T) {
	notAsked := object{"identity/metadata_public": object{"role": "user"}}
	locked := object{"identity/metadata_public": object{"role": "user", "locked": true}}
	e := &enrolled{factors: kratos.Factors{TOTP: true}}
	shipped := newScene(t, policies.Shipped())
	shipped.hook.Factors = e
	shipped.expect(challenge.CodeSent, nil)
	shipped.expectIn(object{codeAt: shipped.mailed()})
	shipped.expectIn(object{"flow/id": "flow-2", "identity/metadata_public": object{"role": "user"}})
	if e.times != 0 {
		t.Errorf("as it ships, the factors were looked up %d times", e.times)
	}
	s := appsFirst(t, e)
	s.expectIn(notAsked)
	s.expect(challenge.SignInAgain, locked)
	if e.times != 0 {
		t.Errorf("of accounts that are not asked, the factors were looked up %d times", e.times)
	}
	s.expectIn(object{"flow/id": "flow-2"})
	if e.times != 1 {
		t.Errorf("the factors were looked up %d times, want once", e.times)
	}
}

func TestAFactorThatCannotBeLookedUpRefuses(t *testing.T) {
	for name, with := range map[string]Factors{
		"Kratos does not answer": &enrolled{factors: kratos.Factors{TOTP: true}, err: errors.New("no answer")},
		"there is no admin API":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := appsFirst(t, nil)
			s.hook.Factors = with
			s.expect(stateUnavailable, nil)
			s.expectMails(0)
			if got := s.recorded(); !slices.Equal(got, []string{"unavailable undecided"}) {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

// restless is a decider that asks for the factors again and again.
type restless struct{ Decider }

func (restless) Login(context.Context, policies.Input) (policies.Verdict, error) {
	return policies.Verdict{Decision: policies.Decision{
		Action: policies.ActionRefuse, Reason: "r", Channel: "c", Needs: []string{policies.NeedsFactors},
	}}, nil
}

func TestThePoliciesAreAskedTwiceAndNotAThirdTime(t *testing.T) {
	e := &enrolled{}
	s := newScene(t, policies.Shipped())
	s.hook.Factors, s.hook.Policies = e, restless{s.hook.Policies}
	s.expect(stateUnavailable, nil)
	if e.times != 1 {
		t.Errorf("the factors were looked up %d times", e.times)
	}
}

// The situation has changed so that the decision now depends on the factors. A look-up in the transaction would make other sign-ins wait
// for Kratos.
func TestNothingIsLookedUpInsideAUnitOfWork(t *testing.T) {
	e := &enrolled{factors: kratos.Factors{TOTP: true}}
	s := appsFirst(t, e)
	s.sql("UPDATE settings SET two_factor = 0")
	s.mails.then = func() { s.sql("UPDATE settings SET two_factor = 1") }
	s.expect(stateUnavailable, nil)
	if e.times != 0 {
		t.Errorf("the factors were looked up %d times", e.times)
	}
	s.expectIn(nil) // the next try
	if got := s.step(); got != "aal2_needed" {
		t.Errorf("the session came through %s", got)
	}
}

// A person who enters a code is not let in by it if a factor was enrolled meanwhile.
func TestACodeIsWorthNothingOnceThereIsAFactor(t *testing.T) {
	e := &enrolled{}
	s := appsFirst(t, e)
	s.expect(challenge.CodeSent, nil)
	e.factors.TOTP = true
	s.expect(challenge.SignInAgain, object{codeAt: s.mailed()})
}

func TestACodeForEnrolmentIsNoSecondStep(t *testing.T) {
	s := newScene(t, withParameter(t, `"second_step_by": ["email"],
        "second_step_by_of_role": {},
        "enrol_by_email": false`, `"second_step_by": ["aal2"], "second_step_by_of_role": {}, "enrol_by_email": true`))
	s.hook.Factors = &enrolled{}
	s.expect(challenge.CodeSent, nil)
	at := s.now.Format(time.RFC3339Nano)
	s.expectIn(object{codeAt: s.mailed(), "session/authenticated_at": at})
	if got := s.step(); got != "enrol_only" {
		t.Errorf("the session came through %s", got)
	}
	for _, session := range []object{nil, {"session/authenticated_at": at}} {
		changes := object{"session": nil}
		if session != nil {
			changes = session
		}
		if w := s.changePassword(changes); w.Code != http.StatusBadRequest {
			t.Errorf("a new password: %d %s", w.Code, w.Body)
		}
	}
}

func TestASessionThatWaitsForAFactorSetsNoPassword(t *testing.T) {
	const at = "2026-04-01T08:59:00Z"
	for name, tc := range map[string]struct {
		changes object
		want    int
	}{
		"as it is": {object{"session/authenticated_at": at, "session/authenticator_assurance_level": "aal1"}, http.StatusBadRequest},
		"where Kratos does not say which session asks": {beforeVersion26, http.StatusBadRequest},
		"with the factor": {object{
			"session/authenticated_at": at, "session/authenticator_assurance_level": "aal2",
			"session/authentication_methods": []object{{"method": "password", "aal": "aal1"}, {"method": "totp", "aal": "aal2"}},
		}, http.StatusNoContent},
		"with a code that Kratos mailed": {object{
			"session/authenticated_at": at, "session/authenticator_assurance_level": "aal2",
			"session/authentication_methods": []object{{"method": "password", "aal": "aal1"}, {"method": "code", "aal": "aal2"}},
		}, http.StatusBadRequest},
	} {
		s := appsFirst(t, &enrolled{factors: kratos.Factors{TOTP: true}})
		s.expectIn(object{"session/authenticated_at": at})
		if w := s.changePassword(tc.changes); w.Code != tc.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestThatAnAccountHasAFactorIsKeptForSeconds(t *testing.T) {
	e := &enrolled{factors: kratos.Factors{TOTP: true}}
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	k, err := NewKeptFactors(e, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, factors kratos.Factors, times int) {
		t.Helper()
		got, err := k.Factors(t.Context(), "agent")
		if err != nil || got != factors || e.times != times {
			t.Errorf("%s: got %+v, %v after %d look-ups, want %+v after %d", what, got, err, e.times, factors, times)
		}
	}
	app := e.factors
	want("the first time", app, 1)
	e.factors = kratos.Factors{}
	now = now.Add(factorsKept - time.Nanosecond)
	want("just removed", app, 1) // the session has no capability in any case
	now = now.Add(time.Nanosecond)
	want("removed a while ago", kratos.Factors{}, 2)
	e.factors = app
	want("just enrolled", app, 3) // a code would be worth as much as the factor
	e.factors, e.err = kratos.Factors{}, errors.New("no answer")
	now = now.Add(-time.Hour) // a clock that was set back
	if _, err := k.Factors(t.Context(), "agent"); err == nil {
		t.Error("what is from the future counts")
	}
}

func TestWhichDayItIs(t *testing.T) {
	var d days
	tokyo := time.FixedZone("", 9*60*60)
	for said, now := range map[string]time.Time{
		"2026-04-01": time.Date(2026, 4, 1, 23, 59, 59, 0, time.UTC),
		"2026-04-02": time.Date(2026, 4, 1, 15, 0, 0, 0, time.UTC).In(tokyo),
		"2027-01-01": time.Date(2027, 1, 1, 0, 0, 0, 0, tokyo),
	} {
		for range 2 {
			if got := d.of(now); got != said {
				t.Errorf("%v is %s, want %s", now, got, said)
			}
		}
	}
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	d.of(now)
	if n := testing.AllocsPerRun(100, func() { d.of(now) }); n != 0 {
		t.Errorf("the same day is written down again: %v allocations", n)
	}
}
