package challenge

import (
	"context"
	"time"
)

// SecondStep is how a sign-in came through.
type SecondStep string

// The ways through.
const (
	StepPassed     SecondStep = "passed"     // with a code
	StepRemembered SecondStep = "remembered" // on a device that was remembered
	StepNotAsked   SecondStep = "not_asked"  // the policy asked for none
	StepUnknown    SecondStep = "unknown"    // there is no record of it
)

// SignIn is one that was let through. Kratos' session does not tell how it came to be; it keeps the instant at which the
// password was right, by which this is found again.
type SignIn struct {
	Account         string
	AuthenticatedAt time.Time
	Channel         string // as the policy named it
	SecondStep      SecondStep
}

// Reader reads what a [Store] holds, outside of any unit of work.
type Reader interface {
	Settings(ctx context.Context) (Settings, error)
	// SignIn returns the one of that account and instant, or [ErrNotFound]. Instants are compared to the microsecond: that is
	// what Kratos' database may keep of them.
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*SignIn, error)
}
