package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nidan/kratos"
)

// problem says what is wrong with a field of the filter. The form shows it beside the field.
type problem struct {
	Field string
	Text  string // name of a text
	Value string // the field's value, if the text contains it; else empty
}

// Problem returns the problem of a field. Its text is empty if there is none.
func (l accountList) Problem(field string) problem {
	i := slices.IndexFunc(l.Problems, func(p problem) bool { return p.Field == field })
	if i < 0 {
		return problem{}
	}
	return l.Problems[i]
}

// Narrowed says whether the filter leaves accounts out.
func (l accountList) Narrowed() bool {
	return l.Search != "" || l.Role != "" || l.State != "" || l.Factor != ""
}

// check finds invalid fields. The page shows them as errors. It must not ignore them, because it would then show more accounts than
// the visitor has searched for.
func (l *accountList) check() {
	if !utf8.ValidString(l.Search) || strings.ContainsFunc(l.Search, unicode.IsControl) {
		l.Problems = append(l.Problems, problem{Field: "q", Text: "filter_characters"})
		l.Search = ""
	}
	for _, of := range []struct {
		field, value string
		known        []string
	}{
		{"in", l.In, []string{"account", "text"}}, {"role", l.Role, l.Roles},
		{"state", l.State, []string{"active", "inactive"}}, {"factor", l.Factor, l.Factors},
	} {
		if of.value != "" && !slices.Contains(of.known, of.value) {
			l.Problems = append(l.Problems, problem{Field: of.field, Text: "filter_unknown", Value: of.value})
		}
	}
}

// searchFailed returns the status of the page if a search has failed for a reason that can be shown beside a field, else 0.
func (l *accountList) searchFailed(err error) int {
	if !errors.Is(err, kratos.ErrSlow) {
		return 0
	}
	l.Problems = append(l.Problems, problem{Field: "q", Text: "too_slow"})
	return http.StatusServiceUnavailable
}
