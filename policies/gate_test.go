package policies

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestTheShippedPoliciesPassTheGate(t *testing.T) {
	s, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	e, r, err := Check(t.Context(), s, DecideWithin)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tests, %d cases, coverage %.1f %%, %v", len(r.Tests), r.Cases, r.Coverage, time.Since(start))
	if e.Revision() != s.Revision() || r.Revision != s.Revision() || len(r.Tests) < 100 || r.Cases < 50 || r.Coverage != 100 || len(r.Uncovered) != 0 {
		t.Errorf("got %s, %d tests, %d cases, coverage %v, without %v", e.Revision(), len(r.Tests), r.Cases, r.Coverage, r.Uncovered)
	}
}

const typed = "# METADATA\n# schemas:\n#   - input: schema.input\n"

// files returns a set with a login policy and, if it is not empty, a test for it.
func files(login, test string) fstest.MapFS {
	f := fstest.MapFS{
		"login/login.rego":               {Data: []byte(typed + "package nidan.login\n\n" + login)},
		"capabilities/capabilities.rego": {Data: []byte("package nidan.capabilities\n\ndecision := {\"capabilities\": [], \"reasons\": {}}\n")},
		"console/console.rego":           {Data: []byte("package nidan.console\n\ndecision := {\"allow\": false, \"reason\": \"r\"}\n")},
	}
	if test != "" {
		f["login/login_test.rego"] = &fstest.MapFile{Data: []byte("package nidan.login_test\n\nimport data.nidan.login\n\n" + test)}
	}
	return f
}

const valid = `decision := {"action": "allow", "reason": "r", "channel": "c"} if input.account.state in {"active", "inactive"}`

func TestWhatTheGateRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ login, test, want string }{
		"what does not parse":                 {"decision :=", "", "login/login.rego"},
		"what is not strict":                  {"decision := x if {\n\tx := 1\n\ty := 2\n}", "", "login/login.rego:8"},
		"a built-in that reaches out":         {`decision := http.send({})`, "", "http.send"},
		"no decision":                         {"other := 1", "", "do not define data.nidan.login.decision"},
		"a test that fails":                   {valid, `test_it if login.decision.action == "refuse" with input.account.state as "active"`, "login/login_test.rego:5: test_it"},
		"a test that is skipped":              {valid, `todo_test_it if login.decision`, "it is skipped"},
		"a test that does not compile":        {valid, `test_it if login.nothing`, "login_test.rego"},
		"a case without a decision":           {valid, `test_it if not login.decision with input.account.state as "away"`, "is undefined"},
		"a case with a decision that is none": {`decision := {"action": input.account.name, "reason": "r", "channel": "c"}`, `test_it if login.decision.action == "maybe" with input.account.name as "maybe"`, "action must be"},
		"a case that takes too long": {`decision := {"action": "allow", "reason": "r", "channel": "c"} if {
	count([1 | some x in numbers.range(1, input.settings.remember_days); some y in numbers.range(1, input.settings.remember_days); x == y]) >= 0
}`, `test_it if login.decision.action == "allow" with input.settings.remember_days as 1200`, "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, files(tc.login, tc.test), tc.want)
		})
	}
	t.Run("input that is not typed", func(t *testing.T) {
		set := files(valid, "")
		set["other/other.rego"] = &fstest.MapFile{Data: []byte("package other\n\np if input.acount.locked\n")}
		refused(t, set, "other/other.rego:3: p reads the input")
	})
	t.Run("input with a schema of its own", func(t *testing.T) {
		set := files(valid, "")
		set["other/other.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# schemas:\n#   - input: {type: object}\npackage other\n\np if input.acount.locked\n")}
		refused(t, set, "p reads the input")
	})
	t.Run("more than anybody would read", func(t *testing.T) {
		refused(t, files(valid, "test_many[n] if {\n\tsome n in numbers.range(1, 100)\n\tlogin.decision.reason == sprintf(\"%d\", [n]) with input.account.state as \"active\"\n}\n"), "and 80 more")
	})
	t.Run("no decision for the console", func(t *testing.T) {
		set := files(valid, "")
		delete(set, "console/console.rego")
		refused(t, set, "do not define data.nidan.console.decision")
	})
	t.Run("a decision on new passwords that is none", func(t *testing.T) {
		set := files(valid, "")
		set["settings/settings.rego"] = &fstest.MapFile{Data: []byte("package nidan.settings\n\ndecision := {\"action\": \"challenge\", \"reason\": \"r\"}\n")}
		refused(t, set, "action must be allow or refuse")
	})
	t.Run("a decision for the console that is none", func(t *testing.T) {
		set := files(valid, "")
		set["console/console.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# schemas:\n#   - input: schema.console\npackage nidan.console\n\n" +
			"decision := {\"allow\": true, \"reason\": \"r\"} if input.visitor.role != \"owner\"\n")}
		refused(t, set, "a usual session, of an account with the role owner: data.nidan.console.decision is undefined")
	})
	t.Run("a mask that is none", func(t *testing.T) {
		set := files(valid, `test_it if login.decision with input.account.state as "active"`)
		set["records/records.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# schemas:\n#   - input: schema.record\npackage nidan.records\n\n" +
			"mask := [{\"op\": input.input.account.state, \"path\": \"/input/now\"}]\n")}
		refused(t, set, `op "active"`)
	})
	t.Run("a sign-in that nothing decides, though no test says so", func(t *testing.T) {
		refused(t, files(`decision := {"action": "allow", "reason": "r", "channel": "c"} if input.account.role != "supervisor"`, ""), "is undefined")
	})
}

func refused(t *testing.T, set fs.FS, want string) {
	t.Helper()
	s, err := Load(set)
	if err == nil {
		var e *Engine
		e, _, err = Check(t.Context(), s, 100*time.Millisecond)
		if e != nil {
			t.Error("there is an engine all the same")
		}
		if !errors.Is(err, ErrRefused) {
			t.Errorf("the error is no refusal: %v", err)
		}
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestWhatTheGateReports(t *testing.T) {
	s, err := Load(files(valid+"\n\nnever if input.account.locked == true\n", `test_active if login.decision.action == "allow" with input.account.state as "active"

test_cases[name] if {
	some name, state in {"one": "active", "two": "active"}
	login.decision.action == "allow" with input.account.state as state
}
`))
	if err != nil {
		t.Fatal(err)
	}
	_, r, err := Check(t.Context(), s, DecideWithin)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, test := range r.Tests {
		names = append(names, test.Package+" "+test.Name+" "+test.Location)
	}
	if got := strings.Join(names, ", "); got != "nidan.login_test test_active login/login_test.rego:5, "+
		"nidan.login_test test_cases/one login/login_test.rego:7, nidan.login_test test_cases/two login/login_test.rego:7" {
		t.Errorf("the tests are %s", got)
	}
	if r.Cases != 3 || r.Coverage >= 100 || strings.Join(r.Uncovered, " ") != "capabilities/capabilities.rego:3 console/console.rego:3 login/login.rego:8" {
		t.Errorf("%d cases, coverage %v, without %v", r.Cases, r.Coverage, r.Uncovered)
	}
}
