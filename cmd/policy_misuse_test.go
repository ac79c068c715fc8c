package cmd

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/policies/live"
)

// source is the folder of this package. Tests may change the working directory.
var source, _ = os.Getwd()

// small copies the set in testdata to dir, and replaces one text in a file. If the file does not exist, small writes it. The tests compare
// line numbers, so they do not use the set that ships, whose lines change.
func small(t *testing.T, dir, file, from, to string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(source, "testdata", "policies"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil && from != "" || !strings.Contains(string(text), from) {
		t.Fatalf("%s does not hold %s: %v", file, from, err)
	}
	if from != "" {
		to = strings.ReplaceAll(string(text), from, to)
	}
	if err := os.WriteFile(path, []byte(to), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A person who has made a mistake sees only the text of the gate. So the text must have the place, what is wrong, and what to do.
func TestWhatIsSaidOfTypicalMistakes(t *testing.T) {
	const refused = "the policies are refused: "
	const off = "input.settings.two_factor == false"
	for name, m := range map[string]struct {
		file, from, to string
		said           string
	}{
		"a misspelt parameter": {"data.json", `"always_asked_roles"`, `"always_asked_role"`,
			refused + "data.json:3: data.parameters.always_asked_role is not known; is always_asked_roles meant?"},
		"a misspelt parameter in a group": {"data.json", `"max_attempts"`, `"max_attempt"`,
			refused + "data.json:7: data.parameters.code.max_attempt is not known; is max_attempts meant?"},
		"a parameter of another type": {"data.json", `"length": 6`, `"length": "6"`,
			refused + "data.json:5: data.parameters.code.length must be of type integer, and is of type string"},
		"a parameter out of its range": {"data.json", `"length": 6`, `"length": 4`,
			refused + "data.json:5: data.parameters.code.length must be at least 6, and is 4"},
		"all parameters misspelt": {"data.json", `"parameters"`, `"paramters"`,
			refused + "data.json:2: no rule reads data.paramters, and rules read data.parameters, which is not there: is parameters meant? (2 times)"},
		"data that is no JSON": {"data.json", `"length": 6,`, `"length": 6`,
			"load the policies: data.json:6: this is no JSON: invalid character '\"' after object key:value pair"},
		"a file with data that is not read": {"limits.json", "", `{}`,
			"load the policies: limits.json: this file is not read: data is read from files with the names data.json, data.yaml or data.yml, in any folder. Rename it, or take it away"},
		"Rego that does not parse": {"login/login.rego", ", _outcome)", ", _outcome",
			"load the policies: login/login.rego:9: rego_parse_error: unexpected identifier token: expected \",\" or \")\"\n" +
				"\t_outcome := {\"action\": \"refuse\", \"reason\": \"account_locked\", \"state\": \"sign_in_again\"} if {\n" +
				"\t^"},
		"a variable that nothing reads": {"login/login.rego", off, "x := 1\n\t" + off,
			refused + "compile the policies: login/login.rego:12: rego_compile_error: assigned var x unused"},
		"a misspelt field of the input": {"login/login.rego", "input.account.has_email", "input.account.has_mail",
			refused + "compile the policies: login/login.rego:14: rego_type_error: undefined ref: input.account.has_mail\n" +
				"\tinput.account.has_mail\n" +
				"\t              ^\n" +
				"\t              have: \"has_mail\"\n" +
				"\t              want (one of): [\"email\" \"factors\" \"has_email\" \"id\" \"locale\" \"locked\" \"name\" \"password_expired\" \"plan\" \"role\" \"state\" \"two_factor\"]"},
		"types that are never equal": {"login/login.rego", off, `input.settings.two_factor == "no"`,
			refused + "compile the policies: login/login.rego:12: rego_type_error: match error: input.settings.two_factor == \"no\"\n" +
				"\tleft  : boolean\n" +
				"\tright : string"},
		"the clock": {"login/login.rego", off, "time.now_ns() < 1",
			refused + "compile the policies: login/login.rego:12: rego_type_error: undefined function time.now_ns (a decision depends on its input and the set's data alone): use input.now, or the age of the device in input.device.age_days"},
		"the network": {"login/login.rego", off, "http.send({}).status_code == 200",
			refused + "compile the policies: login/login.rego:12: rego_type_error: undefined function http.send (a decision depends on its input and the set's data alone): put what it would fetch into the set's data"},
		"chance": {"login/login.rego", off, `rand.intn("a", 2) == 1`,
			refused + "compile the policies: login/login.rego:12: rego_type_error: undefined function rand.intn (a decision depends on its input and the set's data alone): the same sign-in is decided alike each time; to choose some accounts, take a digest such as crypto.sha256(input.account.id)"},
		"the environment": {"login/login.rego", off, `opa.runtime().env.OFF`,
			refused + "compile the policies: login/login.rego:12: rego_type_error: undefined function opa.runtime (a decision depends on its input and the set's data alone): put what it would read into the set's data"},
		"no annotation with the schema": {"console/console.rego", "# METADATA\n# schemas:\n#   - input: schema.console\n", "",
			refused + "console/console.rego:5: decision reads the input, and no annotation names its schema. Put this above \"package\":\n" +
				"# METADATA\n" +
				"# schemas:\n" +
				"#   - input: schema.console"},
		"an annotation without the schema": {"login/login.rego", "# schemas:\n#   - input: schema.input\n", "",
			refused + "login/login.rego:7: _outcome reads the input, and no annotation names its schema, and so do 2 more rules here. Put this into the METADATA above \"package\", after line 2:\n" +
				"# schemas:\n" +
				"#   - input: schema.input"},
		"two rules in conflict": {"login/login.rego", "_days := ", "_days := 1 if input.account.role == \"owner\"\n\n_days := ",
			refused + "a usual sign-in, of an account with the role owner in a flow of type browser, on a remembered device: evaluate data.nidan.login.decision: login/login.rego:25: eval_conflict_error: rule data.nidan.login._days produced conflicting values (2 times):\n" +
				"  1 at login/login.rego:23\n" +
				"  30 at login/login.rego:25"},
		"a rule that leaves some out": {"login/login.rego", ", _outcome)", `, _outcome) if input.account.role != "supervisor"`,
			refused + "a usual sign-in, of an account with the role supervisor in a flow of type browser, that is asked: data.nidan.login.decision is undefined: no rule gives it a value here (32 times)"},
		"a field of an answer that is none": {"login/login.rego", `"second_step"`, `"second_stp"`,
			refused + "login/login.rego:18: the answer data.nidan.login.decision can never be valid: second_stp is not known; is second_step meant?"},
		"a word of an answer that is none": {"login/login.rego", `"challenge"`, `"chalenge"`,
			refused + "login/login.rego:21: the answer data.nidan.login.decision can never be valid: action must be allow, challenge or refuse, and is \"chalenge\""},
		"data that there is not": {"login/login.rego", "data.parameters.code", "data.parametres.code",
			refused + "login/login.rego:21: data.parametres.code is neither a rule nor data of the set: there is no data.parametres; is parameters (data.json:2) meant?"},
		"a parameter that there is not": {"login/login.rego", "data.parameters.code", "data.parameters.cod",
			refused + "login/login.rego:21: data.parameters.cod is neither a rule nor data of the set; is code (data.json:4) meant?"},
		"a test that fails": {"login/login.rego", `"reason": "no_email"`, `"reason": "no_mail"`,
			refused + "login/login_test.rego:11: test_outcome/no address: it does not hold: login/login_test.rego:20: login.decision.reason == tc.reason with input as json.patch(_asked, tc.change): got \"no_mail\", expected \"no_email\""},
		"a mask that masks something else": {"records/records.rego", `"path": "/input/account/email"`, `"path": "/input/account/name"`,
			refused + "records/records_test.rego:5: test_the_address_is_not_kept: it does not hold: records/records_test.rego:6: records.mask == {{\"op\": \"remove\", \"path\": \"/input/account/email\"}} with input.input.account.email as \"a@example.com\": got {{\"op\": \"remove\", \"path\": \"/input/account/name\"}}, expected {{\"op\": \"remove\", \"path\": \"/input/account/email\"}}"},
		"a mask that does not work": {"records/records.rego", `"op": "remove"`, `"op": "hash"`,
			refused + "records/records.rego:6: the answer data.nidan.records.mask can never be valid: op must be remove or upsert, and is \"hash\""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			small(t, dir, m.file, m.from, m.to)
			_, err := run(t, "policy", "check", dir)
			if statusOf(err) != statusRefused || err.Error() != m.said {
				t.Errorf("got\n%v\nwant\n%s", err, m.said)
			}
		})
	}
}

// If somebody removes the tests that fail, the proof, policies.require and the comparison still find the mistake.
func TestWhatIsSaidOfMistakesThatNoTestFinds(t *testing.T) {
	everyone, masked := t.TempDir(), t.TempDir()
	small(t, everyone, "login/login.rego", "decision := ", "decision := {\"action\": \"allow\", \"reason\": \"all\", \"channel\": \"all\"}\n\n_decision := ")
	small(t, masked, "records/records.rego", `"path": "/input/account/email"`, `"path": "/input/account/name"`)
	if err := errors.Join(os.Remove(everyone+"/login/login_test.rego"), os.Remove(masked+"/records/records_test.rego")); err != nil {
		t.Fatal(err)
	}

	out, err := run(t, "policy", "check", everyone, "--prove")
	if want := "\nNEVER     login: an account that is locked gets in  (invariants/login.rego:6)\n"; statusOf(err) != statusPastLimit || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(t, "policy", "check", everyone, "--prove", "--format", "github")
	if want := "/invariants/login.rego,line=6,title=nidan policy check%3A invariant::login: an invariant does not hold: an account that is locked gets in%0A" +
		"This test fails until it holds:%0Apackage nidan.invariants.login_test%0A"; statusOf(err) != statusPastLimit || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
	p := live.New(time.Minute, time.Now, slog.New(slog.DiscardHandler))
	p.Require(live.Require{Invariants: true})
	err = p.Folder(everyone).Look(t.Context())
	if want := "the policies are refused: invariants/login.rego:6: an invariant does not hold: an account that is locked gets in"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}

	out, err = run(t, "policy", "diff", masked, "--against", filepath.Join(source, "testdata", "policies"), "--format", "github")
	if want := "/records/records.rego,line=6,title=nidan policy diff%3A loosens::records: mask /input/account/email remove null → none, " +
		"mask /input/account/name none → remove null%0Ainput, input.account.email other than \"\"%0Aat records/records.rego:6\n"; statusOf(err) != statusPastLimit || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}
