package cmd

import (
	"fmt"
	"io"

	"nidan/policies"
)

// howToRead is the text above each explanation, for readers who do not know Rego.
const howToRead = `How the policies of revision %s come to the answer. The rules that were tried, in this order:
  YES  the rule fired: all its conditions are true. After the = is its value
  -    the rule did not fire: a condition is not true. After the = is the value that it would have had
Below each rule are its conditions, each with the values that were found:
  ok   true     no   not true     ..   not evaluated, because an earlier condition is not true     =   no condition: computes the value
  "not" reverses a condition. A value that is missing is never true. If a rule goes through a list, only the last value is shown.

`

func printExplanation(w io.Writer, x policies.Explanation, asJSON bool) error {
	if asJSON {
		return writeJSON(w, x)
	}
	fmt.Fprintf(w, howToRead, x.Revision)
	for _, r := range x.Rules {
		printTried(w, r)
	}
	if x.Error != "" {
		_, err := fmt.Fprintf(w, "\nNothing is decided, and %s: %s\n", withoutAnswer[x.Question], plain(x.Error))
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", plain(x.Outcome()))
	return err
}

// withoutAnswer says what happens when a question gets no valid answer.
var withoutAnswer = map[string]string{
	"login": "nobody is let in", "capabilities": "the session may do nothing", "settings": "the new password is not kept",
	"console": "it may not be seen or changed", "records": "nobody is let in",
}

func printTried(w io.Writer, r policies.Tried) {
	mark, value, title := "-  ", "", ""
	if r.Fired {
		mark = "YES"
	}
	if r.Value != "" {
		value = " = " + plain(r.Value)
	}
	if r.Title != "" {
		title = "  (" + plain(r.Title) + ")"
	}
	fmt.Fprintf(w, "%s %-28s %s%s%s\n", mark, r.Location, plain(r.Rule), value, title)
	if !r.Fired && !hasFailed(r) {
		fmt.Fprintf(w, "      no  %s\n", plain(r.Because))
		return
	}
	for _, c := range r.Conditions {
		marks := map[policies.Held]string{policies.Holds: "ok", policies.HoldsNot: "no", policies.NotReached: "..", policies.Gives: "= "}
		fmt.Fprintf(w, "      %s  %s\n", marks[c.Is], plain(c.Text))
		for _, f := range c.Read {
			says := ""
			if f.Says != "" {
				says = "  (" + f.Says + ")"
			}
			fmt.Fprintf(w, "            %s%s\n", plain(f.String()), says)
		}
	}
}

// hasFailed reports whether one of the conditions of a rule is not true.
func hasFailed(r policies.Tried) bool {
	for _, c := range r.Conditions {
		if c.Is == policies.HoldsNot {
			return true
		}
	}
	return false
}
