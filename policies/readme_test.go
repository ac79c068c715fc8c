package policies

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Security teams work with README.md: they cannot know a parameter or a reason that it does not name.

func TestReadmeNamesEveryParameter(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	named := namedUnder(t, "## What can be changed without writing Rego")
	parameters, _ := set.data["parameters"].(map[string]any)
	if len(parameters) == 0 {
		t.Fatal("data.json has no parameters")
	}
	requireSame(t, named, keys("", parameters, named))
}

// keys returns the keys of an object. A key that is not named is a group, and the keys inside it count.
func keys(prefix string, object map[string]any, named []string) []string {
	var all []string
	for key, value := range object {
		key = prefix + key
		group, ok := value.(map[string]any)
		if ok && !slices.Contains(named, key) {
			all = append(all, keys(key+".", group, named)...)
			continue
		}
		all = append(all, key)
	}
	return all
}

func TestReadmeNamesEveryReason(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for folder, heading := range map[string]string{
		"login":        "### Of a sign-in",
		"capabilities": "### Of what a session is worth",
		"console":      "### Of the administrators' console",
	} {
		t.Run(folder, func(t *testing.T) {
			reasons := reasonsIn(set.modules[folder+"/"+folder+".rego"])
			channels, err := set.channels()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range channels {
				if folder == "capabilities" && c.Reason != "" {
					reasons = append(reasons, c.Reason)
				}
			}
			requireSame(t, namedUnder(t, heading), reasons)
		})
	}
}

// A rule that stands for a reason has the reason in its annotation. It must be a reason that a decision gives.
func TestReasonsInAnnotationsAreThoseOfTheDecision(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	reasons := reasonsIn(set.modules["login/login.rego"])
	said := 0
	for path, m := range set.production() {
		for _, a := range m.Annotations {
			reason, ok := a.Custom["reason"].(string)
			if !ok {
				continue
			}
			said++
			if !slices.Contains(reasons, reason) {
				t.Errorf("%s: %s is no reason of a sign-in", path, reason)
			}
		}
	}
	if said == 0 {
		t.Error("no rule says which reason it is")
	}
}

// Readers copy this rule, so it must hold for an address that Nidan saw, for no other address, and must pass the gate.
func TestTheReadmesRuleAboutNetworks(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## A rule about networks\n")
	_, rule, _ := strings.Cut(section, "```rego\n")
	rule, _, found := strings.Cut(rule, "```\n")
	if !found {
		t.Fatal("there is no rule")
	}
	const decision = `default decision := {"action": "refuse", "reason": "elsewhere", "channel": "c"}

decision := {"action": "allow", "reason": "in_office", "channel": "c"} if _in_office

`
	s, err := Load(files(decision+rule, ""))
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := Check(t.Context(), s, DecideWithin)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		ip      string
		trusted bool
		reason  string
	}{
		"in the office":                       {"192.0.2.7", true, "in_office"},
		"elsewhere":                           {"203.0.113.9", true, "elsewhere"},
		"elsewhere, by IPv6":                  {"2001:db8::1", true, "elsewhere"},
		"in the office, by the client's word": {"192.0.2.7", false, "elsewhere"},
		"nowhere":                             {"", false, "elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			in := asked()
			in.Request.IP, in.Request.IPTrusted = tc.ip, tc.trusted
			if v, err := e.Login(t.Context(), in); err != nil || v.Reason != tc.reason {
				t.Errorf("got %q, %v, want %s", v.Reason, err, tc.reason)
			}
		})
	}
	careless := strings.Replace(rule, "input.request.ip_trusted == true\n", "", 1)
	refused(t, files(decision+careless, ""), "net.cidr_contains")
}

// reasonsIn returns the reasons that a module gives: the values of "reason" in its objects, and the values of rules that
// [givesReasons] knows.
func reasonsIn(m *ast.Module) []string {
	found := map[string]bool{}
	var look func(*ast.Rule)
	look = func(r *ast.Rule) {
		if r.Head.Value == nil { // a rule of a set
			return
		}
		if reason, ok := r.Head.Value.Value.(ast.String); ok && givesReasons(r.Head.Name.String()) {
			found[string(reason)] = true
		}
		ast.WalkTerms(r.Head.Value, func(t *ast.Term) bool { // an outcome may be a union of objects
			if object, ok := t.Value.(ast.Object); ok {
				if term := object.Get(ast.StringTerm("reason")); term != nil {
					if reason, ok := term.Value.(ast.String); ok {
						found[string(reason)] = true
					}
				}
			}
			return false
		})
		if r.Else != nil {
			look(r.Else)
		}
	}
	for _, r := range m.Rules {
		look(r)
	}
	return slices.Collect(maps.Keys(found))
}

// givesReasons says whether the values of a rule with this name are reasons.
func givesReasons(rule string) bool {
	return strings.HasPrefix(rule, "_reason") || rule == "_against" || rule == "_worth_nothing" || rule == "_refused_account"
}

// namedUnder returns the symbols in the first column of the table under a heading of README.md.
func namedUnder(t *testing.T, heading string) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n"+heading)
	if !ok {
		t.Fatalf("README.md has no %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var named []string
	for _, line := range strings.Split(section, "\n") {
		row, ok := strings.CutPrefix(line, "| `")
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(row, "|")
		for _, symbol := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch("`"+first, -1) {
			named = append(named, symbol[1])
		}
	}
	return named
}

func requireSame(t *testing.T, named, want []string) {
	t.Helper()
	for _, symbol := range want {
		if !slices.Contains(named, symbol) {
			t.Errorf("README.md does not name %s", symbol)
		}
	}
	for _, symbol := range named {
		if !slices.Contains(want, symbol) {
			t.Errorf("README.md names %s, which there is not", symbol)
		}
	}
	if len(want) == 0 {
		t.Error("there is nothing to name")
	}
}

func TestReadmeNamesEveryFieldOfADecision(t *testing.T) {
	var fields []string
	for _, m := range membersOf(reflect.TypeFor[Decision]()) {
		fields = append(fields, m.name)
	}
	requireSame(t, namedUnder(t, "## What a decision on a sign-in says"), fields)
}

// People who update use this table: it must name each reason whose effect has changed.
func TestReadmeSaysWhatEachReasonDidBefore(t *testing.T) {
	var reasons []string
	for _, m := range meant {
		reasons = append(reasons, m.reasons...)
	}
	requireSame(t, namedUnder(t, "## Sets made for an earlier version"), reasons)
}

func TestReadmeNamesEveryPlaceForRulesOfATeamsOwn(t *testing.T) {
	var places []string
	for _, a := range customAnswers {
		places = append(places, a.query)
	}
	requireSame(t, namedUnder(t, "### Rules of your own"), places)
}

// Readers copy this rule, so it must pass the gate, and refuse whom the text says.
func TestTheReadmesRuleOfATeamsOwn(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n### Rules of your own\n")
	_, rule, _ := strings.Cut(section, "```rego\n")
	rule, _, found := strings.Cut(rule, "```\n")
	if !found {
		t.Fatal("there is no rule")
	}
	e := accepted(t, untested(t), laid("custom/login.rego", rule))
	for plan, want := range map[string]string{"trial": "closed", "": "two_factor_off"} {
		in := usualSignIn("user", "api")
		in.Account.Plan, in.Settings.TwoFactor = plan, false
		if v, err := e.Login(t.Context(), in); err != nil || v.Decision.Reason != want {
			t.Errorf("plan %q: got %+v, %v", plan, v.Decision, err)
		}
	}
}
