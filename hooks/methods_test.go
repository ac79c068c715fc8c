package hooks

import (
	"slices"
	"testing"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
)

const methodsAt = "session/authentication_methods"

// by are the authentication_methods of a session that was begun, refreshed or raised with these methods, in this order.
func by(methods ...string) []any {
	taken := make([]any, 0, len(methods))
	for _, m := range methods {
		taken = append(taken, object{"method": m, "aal": "aal1", "completed_at": "2026-04-01T09:00:00Z"})
	}
	return taken
}

func inBrowser(changes object) object {
	changes["flow/type"] = "browser"
	return changes
}

func TestBothRoutesOfASignInAreOne(t *testing.T) {
	s := newScene(t, policies.Shipped())
	for _, route := range []string{"/hooks/login", "/hooks/login/after-password"} {
		if r := s.read(s.postTo(route, s.body(object{"flow/id": "flow " + route}), nil)); r.state != "code_sent" {
			t.Errorf("%s: got %d %s", route, r.status, r.state)
		}
	}
}

// The method of a sign-in is the last one in the session. A body without the field comes from an older configuration and means a password.
func TestTheMethodIsTheLastOneThatKratosSays(t *testing.T) {
	for name, tc := range map[string]struct {
		says any
		want string
	}{
		"a body that says nothing of methods": {nil, "password"},
		"one method":                          {by("oidc"), "oidc"},
		"a session that is refreshed":         {by("passkey", "totp", "password"), "password"},
		"a session that is raised":            {by("password", "totp"), "totp"},
		"a method of a later Kratos":          {by("password", "smoke_signal"), "smoke_signal"},
		"no method at all":                    {by(), "unknown"},
		"a method without a name":             {[]any{object{}}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			p, err := decode(s.body(object{methodsAt: tc.says}))
			if err != nil {
				t.Fatal(err)
			}
			if got := policyInput(s.now, call{payload: p}, exchange.Situation{}).Request.Method; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEachMethodEndsAsThePoliciesSay(t *testing.T) {
	for name, tc := range map[string]struct {
		changes object
		record  string
		step    exchange.SecondStep // of the session; empty: there is none
	}{
		"the password":              {object{methodsAt: by("password")}, "code_sent code_required", ""},
		"a provider":                {object{methodsAt: by("oidc")}, "code_sent code_required", ""},
		"a passkey":                 {object{methodsAt: by("passkey")}, "allowed strong_method", exchange.StepPassed},
		"a code that Kratos mailed": {object{methodsAt: by("code")}, "allowed mailed_code", exchange.StepNotAsked},
		"an authenticator app": {object{methodsAt: by("password", "totp"), "flow/requested_aal": "aal2"},
			"allowed second_factor", exchange.StepPassed},
		"an authenticator app alone": {object{methodsAt: by("totp"), "flow/requested_aal": "aal1"}, "refused method_not_supported", ""},
		"a method of a later Kratos": {object{methodsAt: by("smoke_signal")}, "refused method_not_supported", ""},
		"no method at all":           {object{methodsAt: by()}, "refused method_not_supported", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			body := s.body(inBrowser(tc.changes))
			p, err := decode(body)
			if err != nil {
				t.Fatal(err)
			}
			r := s.read(s.post(body, nil))
			if got := s.recorded(); !slices.Equal(got, []string{tc.record}) {
				t.Errorf("recorded %q, want %q", got, tc.record)
			}
			if in := r.status == 204; in != (tc.step != "") {
				t.Fatalf("got %d %s", r.status, r.state)
			}
			if tc.step == "" {
				return
			}
			kept, err := s.store.SignIn(t.Context(), "agent-id", p.Session.at)
			if err != nil || kept.SecondStep != tc.step || kept.Channel != "admin_console" {
				t.Errorf("kept is %+v, %v, want %s", kept, err, tc.step)
			}
		})
	}
}

func TestACodeCompletesNoSignInByAnotherMethod(t *testing.T) {
	for _, tc := range [][2]string{{"password", "oidc"}, {"oidc", "password"}} {
		s := newScene(t, policies.Shipped())
		s.expect(challenge.CodeSent, object{methodsAt: by(tc[0])})
		s.expect(challenge.SignInAgain, object{methodsAt: by(tc[1]), codeAt: s.mailed()})
		s.expect(challenge.SignInAgain, object{methodsAt: by(tc[0]), codeAt: s.mailed()})
	}
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, object{methodsAt: by("oidc")})
	s.expectIn(object{methodsAt: by("oidc"), codeAt: s.mailed()})
}

// During an upgrade, a person can enter a code that the older version sent.
func TestACodeThatAnEarlierVersionSentIsStillGood(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, nil) // by a body that says nothing of methods
	s.expectIn(object{methodsAt: by("password"), codeAt: s.mailed()})
}

// A client can write transient_payload only, and nothing in it names a method.
func TestAClientCannotSayByWhichMethodItSignsIn(t *testing.T) {
	for _, says := range []object{
		{"method": "passkey"}, {"authentication_methods": by("passkey")}, {"session": object{"authentication_methods": by("passkey")}},
		{"request": object{"method": "passkey"}}, {"requested_aal": "aal2"},
	} {
		s := newScene(t, policies.Shipped())
		says["client"] = object{"name": "softphone", "version": "3.5.0"}
		s.expect(challenge.CodeSent, object{methodsAt: by("password"), "flow/transient_payload/two_factor": says})
	}
}
