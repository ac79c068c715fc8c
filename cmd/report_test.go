package cmd

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// inRepository makes a folder like a repository, with the small set in its folder policies, and replaces one text in a file. It changes the
// working directory to the top folder, as in a merge check.
func inRepository(t *testing.T, file, from, to string) {
	t.Helper()
	top := t.TempDir()
	small(t, filepath.Join(top, "policies"), file, from, to)
	t.Chdir(top)
}

func TestAnAnnotationOfGitHubStandsBesideTheLine(t *testing.T) {
	for name, tc := range map[string]struct {
		file, from, to, command string
		status                  int
		want                    string
	}{
		"a misspelt field": {"login/login.rego", "input.account.has_email", "input.account.has_mail", "check", statusRefused,
			"::error file=policies/login/login.rego,line=14,title=nidan policy check%3A rego_type_error::login/login.rego:14: rego_type_error: undefined ref: input.account.has_mail%0A\tinput.account.has_mail%0A"},
		"a misspelt parameter": {"data.json", `"always_asked_roles"`, `"always_asked_role"`, "check", statusRefused,
			"::error file=policies/data.json,line=3,title=nidan policy check%3A parameter::data.json:3: data.parameters.always_asked_role is not known; is always_asked_roles meant?\n"},
		"a test that fails, at the gate": {"login/login.rego", `"reason": "no_email"`, `"reason": "no_mail"`, "check", statusRefused,
			"::error file=policies/login/login_test.rego,line=11,title=nidan policy check%3A failing-test::login/login_test.rego:11: test_outcome/no address: it does not hold: "},
		"a test that fails": {"login/login.rego", `"reason": "no_email"`, `"reason": "no_mail"`, "test", statusPastLimit,
			"::error file=policies/login/login_test.rego,line=11,title=nidan policy test%3A failing-test::test_outcome/no address: it does not hold%0Alogin/login_test.rego:20: "},
		"tests of a set that does not compile": {"login/login.rego", "input.account.has_email", "input.account.has_mail", "test", statusRefused,
			"::error file=policies/login/login.rego,line=14,title=nidan policy test%3A rego_type_error::"},
		"what is right": {"data.json", `"length": 6`, `"length": 7`, "check", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inRepository(t, tc.file, tc.from, tc.to)
			out, err := run(t, "policy", tc.command, "policies", "--format", "github")
			if statusOf(err) != tc.status || !strings.HasPrefix(out, tc.want) || tc.want == "" && out != "" {
				t.Errorf("%v\ngot  %s\nwant %s", err, out, tc.want)
			}
		})
	}
}

// A folder, a test or a reason may have any name. A name must not end the workflow command that contains it, or begin another one.
func TestNamesDoNotEndAnAnnotation(t *testing.T) {
	r := report{command: "nidan policy check", dir: "a,b:c", results: []result{
		{level: levelError, rule: "x\n::error::", file: "100%.rego", line: 3, text: "a%\r\n::warning::b"},
		{level: levelNotice, rule: "y", text: "of no file"},
		{name: "holds"},
	}}
	var out bytes.Buffer
	if err := r.github(&out); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac/100%25.rego,line=3,title=nidan policy check%3A x%0A%3A%3Aerror%3A%3A::a%25%0D%0A::warning::b\n" +
		"::notice title=nidan policy check%3A y::of no file\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// validSARIF reads a log and validates it with the schema of SARIF 2.1.0.
func validSARIF(t *testing.T, log string) *sarif.Run {
	t.Helper()
	strict := json.NewDecoder(strings.NewReader(log))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&sarif.Report{}); err != nil {
		t.Errorf("a member that there is not: %v", err)
	}
	read, err := sarif.FromString(log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if read.Version != "2.1.0" || len(read.Runs) != 1 || read.Runs[0].Tool.Driver == nil {
		t.Fatalf("got %s", log)
	}
	run := read.Runs[0] // the defaults of the schema, which the library does not set
	run.Language, run.NewlineSequences, run.Tool.Driver.Language = "en-US", []string{"\n"}, "en-US"
	if err := read.Validate(); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
	for _, found := range run.Results {
		rules := run.Tool.Driver.Rules
		if found.RuleIndex >= len(rules) || *rules[found.RuleIndex].ID != *found.RuleID || !slices.Contains([]string{"error", "warning", "note"}, found.Level) {
			t.Errorf("rule %d, %s, level %s in %s", found.RuleIndex, *found.RuleID, found.Level, log)
		}
	}
	return run
}

func TestALogInSARIFIsValid(t *testing.T) {
	t.Run("what is right", func(t *testing.T) {
		inRepository(t, "data.json", `"length": 6`, `"length": 7`)
		out, err := run(t, "policy", "check", "policies", "--format", "sarif")
		if found := validSARIF(t, out).Results; err != nil || len(found) != 0 || !strings.Contains(out, `"results": []`) {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("problems", func(t *testing.T) {
		inRepository(t, "data.json", `"length": 6`, `"lenght": 5`)
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{"policies", "./policies/", filepath.Join(here, "policies")} {
			out, err := run(t, "policy", "check", dir, "--format", "sarif")
			found := validSARIF(t, out).Results
			if statusOf(err) != statusRefused || len(found) != 1 {
				t.Fatalf("%v\n%s", err, out)
			}
			at := found[0].Locations[0].PhysicalLocation
			if *at.ArtifactLocation.URI != "policies/data.json" || *at.Region.StartLine != 5 || *found[0].RuleID != "parameter" ||
				!strings.Contains(*found[0].Message.Text, "is length meant?") {
				t.Errorf("got %s", out)
			}
		}
	})
	t.Run("tests", func(t *testing.T) {
		inRepository(t, "login/login.rego", `"reason": "no_email"`, `"reason": "no_mail"`)
		out, err := run(t, "policy", "test", "policies", "--format", "sarif")
		if found := validSARIF(t, out).Results; statusOf(err) != statusPastLimit || len(found) == 0 || *found[0].RuleID != "failing-test" {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("names of files", func(t *testing.T) {
		var out bytes.Buffer
		r := report{command: "c", dir: "my policies", results: []result{{level: levelError, rule: "more", file: "a:b%.rego", text: "t"}, {level: levelWarning, rule: "z", file: "x.rego", line: 1, text: "t"}}}
		if err := r.sarif(&out); err != nil {
			t.Fatal(err)
		}
		if found := validSARIF(t, out.String()).Results; *found[0].Locations[0].PhysicalLocation.ArtifactLocation.URI != "my%20policies/a:b%25.rego" {
			t.Errorf("got %s", out.String())
		}
		if got := (report{dir: "/etc/nidan/policies"}).location("data.json"); got != "file:///etc/nidan/policies/data.json" {
			t.Errorf("got %s", got)
		}
	})
}

func TestResultsInJUnitsXMLNameTheFileAndTheLine(t *testing.T) {
	read := func(out string) junitSuite {
		t.Helper()
		var s junitSuite
		if err := xml.Unmarshal([]byte(out), &s); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if s.Tests != len(s.Cases) {
			t.Errorf("%d tests, and %d are there", s.Tests, len(s.Cases))
		}
		return s
	}
	inRepository(t, "login/login.rego", `"reason": "no_email"`, `"reason": "no_mail"`)
	out, err := run(t, "policy", "test", "policies", "--format", "junit")
	s := read(out)
	i := slices.IndexFunc(s.Cases, func(c junitCase) bool { return c.Failure != nil })
	if statusOf(err) != statusPastLimit || i < 0 || s.Failures == 0 || s.Failures == s.Tests {
		t.Fatalf("%v\n%s", err, out)
	}
	if c := s.Cases[i]; c.File != "policies/login/login_test.rego" || c.Line != 11 || c.Class != "nidan.login_test" ||
		!strings.HasSuffix(c.Failure.Message, "it does not hold") || !strings.Contains(c.Failure.Details, `got "no_mail", expected "no_email"`) {
		t.Errorf("got %+v, %+v", c, c.Failure)
	}
	out, err = run(t, "policy", "check", "policies", "--format", "junit")
	if s := read(out); statusOf(err) != statusRefused || s.Failures != 1 || s.Cases[0].Line != 11 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(t, "policy", "check", filepath.Join(source, "testdata", "policies"), "--format", "junit")
	if s := read(out); err != nil || s.Failures != 0 || s.Tests != 1 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheGateAnswersInJSON(t *testing.T) {
	inRepository(t, "data.json", `"length": 6`, `"length": 5`)
	for line, want := range map[string]struct {
		status int
		text   string
	}{
		"check policies --json": {statusRefused, `"problems": [
    {
      "rule": "parameter",
      "file": "data.json",
      "line": 5,
      "text": "data.json:5: data.parameters.code.length must be at least 6, and is 5"
    }
  ]`},
		"test policies --json": {0, `"location": "login/login_test.rego:11"`},
		"test policies --format json": {0, `"uncovered": [
    "capabilities/capabilities.rego:3",`},
	} {
		out, err := run(t, append([]string{"policy"}, strings.Fields(line)...)...)
		if statusOf(err) != want.status || !json.Valid([]byte(out)) || !strings.Contains(out, want.text) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

func TestAReplayIsSaidForMergeChecks(t *testing.T) {
	kept(t, someSignIns()...)
	out, err := run(t, "policy", "replay", loosened(t), "--max-loosened", "0", "--format", "github")
	want := "::warning title=nidan policy replay%3A loosens::1 recorded sign-ins on the channel softphone with the role user: challenge code_required → allow device_remembered\n" +
		"::error title=nidan policy replay%3A limit::1 sign-ins would be asked less, and at most 0 may\n"
	if statusOf(err) != statusPastLimit || out != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, out, want)
	}
	if out, err := run(t, "policy", "replay", "--max-loosened", "0", "--format", "junit"); err != nil || !strings.Contains(out, `name="nothing was found"`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestADifferenceStandsBesideTheRuleOrTheData(t *testing.T) {
	shipped := filepath.Join(source, "testdata", "policies")
	for name, tc := range map[string]struct {
		file, from, to string
		status         int
		want           string
	}{
		"terms": {"data.json", `"max_attempts": 10`, `"max_attempts": 3`, 0,
			"::notice file=policies/data.json,line=7,title=nidan policy diff%3A terms::login: code.max_attempts 10 → 3%0A"},
		"looser terms": {"data.json", `"ttl_seconds": 600`, `"ttl_seconds": 601`, statusPastLimit,
			"::error file=policies/data.json,line=6,title=nidan policy diff%3A fails::login: "},
		"something looser": {"login/login.rego", `"challenge", "reason": "code_required"`, `"allow", "reason": "all"`, statusPastLimit,
			"::error file=policies/login/login.rego,line=21,title=nidan policy diff%3A loosens::login: challenge code_required → allow all"},
		"something stricter": {"login/login.rego", `"allow", "reason": "no_email"`, `"refuse", "reason": "no_email"`, 0,
			"::notice file=policies/login/login.rego,line=13,title=nidan policy diff%3A tightens::login: allow → refuse%0A"},
		"something that is not proven": {"console/console.rego", `if input.visitor.role == "owner"`, "if {\n\tinput.visitor.role == \"owner\"\n\tregex.match(`^a`, input.visitor.plan)\n}", statusNotProven,
			"::warning file=policies/console/console.rego,line=10,title=nidan policy diff%3A not-proven::not proven: console: input.visitor.plan: regex.match (console/console.rego:10)\n"},
		"what cannot be compared": {"login/login.rego", "input.account.has_email", "input.account.has_mail", statusRefused,
			"::error file=policies/login/login.rego,line=14,title=nidan policy diff%3A rego_type_error::"},
	} {
		t.Run(name, func(t *testing.T) {
			inRepository(t, tc.file, tc.from, tc.to)
			out, err := run(t, "policy", "diff", "policies", "--against", shipped, "--format", "github")
			if statusOf(err) != tc.status || !strings.Contains(out, tc.want) {
				t.Errorf("%v\ngot  %s\nwant %s", err, out, tc.want)
			}
			out, err = run(t, "policy", "diff", "policies", "--against", shipped, "--format", "sarif")
			if found := validSARIF(t, out).Results; statusOf(err) != tc.status || len(found) == 0 {
				t.Errorf("%v\n%s", err, out)
			}
			out, err = run(t, "policy", "diff", "policies", "--against", shipped, "--format", "junit")
			if failing := strings.Contains(out, "<failure"); statusOf(err) != tc.status || failing != (tc.status == statusPastLimit || tc.status == statusRefused) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
