package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nidan/kratos"
)

// raise raises a session by a second factor of Kratos.
func raise(t *testing.T, session http.Header, fields map[string]string) reply {
	t.Helper()
	s := &signIn{t: t}
	s.begin("?aal=aal2", session)
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s.submitBody(string(body))
}

// recoveryCodes sets up recovery codes for a session's account. Each of them can be used once.
func recoveryCodes(t *testing.T, session http.Header) (codes []string) {
	t.Helper()
	s := &signIn{t: t}
	var flow struct {
		ID string
		UI struct {
			Nodes []struct {
				Attributes struct {
					Text struct {
						Context struct{ Secrets []struct{ Text string } }
					}
				}
			}
		}
	}
	s.json(http.MethodGet, kratosPublic+"/self-service/settings/api", nil, session, &flow)
	for _, step := range []string{"lookup_secret_regenerate", "lookup_secret_confirm"} {
		body := map[string]any{"method": "lookup_secret", step: true}
		if status := s.json(http.MethodPost, kratosPublic+"/self-service/settings?flow="+flow.ID, body, session, &flow); status != http.StatusOK {
			t.Fatalf("Kratos makes no recovery codes: %d", status)
		}
		for _, n := range flow.UI.Nodes {
			for _, c := range n.Attributes.Text.Context.Secrets {
				codes = append(codes, c.Text)
			}
		}
	}
	if len(codes) == 0 {
		t.Fatal("Kratos shows no recovery codes")
	}
	return codes
}

// Kratos gives a raised session a new time (authenticated_at). So Nidan has a record of its own for the raised session.
func TestASecondFactorOfKratosIsASecondStep(t *testing.T) {
	offering(t)
	n := started(t)
	n.set() // otherwise, a session without a second step could enrol no factor
	s := newSignIn(t, account(t, administrator))
	session := s.expectIn(nil)
	secret := authenticatorApp(t, session)
	codes := recoveryCodes(t, session)
	n.set("two_factor", "admin_console") // the softphone asks for no code
	// If a second factor was set up in a session, Kratos takes this session for a raised one. Nidan does not.
	n.expectWorth(session, "softphone not_asked", "agent")
	s.begin("", nil)
	session = s.expectIn(nil)
	n.set(everySwitch...)
	n.expectWorth(session, "softphone not_asked")

	if r := raise(t, session, map[string]string{"method": "totp", "totp_code": wrong(totp(t, secret))}); r.ending() != byKratos {
		t.Errorf("with a wrong code: %s", r.ending())
	}
	n.expectWorth(session, "softphone not_asked")
	if r := raise(t, session, map[string]string{"method": "totp", "totp_code": totp(t, secret)}); r.ending() != letIn || r.Session.AAL != "aal2" {
		t.Fatalf("with a right code: %s %+v", r.ending(), r)
	}
	n.expectWorth(session, "softphone passed", "agent", "console")

	t.Run("a recovery code", func(t *testing.T) {
		n.t = t
		s.begin("", nil)
		s.expect("code_sent", 1990001, nil)
		session := s.expectIn(code(n.codeOf(s.identifier)))
		if r := raise(t, session, map[string]string{"method": "lookup_secret", "lookup_secret": codes[0]}); r.ending() != letIn {
			t.Fatalf("got %s %+v", r.ending(), r)
		}
		n.expectWorth(session, "softphone passed", "agent", "console")
	})
	t.Run("the password again, with what was a second step before", func(t *testing.T) {
		n.t = t
		s.begin("?refresh=true", session)
		s.expect("code_sent", 1990001, nil)
		n.expectWorth(session, "softphone passed", "agent", "console") // as before: Kratos has not refreshed the session
	})
}

// policiesThatAsk returns the policies that ship, changed to ask for a code with every method, even where no code can be entered.
func policiesThatAsk(t *testing.T) string {
	t.Helper()
	dir := changedPolicies(t, `"mailed_code"`, `"asked"`, `"strong"`, `"asked"`, `"second_factor"`, `"asked"`)
	file := filepath.Join(dir, "login/login.rego")
	rules, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const excluded = "\tnot _hands_nothing_on\n"
	if !strings.Contains(string(rules), excluded) {
		t.Fatalf("login.rego does not hold %s", excluded)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(rules), excluded, "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "login/login_test.rego")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// withKratosCode submits the flow with a code that Kratos mailed, and with a payload.
func (s *signIn) withKratosCode(payload any) reply {
	s.t.Helper()
	s.fields(map[string]any{"method": "code", "identifier": s.identifier})
	return s.fields(map[string]any{
		"method": "code", "identifier": s.identifier, "code": kratosCode(s.t, s.identifier), "transient_payload": payload,
	})
}

// fields submits the flow with these fields.
func (s *signIn) fields(fields map[string]any) reply {
	s.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.submitBody(string(body))
}

// toItsAddress gives an account its address as its name: Kratos mails its own codes to the name that an account signs in with.
func toItsAddress(a *kratos.Account) { a.Account = a.Email }

func TestACodeThatKratosMailedIsNoSecondStep(t *testing.T) {
	offering(t)
	n := started(t)
	s := newSignIn(t, account(t, toItsAddress))
	r := s.withKratosCode(map[string]any{})
	if r.ending() != letIn {
		t.Fatalf("got %s %+v", r.ending(), r)
	}
	n.expectWorth(http.Header{"X-Session-Token": {r.Token}}, "softphone not_asked")
	if got := len(n.mailbox.Messages()); got != 0 {
		t.Errorf("%d codes of Nidan's were mailed", got)
	}
}

// The client puts values beside the code, so that the code would pass for a stronger method.
func TestACodeThatKratosMailedStaysOneWhateverIsSaid(t *testing.T) {
	offering(t)
	n := started(t)
	for _, says := range []string{
		`{"two_factor": {"method": "passkey"}}`, `{"session": {"authentication_methods": [{"method": "passkey", "aal": "aal2"}]}}`,
		`{"two_factor": {"authentication_methods": [{"method": "passkey"}]}}`, `{"request": {"method": "passkey", "requested_aal": "aal2"}}`,
		`{"authentication_methods": [{"method": "totp"}], "flow": {"requested_aal": "aal2", "active": "passkey"}}`,
	} {
		s := newSignIn(t, account(t, toItsAddress))
		r := s.withKratosCode(json.RawMessage(says))
		if r.ending() != letIn {
			t.Fatalf("%s: %s", says, r.ending())
		}
		n.expectWorth(http.Header{"X-Session-Token": {r.Token}}, "softphone not_asked")
	}
	name := account(t, nil)
	for _, body := range []string{
		`{"method": "password", "identifier": "NAME", "password": "PASSWORD", "passkey_login": "{}"}`,
		`{"method": "password", "identifier": "NAME", "password": "PASSWORD", "totp_code": "000000", "authentication_methods": [{"method": "totp"}]}`,
		`{"method": "password", "identifier": "NAME", "password": "PASSWORD", "requested_aal": "aal2", "active": "passkey", "aal": "aal2"}`,
	} {
		s := newSignIn(t, name)
		s.begin("?aal=aal2&method=passkey", nil)
		if s.flow != "" {
			t.Error("Kratos begins a flow that raises a session, and there is none")
		}
		s.begin("", nil)
		body = strings.NewReplacer("NAME", name, "PASSWORD", password).Replace(body)
		if got := s.submitBody(body).ending(); got == letIn {
			t.Errorf("%s: %s", body, got)
		}
	}
}

// This is measured on the real Kratos, with policies that ask for a code with every method. The results are the table in
// docs/sign-in-methods.md, and the list in login.rego of the methods with which no code can be entered.
func TestWithWhichMethodsACodeCanBeEntered(t *testing.T) {
	offering(t)
	n := started(t, "NIDAN_POLICIES_DIR="+policiesThatAsk(t))
	n.set()
	s := newSignIn(t, account(t, toItsAddress))
	session := s.expectIn(nil)
	secret, codes := authenticatorApp(t, session), recoveryCodes(t, session)
	s.begin("", nil)
	session = s.expectIn(nil)
	n.set(everySwitch...)
	says := func(code string) map[string]any {
		return map[string]any{"two_factor": map[string]any{"code": code, "client": map[string]string{"name": "softphone", "version": "3.5.0"}}}
	}

	t.Run("a code of Kratos' own is used up", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, s.identifier)
		if r := s.withKratosCode(says("")); r.ending() != asked {
			t.Fatalf("got %s", r.ending())
		}
		right := n.newestCode()
		r := s.fields(map[string]any{
			"method": "code", "identifier": s.identifier, "code": kratosCode(t, s.identifier), "transient_payload": says(right),
		})
		if r.ending() != byKratos {
			t.Errorf("got %s", r.ending())
		}
		n.rested()
	})
	t.Run("an authenticator app", func(t *testing.T) {
		n.t = t
		s := &signIn{t: t}
		s.begin("?aal=aal2", session)
		fields := map[string]any{"method": "totp", "totp_code": totp(t, secret), "transient_payload": says("")}
		if r := s.fields(fields); r.ending() != asked {
			t.Fatalf("got %s", r.ending())
		}
		fields["transient_payload"] = says(n.newestCode())
		if r := s.fields(fields); r.ending() != letIn {
			t.Errorf("got %s", r.ending())
		}
		n.rested()
	})
	t.Run("what is entered beside a recovery code is not handed on", func(t *testing.T) {
		n.t = t
		other := newSignIn(t, s.identifier)
		other.expect("code_sent", 1990001, nil)
		session := other.expectIn(code(n.newestCode()))
		n.rested()
		s := &signIn{t: t}
		s.begin("?aal=aal2", session)
		for i := range 2 {
			r := s.fields(map[string]any{"method": "lookup_secret", "lookup_secret": codes[i], "transient_payload": says("000000")})
			if got := r.ending(); got != tooOld && got != asked {
				t.Errorf("got %s", got)
			}
		}
	})
}
