package kratos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	client "github.com/ory/kratos-client-go"
)

// ErrGone is returned for what Kratos does not have, or no more, or not for this browser.
var ErrGone = errors.New("not to be had from Kratos")

// Frontend is a client of Kratos' public API, on behalf of whoever sent a request to Nidan. It is safe for concurrent
// use.
type Frontend struct{ api client.FrontendAPI }

// NewFrontend returns a client of the public API at url.
func NewFrontend(url string) *Frontend {
	c := client.NewConfiguration()
	c.Servers = client.ServerConfigurations{{URL: url}}
	c.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	return &Frontend{api: client.NewAPIClient(c).FrontendAPI}
}

// LoginFlow is what a sign-in page has to know of a login flow.
type LoginFlow struct {
	ID        string
	Action    string // where to submit it
	CSRFToken string
	ReturnTo  string // empty: not said
	Refresh   bool   // somebody is signed in already, and proves it again
	Messages  []Message
}

// Message is one that Kratos shows above its form.
type Message struct {
	ID      int64          `json:"id"`
	Text    string         `json:"text"`
	Type    string         `json:"type"`
	Context map[string]any `json:"context"`
}

// LoginFlow returns the browser's flow of that id, or [ErrGone].
func (f *Frontend) LoginFlow(ctx context.Context, id, cookie string) (LoginFlow, error) {
	got, answer, err := f.api.GetLoginFlow(ctx).Id(id).Cookie(cookie).Execute()
	if err != nil {
		return LoginFlow{}, fmt.Errorf("get a login flow: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	flow := LoginFlow{ID: got.Id, Action: got.Ui.Action, ReturnTo: got.GetReturnTo(), Refresh: got.GetRefresh()}
	for _, n := range got.Ui.Nodes {
		if a := n.Attributes.UiNodeInputAttributes; a != nil && a.Name == "csrf_token" {
			flow.CSRFToken, _ = a.Value.(string)
		}
	}
	for _, m := range got.Ui.Messages {
		flow.Messages = append(flow.Messages, Message{ID: m.Id, Text: m.Text, Type: m.Type, Context: m.Context})
	}
	return flow, nil
}

// Credentials are what a request proves its session with: a browser its cookies, a native client its token.
type Credentials struct{ Cookie, Token string }

// CredentialsOf are those that Kratos would find in r.
func CredentialsOf(r *http.Request) Credentials {
	return Credentials{Cookie: r.Header.Get("Cookie"), Token: r.Header.Get("X-Session-Token")}
}

// Session is one that somebody is signed in with.
type Session struct {
	Identity        Identity
	AuthenticatedAt time.Time // when the password was last right; Kratos keeps it to the nanosecond, or as its database does
}

// Whoami returns the session, or [ErrGone].
func (f *Frontend) Whoami(ctx context.Context, c Credentials) (Session, error) {
	ask := f.api.ToSession(ctx).Cookie(c.Cookie)
	if c.Token != "" {
		ask = ask.XSessionToken(c.Token)
	}
	got, answer, err := ask.Execute()
	if err != nil {
		return Session{}, fmt.Errorf("ask who is signed in: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	id := Identity{}
	if got.Identity != nil {
		id = identityOf(got.Identity)
	}
	return Session{Identity: id, AuthenticatedAt: got.GetAuthenticatedAt()}, nil
}

// LogoutURL is where the browser is signed out.
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
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return ErrGone
	}
	return err
}
