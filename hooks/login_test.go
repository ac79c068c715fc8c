package hooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

func TestWhoIsLetInWithThePasswordAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		changes object
		record  string
	}{
		"an account with its flag off":         {object{"identity/metadata_public/two_factor": object{"enabled": false}}, "allowed account_off"},
		"an account that never had the flag":   {object{"identity/metadata_public": nil}, "allowed account_off"},
		"an account without an e-mail address": {object{"identity/traits/email": nil}, "allowed no_email"},
		"an account with an empty address":     {object{"identity/traits/email": "  "}, "allowed no_email"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			s.expectIn(tc.changes)
			s.expectMails(0)
			if got := s.recorded(); !slices.Equal(got, []string{tc.record}) {
				t.Errorf("recorded %q, want %q", got, tc.record)
			}
		})
	}
}

func TestCodeSentIsShownAsTheContractSays(t *testing.T) {
	s := newScene(t, policies.Shipped())
	r := s.expect(challenge.CodeSent, nil)
	c := r.context.Challenge
	if r.id != 1990001 || r.kind != "info" || !strings.Contains(r.text, "a***@example.com") {
		t.Errorf("message: %d %s %q", r.id, r.kind, r.text)
	}
	if c == nil || c.ID == "" || c.SentTo != "a***@example.com" || c.CodeLength != 6 || c.AttemptsLeft != 10 || c.RememberDays != 30 ||
		!c.ExpiresAt.Equal(s.now.Add(10*time.Minute)) || !c.ResendAt.Equal(s.now.Add(30*time.Second)) {
		t.Errorf("challenge: %+v", c)
	}
	if !slices.Equal(r.context.Capabilities, []string{"phonebook", "call_history"}) {
		t.Errorf("capabilities: %v", r.context.Capabilities)
	}
	if want := []string{"#/", "#/transient_payload/two_factor/code"}; !slices.Equal(r.pointers, want) {
		t.Errorf("pointers: %v, want %v", r.pointers, want)
	}
}

func TestOneSignIn(t *testing.T) {
	s := newScene(t, policies.Shipped())
	first := s.expect(challenge.CodeSent, nil)
	if again := s.expect(challenge.CodeSent, nil); again.context.Challenge.ID != first.context.Challenge.ID {
		t.Error("the same flow again shows another challenge")
	}
	s.expectMails(1)
	if r := s.expect(challenge.CodeMismatch, object{codeAt: s.wrong()}); r.id != 4990001 || r.context.Challenge.AttemptsLeft != 9 {
		t.Errorf("got %d with %d tries left", r.id, r.context.Challenge.AttemptsLeft)
	}
	s.expect(challenge.TooManyCodes, object{actionAt: "resend"})
	right := s.mailed()
	s.expectIn(object{codeAt: " " + right[:3] + "　" + right[3:]})
	s.expect(challenge.SignInAgain, object{codeAt: right})
	want := []string{
		"code_sent code_required", "code_sent code_required", "code_mismatch code_required",
		"too_many_codes code_required", "passed code_required", "sign_in_again code_required",
	}
	if got := s.recorded(); !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

func TestChangesWhileACodeIsOut(t *testing.T) {
	for name, change := range map[string]object{
		"the account's flag is switched off": {"identity/metadata_public/two_factor": object{"enabled": false}},
		"the address is changed":             {"identity/traits/email": "other@example.com"},
		"the address is removed":             {"identity/traits/email": nil},
		"the role is changed":                {"identity/metadata_public/role": "owner"},
		"the state is changed":               {"identity/state": "inactive"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			s.expect(challenge.CodeSent, nil)
			change[codeAt] = s.mailed()
			s.expect(challenge.SignInAgain, change)
		})
	}
}

// Kratos makes a call up to three times. Versions up to v1.3.1 send no Trigger-Id, later versions do.
func TestARepeatGetsTheFirstAnswer(t *testing.T) {
	for name, header := range map[string]http.Header{
		"known by flow and instant": nil,
		"known by its trigger":      {"Ory-Webhook-Trigger-Id": {"8e1d"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			thrice := func(changes object) reply {
				t.Helper()
				body := s.body(changes)
				first := s.read(s.post(body, header))
				for range 2 {
					if again := s.read(s.post(body, header)); again.status != first.status || again.raw != first.raw {
						t.Fatalf("a repeat got %d %s, the first %d %s", again.status, again.raw, first.status, first.raw)
					}
				}
				if header != nil { // the next submission is another event
					header = http.Header{"Ory-Webhook-Trigger-Id": {header["Ory-Webhook-Trigger-Id"][0] + "0"}}
				}
				return first
			}
			thrice(nil)
			s.expectMails(1)
			if got := thrice(object{codeAt: s.wrong()}).context.Challenge.AttemptsLeft; got != 9 {
				t.Errorf("%d tries left, want 9", got)
			}
			if got := thrice(object{codeAt: s.mailed()}).status; got != http.StatusNoContent {
				t.Errorf("the right code got %d", got)
			}
			s.expect(challenge.SignInAgain, object{codeAt: s.mailed()})
		})
	}
}

func TestARepeatAtTheSameTimeGetsTheFirstAnswer(t *testing.T) {
	s := newScene(t, policies.Shipped())
	body := s.body(nil)
	replies := make([]string, 8)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() { replies[i] = s.post(body, nil).Body.String() })
	}
	all.Wait()
	s.expectMails(1)
	for _, r := range replies {
		if r != replies[0] {
			t.Errorf("two answers to one call:\n%s\n%s", r, replies[0])
		}
	}
}

func TestAnotherBodyIsNoRepeat(t *testing.T) {
	for name, header := range map[string]http.Header{
		"with the same flow and instant": nil,
		"with the same trigger":          {"Ory-Webhook-Trigger-Id": {"8e1d"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			at := object{"session/authenticated_at": "2026-04-01T09:00:00Z", "identity/metadata_public": nil}
			if got := s.post(s.body(at), header).Code; got != http.StatusNoContent {
				t.Fatalf("the first call got %d", got)
			}
			delete(at, "identity/metadata_public")
			r := s.read(s.post(s.body(at), header))
			if r.status != http.StatusBadRequest || r.id != 4990008 {
				t.Errorf("got %d %s", r.status, r.raw)
			}
		})
	}
}

func TestTokensAreReplacedWhileCallsCome(t *testing.T) {
	const other = "hook-token-hook-token-hook-token-2"
	s := newScene(t, policies.Shipped())
	for _, tc := range []struct {
		tokens []string
		heard  []bool // the first, the other
	}{
		{[]string{token}, []bool{true, false}}, {[]string{other, token}, []bool{true, true}}, {[]string{other}, []bool{false, true}}, {nil, []bool{false, false}},
	} {
		s.hook.Tokens.Replace(tc.tokens)
		for i, presented := range []string{token, other} {
			w := s.post(s.body(nil), http.Header{"Authorization": {"Bearer " + presented}})
			if got := w.Code != http.StatusUnauthorized; got != tc.heard[i] {
				t.Errorf("of %d tokens: number %d is heard: %v", len(tc.tokens), i+1, got)
			}
		}
	}
}

func TestOnlyKratosIsHeard(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.hook.Tokens.Replace([]string{token, "hook-token-hook-token-hook-token-2"})
	for name, tc := range map[string]struct {
		authorization []string
		want          int
	}{
		"no token":                     {nil, 401},
		"an empty one":                 {[]string{"Bearer "}, 401},
		"a wrong one":                  {[]string{"Bearer nope"}, 401},
		"the beginning of one":         {[]string{"Bearer " + token[:20]}, 401},
		"one with something behind":    {[]string{"Bearer " + token + " "}, 401},
		"another scheme":               {[]string{"Basic " + token}, 401},
		"the token alone":              {[]string{token}, 401},
		"the token":                    {[]string{"Bearer " + token}, 400},
		"the token, scheme lower-case": {[]string{"bearer " + token}, 400},
		"the other token":              {[]string{"Bearer hook-token-hook-token-hook-token-2"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.read(s.post(s.body(nil), http.Header{"Authorization": tc.authorization}))
			if r.status != tc.want {
				t.Errorf("got %d, want %d", r.status, tc.want)
			}
		})
	}
	if strings.Contains(s.log.String(), "hook-token") || strings.Contains(s.log.String(), "nope") {
		t.Error("a token stands in the log")
	}
}

func TestWhatIsNotUnderstoodLetsNobodyIn(t *testing.T) {
	s := newScene(t, policies.Shipped())
	plain := func(changes object) string {
		// Without its fault, each of these would be let in.
		changes["identity/metadata_public/two_factor"] = object{"enabled": false}
		return string(s.body(changes))
	}
	for name, tc := range map[string]struct{ body, want string }{
		"nothing":                        {"", "ends before its JSON does"},
		"half an object":                 {`{"flow": {`, "ends before its JSON does"},
		"no JSON":                        {"flow=1", "not valid JSON"},
		"an array":                       {"[]", "not a JSON object"},
		"null":                           {"null", "flow.id is missing"},
		"an empty object":                {"{}", "flow.id is missing"},
		"two objects":                    {plain(object{}) + "{}", "goes on after its JSON object"},
		"no flow":                        {plain(object{"flow/id": nil}), "flow.id is missing"},
		"no identity":                    {plain(object{"identity/id": nil}), "identity.id is missing"},
		"an instant that is none":        {plain(object{"session/authenticated_at": "yesterday"}), "session.authenticated_at is not a time"},
		"no instant":                     {plain(object{"session/authenticated_at": nil}), "session.authenticated_at is missing"},
		"a flow id that is a number":     {plain(object{"flow/id": 7}), "flow.id has the wrong type (number)"},
		"traits that are an array":       {plain(object{"identity/traits": []any{}}), "identity.traits has the wrong type (array)"},
		"a code that is a number":        {plain(object{codeAt: 123456}), "flow.transient_payload.two_factor.code has the wrong type (number)"},
		"an action nobody knows":         {plain(object{actionAt: "skip"}), "two_factor.action is neither resend nor cancel"},
		"a flag that is a word":          {string(s.body(object{"identity/metadata_public/two_factor": object{"enabled": "false"}})), "/metadata_public/two_factor/enabled"},
		"a role that is a number":        {plain(object{"identity/metadata_public/role": 1}), "/metadata_public/role"},
		"an address that is none":        {plain(object{"identity/traits/email": "agent at example"}), "/traits/email"},
		"an address that is a list":      {plain(object{"identity/traits/email": []any{"agent@example.com"}}), "/traits/email"},
		"a body over 256 KiB":            {plain(object{"identity/traits/name": strings.Repeat("x", 256<<10)}), "over 262144 bytes"},
		"a body over 256 KiB of padding": {plain(object{}) + strings.Repeat(" ", 256<<10), "over 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.read(s.post([]byte(tc.body), nil))
			if r.status != http.StatusBadRequest || r.id != 4990008 || r.state != "unavailable" {
				t.Errorf("got %d %d %s", r.status, r.id, r.state)
			}
			if !strings.Contains(r.text, tc.want) {
				t.Errorf("the message is %q, want one with %q", r.text, tc.want)
			}
		})
	}
	if got := s.recorded(); len(got) != 0 {
		t.Errorf("recorded %q", got)
	}
}

// Kratos sends a form (kratos/kratos.yml says why). The JSON in it is treated like a JSON body.
func TestAFormIsReadLikeItsJSON(t *testing.T) {
	s := newScene(t, policies.Shipped())
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	off := object{"identity/metadata_public/two_factor": object{"enabled": false}}
	form := func(changes object) string { return url.Values{"ctx": {string(s.body(changes))}}.Encode() }
	if w := s.post([]byte(form(off)), header); w.Code != http.StatusNoContent {
		t.Errorf("an account that is asked for no code got %d: %s", w.Code, w.Body)
	}
	if r := s.read(s.post([]byte(form(nil)), header)); r.state != "code_sent" {
		t.Errorf("an account that is asked for a code got %d %s", r.status, r.state)
	}
	for name, tc := range map[string]struct{ body, want string }{
		"no field":            {"", "does not have the field ctx once"},
		"another field":       {"call=" + form(off), "does not have the field ctx once"},
		"the field twice":     {form(off) + "&" + form(off), "does not have the field ctx once"},
		"JSON where it is":    {string(s.body(off)), "does not have the field ctx once"},
		"an escape that ends": {form(off) + "%", "is not a form"},
		"half an object":      {"ctx=%7B", "ends before its JSON does"},
		"over 256 KiB":        {form(off) + "&x=" + strings.Repeat("x", 256<<10), "over 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.read(s.post([]byte(tc.body), header))
			if r.status != http.StatusBadRequest || r.id != 4990008 || !strings.Contains(r.text, tc.want) {
				t.Errorf("got %d %d %q, want a refusal with %q", r.status, r.id, r.text, tc.want)
			}
		})
	}
}

// set is a set of policies that always gives this decision, with the terms that ship.
func set(decision string) fstest.MapFS {
	return fstest.MapFS{"login/login.rego": {Data: []byte(`package nidan.login

decision := object.union({
	"channel": "softphone", "reason": "test",
	"code": {"length": 6, "ttl_seconds": 600, "max_attempts": 10, "resend_after_seconds": 30},
}, ` + decision + `)`)}}
}

func TestWhatCannotBeDecidedIsRefusedAndRecorded(t *testing.T) {
	for name, decision := range map[string]string{
		"an undefined decision": `{"action": input.account.nickname}`,
		"an unknown action":     `{"action": "permit"}`,
		"a failing built-in":    `{"action": "allow", "x": to_number("one")}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, set(decision))
			if r := s.expect(stateUnavailable, nil); r.id != 4990008 {
				t.Errorf("got %d", r.id)
			}
			if got := s.recorded(); !slices.Equal(got, []string{"unavailable undecided"}) {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

func TestACodeAskedOfAnAccountWithoutAnAddress(t *testing.T) {
	s := newScene(t, set(`{"action": "challenge"}`))
	s.expect(stateUnavailable, object{"identity/traits/email": nil})
	s.expectMails(0)
}

func TestWhatCannotBeRecordedLetsNobodyIn(t *testing.T) {
	for _, table := range []string{"records", "deliveries", "settings", "challenges", "sign_ins"} {
		t.Run("without the table "+table, func(t *testing.T) {
			s := newScene(t, policies.Shipped())
			if _, err := s.store.DB().ExecContext(t.Context(), "DROP TABLE "+table); err != nil {
				t.Fatal(err)
			}
			s.expect(stateUnavailable, object{"identity/metadata_public": nil}) // who would be let in
			if table == "records" || table == "deliveries" {
				s.expect(stateUnavailable, nil) // who would be asked
			}
		})
	}
}

// panicking is a decider with a bug.
type panicking struct{ Decider }

func (panicking) Login(context.Context, policies.Input) (policies.Verdict, error) { panic("a bug") }

func TestAPanicLetsNobodyIn(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.hook.Policies = panicking{s.hook.Policies}
	s.expect(stateUnavailable, nil)
	if !strings.Contains(s.log.String(), "a bug") {
		t.Error("the log does not say why")
	}
	s.hook.Policies = panicking{}.Decider
	s.expect(stateUnavailable, nil) // and the database is not left locked
}

// failing is a decider that returns a decision together with an error.
type failing struct{ Decider }

func (failing) Login(context.Context, policies.Input) (policies.Verdict, error) {
	return policies.Verdict{Decision: policies.Decision{Action: policies.ActionAllow}}, errors.New("broken")
}

func TestAnErrorCountsMoreThanADecision(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.hook.Policies = failing{s.hook.Policies}
	s.expect(stateUnavailable, nil)
}

func TestNothingSecretIsLoggedOrRecorded(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.expect(challenge.CodeSent, object{"request_headers": object{"Cookie": []any{"ory_kratos_session=secret-cookie"}}})
	right := s.mailed()
	s.expect(challenge.CodeMismatch, object{codeAt: s.wrong()})
	s.expectIn(object{codeAt: right})
	var kept strings.Builder
	kept.WriteString(s.log.String())
	rows, err := s.store.DB().QueryContext(t.Context(), `SELECT CAST(detail AS TEXT) FROM records
		UNION ALL SELECT CAST(body AS TEXT) FROM deliveries`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&kept, text)
	}
	for _, secret := range []string{right, s.wrong(), "secret-cookie", token} {
		if strings.Contains(kept.String(), secret) {
			t.Errorf("%q is kept or logged", secret)
		}
	}
	if !strings.Contains(kept.String(), `"flow_type":"api"`) {
		t.Error("the input is not on record, so this test proves nothing")
	}
}
