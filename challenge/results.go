package challenge

import (
	"encoding/json"
	"slices"
	"time"
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
	ResultWithCode:    {string(Passed)},
	ResultFactor:      {string(StepAAL2Needed)},
	ResultUnfinished: {
		string(CodeSent), string(CodeResent), string(CodeMismatch), string(CodeExpired), string(AttemptsExceeded), string(Cancelled),
	},
	ResultRefused: {string(Refused), string(SignInAgain), "client_too_old", string(TooManyCodes), "unavailable"},
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

// SignInWithin is how long a sign-in takes at most: records of one flow that are further apart count as two. Kratos ends a flow long
// before. The bound keeps what has to be looked at small for an account that signs in all the time.
const SignInWithin = 2 * time.Hour

// About is what the detail of a sign-in's record says of it. What is masked there, or was never there, is empty.
type About struct {
	Channel   string
	Action    string
	IP        string
	UserAgent string
	Method    string
	Client    string // its name and version, as it claims
	// SecondStep is as the decision says: how the sign-in came through, if it did without a code.
	SecondStep string
}

// About reads the record's detail.
func (r Record) About() About {
	if r.Kind != "sign_in" {
		return About{}
	}
	var d struct {
		Input struct {
			Request struct {
				IP        string `json:"ip"`
				UserAgent string `json:"user_agent"`
				Method    string `json:"method"`
				Client    struct {
					Name    string `json:"name"`
					Version string `json:"version"`
				} `json:"client"`
			} `json:"request"`
		} `json:"input"`
		Decision struct {
			Channel    string `json:"channel"`
			Action     string `json:"action"`
			SecondStep string `json:"second_step"`
		} `json:"decision"`
	}
	_ = json.Unmarshal(r.Detail, &d) // what is masked may be of another kind: the rest is read
	request := d.Input.Request
	a := About{Channel: d.Decision.Channel, Action: d.Decision.Action, IP: request.IP, UserAgent: request.UserAgent, Method: request.Method}
	a.SecondStep = d.Decision.SecondStep
	a.Client = request.Client.Name
	if request.Client.Version != "" {
		a.Client += " " + request.Client.Version
	}
	return a
}

// Counted is how many records of a kind there are in a while, and how many sign-ins stand so.
type Counted struct {
	At      time.Time // the while begins; it lasts for [CountedFor]
	Kind    string
	State   string
	Reason  string
	Channel string // of a sign-in; empty: nothing was decided
	Records int64
	Last    int64 // of them, the last of their sign-ins
}

// CountedFor is for how long records are counted together. The days of every time zone begin with such a while.
const CountedFor = 15 * time.Minute

// Counts are what is counted of a time, and whether everything is in it.
type Counts struct {
	All   []Counted
	Whole bool // false: older records are still being counted
}

// WrongCodesOf is an account, and how many wrong codes count against it.
type WrongCodesOf struct {
	Account string
	Name    string // what it was called last; empty: not known
	Count   int
}
