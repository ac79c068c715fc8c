package cmd

import (
	"fmt"
	"io"

	"nidan/policies"
)

// howToRead stands above each explanation: not everybody who reads one knows Rego.
const howToRead = `How the policies of revision %s come to the answer. Each rule that was tried, in that order:
  YES  it fired: all that it asks for is so. What it gave stands behind the =
  -    it did not: something that it asks for is not so. What stands behind the = is what it would have given
Below each rule stands what it asks for, each with the values that were found:
  ok   it is so     no   it is not so     ..   not looked at, because of the one before     =   no condition: what the value is made of
  "not" turns what follows around. What has no value, or is missing, is never so. Where a rule goes through a list, the last value is shown.

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

// withoutAnswer is what becomes of a question to which there is no valid answer.
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

// hasFailed says whether it is one of its conditions for which a rule did not fire.
func hasFailed(r policies.Tried) bool {
	for _, c := range r.Conditions {
		if c.Is == policies.HoldsNot {
			return true
		}
	}
	return false
}
