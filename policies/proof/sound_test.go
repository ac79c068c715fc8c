package proof

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

func engine(t *testing.T, set fs.FS) *policies.Engine {
	t.Helper()
	e, err := policies.New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// rules returns a set whose decision on a sign-in has the reason that the given rules compute.
func rules(text string) fs.FS {
	return fstest.MapFS{"login/login.rego": {Data: []byte(`# METADATA
# schemas:
#   - input: schema.input
package nidan.login

decision := {"action": "refuse", "reason": reason, "channel": "c"}
` + text)}, "helper/helper.rego": {Data: []byte("package nidan.helper\n\nhelped := \"helped\"\n")}, "data.json": {Data: []byte(data)}}
}

const data = `{"custom": {
	"night": ["night_agent", "guard"], "networks": ["10.0.0.0/8", "192.168.1.0/24", "2001:db8:1::/48"],
	"levels": {"owner": 3, "user": 1}, "oldest": "2.1.0", "beginnings": ["test-", "tmp"]
}}`

// reasons walks all inputs of a question, and returns the classes by the answer that they get.
func reasons(t *testing.T, e *policies.Engine, q policies.Question) (map[string][]Class, Walked) {
	t.Helper()
	root := placesOf(q.Input)
	c, data := e.Compiled(q)
	f, err := flowOf(c, data, root)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]Class{}
	w := walk(t.Context(), newDomains(root, f), Bounds{Classes: 300_000}, func(in ast.Value) string { return said(t, e, q, in) },
		func(c Class, said string) { found[said] = append(found[said], c) })
	return found, w
}

// said returns an answer as text, without values that are copied from the input.
func said(t *testing.T, e *policies.Engine, q policies.Question, in ast.Value) string {
	answer, err := e.Answer(t.Context(), q, in)
	if err != nil {
		return "error"
	}
	if d, ok := answer.(policies.Decision); ok {
		d.RememberDays = min(d.RememberDays, 1)
		d.Limits = nil
		answer = d
	}
	if masks, ok := answer.([]policies.Mask); ok {
		for i := range masks {
			masks[i].Value = ""
		}
	}
	return fmt.Sprint(answer)
}

// understood holds a rule for each form of expression that the walk understands.
var understood = map[string]string{
	"numbers": `
reason := "a" if input.device.age_days < 7
else := "b" if input.device.age_days <= 30
else := "c" if input.device.age_days == 90
else := "d" if input.device.age_days < 365.5
else := "e"`,
	"numbers between two": `
reason := "a" if { input.device.age_days > 7; input.device.age_days < 30 }
else := "b" if { 30 < input.device.age_calendar_days; input.device.age_calendar_days < input.settings.remember_days; input.settings.remember_days < 90 }
else := "c"`,
	"numbers compared with each other": `
reason := "a" if { input.device.age_days < input.settings.remember_days; input.settings.remember_days < input.device.age_calendar_days }
else := "b" if input.device.age_days < input.device.age_calendar_days
else := "c" if input.device.age_days == input.settings.remember_days
else := "d" if input.settings.remember_days > 100
else := "e"`,
	"a number within bounds, calculated with": `
reason := "a" if (input.settings.remember_days * 7) % 5 == 3
else := "b"`,
	"versions": `
reason := "none" if not semver.is_valid(input.request.client.version)
else := "old" if semver.compare(input.request.client.version, data.custom.oldest) < 0
else := "exact" if input.request.client.version == "3.0.0-rc.1"
else := "next" if semver.compare(input.request.client.version, "3.0.0-rc.1") < 0
else := "same" if semver.compare(input.request.client.version, "3.0.0-rc.1") == 0
else := "new"`,
	"versions made full": `
full(v) := v if semver.is_valid(v)
else := w if { w := concat("", [v, ".0"]); semver.is_valid(w) }
else := w if { w := concat("", [v, ".0.0"]); semver.is_valid(w) }
# "3.8" "4" "3"
reason := "short" if { not semver.is_valid(input.request.client.version); semver.compare(full(input.request.client.version), "3.7.2") > 0 }
else := "old" if semver.compare(full(input.request.client.version), full("3.5")) < 0
else := "same" if semver.compare(full(input.request.client.version), "3.5.0") == 0
else := "between" if semver.compare(full(input.request.client.version), "3.7.2") < 0
else := "new" if full(input.request.client.version)
else := "none"`,
	"networks": `
inside if { some n in data.custom.networks; net.cidr_contains(n, input.request.ip) }
reason := "unknown" if not input.request.ip_trusted
else := "one" if input.request.ip == "10.0.0.0"
else := "inside" if inside
else := "outside"`,
	"beginnings, ends and parts": `
# "admin-x-jp" "tmp-robot" "xbot" "xbot-jp"
reason := "a" if { startswith(input.account.name, "admin-"); endswith(input.account.name, "-jp") }
else := "b" if { some b in data.custom.beginnings; startswith(input.account.name, b); contains(input.account.name, "bot") }
else := "c" if { contains(input.account.name, "bot"); contains(input.account.name, "x"); not endswith(input.account.name, "-jp") }
else := "d" if startswith(input.account.name, "adm")
else := "e" if input.account.name == "admin-"
else := "f"`,
	"the order of texts": `
reason := "a" if input.account.role < "m"
else := "b" if { input.account.role >= "owner"; input.account.role < input.account.plan }
else := "c" if input.account.plan > "z"
else := "d"`,
	"a set in its order": `
first := [r | some r in {input.account.role, "m"}][0]
reason := "mine" if first == input.account.role
else := "m"`,
	"sets, comprehensions and every": `
known := {r | some r, n in data.custom.levels; n > 1}
reason := "high" if input.account.role in known
else := "night" if input.account.role in {x | some x in data.custom.night}
else := "plan" if { every x in ["a", "b"] { x != input.account.plan }; count({input.account.plan, input.account.role}) == 1 }
else := "level" if data.custom.levels[input.account.role] == 1
else := "none"`,
	"functions": `
level(role) := 3 if role == "owner"
else := 2 if role in data.custom.night
else := 1 if role
old("browser", n) if n > 10
old("api", n) if n > 20
reason := "a" if level(input.account.role) > 2
else := "b" if old(input.request.flow_type, input.device.age_days)
else := "c" if level(input.account.plan) == 2
else := "d"`,
	"headers": `
reason := "a" if input.request.headers["x-channel"] == "mobile"
else := "b" if object.get(input.request.headers, "x-level", "none") == input.request.headers["x-channel"]
else := "c" if input.request.headers["x-level"]
else := "d"`,
	"what is not there": `
reason := "a" if not input.challenge
else := "b" if input.challenge.attempts_left < 3
else := "c" if input.challenge.channel == input.device.channel
else := "d"`,
	"three texts compared": `
reason := "same" if { input.account.role == input.account.plan; input.account.plan == input.account.locale }
else := "two" if input.account.role == input.account.plan
else := "others" if input.account.plan == input.account.locale
else := "ends" if input.account.role == input.account.locale
else := "none"`,
	"a whole package": `
# "helped" is what the helper says
reason := "a" if { x := data.nidan.helper; x.helped == input.account.role }
else := "b"`,
	"an object as a whole": `
reason := "a" if input.request.client == {"name": "", "version": "1.0.0"}
else := "b" if input.request.client in [{"name": "night", "version": ""}]
else := "d" if input.request.client.name == "night"
else := "c"`,
	"Kratos' later words": `
reason := "a" if input.request.flow_type == "browser"
else := "b" if input.request.flow_type == "native"
else := "c" if input.request.flow_type == "api"
else := "d"`,
}

func TestEachInputIsInAClassThatIsDecidedAlike(t *testing.T) {
	for name, text := range understood {
		t.Run(name, func(t *testing.T) {
			e := engine(t, rules(text))
			q := policies.Questions()[0]
			classes, w := reasons(t, e, q)
			if !w.Proven() {
				t.Errorf("got %+v", w)
			}
			holdsForRandomInputs(t, e, q, classes, text+data, 600)
		})
	}
	for _, q := range policies.Questions() {
		t.Run("the shipped "+q.Name, func(t *testing.T) {
			e := engine(t, policies.Shipped())
			classes, w := reasons(t, e, q)
			if q.Name != "records" && !w.Proven() || !w.Complete {
				t.Errorf("got %+v", w)
			}
			t.Log(w, len(classes))
			holdsForRandomInputs(t, e, q, classes, `"owner" "user" "softphone" "admin_console" "unknown" "business_phone" "3.5.0" 30 "a@b"`, 400)
		})
	}
}

// holdsForRandomInputs draws inputs around the constants of a text. Each must get the answer of a class that it fits.
func holdsForRandomInputs(t *testing.T, e *policies.Engine, q policies.Question, classes map[string][]Class, text string, n int) {
	t.Helper()
	d := newDrawing(text)
	root := placesOf(q.Input)
	seen := map[string]int{}
	for range n {
		in, given := d.input(root)
		got := said(t, e, q, in)
		seen[got]++
		if !slices.ContainsFunc(classes[got], func(c Class) bool { return c.fits(given, d.numbers) }) {
			t.Fatalf("%s is decided as no class of its own is: %s", in, got)
		}
	}
	if len(seen) < min(len(classes), 2) {
		t.Errorf("of %d decisions, %d were drawn", len(classes), len(seen))
	}
}

// fits says whether an input may belong to the class. A fact whose value is among the tried ones must have the value of the class.
// A number that the policies do not name may stand for another one in the class.
func (c Class) fits(given map[string]ast.Value, named []int) bool {
	for _, f := range c.facts {
		if n, ok := given[f.fact.name].(ast.Number); ok {
			if i, _ := n.Int(); !slices.Contains(named, i) || f.values[f.at].Compare(n) != 0 {
				continue
			}
		}
		same := func(v ast.Value) bool {
			return v == nil && given[f.fact.name] == nil || v != nil && given[f.fact.name] != nil && v.Compare(given[f.fact.name]) == 0
		}
		if slices.ContainsFunc(f.values, same) && !same(f.values[f.at]) {
			return false
		}
		if f.fact.kind == entry && (f.values[f.at] == nil) != (given[f.fact.name] == nil) {
			return false
		}
	}
	return true
}

// drawing draws random inputs.
type drawing struct {
	rand    *rand.Rand
	texts   []string
	numbers []int
}

// newDrawing draws around the constants of a text.
func newDrawing(text string) *drawing {
	d := &drawing{rand: rand.New(rand.NewPCG(1, 2)), texts: []string{"", "x"}, numbers: []int{0, 1, 365}}
	for _, c := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(text, -1) {
		d.texts = append(d.texts, c[1])
	}
	for _, c := range regexp.MustCompile(` \d+`).FindAllString(text, -1) {
		if n, err := strconv.Atoi(c[1:]); err == nil && n < 10_000 {
			d.numbers = append(d.numbers, n-1, n, n+1)
		}
	}
	return d
}

// input draws an input that can occur.
func (d *drawing) input(root *place) (ast.Object, map[string]ast.Value) {
	given := map[string]ast.Value{}
	for !d.fill(root, given) {
	}
	a := &asking{given: given}
	return a.object(root, func(f *fact) ast.Value { return given[f.name] }), given
}

func (d *drawing) text() string {
	t := d.texts[d.rand.IntN(len(d.texts))]
	switch d.rand.IntN(12) {
	case 0:
		return t + d.texts[d.rand.IntN(len(d.texts))]
	case 1:
		return t + "-" + d.texts[d.rand.IntN(len(d.texts))] + "-" + d.texts[d.rand.IntN(len(d.texts))]
	case 2:
		return string(rune('a' + d.rand.IntN(26)))
	case 3:
		return []string{"", "v"}[d.rand.IntN(2)] + fmt.Sprintf("%d.%d.%d", d.rand.IntN(5), d.rand.IntN(9), d.rand.IntN(4)) + []string{"", "-rc.1", "-0", "+x", "-rc.1.0", "-a+x"}[d.rand.IntN(6)]
	case 4:
		return fmt.Sprintf("%d.%d", d.rand.IntN(5), d.rand.IntN(9))
	case 5:
		return strconv.Itoa(d.rand.IntN(6))
	case 6:
		return d.address()
	case 7:
		return t[:d.rand.IntN(len(t)+1)]
	}
	return t
}

func (d *drawing) address() string {
	return []string{"10.0.0.0", "10.255.255.255", "11.0.0.0", "9.255.255.255", "192.168.1.7", "192.168.2.0", "2001:db8:1::7", "2001:db8:2::", "::1"}[d.rand.IntN(9)]
}

// fill gives each fact a value, and says whether such an input can occur.
func (d *drawing) fill(root *place, given map[string]ast.Value) bool {
	for _, f := range root.all() {
		given[f.name] = d.value(f)
	}
	d.headers(root, given)
	for _, who := range []string{"account", "visitor", "target", "input.account"} {
		if email, ok := given[who+".email"]; ok {
			given[who+".has_email"] = ast.Boolean(email.Compare(ast.String("")) != 0)
		}
	}
	if isTrue(given["request.ip_trusted"]) {
		given["request.ip"] = ast.String(d.address())
	}
	return possible(given)
}

// headers adds entries to maps, whose names the schema does not list.
func (d *drawing) headers(p *place, given map[string]ast.Value) {
	if p.of == flag {
		for _, name := range switched {
			if v, ok := given[strings.TrimSuffix(p.name, "channels")+name]; ok {
				given[join(p.name, name)] = v
			}
		}
		delete(given, join(p.name, "kiosk"))
		if d.rand.IntN(3) > 0 {
			given[join(p.name, "kiosk")] = ast.Boolean(d.rand.IntN(2) == 0)
		}
	} else if p.anything {
		for _, name := range []string{"x-channel", "x-level", "other"} {
			delete(given, join(p.name, name))
			if d.rand.IntN(2) == 0 {
				given[join(p.name, name)] = ast.String(d.text())
			}
		}
	}
	for _, field := range p.fields {
		d.headers(field, given)
	}
}

func (d *drawing) value(f *fact) ast.Value {
	switch {
	case f.kind == truth:
		return ast.Boolean(d.rand.IntN(2) == 0)
	case f.kind == presence && d.rand.IntN(2) == 0:
		return f.absent
	case f.kind == presence:
		return ast.Boolean(true)
	case f.kind == number && d.rand.IntN(2) == 0 && f.max > 0:
		return ast.Number(strconv.Itoa(f.min + d.rand.IntN(f.max-f.min+1)))
	case f.kind == number:
		n := max(f.min, d.numbers[d.rand.IntN(len(d.numbers))])
		if f.max > 0 {
			n = min(n, f.max)
		}
		return ast.Number(strconv.Itoa(n))
	case f.kind == instant:
		return instantValue(time.Unix(1_700_000_000+int64(d.rand.IntN(1e8)), 0).UTC())
	case f.kind == list:
		return ast.NewArray()
	case f.closed || f.choices != nil && d.rand.IntN(3) > 0:
		return ast.String(f.choices[d.rand.IntN(len(f.choices))])
	case f.optional && d.rand.IntN(2) == 0:
		return nil
	}
	if f.optional {
		return ast.String("t" + d.text())
	}
	return ast.String(d.text())
}

// Each of these rules has a form that cannot be enumerated.
func TestWhatCannotBeEnumeratedIsNamed(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a regular expression":     {`reason := "a" if regex.match("^a.*z$", input.account.name) else := "b"`, "input.account.name: regex.match (login/login.rego:7)"},
		"arithmetic":               {`reason := "a" if input.device.age_days % 7 == 0 else := "b"`, "input.device.age_days: rem (login/login.rego:7)"},
		"a text in lower case":     {`reason := "a" if lower(input.account.name) == "admin" else := "b"`, "input.account.name: lower (login/login.rego:7)"},
		"a constant in upper case": {`reason := "a" if input.account.name == upper("admin") else := "b"`, "input.account.name: compared with what upper makes (login/login.rego:7)"},
		"the length of a text":     {`reason := "a" if count(input.account.name) > 3 else := "b"`, "input.account.name: count (login/login.rego:7)"},
		"the number of headers":    {`reason := "a" if count(input.request.headers) > 3 else := "b"`, "all of input.request.headers"},
		"the switches as a whole":  {`reason := "a" if input.settings.channels == {"softphone": true} else := "b"`, "all of input.settings.channels"},
		"another fact's beginning": {`reason := "a" if startswith(input.account.name, input.account.role) else := "b"`, "input.account.name: startswith (login/login.rego:7)"},
		"the clock":                {`reason := "a" if time.clock(time.parse_rfc3339_ns(input.now))[0] < 6 else := "b"`, "input.now: time.parse_rfc3339_ns (login/login.rego:7), tried at each half hour of a week"},
		"another input":            {"reason := \"a\" if helper with input.account.name as \"x\"\nelse := \"b\"\nhelper if input.account.name == \"x\"", "with (login/login.rego:7)"},
		"versions of one's own":    {`reason := "a" if semver.is_valid(concat("", [input.account.name, ".x"])) else := "b"`, `input.account.name: concat with ".x"`},
		"two ways at once":         {`reason := "a" if { startswith(input.account.name, "3."); semver.is_valid(input.account.name) } else := "b"`, "together with the other functions here"},
		"a regular expression by a function, in a comprehension": {"like(x) if regex.match(\"a.b\", x)\nreason := \"a\" if count([r | r := input.account.role; like(r)]) > 0\nelse := \"b\"", "input.account.role: regex.match (login/login.rego:7)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, w := reasons(t, engine(t, rules(tc.text)), policies.Questions()[0])
			if w.Proven() || !slices.ContainsFunc(w.Missing, func(m string) bool { return strings.Contains(m, tc.want) }) {
				t.Errorf("got %q, want one with %q", w.Missing, tc.want)
			}
		})
	}
}

func TestWhatOPACannotDoWithAWatchedInputIsNamed(t *testing.T) {
	d := newDomains(placesOf(reflect.TypeFor[policies.Input]()))
	w := walk(t.Context(), d, Bounds{}, func(ast.Value) int { panic("illegal value") }, func(Class, int) { t.Error("there is an answer") })
	if w.Proven() || !strings.Contains(strings.Join(w.Missing, " "), "illegal value") {
		t.Errorf("got %+v", w)
	}
}

// An expression that is not understood does no harm if it is never read.
func TestWhatIsNeverReadIsProven(t *testing.T) {
	_, w := reasons(t, engine(t, rules("reason := \"a\" if input.account.locked in {true, false} else := \"b\" if like\nlike if regex.match(\"a\", input.account.name)")), policies.Questions()[0])
	if !w.Proven() || w.Classes != 2 {
		t.Errorf("got %+v", w)
	}
}

func TestAWalkEndsAtItsBound(t *testing.T) {
	e := engine(t, policies.Shipped())
	q := policies.Questions()[0]
	root := placesOf(q.Input)
	c, data := e.Compiled(q)
	f, err := flowOf(c, data, root)
	if err != nil {
		t.Fatal(err)
	}
	w := walk(t.Context(), newDomains(root, f), Bounds{Classes: 10}, func(in ast.Value) string { return said(t, e, q, in) }, func(Class, string) {})
	if w.Complete || w.Classes != 10 || w.Proven() {
		t.Errorf("got %+v", w)
	}
}

func TestThePlacesAreThoseOfTheInput(t *testing.T) {
	for _, q := range policies.Questions() {
		var all []string
		for _, f := range placesOf(q.Input).all() {
			all = append(all, f.name)
		}
		if len(all) < 10 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
			t.Errorf("%s: got %v", q.Name, all)
		}
	}
	if reflect.TypeFor[policies.Input]().NumField() != len(placesOf(reflect.TypeFor[policies.Input]()).fields) {
		t.Error("a field is missing")
	}
}
