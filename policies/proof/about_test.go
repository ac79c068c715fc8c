package proof

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// asRecorded returns an input as it is after its record was read: decoded JSON.
func asRecorded(t *testing.T, in ast.Value) (read map[string]any) {
	t.Helper()
	plain, err := ast.JSON(in)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(plain)
	if err == nil {
		err = json.Unmarshal(raw, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func memo(t *testing.T, e *policies.Engine) *policies.Memo {
	t.Helper()
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each class that is decided differently stands for sign-ins that may happen. A sign-in of the class must belong to every
// difference that covers the whole class, and to no difference that does not touch the class.
func TestASignInBelongsToTheDifferencesThatAreAboutIt(t *testing.T) {
	for name, changes := range map[string][]string{
		"a year":               {"login/login.rego", `remember_days := input.settings.remember_days if`, `remember_days := 365 if`},
		"a role":               {"data.json", `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`},
		"no address":           {"data.json", `"no_email": "allow"`, `"no_email": "refuse"`},
		"a version":            {"data.json", `"3.5.0"`, `"3.7.0"`},
		"a header":             {"data.json", `"channel_header": ""`, `"channel_header": "x-channel"`},
		"any channel's device": {"login/login.rego", "\tinput.device.channel == channel\n", ""},
		"it fails":             {"login/login.rego", `"reason": "account_locked", "state"`, `"reason": "", "state"`},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := engine(t, policies.Shipped()), engine(t, shippedBut(t, changes...))
			was, is := memo(t, from), memo(t, to)
			some := Bounds{Classes: 3000} // both comparisons walk the classes in the same order, so both get the same first 3000
			c, err := Compare(t.Context(), from, to, some)
			if err != nil {
				t.Fatal(err)
			}
			q := policies.Questions()[0]
			d, err := domainsOf(q, from, to)
			if err != nil {
				t.Fatal(err)
			}
			g, differing := newGroups(), 0
			walk(t.Context(), d, some, func(in ast.Value) (a answers) {
				a.from, a.failed = from.Answer(t.Context(), q, in)
				a.to, a.failsNow = to.Answer(t.Context(), q, in)
				return a
			}, func(class Class, a answers) {
				said := difference(q, class, a)
				box := g.boxes.of(class)
				s := SignIn{Input: asRecorded(t, class.complete())}
				s.Was, s.Failed = was.InFull(t.Context(), s.Input)
				s.Is, s.FailsNow = is.InFull(t.Context(), s.Input)
				found, otherwise := c.About(s)
				if otherwise != (said.Kind != "") {
					t.Fatalf("decided otherwise: %t, want %q", otherwise, said.Kind)
				}
				if said.Kind == "" {
					return
				}
				differing++
				for i, line := range c.Differences {
					same := line.Question == q.Name && line.key() == said.key() && slices.Contains(line.Was, decided(a))
					if is := slices.Contains(found, i); same && line.region.box.covers(box) && !is || is && !line.region.box.meets(box) {
						t.Fatalf("%v belongs to %v, and %d is %s", class.values, found, i, line.Condition())
					}
				}
				if len(found) == 0 {
					t.Fatalf("%v belongs to no line", class.values)
				}
			})
			if differing == 0 {
				t.Error("nothing is decided differently")
			}
		})
	}
}
