package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
	"nidan/records"
	"nidan/store"
)

// asked writes the input of a question to a file, and returns its path.
func asked(t *testing.T, in any) string {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "input.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPolicyExplainAnswersEachQuestionFromAFile(t *testing.T) {
	in := signIn("agent", nil)
	session := policies.CapabilitiesInput{
		Settings: in.Settings, Account: in.Account, Session: policies.Session{Known: true, Channel: "softphone", SecondStep: "passed"},
	}
	console := policies.ConsoleInput{Settings: in.Settings, Visitor: in.Account, Action: policies.ChangeSettings}
	ships := copied(t, "data.json", "", "")
	for question, tc := range map[string]struct {
		in   any
		want []string
	}{
		"login": {in, []string{"challenge, code_required", "input.account.two_factor is true  (the account's own flag)"}},
		"capabilities": {session, []string{"may phonebook, call_history, agent; not console, console_asks_a_code",
			`ok  input.session.second_step in ["passed", "remembered"]` + "\n" + `            input.session.second_step is "passed"`}},
		"settings": {session, []string{"allow, second_step_passed"}},
		"console": {console, []string{"refuse, role_may_not", `no  _steps_down[input.visitor.role] <= _steps_down[data.parameters.console_role]`,
			`_steps_down[input.visitor.role] is 3`, `_steps_down[data.parameters.console_role] is 1`}},
		"records": {policies.RecordInput{Input: &in}, []string{"upsert /input/account/email"}},
	} {
		t.Run(question, func(t *testing.T) {
			// People who write policies have no configuration.
			out, err := run(t, "policy", "explain", "--question", question, "--input", asked(t, tc.in), ships)
			for _, want := range tc.want {
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("%v, without %q:\n%s", err, want, out)
				}
			}
			out, err = run(t, "policy", "explain", "--question", question, "--input", asked(t, tc.in), ships, "--json")
			var x policies.Explanation
			if e := json.Unmarshal([]byte(out), &x); err != nil || e != nil || x.Question != question || len(x.Rules) == 0 || x.Decision == nil {
				t.Errorf("%v, %v\n%s", err, e, out)
			}
		})
	}
}

func TestPolicyExplainGoesByTheSetThatIsNamed(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	in := asked(t, signIn("agent", func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "admin_console"} }))
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	loosened := loosened(t)
	first := decided(t, database, copied(t, "data.json", "", ""), at)
	newer := copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`)
	second := decided(t, database, newer, at.Add(time.Hour))

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"the one of the configuration": {nil, "policies of revision " + first},
		"the one that decides now":     {[]string{"--revision", "latest"}, "policies of revision " + second},
		"one that decided before":      {[]string{"--revision", first}, "policies of revision " + first},
		"a folder":                     {[]string{loosened}, "allow, device_remembered"},
	} {
		if out, err := run(t, append([]string{"policy", "explain", "--input", in}, tc.args...)...); err != nil || !strings.Contains(out, tc.want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for want, args := range map[string][]string{
		"nidan policy show lists those that have": {"--input", in, "--revision", "0123456789abcdef"},
		"and not both":               {"--input", in, "--revision", first, loosened},
		"there is none of that name": {"--input", in, "--question", "logins"},
		"give the ID of a record":    {},
		"there is no record":         {"--input", in, "1", loosened},
		`unknown field "acount"`:     {"--input", asked(t, map[string]any{"acount": 1}), loosened},
	} {
		if out, err := run(t, append([]string{"policy", "explain"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestWithoutASetThatDecidedTheConfiguredOneIsExplained(t *testing.T) {
	kept(t)
	in := asked(t, signIn("agent", nil))
	if out, err := run(t, "policy", "explain", "--input", in); err != nil || !strings.Contains(out, "challenge, code_required") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "policy", "explain", "--input", in, "--revision", "latest"); err == nil || !strings.Contains(err.Error(), "no set of policies has decided here yet") {
		t.Errorf("the latest, where there is none: %v", err)
	}
}

// A record has the input of a sign-in. The questions about its session use the result of the sign-in.
func TestPolicyExplainOfTheSessionThatCameOfASignIn(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	ships := copied(t, "data.json", "", "")
	decided(t, database, ships, time.Now())
	st, err := store.OpenExisting(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	e, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range []struct {
		state  string
		change func(*policies.Input)
	}{
		{string(challenge.Passed), nil}, {"code_sent", nil},
		{"allowed", func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "softphone"} }},
		{"allowed", func(in *policies.Input) {
			in.Settings.Softphone, in.Settings.Channels = false, map[string]bool{"admin_console": true, "softphone": false}
		}},
	} {
		record := recordOf(t, e, signIn("agent", r.change))
		record.State = r.state
		if err := st.Update(t.Context(), "", func(tx exchange.Tx) error { return tx.AddRecord(t.Context(), record) }); err != nil {
			t.Fatal(err)
		}
	}
	all, err := st.Records(t.Context(), records.Filter{Kind: "sign_in", Limit: 10})
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for _, r := range all {
		ids = append([]string{strconv.FormatInt(r.ID, 10)}, ids...)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	const worth = "may phonebook, call_history, agent; not console, console_asks_a_code"
	for _, tc := range []struct{ id, question, want string }{
		{ids[0], "capabilities", worth}, {ids[0], "capabilities", `input.session.second_step is "passed"`},
		{ids[2], "capabilities", worth}, {ids[2], "capabilities", `input.session.second_step is "remembered"`},
		{ids[3], "settings", "refuse, second_step_missing"}, {ids[3], "settings", `input.session.second_step is "not_asked"`},
	} {
		if out, err := run(t, "policy", "explain", tc.id, "--question", tc.question); err != nil || !strings.Contains(out, tc.want) {
			t.Errorf("%+v: %v\n%s", tc, err, out)
		}
	}
	for want, args := range map[string][]string{
		"let nobody in (code_sent)":       {ids[1], "--question", "capabilities"},
		"give it in a file, with --input": {ids[0], "--question", "console"},
	} {
		if _, err := run(t, append([]string{"policy", "explain"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestPolicyExplainOfAFileNeedsNeitherDatabaseNorConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	nowhere := filepath.Join(t.TempDir(), "nowhere.db")
	for what, change := range map[string]func(){
		"no configuration at all":      func() {},
		"a database that is not there": func() { t.Setenv("NIDAN_DATABASE", "sqlite:"+nowhere) },
		"a database that is away":      func() { t.Setenv("NIDAN_DATABASE", "postgres://nidan@127.0.0.1:1/nidan") },
	} {
		change()
		out, err := run(t, "policy", "explain", "--input", asked(t, signIn("agent", nil)))
		if err != nil || !strings.Contains(out, "challenge, code_required") {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
	if left, err := filepath.Glob("*"); err != nil || len(left) > 0 {
		t.Errorf("it has made %v, %v", left, err)
	}
	if _, err := run(t, "policy", "explain", "--input", asked(t, signIn("agent", nil)), "--revision", "latest"); err == nil {
		t.Error("a set that has decided is found without a database")
	}
}
