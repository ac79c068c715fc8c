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

// problem is what is wrong with a field of the filter, for the part of the form that says it beside the field.
type problem struct {
	Field string
	Text  string // the name of a text
	Value string // as given, where the text mentions it; empty: it does not
}

// Problem is what is wrong with a field. One with an empty text says that nothing is.
func (l accountList) Problem(field string) problem {
	i := slices.IndexFunc(l.Problems, func(p problem) bool { return p.Field == field })
	if i < 0 {
		return problem{}
	}
	return l.Problems[i]
}

// Narrowed says whether some accounts are left out.
func (l accountList) Narrowed() bool {
	return l.Search != "" || l.Role != "" || l.State != "" || l.Factor != ""
}

// check finds what cannot be searched for. It is said and not left out: more accounts would be shown than were asked for.
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

// searchFailed is the status of a page whose search has failed, if what is wrong can be said beside a field; else 0.
func (l *accountList) searchFailed(err error) int {
	if !errors.Is(err, kratos.ErrSlow) {
		return 0
	}
	l.Problems = append(l.Problems, problem{Field: "q", Text: "too_slow"})
	return http.StatusServiceUnavailable
}
