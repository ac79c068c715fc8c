package policies

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	// mostSaid bounds how many different findings are reported.
	mostSaid = 20
	// mostPlaces bounds how many further places are listed for one finding.
	mostPlaces = 3
)

// finding is something that is wrong with a set.
type finding struct {
	rule string // the kind, as [Problem.Rule]
	at   string // the place in a file, or what was tried; the same for all findings about it; empty: the set
	of   string // details of the case that was tried; empty: none
	err  error

	alike string // findings with the same text are reported once; empty: the error's text
}

// together reports each different finding once, with its number and further places. It is nil if there are none.
func together(found []finding) error {
	var order []string
	alike := map[string][]finding{}
	for _, f := range found {
		key := cmp.Or(f.alike, f.err.Error())
		if alike[key] == nil {
			order = append(order, key)
		}
		alike[key] = append(alike[key], f)
	}
	var all []error
	for _, key := range order[:min(len(order), mostSaid)] {
		all = append(all, sayOnce(alike[key]))
	}
	if more := len(order) - len(all); more > 0 {
		all = append(all, Problem{Rule: "more", Text: fmt.Sprintf("and %d more", more)})
	}
	return errors.Join(all...)
}

// sayOnce reports findings that are alike, with the details of the first.
func sayOnce(alike []finding) Problem {
	first := alike[0]
	where := first.at
	if first.of != "" {
		where += ", " + first.of
	}
	what, details, _ := strings.Cut(first.err.Error(), "\n")
	if len(alike) > 1 {
		what, colon := strings.CutSuffix(what, ":") // the details follow
		what += fmt.Sprintf(" (%d times%s)", len(alike), elsewhere(alike))
		if colon {
			what += ":"
		}
		return newProblem(first, where, what, details)
	}
	return newProblem(first, where, what, details)
}

// elsewhere lists the places of all findings except the first one's.
func elsewhere(alike []finding) string {
	var places []string
	for _, f := range alike[1:] {
		if f.at != alike[0].at && !slices.Contains(places, f.at) {
			places = append(places, f.at)
		}
	}
	if len(places) == 0 {
		return ""
	}
	more := ""
	if n := len(places) - mostPlaces; n > 0 {
		places, more = places[:mostPlaces], fmt.Sprintf(" and %d more", n)
	}
	return ": also at " + strings.Join(places, ", ") + more
}

// instead says what a policy can do without a built-in that is forbidden.
var instead = map[string]string{
	"http.send":              "put what it would fetch into the set's data",
	"io.jwt.decode_verify":   "verify with io.jwt.verify_rs256 or another of its kind, decode with io.jwt.decode, and compare with input.now",
	"io.jwt.encode_sign":     "a policy signs nothing; give a reason or a message in the decision",
	"io.jwt.encode_sign_raw": "a policy signs nothing; give a reason or a message in the decision",
	"json.match_schema":      "compare the fields; the input has been checked against its schema already",
	"json.verify_schema":     "the gate checks the set's parameters against their schema",
	"net.lookup_ip_addr":     "put the addresses into the set's data, and compare them with input.request.ip",
	"opa.runtime":            "put what it would read into the set's data",
	"rand.intn":              "the same sign-in is decided alike each time; to choose some accounts, take a digest such as crypto.sha256(input.account.id)",
	"time.now_ns":            "use input.now, or the age of the device in input.device.age_days",
	"uuid.rfc4122":           "use what is there, such as input.account.id",
}

// compileErrors reports the errors that OPA finds, and what to use in place of a forbidden built-in.
func compileErrors(errs ast.Errors) error {
	var found []finding
	errs.Sort()
	for i, e := range errs {
		if i > 0 && e.Code == ast.ParseErr && errs[i-1].Code == ast.ParseErr && sameLine(e, errs[i-1]) {
			continue // caused by the error before
		}
		var f finding
		where := ""
		if e.Location != nil {
			where = at(e.Location)
		}
		what := strings.TrimPrefix(e.Error(), where+": ")
		if e.Message == "match error" && e.Location != nil && len(e.Location.Text) > 0 {
			what = strings.Replace(what, e.Message, e.Message+": "+source(e.Location), 1)
		}
		f.rule, f.at = e.Code, strings.TrimPrefix(where, "/") // the names in a bundle begin with "/"
		if name, undefined := strings.CutPrefix(e.Message, "undefined function "); undefined && instead[name] != "" {
			what += " (a decision depends on its input and the set's data alone): " + instead[name]
		}
		f.err = errors.New(what)
		found = append(found, f)
	}
	return together(found)
}

func sameLine(a, b *ast.Error) bool {
	return a.Location != nil && b.Location != nil && a.Location.File == b.Location.File && a.Location.Row == b.Location.Row
}
