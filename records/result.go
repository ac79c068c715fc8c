package records

import (
	"slices"

	"nidan/challenge"
)

// Result is where a sign-in stands: how its last answer ended it, or left it open.
type Result string

// The results of sign-ins.
const (
	ResultWithoutCode Result = "without_code" // let in, and no code was asked
	ResultWithCode    Result = "with_code"    // let in with a right code
	ResultFactor      Result = "factor"       // let in as far as a second factor that Kratos asks for; what became of it, Kratos alone knows
	ResultUnfinished  Result = "unfinished"   // a code was asked, and no right one was given, so far
	ResultRefused     Result = "refused"      // not let in
)

// Results are all results, in the order in which they are shown.
var Results = []Result{ResultWithoutCode, ResultWithCode, ResultFactor, ResultUnfinished, ResultRefused}

// States are those of the records that have the result.
func (r Result) States() []string { return statesOf[r] }

var statesOf = map[Result][]string{
	ResultWithoutCode: {"allowed"},
	ResultWithCode:    {string(challenge.Passed)},
	ResultFactor:      {"aal2_needed"},
	ResultUnfinished: {
		string(challenge.CodeSent), string(challenge.CodeResent), string(challenge.CodeMismatch), string(challenge.CodeExpired), string(challenge.AttemptsExceeded), string(challenge.Cancelled),
	},
	ResultRefused: {string(challenge.Refused), string(challenge.SignInAgain), "client_too_old", string(challenge.TooManyCodes), "unavailable"},
}

// ResultOf is the result of a sign-in whose last record has that state. A state that is not known let nobody in.
func ResultOf(state string) Result {
	for _, r := range Results {
		if slices.Contains(statesOf[r], state) {
			return r
		}
	}
	return ResultRefused
}
