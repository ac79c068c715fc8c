package session

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nidan/policies"
)

// allowing are policies that give a session these capabilities, and say what would give it others.
type allowing struct{ of policies.Capabilities }

// Capabilities implements [Judge].
func (a allowing) Capabilities(context.Context, policies.CapabilitiesInput) (policies.Capabilities, error) {
	return a.of, nil
}

var lacking = allowing{policies.Capabilities{
	Capabilities: []string{"phonebook"},
	Reasons:      map[string]string{"console": "aal2_needed", "agent": "session_too_old", "softphone": "softphone_asks_a_code", "locked": "account_locked"},
	StepUp:       map[string]policies.StepUp{"console": {ACR: "aal2"}, "agent": {MaxAgeMinutes: 60}, "softphone": {}},
}}

// askOf sends a request to a handler with these policies.
func askOf(t *testing.T, j Judge, method, path string, header http.Header) (status int, said http.Header, body string) {
	t.Helper()
	w := askWith(t, faults{}, j, method, path, header)
	return w.Code, w.Header(), w.Body.String()
}

const begin = "https://signin.example.com/self-service/login/browser"

func TestWhatWouldEarnACapabilityIsSaid(t *testing.T) {
	const insufficient = `Bearer error="insufficient_user_authentication"`
	for path, want := range map[string]struct {
		status              int
		challenge, location string
	}{
		"/check?capability=console":                 {401, insufficient + `, acr_values="aal2"`, begin + "?aal=aal2"},
		"/check?capability=agent":                   {401, insufficient + `, max_age="3600"`, begin + "?refresh=true"},
		"/check?capability=softphone":               {403, insufficient, begin + "?refresh=true"},
		"/check?capability=softphone&step_up=true":  {401, insufficient, begin + "?refresh=true"},
		"/check?capability=softphone&step_up=1":     {403, insufficient, begin + "?refresh=true"},
		"/check?capability=locked&step_up=true":     {403, "", ""},
		"/check?capability=everything&step_up=true": {403, "", ""},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, said, body := askOf(t, lacking, method, path, signedIn)
			if status != want.status || said.Get("WWW-Authenticate") != want.challenge || said.Get("Location") != want.location {
				t.Errorf("%s %s: %d, %q, %q", method, path, status, said.Get("WWW-Authenticate"), said.Get("Location"))
			}
			if said.Get("X-Nidan-Account") != "agent-id" || said.Get("Cache-Control") != "no-store" || !strings.Contains(body, `"error":"`) {
				t.Errorf("%s %s: for %q, %s", method, path, said.Get("X-Nidan-Account"), body)
			}
		}
	}
	status, said, _ := askOf(t, lacking, http.MethodGet, "/check?capability=phonebook&step_up=true", signedIn)
	if status != http.StatusNoContent || said.Get("WWW-Authenticate") != "" || said.Get("Location") != "" {
		t.Errorf("what the session may do: %d %v", status, said)
	}
	status, said, _ = askOf(t, lacking, http.MethodGet, "/check?capability=agent", nil)
	if status != http.StatusUnauthorized || said.Get("WWW-Authenticate") != "Bearer" || said.Get("Location") != begin {
		t.Errorf("without a session: %d %v", status, said)
	}
}

func TestASessionThatIsWorthNothingIsToldWhatItWaitsFor(t *testing.T) {
	stepUp := func(j Judge) *stepUp {
		t.Helper()
		status, _, body := askOf(t, j, http.MethodGet, "/capabilities", signedIn)
		var c capabilities
		if err := json.Unmarshal([]byte(body), &c); err != nil || status != http.StatusOK {
			t.Fatalf("got %d %s", status, body)
		}
		return c.StepUp
	}
	waits := allowing{policies.Capabilities{
		Capabilities: []string{}, Reasons: map[string]string{"phonebook": "aal2_needed"},
		StepUp: map[string]policies.StepUp{"phonebook": {ACR: "aal2"}},
	}}
	if got := stepUp(waits); got == nil || got.ACR != "aal2" || got.Location != begin+"?aal=aal2" {
		t.Errorf("got %+v", got)
	}
	// A session that lacks only some capabilities must not send the person away after each sign-in.
	if got := stepUp(lacking); got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestABrowserComesBackToAPageOfAnApplication(t *testing.T) {
	forwarded := func(proto, host, uri string) http.Header {
		return http.Header{"X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}}
	}
	original := func(urls ...string) http.Header { return http.Header{"X-Original-Url": urls} }
	long := "https://app.example.com/" + strings.Repeat("x", mostReturnTo)
	for want, headers := range map[string][]http.Header{
		"https://app.example.com/board/3?tab=1&x=%2F": {
			original("https://app.example.com/board/3?tab=1&x=%2F"), forwarded("https", "app.example.com", "/board/3?tab=1&x=%2F"),
		},
		"https://app.example.com//":          {forwarded("https", "app.example.com/", "/")},
		"https://signin.example.com/console": {original("https://signin.example.com/console")}, // a page of Nidan itself
		"https://app.example.com//evil.com":  {original("https://app.example.com//evil.com")},  // a path of the application
		"": {
			nil, original(""), original("https://evil.example.com/"), original("http://app.example.com/"),
			original("https://app.example.com:8443/"), original("https://app.example.com.evil.com/"), original("https://app.example.com@evil.com/"),
			original("https://user@app.example.com/"), original(`https://app.example.com\@evil.com/`), original("//app.example.com/"),
			original("/board"), original("javascript:alert(1)"), original("https://app.example.com/\x00"), original(long),
			original("https://app.example.com/", "https://app.example.com/other"), original("https://APP.example.com/"),
			forwarded("https", "evil.com", "/"), forwarded("https", "app.example.com", "@evil.com/"), forwarded("https", "app.example.com", ""),
			forwarded("", "app.example.com", "/"), {"X-Forwarded-Host": {"app.example.com"}},
			{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"app.example.com", "evil.com"}, "X-Forwarded-Uri": {"/"}},
		},
	} {
		for _, header := range headers {
			h := &Handler{Origin: "https://signin.example.com", ReturnTo: []string{"https://app.example.com"}}
			if got := h.returnTo(&http.Request{Header: header}); got != want {
				t.Errorf("%v leads back to %q, want %q", header, got, want)
			}
		}
	}
	header := original("https://app.example.com/board?a=b&c")
	header["X-Session-Token"] = signedIn["X-Session-Token"]
	_, said, _ := askOf(t, lacking, http.MethodGet, "/check?capability=console", header)
	if got := said.Get(echo.HeaderLocation); got != begin+"?aal=aal2&return_to=https%3A%2F%2Fapp.example.com%2Fboard%3Fa%3Db%26c" {
		t.Errorf("sent to %s", got)
	}
}
