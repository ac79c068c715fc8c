package exchange

import (
	"context"
	"time"

	"nidan/challenge"
)

// SecondStep is how a sign-in came through.
type SecondStep string

// The ways through.
const (
	StepPassed     SecondStep = "passed"     // with a code
	StepRemembered SecondStep = "remembered" // on a device that was remembered
	StepNotAsked   SecondStep = "not_asked"  // the policy asked for none
	StepUnknown    SecondStep = "unknown"    // there is no record of it

	StepAAL2Needed SecondStep = "aal2_needed" // for Kratos to ask for a factor of its own: worth nothing until then
	StepEnrolOnly  SecondStep = "enrol_only"  // with a code that is good for nothing but to enrol such a factor
)

// SignIn is one that was let through. Kratos' session does not tell how it came to be; it keeps the instant at which the
// password was right, by which this is found again.
type SignIn struct {
	Account         string
	AuthenticatedAt time.Time
	Channel         string // as the policy named it
	SecondStep      SecondStep
	WrongCodes      challenge.WrongCodes // tried by others since the last right code, for the holder to be told of
}

// UnknownSignIn is one of which there is no record: a session that was made without Nidan, or before it.
func UnknownSignIn(account string, authenticatedAt time.Time) SignIn {
	return SignIn{Account: account, AuthenticatedAt: authenticatedAt, Channel: "unknown", SecondStep: StepUnknown}
}

// SignIns are the sign-ins that were let through, of a [Tx].
type SignIns interface {
	AddSignIn(ctx context.Context, s SignIn) error
	// SignIn returns the one of that account and instant, or [challenge.ErrNotFound]. Instants are compared to the microsecond: that is
	// what Kratos' database may keep of them.
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*SignIn, error)
	// LatestSecondStep returns the account's newest sign-in from then on that was passed, remembered or for enrolment only, or
	// [challenge.ErrNotFound].
	LatestSecondStep(ctx context.Context, account string, since time.Time) (*SignIn, error)
}
