package records

import (
	"slices"

	"nidan/challenge"
)

// Result is the result of a sign-in, according to its last record.
type Result string

// The results of sign-ins.
const (
	ResultWithoutCode Result = "without_code" // let in without a code
	ResultWithCode    Result = "with_code"    // let in with a right code
	ResultFactor      Result = "factor"       // let in so that Kratos asks for a second factor of its own; Nidan does not learn whether it was shown
	ResultUnfinished  Result = "unfinished"   // a code was asked for, and no right one was entered so far
	ResultRefused     Result = "refused"      // not let in
)

// Results are all results, in the order of the console.
var Results = []Result{ResultWithoutCode, ResultWithCode, ResultFactor, ResultUnfinished, ResultRefused}

// States are the states (Record.State) that have the result.
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

// ResultOf is the result of a sign-in whose last record has that state. An unknown state is a refusal: only known states let anybody in.
func ResultOf(state string) Result {
	for _, r := range Results {
		if slices.Contains(statesOf[r], state) {
			return r
		}
	}
	return ResultRefused
}
