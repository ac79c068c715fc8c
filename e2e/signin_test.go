package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signIn is a small native client that plays the softphone: one sign-in of one account, through one of Kratos' API login flows. It sends what
// docs/native-clients.md tells a softphone to send, unless a test makes it send something else.
type signIn struct {
	t          *testing.T
	identifier string
	password   string
	flow       string
	header     http.Header // sent with each request: of a session to refresh, or set by a test; nil: none
}

func newSignIn(t *testing.T, identifier string) *signIn {
	t.Helper()
	s := &signIn{t: t, identifier: identifier, password: password}
	s.begin("", nil)
	return s
}

// begin begins another flow. The query and the header may ask Kratos to refresh a session.
func (s *signIn) begin(query string, header http.Header) {
	s.t.Helper()
	var flow struct{ ID string }
	s.json(http.MethodGet, kratosPublic+"/self-service/login/api"+query, nil, header, &flow)
	s.flow, s.header = flow.ID, header
}

// reply is what the client gets: a session, or the flow with Nidan's message in it, or an error of Kratos.
type reply struct {
	Status  int
	Token   string `json:"session_token"`
	Session struct {
		AAL string `json:"authenticator_assurance_level"`
	}
	UI struct {
		Messages []struct {
			ID      int64
			Text    string
			Type    string
			Context struct {
				State        string
				Capabilities []string
				Challenge    struct {
					ID           string
					SentTo       string    `json:"sent_to"`
					ExpiresAt    time.Time `json:"expires_at"`
					AttemptsLeft int       `json:"attempts_left"`
					ResendAt     time.Time `json:"resend_at"`
					RememberDays int       `json:"remember_days"`
					Mail         string    // what is known of the mail; empty: nothing
					DeviceToken  string    `json:"device_token"`
				}
			}
		}
		Nodes []struct{ Attributes struct{ Name string } }
	}
}

func (r reply) state() string {
	if len(r.UI.Messages) == 0 {
		return ""
	}
	return r.UI.Messages[0].Context.State
}

// The words in tables for how a sign-in ends: these, and the states.
const (
	letIn    = "let in"
	byKratos = "refused by Kratos" // with no state: Kratos did not ask Nidan, or could not

	asked         = "code_sent"
	tooOld        = "client_too_old"
	notUnderstood = "unavailable"
)

// ending says in a word how a submission ended.
func (r reply) ending() string {
	switch {
	case r.Token != "":
		return letIn
	case r.state() != "":
		return r.state()
	}
	return byKratos
}

// submit submits the flow with this transient_payload.two_factor, like a softphone that is new enough.
func (s *signIn) submit(twoFactor map[string]any) reply {
	s.t.Helper()
	says := map[string]any{"client": map[string]any{"name": "softphone", "version": "3.5.0"}}
	maps.Copy(says, twoFactor)
	return s.submitPayload(map[string]any{"two_factor": says})
}

// submitPayload submits the flow with a whole transient_payload.
func (s *signIn) submitPayload(payload any) reply {
	s.t.Helper()
	return s.submitBody(s.body(payload))
}

// body returns the body of a submission with a transient_payload.
func (s *signIn) body(payload any) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{
		"method": "password", "identifier": s.identifier, "password": s.password, "transient_payload": payload,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// submitBody submits the flow with this body, unchanged.
func (s *signIn) submitBody(body string) reply {
	s.t.Helper()
	r, err := s.send(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// send is submitBody for a test that submits more than once at the same time.
func (s *signIn) send(body string) (reply, error) {
	status, said, err := ask(s.t.Context(), http.MethodPost, kratosPublic+"/self-service/login?flow="+s.flow, body, s.header)
	if err != nil {
		return reply{}, err
	}
	r := reply{Status: status}
	if err := json.Unmarshal(said, &r); err != nil {
		return reply{}, fmt.Errorf("status %d, no JSON: %w: %s", status, err, said)
	}
	if (status == http.StatusOK) != (r.Token != "") {
		return reply{}, fmt.Errorf("status %d with the token %q", status, r.Token)
	}
	return r, nil
}

// expect submits, and checks that the answer is this state and that nobody is let in.
func (s *signIn) expect(state string, id int64, twoFactor map[string]any) reply {
	s.t.Helper()
	r := s.submit(twoFactor)
	if r.Status != http.StatusBadRequest || r.state() != state || r.UI.Messages[0].ID != id {
		s.t.Fatalf("got %d %+v, want 400 with %s (%d)", r.Status, r.UI.Messages, state, id)
	}
	return r
}

// expectIn submits, and checks that the answer is a session that Kratos knows. It returns the header that proves the session.
func (s *signIn) expectIn(twoFactor map[string]any) http.Header {
	s.t.Helper()
	r := s.submit(twoFactor)
	if r.Status != http.StatusOK {
		s.t.Fatalf("got %d %+v, want a session", r.Status, r.UI.Messages)
	}
	var who struct{ Active bool }
	header := http.Header{"X-Session-Token": {r.Token}}
	if status := s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, header, &who); status != http.StatusOK || !who.Active {
		s.t.Fatalf("whoami: %d %+v", status, who)
	}
	return header
}

// expectOut submits, and checks that nobody is let in, for whatever reason.
func (s *signIn) expectOut(twoFactor map[string]any) reply {
	s.t.Helper()
	r := s.submit(twoFactor)
	if r.Status == http.StatusOK {
		s.t.Fatal("somebody was let in")
	}
	return r
}

// json makes any other request.
func (s *signIn) json(method, url string, body any, header http.Header, into any) int {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	status, said, err := ask(s.t.Context(), method, url, string(raw), header)
	if err != nil {
		s.t.Fatal(err)
	}
	if into == nil {
		return status
	}
	if err := json.Unmarshal(said, into); err != nil {
		s.t.Fatalf("status %d, no JSON: %v: %s", status, err, said)
	}
	return status
}

// ask makes one request, like a client that speaks JSON.
func ask(ctx context.Context, method, url, body string, header http.Header) (status int, said []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	maps.Copy(r.Header, header)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	said, err = io.ReadAll(answer.Body)
	hidden.came(string(said))
	return answer.StatusCode, said, err
}

func code(c string) map[string]any { return map[string]any{"code": c} }

var resend = map[string]any{"action": "resend"}

// wrong returns a code that is not c.
func wrong(c string) string {
	if c == "000000" {
		return "111111"
	}
	return "000000"
}
