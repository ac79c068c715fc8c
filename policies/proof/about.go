package proof

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// SignIn is one sign-in that happened, with the decisions of two policy sets about it.
type SignIn struct {
	Input            map[string]any // decoded JSON; what was masked in the record is missing
	Was, Is          policies.Decision
	Failed, FailsNow error // why a set makes no decision; nil if it makes one
}

// About returns the indexes of the differences that this sign-in belongs to, and whether the two sets decide it differently. If
// they do not, there are no indexes. A condition is taken to hold if it cannot be checked for one sign-in: if the fact was not kept
// in the record, or if the policies look at the fact with a function.
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
		if len(found) > 0 { // a number that is computed from the input may differ from one sign-in of a difference to another
			break
		}
	}
	return found, true
}

// changesAs says whether two differences have the same [Difference.key]. The value [several] in d matches any value.
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

// fields returns the names of the changed fields, separated by spaces.
func (d Difference) fields() string {
	var names []string
	for _, c := range d.Changes {
		names = append(names, c.Field)
	}
	return strings.Join(names, " ")
}

// region is the box that the conditions of a difference are made from, with the facts of the box.
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

// may says whether a fact may have one of the allowed values in an input. If that cannot be checked, the answer is yes.
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
		return there || alwaysThere(f.name) || allowed[len(allowed)-1] // the last value stands for a fact that is missing
	case presence:
		there = there && got != nil
		return there && allowedValue(ast.Boolean(true), values, allowed) || !there && allowed[0] // the first value stands for an object that is missing
	}
	return r.mayText(f, values, allowed, got)
}

// mayText is [region.may] for a text and for a fact that may be missing. If the policies give the text to a function, that function
// may distinguish texts that are not constants, so every such text is taken as allowed.
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

// allowedNumber says whether a number is allowed. Each value stands for all numbers from itself to the next value.
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

// lookUp finds a fact in an input by its name. The name of an entry in a map may contain dots, so every dot is tried as the
// separator.
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
