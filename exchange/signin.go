package exchange

import (
	"context"
	"time"

	"nidan/challenge"
)

// SecondStep says how a sign-in met the second step.
type SecondStep string

// The values of SecondStep.
const (
	StepPassed     SecondStep = "passed"     // a code was accepted
	StepRemembered SecondStep = "remembered" // the device was remembered
	StepNotAsked   SecondStep = "not_asked"  // the policy asked for no second step
	StepUnknown    SecondStep = "unknown"    // Nidan has no record of the sign-in

	StepAAL2Needed SecondStep = "aal2_needed" // Kratos still has to ask for a second factor of its own; until then the session has no capability
	StepEnrolOnly  SecondStep = "enrol_only"  // a code was accepted, and the session may do nothing but enrol a second factor of Kratos
)

// SignIn is a sign-in that was let in. Kratos' session does not say how the sign-in went. The session does hold the time at which the
// password was verified, and Nidan finds the SignIn by this time.
type SignIn struct {
	Account         string
	AuthenticatedAt time.Time
	Channel         string // as the policy names it
	SecondStep      SecondStep
	WrongCodes      challenge.WrongCodes // tried in other flows since the last right code; the holder is told of them
}

// UnknownSignIn stands for a session without a record: the session began before Nidan was installed, or past Nidan.
func UnknownSignIn(account string, authenticatedAt time.Time) SignIn {
	return SignIn{Account: account, AuthenticatedAt: authenticatedAt, Channel: "unknown", SecondStep: StepUnknown}
}

// SignIns reads and writes the sign-ins that were let in.
type SignIns interface {
	AddSignIn(ctx context.Context, s SignIn) error
	// SignIn returns the sign-in of that account at that time, or [challenge.ErrNotFound]. Times are compared at microseconds, because some
	// of Kratos' databases store no more.
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*SignIn, error)
	// LatestSecondStep returns the account's newest sign-in since then whose SecondStep is StepPassed, StepRemembered or StepEnrolOnly, or
	// [challenge.ErrNotFound].
	LatestSecondStep(ctx context.Context, account string, since time.Time) (*SignIn, error)
}
