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

// ErrNobody is returned where Kratos knows of no session.
var ErrNobody = errors.New("nobody is signed in")

// Kratos says whose session a request proves, or [kratos.ErrGone], [kratos.ErrAAL2Needed] or [kratos.ErrTwoProofs].
type Kratos interface {
	Whoami(ctx context.Context, r *http.Request) (kratos.Session, error)
}

// Judge says what a session may do. An error means nothing.
type Judge interface {
	Capabilities(ctx context.Context, in policies.CapabilitiesInput) (policies.Capabilities, error)
}

// Store reads what a session's worth depends on.
type Store interface {
	Settings(ctx context.Context) (settings.Settings, error)
	// SignIn returns the sign-in that the session began with, or [challenge.ErrNotFound].
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*exchange.SignIn, error)
}

// Visitors tells who a request comes from. All fields are needed.
type Visitors struct {
	Kratos   Kratos
	Store    Store
	Policies Judge
	Identity kratos.Pointers
	TimeZone *time.Location // where days begin at midnight
	Now      func() time.Time
}

// Visitor is somebody who is signed in.
type Visitor struct {
	Identity kratos.Identity
	Person   kratos.Person
	Settings settings.Settings // as they were when it was asked what the session is worth
	SignIn   exchange.SignIn
	AAL      kratos.AAL // of the session
	Allowed  policies.Capabilities
}

// May says whether the session has a capability.
func (v Visitor) May(capability string) bool {
	return slices.Contains(v.Allowed.Capabilities, capability)
}

// Of returns who r comes from, or [ErrNobody], [kratos.ErrAAL2Needed] or [kratos.ErrTwoProofs]. Any other error means that it cannot be
// told, and that nothing may be done.
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

// signIn is how the session came to be. One that was made without Nidan, or before it, is not known.
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
