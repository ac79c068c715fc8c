package kratos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	client "github.com/ory/kratos-client-go"
)

// ErrGone is returned when Kratos does not have what was asked for, no longer has it, or does not show it to this browser.
var ErrGone = errors.New("not to be had from Kratos")

// ErrAAL2Needed is returned when the person who is signed in has enrolled a second factor and has not yet shown it. Until then, Kratos tells
// nothing about the session (session.whoami.required_aal: highest_available).
var ErrAAL2Needed = errors.New("the session lacks the second factor")

// ErrRefused is returned when a hook of Kratos has refused what was asked for.
var ErrRefused = errors.New("refused by a hook of Kratos'")

// Frontend is a client of Kratos' public API. It asks Kratos for the person who sent a request to Nidan. It is safe for concurrent use.
type Frontend struct {
	api           client.FrontendAPI
	sessionCookie string // the name of the cookie
}

// NewFrontend returns a client of the public API at url, for browsers whose session cookie has the name sessionCookie.
func NewFrontend(url, sessionCookie string) *Frontend {
	c := client.NewConfiguration()
	c.Servers = client.ServerConfigurations{{URL: url}}
	c.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	return &Frontend{api: client.NewAPIClient(c).FrontendAPI, sessionCookie: sessionCookie}
}

// Session is the session of a person who is signed in.
type Session struct {
	Identity        Identity
	AuthenticatedAt time.Time // when the last step of the sign-in was completed; as precise as Kratos' database, at most to the nanosecond
	AAL             AAL
}

// Whoami returns the session that r proves. It returns [ErrGone] if r proves no session, [ErrAAL2Needed] if the session lacks its second
// factor, and [ErrTwoProofs] if r has two proofs. Whoami sends nothing of r to Kratos but the proof.
func (f *Frontend) Whoami(ctx context.Context, r *http.Request) (Session, error) {
	p, err := proofOf(r, f.sessionCookie)
	if err != nil {
		return Session{}, err
	}
	ask := f.api.ToSession(ctx)
	if p.cookie != "" {
		ask = ask.Cookie(p.cookie)
	}
	if p.token != "" {
		ask = ask.XSessionToken(p.token)
	}
	got, answer, err := ask.Execute()
	if err != nil {
		return Session{}, fmt.Errorf("ask who is signed in: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	if got.Identity == nil {
		return Session{}, errors.New("ask who is signed in: the answer names no account")
	}
	return Session{Identity: identityOf(got.Identity), AuthenticatedAt: got.GetAuthenticatedAt(), AAL: aalOf(got)}, nil
}

func aalOf(s *client.Session) AAL {
	var steps []Step
	for _, m := range s.AuthenticationMethods {
		steps = append(steps, Step{Method: m.GetMethod(), AAL: string(m.GetAal())})
	}
	return AALOf(string(s.GetAuthenticatorAssuranceLevel()), steps)
}

// LogoutURL returns the address that signs the browser out.
func (f *Frontend) LogoutURL(ctx context.Context, cookie string) (string, error) {
	got, answer, err := f.api.CreateBrowserLogoutFlow(ctx).Cookie(cookie).Execute()
	if err != nil {
		return "", fmt.Errorf("begin to sign out: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	return got.LogoutUrl, nil
}

func answerError(answer *http.Response, err error) error {
	if answer == nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode == http.StatusForbidden && errorID(err) == "session_aal2_required" {
		return ErrAAL2Needed
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return ErrGone
	}
	return err
}

// errorID returns Kratos' symbol for an error, or "" if the error has none.
func errorID(err error) string {
	var said *client.GenericOpenAPIError
	var body struct {
		Error struct{ ID string }
	}
	if !errors.As(err, &said) || json.Unmarshal(said.Body(), &body) != nil {
		return ""
	}
	return body.Error.ID
}
