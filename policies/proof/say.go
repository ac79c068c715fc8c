package proof

import (
	"slices"
	"strconv"
	"strings"
)

// Condition says in words which inputs a difference concerns.
func (d Difference) Condition() string {
	var all []string
	for _, c := range d.When {
		all = append(all, c.String())
	}
	if before := d.Before(); len(before) > 0 {
		all = append([]string{"where it was " + listed(before)}, all...)
	}
	if len(all) == 0 {
		return "all of these"
	}
	return strings.Join(all, ", ")
}

// Before returns the old decisions, unless the changes contain them.
func (d Difference) Before() []string {
	if len(d.Was) == 0 || d.Was[0] == "" || d.Error == "" && len(d.Was) == 1 && (d.change("action") != nil || d.change("reason") != nil) {
		return nil
	}
	return d.Was
}

// Place returns the place of the rule that a difference comes from, and whether that rule is in the first set only.
func (d Difference) Place() (place string, inFirst bool) {
	return strings.CutPrefix(d.Where, inFirstSet)
}

// inFirstSet begins the place of a rule that is in the first set only.
const inFirstSet = "before: "

// String returns the condition in words: "account.role owner", "account.locked", "challenge (not there)".
func (c Condition) String() string {
	switch {
	case only(c.Values, "true"):
		return c.Fact
	case only(c.Values, "false"):
		return "not " + c.Fact
	case len(c.Not) > 0:
		return c.Fact + " other than " + listed(spelled(c.Not))
	case len(c.Values) == 0:
		return c.Fact + " anything else"
	}
	return c.Fact + " " + listed(spelled(c.Values))
}

// mostListed bounds how many values are named.
const mostListed = 5

func listed(values []string) string {
	var shown []string
	for _, v := range values[:min(len(values), mostListed)] {
		if v == "" || strings.ContainsFunc(v, func(r rune) bool { return !strconv.IsPrint(r) }) {
			v = strconv.Quote(v)
		}
		shown = append(shown, v)
	}
	if more := len(values) - len(shown); more > 0 {
		return strings.Join(shown, ", ") + " and " + strconv.Itoa(more) + " more"
	}
	if n := len(shown) - 1; n > 0 {
		return strings.Join(shown[:n], ", ") + " or " + shown[n]
	}
	return shown[0]
}

// Said says in words what changes: "challenge code_required → allow account_off", "code.max_attempts 10 → 3".
func (d Difference) Said() string {
	var all []string
	action, reason := d.change("action"), d.change("reason")
	switch {
	case action != nil && reason != nil:
		all = append(all, action.From+" "+reason.From+" → "+action.To+" "+reason.To)
	case action != nil:
		all = append(all, action.From+" → "+action.To)
	case reason != nil:
		all = append(all, reason.String())
	}
	for _, c := range d.Changes {
		if c.Field != "action" && c.Field != "reason" {
			all = append(all, c.String())
		}
	}
	return strings.Join(all, ", ")
}

func (d Difference) change(field string) *Change {
	if i := slices.IndexFunc(d.Changes, func(c Change) bool { return c.Field == field }); i >= 0 {
		return &d.Changes[i]
	}
	return nil
}

// String returns the change in words: "code.max_attempts 10 → 3".
func (c Change) String() string {
	from, to := c.From, c.To
	if from == "" {
		from = "none"
	}
	if to == "" {
		to = "none"
	}
	return c.Field + " " + from + " → " + to
}
