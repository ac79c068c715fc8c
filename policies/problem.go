package policies

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Problem is one thing that is wrong with a set, for programs that show it beside the file. Its text is what a person reads.
type Problem struct {
	// Rule is the kind of it, the same in each version: OPA's code of an error such as "rego_type_error", or "bundle", "data-file", "parameter",
	// "annotation", "reference", "answer", "no-decision", "failing-test", "undecided", "custom", "layer", or "more" where others are not said.
	Rule string `json:"rule"`
	File string `json:"file,omitempty"` // of the set; empty: it is the whole set's, or was found out by trying
	Line int    `json:"line,omitempty"` // 0: the whole file
	Text string `json:"text"`           // with the place

	err error // of the first where there are several
}

// Error implements error.
func (p Problem) Error() string { return p.Text }

// Unwrap is for errors.Is: what took too long may not the next time.
func (p Problem) Unwrap() error { return p.err }

// inFile is a place as errors name it: "login/login.rego:12", "limits.json", or one of these with a colon and more.
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
		p.Line, _ = strconv.Atoi(m[2]) // none: 0
	} else if failed := (*topdown.Error)(nil); errors.As(f.err, &failed) && failed.Location != nil {
		p.File, p.Line = failed.Location.File, failed.Location.Row
	}
	return p
}

// Problems are all that an error of [Load], [Read], [Set.Compile] or [Check] says is wrong with a set. There are none where it says
// something else, such as that there is no such folder.
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

// loadErrors names what does not parse as compileErrors does. Another error stays what it is.
func loadErrors(err error) error {
	var parse ast.Errors
	if errors.As(err, &parse) {
		return compileErrors(parse)
	}
	return err
}
