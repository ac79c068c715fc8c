package doctor

import "context"

// Result is the result of a check.
type Result string

// The results.
const (
	OK         Result = "ok"
	Warning    Result = "warning"     // the operator may have intended this
	Problem    Result = "problem"     // sign-ins fail, or people get in who should not
	NotChecked Result = "not_checked" // the check could not be made
)

// Finding is one line of the result.
type Finding struct {
	Check  string `json:"check"` // the name of the check, the same in each version: "hooks_form"
	Result Result `json:"result"`
	Found  string `json:"found"`
	Todo   string `json:"todo,omitempty"` // what to do; empty if Result is OK
}

// Check checks one part of the installation.
type Check func(ctx context.Context) []Finding

// Run runs the checks, one after the other.
func Run(ctx context.Context, checks ...Check) []Finding {
	found := []Finding{}
	for _, check := range checks {
		found = append(found, check(ctx)...)
	}
	return found
}

// Count returns the number of findings with this result.
func Count(all []Finding, result Result) (n int) {
	for _, f := range all {
		if f.Result == result {
			n++
		}
	}
	return n
}

func ok(check, found string) Finding { return Finding{check, OK, found, ""} }

func warning(check, found, todo string) Finding { return Finding{check, Warning, found, todo} }

func problem(check, found, todo string) Finding { return Finding{check, Problem, found, todo} }

func notChecked(check, why, todo string) Finding { return Finding{check, NotChecked, why, todo} }
