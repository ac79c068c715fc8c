package proof

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// SignIn is a sign-in that came, and what two sets decide about it.
type SignIn struct {
	Input            map[string]any // as JSON is read; what was masked in its record is not there
	Was, Is          policies.Decision
	Failed, FailsNow error // why one of the sets decides nothing
}

// About are the differences, by their index, that a sign-in belongs to. There is none where it is not decided otherwise. What a condition
// says of a fact that was not kept, or that is looked at with a function, cannot be told of one sign-in: it is taken to hold.
func (c Comparison) About(s SignIn) (found []int, otherwise bool) {
	a := answers{from: s.Was, to: s.Is, failed: s.Failed, failsNow: s.FailsNow}
	login := policies.Questions()[0]
	plain := difference(login, Class{}, a)
	if plain.Kind == "" {
		return nil, false
	}
	days := map[string]ast.Value{}
	if v, ok := lookUp(s.Input, "settings.remember_days"); ok {
		days["settings.remember_days"] = ast.MustInterfaceToValue(v)
	}
	symbolic := difference(login, Class{values: days}, a)
	was := decided(a)
	for _, strictly := range []bool{true, false} {
		for i, d := range c.Differences {
			same := d.changesAs(plain) || d.changesAs(symbolic)
			if !strictly {
				same = d.Kind == plain.Kind && d.fields() == plain.fields()
			}
			if same && d.Question == login.Name && slices.Contains(d.Was, was) && d.region.holds(s.Input) {
				found = append(found, i)
			}
		}
		if len(found) > 0 { // a number that is worked out from the input may be another one in each
			break
		}
	}
	return found, true
}

// changesAs says whether a difference is told in the same line as another one, see [Difference.key].
func (d Difference) changesAs(other Difference) bool {
	if d.Kind != other.Kind || d.Error != other.Error || d.fields() != other.fields() {
		return false
	}
	for i, c := range d.Changes {
		o := other.Changes[i]
		if (c.term || c.minor || c.Field == "action") && (c.From != several && c.From != o.From || c.To != several && c.To != o.To) {
			return false
		}
	}
	return true
}

// fields are the names of what changes.
func (d Difference) fields() string {
	var names []string
	for _, c := range d.Changes {
		names = append(names, c.Field)
	}
	return strings.Join(names, " ")
}

// region is the box that the conditions of a difference are made from.
type region struct {
	box    box
	facts  []*fact
	values [][]ast.Value
	of     *domains
}

// holds says whether an input may be in the box.
func (r region) holds(in map[string]any) bool {
	for i, allowed := range r.box {
		if allowed != nil && !r.may(r.facts[i], r.values[i], allowed, in) {
			return false
		}
	}
	return true
}

// may says whether a fact may have one of the values that are allowed.
func (r region) may(f *fact, values []ast.Value, allowed []bool, in map[string]any) bool {
	got, there := lookUp(in, f.name)
	switch f.kind {
	case comparison:
		than, ok := lookUp(in, f.than)
		a, isNumber := got.(float64)
		b, alsoNumber := than.(float64)
		if !there || !ok || !isNumber || !alsoNumber {
			return true
		}
		return a < b && allowed[0] || a == b && allowed[1] || a > b && allowed[2]
	case number:
		n, ok := got.(float64)
		return !ok || allowedNumber(n, values, allowed)
	case truth:
		is, ok := got.(bool)
		return !ok || allowedValue(ast.Boolean(is), values, allowed)
	case flag:
		if is, ok := got.(bool); ok {
			return allowedValue(ast.Boolean(is), values, allowed)
		}
		return there || alwaysThere(f.name) || allowed[len(allowed)-1] // the last one: it is not there
	case presence:
		there = there && got != nil
		return there && allowedValue(ast.Boolean(true), values, allowed) || !there && allowed[0] // the first one: it is not there
	}
	return r.mayText(f, values, allowed, got)
}

// mayText is may for a text, or for what may be left out. A function that a text is given to tells texts apart that are no constants.
func (r region) mayText(f *fact, values []ast.Value, allowed []bool, got any) bool {
	text, isText := got.(string)
	others, otherAllowed := false, false
	for i, v := range values {
		switch s, ok := v.(ast.String); {
		case isText && ok && string(s) == text, got == nil && v == nil:
			return allowed[i]
		case isOther(v):
			others, otherAllowed = true, otherAllowed || allowed[i]
		}
	}
	return !isText || !others || otherAllowed || f.kind == instant || len(r.of.about(f).uses) > 0
}

func allowedValue(v ast.Value, values []ast.Value, allowed []bool) bool {
	for i, one := range values {
		if one != nil && one.Compare(v) == 0 {
			return allowed[i]
		}
	}
	return true
}

// allowedNumber is for a number: each value stands for all before the next one.
func allowedNumber(n float64, values []ast.Value, allowed []bool) bool {
	is := true
	for i, v := range values {
		from, err := strconv.ParseFloat(v.String(), 64)
		if err != nil || from > n {
			break
		}
		is = allowed[i]
	}
	return is
}

// lookUp finds a fact in an input. A name in a map may have dots in it.
func lookUp(in map[string]any, name string) (any, bool) {
	if v, ok := in[name]; ok {
		return v, true
	}
	for at, r := range name {
		if r != '.' {
			continue
		}
		if below, ok := in[name[:at]].(map[string]any); ok {
			if v, ok := lookUp(below, name[at+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}
