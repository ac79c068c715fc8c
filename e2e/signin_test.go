package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"
)

// signIn is one of Kratos' API login flows, as a native client goes through it.
type signIn struct {
	t          *testing.T
	identifier string
	password   string
	flow       string
	agent      string      // its User-Agent; empty: Go's
	session    http.Header // of the one to be refreshed, nil where there is none
}

func newSignIn(t *testing.T, identifier string) *signIn {
	t.Helper()
	s := &signIn{t: t, identifier: identifier, password: password}
	s.begin("", nil)
	return s
}

// begin begins another flow; the query and header may say that it is to refresh a session.
func (s *signIn) begin(query string, header http.Header) {
	s.t.Helper()
	var flow struct{ ID string }
	s.json(http.MethodGet, kratosPublic+"/self-service/login/api"+query, nil, header, &flow)
	s.flow, s.session = flow.ID, header
}

// reply is what the client gets.
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

// submit submits the flow with the given transient_payload.two_factor, as a softphone that is new enough.
func (s *signIn) submit(twoFactor map[string]any) reply {
	s.t.Helper()
	says := map[string]any{"client": map[string]any{"name": "softphone", "version": "3.5.0"}}
	maps.Copy(says, twoFactor)
	return s.submitPayload(map[string]any{"two_factor": says})
}

// submitPayload submits the flow with a whole transient_payload.
func (s *signIn) submitPayload(payload any) reply {
	s.t.Helper()
	body := map[string]any{
		"method": "password", "identifier": s.identifier, "password": s.password, "transient_payload": payload,
	}
	var r reply
	r.Status = s.json(http.MethodPost, kratosPublic+"/self-service/login?flow="+s.flow, body, s.session, &r)
	if (r.Status == http.StatusOK) != (r.Token != "") {
		s.t.Fatalf("status %d with the token %q", r.Status, r.Token)
	}
	return r
}

// expect submits and wants that state, and nobody let in.
func (s *signIn) expect(state string, id int64, twoFactor map[string]any) reply {
	s.t.Helper()
	r := s.submit(twoFactor)
	if r.Status != http.StatusBadRequest || r.state() != state || r.UI.Messages[0].ID != id {
		s.t.Fatalf("got %d %+v, want 400 with %s (%d)", r.Status, r.UI.Messages, state, id)
	}
	return r
}

// expectIn submits and wants a session that Kratos knows. It returns what proves it.
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

// expectOut submits and wants nobody let in, whatever is said.
func (s *signIn) expectOut(twoFactor map[string]any) reply {
	s.t.Helper()
	r := s.submit(twoFactor)
	if r.Status == http.StatusOK {
		s.t.Fatal("somebody was let in")
	}
	return r
}

func (s *signIn) json(method, url string, body any, header http.Header, into any) int {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if s.agent != "" {
		r.Header.Set("User-Agent", s.agent)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if into == nil {
		return answer.StatusCode
	}
	if err := json.Unmarshal(said, into); err != nil {
		s.t.Fatalf("status %d, no JSON: %v: %s", answer.StatusCode, err, said)
	}
	return answer.StatusCode
}

func code(c string) map[string]any { return map[string]any{"code": c} }

var resend = map[string]any{"action": "resend"}

// wrong is a code that is not c.
func wrong(c string) string {
	if c == "000000" {
		return "111111"
	}
	return "000000"
}
