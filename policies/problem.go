package policies

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Problem is one thing that is wrong with a set, for programs that show it beside the file. Its text is written for people.
type Problem struct {
	// Rule is the kind of problem, the same in every version: OPA's error code, such as "rego_type_error", or "bundle",
	// "data-file", "parameter", "annotation", "reference", "answer", "no-decision", "failing-test", "undecided", "custom", "layer",
	// or "more" if further problems are not listed.
	Rule string `json:"rule"`
	File string `json:"file,omitempty"` // in the set; empty: the problem concerns the whole set, or was found by trying
	Line int    `json:"line,omitempty"` // 0: the whole file
	Text string `json:"text"`           // includes the place

	err error // the first one, if there are several
}

// Error returns the text.
func (p Problem) Error() string { return p.Text }

// Unwrap returns the cause for errors.Is: a set that was too slow may be tried again.
func (p Problem) Unwrap() error { return p.err }

// inFile matches a place as errors name it: "login/login.rego:12", "limits.json", or one of these followed by a colon and more
// text.
var inFile = regexp.MustCompile(`^([^\s:]+\.(?:rego|json|ya?ml))(?::(\d+))?(?:: |$)`)

func newProblem(f finding, where, what, details string) Problem {
	p := Problem{Rule: f.rule, Text: what, err: f.err}
	if where != "" {
		p.Text = where + ": " + what
	}
	if details != "" {
		p.Text += "\n" + details
	}
	if m := inFile.FindStringSubmatch(f.at); m != nil {
		p.File = m[1]
		p.Line, _ = strconv.Atoi(m[2]) // 0 if there is none
	} else if failed := (*topdown.Error)(nil); errors.As(f.err, &failed) && failed.Location != nil {
		p.File, p.Line = failed.Location.File, failed.Location.Row
	}
	return p
}

// Problems returns everything that an error of [Load], [Read], [Set.Compile] or [Check] says is wrong with a set. It is empty for
// other errors, such as a missing folder.
func Problems(err error) (all []Problem) {
	switch e := err.(type) {
	case nil:
		return nil
	case Problem:
		return []Problem{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, Problems(one)...)
		}
		return all
	}
	return Problems(errors.Unwrap(err))
}

// loadErrors reports parse errors as compileErrors does. It returns other errors unchanged.
func loadErrors(err error) error {
	var parse ast.Errors
	if errors.As(err, &parse) {
		return compileErrors(parse)
	}
	return err
}
