package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/kratos"
	"nidan/policies"
	"nidan/settings"
)

// ErrNobody is the error if Kratos knows no session for the request.
var ErrNobody = errors.New("nobody is signed in")

// Kratos returns the session that a request proves, or [kratos.ErrGone], [kratos.ErrAAL2Needed] or [kratos.ErrTwoProofs].
type Kratos interface {
	Whoami(ctx context.Context, r *http.Request) (kratos.Session, error)
}

// Judge says what a session may do. If it returns an error, the session may do nothing.
type Judge interface {
	Capabilities(ctx context.Context, in policies.CapabilitiesInput) (policies.Capabilities, error)
}

// Store reads the settings and the sign-ins, on which the capabilities of a session depend.
type Store interface {
	Settings(ctx context.Context) (settings.Settings, error)
	// SignIn returns the sign-in that the session began with, or [challenge.ErrNotFound].
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*exchange.SignIn, error)
}

// Visitors finds out who sends a request. All fields are needed.
type Visitors struct {
	Kratos   Kratos
	Store    Store
	Policies Judge
	Identity kratos.Pointers
	TimeZone *time.Location // time zone in which days begin at midnight
	Now      func() time.Time
}

// Visitor is a person who is signed in.
type Visitor struct {
	Identity kratos.Identity
	Person   kratos.Person
	Settings settings.Settings // the settings that the capabilities were decided with
	SignIn   exchange.SignIn
	AAL      kratos.AAL // authenticator assurance level of the session
	Allowed  policies.Capabilities
}

// May says whether the session has a capability.
func (v Visitor) May(capability string) bool {
	return slices.Contains(v.Allowed.Capabilities, capability)
}

// Of returns who sends r, or [ErrNobody], [kratos.ErrAAL2Needed] or [kratos.ErrTwoProofs]. After any other error it is not known who
// sends r, and the request must be refused.
func (v *Visitors) Of(ctx context.Context, r *http.Request) (Visitor, error) {
	s, err := v.Kratos.Whoami(ctx, r)
	if errors.Is(err, kratos.ErrGone) {
		return Visitor{}, ErrNobody
	}
	if err != nil {
		return Visitor{}, err
	}
	who, err := v.Identity.Read(s.Identity)
	if err != nil {
		return Visitor{}, fmt.Errorf("read the account: %w", err)
	}
	settings, err := v.Store.Settings(ctx)
	if err != nil {
		return Visitor{}, err
	}
	signIn, err := v.signIn(ctx, s)
	if err != nil {
		return Visitor{}, err
	}
	now := v.Now()
	allowed, err := v.Policies.Capabilities(ctx, policies.CapabilitiesInput{
		Now: now.UTC(), Today: now.In(v.TimeZone).Format(time.DateOnly), Settings: hooks.PolicySettings(settings),
		Account: hooks.PolicyAccount(s.Identity, who), Session: hooks.PolicySession(signIn, s.AAL, now),
	})
	if err != nil {
		return Visitor{}, err
	}
	return Visitor{Identity: s.Identity, Person: who, Settings: settings, SignIn: signIn, AAL: s.AAL, Allowed: allowed}, nil
}

// signIn returns the sign-in that the session began with. A session that began without Nidan, or before Nidan was installed, has an
// unknown sign-in.
func (v *Visitors) signIn(ctx context.Context, s kratos.Session) (exchange.SignIn, error) {
	found, err := v.Store.SignIn(ctx, s.Identity.ID, s.AuthenticatedAt)
	if errors.Is(err, challenge.ErrNotFound) {
		return exchange.UnknownSignIn(s.Identity.ID, s.AuthenticatedAt), nil
	}
	if err != nil {
		return exchange.SignIn{}, err
	}
	return *found, nil
}
