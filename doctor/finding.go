package doctor

import "context"

// Result says how a check came out.
type Result string

// The results.
const (
	OK         Result = "ok"
	Warning    Result = "warning"     // it may be meant so
	Problem    Result = "problem"     // sign-ins fail, or go on that should not
	NotChecked Result = "not_checked" // it cannot be said
)

// Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"` // what was looked at, the same in each version: "hooks.form"
	Result Result `json:"result"`
	Found  string `json:"found"`
	Todo   string `json:"todo,omitempty"` // one sentence; empty where nothing is to be done
}

// Check looks at one kind of thing.
type Check func(ctx context.Context) []Finding

// Run carries checks out, one after the other.
func Run(ctx context.Context, checks ...Check) []Finding {
	found := []Finding{}
	for _, check := range checks {
		found = append(found, check(ctx)...)
	}
	return found
}

// Count is how many of the findings came out so.
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
