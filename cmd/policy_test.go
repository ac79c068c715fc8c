package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/policies"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
)

// run runs a command, and returns its output and its error.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := root()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// copied copies the policies that ship, and replaces one text in a file.
func copied(t *testing.T, file, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, policies.Shipped()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if from != "" && !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s does not hold %s", file, from)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// loosened returns policies that accept a device of the console on the softphone, a mistake that somebody could make.
func loosened(t *testing.T) string {
	return copied(t, "login/login.rego", `	input.device.channel == channel
`, "")
}

func TestPolicyCheck(t *testing.T) {
	if out, err := run(t, "policy", "check"); err != nil || !strings.Contains(out, "accepted: revision") || !strings.Contains(out, "coverage 100.0 %") {
		t.Errorf("got %v\n%s", err, out)
	}
	for name, tc := range map[string]struct{ dir, want string }{
		"a loosened copy":      {loosened(t), "login/login_test.rego"},
		"a misspelt fact":      {copied(t, "asked/asked.rego", "input.account.has_email", "input.account.email_there"), "undefined ref: input.account.email_there"},
		"a folder of nothing":  {t.TempDir(), "no .rego file"},
		"a folder that is not": {"/nowhere", "no such file"},
		"a file that is none":  {copied(t, "data.json", "", "") + "/login/login.rego", "neither a folder nor a bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, "policy", "check", tc.dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v\n%s", err, out)
			}
		})
	}
}

func TestPolicyTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "junit.xml")
	out, err := run(t, "policy", "test", "--coverage", "100", "--junit", file)
	if err != nil || !strings.Contains(out, " 0 fail, coverage 100.0 %") {
		t.Errorf("got %v\n%s", err, out)
	}
	junit, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(junit, []byte(`<testcase classname="nidan.login_test" name="test_outcome/`)) || bytes.Contains(junit, []byte("<failure")) {
		t.Errorf("got %v\n%s", err, junit)
	}

	out, err = run(t, "policy", "test", "--junit", file, loosened(t))
	if err == nil || !strings.Contains(err.Error(), "tests fail") || !strings.Contains(out, "FAIL  login/login_test.rego:") ||
		!strings.Contains(out, `got {"action": "allow", "reason": "device_remembered", "second_step": "remembered"}, expected {"action": "challenge", "reason": "code_required"}`) {
		t.Errorf("got %v\n%s", err, out)
	}
	if junit, err = os.ReadFile(file); err != nil || !bytes.Contains(junit, []byte(`<failure message="it does not hold">login/login_test.rego:`)) {
		t.Errorf("got %v\n%s", err, junit)
	}

	untested := copied(t, "asked/asked.rego", `two_factor_off if input`, "two_factor_off if input.account.id == \"x\"\n\ntwo_factor_off if input")
	if out, err = run(t, "policy", "test", "--coverage", "100", untested); err == nil || !strings.Contains(err.Error(), "below 100.0 %") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func signIn(name string, change func(*policies.Input)) policies.Input {
	in := policies.Input{
		Now:      time.Now().UTC(),
		Settings: policies.Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Channels: map[string]bool{"admin_console": true, "softphone": true}, Remember: true, RememberDays: 30},
		Account: policies.Account{
			ID: "id-" + name, Name: name, Role: "user", Email: name + "@example.com", HasEmail: true, TwoFactor: true, State: "active",
		},
		Request: policies.Request{FlowType: "api", Method: "password", Headers: map[string]string{}, Client: policies.Client{Name: "softphone", Version: "3.5.0"}},
	}
	if change != nil {
		change(&in)
	}
	return in
}

func TestPolicyEval(t *testing.T) {
	file := filepath.Join(t.TempDir(), "input.json")
	in, err := json.Marshal(signIn("agent", nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		input string
		more  []string
		want  string
	}{
		"a sign-in":                {string(in), nil, `"reason": "code_required"`},
		"a sign-in, explained":     {string(in), []string{"--explain"}, "no  not input.account.locked == false\n            input.account.locked is false"},
		"explained, in JSON":       {string(in), []string{"--explain", "--json"}, `"location": "login/login.rego:`},
		"some of its facts":        {`{"account": {"state": "active"}}`, nil, `"reason": "two_factor_off"`},
		"facts that there are not": {`{"acount": {}}`, nil, `unknown field "acount"`},
		"two sign-ins":             {`{} {}`, nil, "there is more than one"},
		"no JSON":                  {`{`, nil, "read the input"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(tc.input), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := run(t, append([]string{"policy", "eval", "--input", file}, tc.more...)...)
			if got := out + fmt.Sprint(err); !strings.Contains(got, tc.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// kept decides sign-ins with the policies that ship, and writes their records to a database.
func kept(t *testing.T, ins ...policies.Input) {
	t.Helper()
	keptIn(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"), ins, 1)
}

// keptIn writes the record of each sign-in so many times.
func keptIn(t *testing.T, database string, ins []policies.Input, times int) {
	t.Helper()
	configured(t, database)
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	e, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var records []records.Record
	for _, in := range ins {
		records = append(records, recordOf(t, e, in))
	}
	err = st.Update(t.Context(), "", func(tx exchange.Tx) error {
		for range times {
			for _, r := range records {
				if err := tx.AddRecord(t.Context(), r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func recordOf(t *testing.T, e *policies.Engine, in policies.Input) records.Record {
	t.Helper()
	v, err := e.Login(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	detail, err := json.Marshal(v.Kept)
	if err != nil {
		t.Fatal(err)
	}
	return records.Record{
		At: in.Now, Kind: "sign_in", Account: in.Account.ID, Name: in.Account.Name, State: "allowed", Reason: v.Reason,
		Revision: v.Revision, Detail: detail,
	}
}

// someSignIns returns a sign-in on the softphone with a device of the console, which the loosened policies let in, a usual sign-in, and an
// old one.
func someSignIns() []policies.Input {
	borrowed := func(in *policies.Input) { in.Device = policies.Device{Known: true, Channel: "admin_console"} }
	return []policies.Input{
		signIn("agent", borrowed), signIn("supervisor", nil),
		signIn("agent", func(in *policies.Input) { borrowed(in); in.Now = in.Now.Add(-25 * time.Hour) }),
	}
}

func TestPolicyExplain(t *testing.T) {
	kept(t, someSignIns()...)
	out, err := run(t, "policy", "explain", "1")
	for _, want := range []string{
		"Record 1: agent", "for the reason code_required", "then, and below.", "Not kept as it was: /input/account/email",
		`"email": "a***@example.com"`, "YES login/login.rego:", "input.device.channel == channel", "challenge, code_required",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, without %q:\n%s", err, want, out)
		}
	}
	if out, err := run(t, "policy", "explain", "1", loosened(t)); err != nil || !strings.Contains(out, "allow, device_remembered") ||
		!strings.Contains(out, "and by other policies") {
		t.Errorf("got %v\n%s", err, out)
	}
	if out, err := run(t, "policy", "explain", "1", "--json"); err != nil || !json.Valid([]byte(out)) {
		t.Errorf("got %v\n%s", err, out)
	}
	for id, want := range map[string]string{"4": "there is no record 4", "x": "is no record's ID", "0": "is no record's ID"} {
		if _, err := run(t, "policy", "explain", id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", id, err)
		}
	}
}

func TestPolicyReplay(t *testing.T) {
	kept(t, someSignIns()...)
	loosened := loosened(t)
	for name, tc := range map[string]struct {
		args []string
		want []string
		fail string // empty: the command does not fail
	}{
		"what ships changes nothing": {[]string{"--max-changed", "0"}, []string{"2 recorded sign-ins", "0 would end otherwise"}, ""},
		"a loosened copy": {[]string{loosened}, []string{
			"1 would end otherwise: 1 of them asked less", "challenge code_required", "allow device_remembered", "softphone", "user", "1 (agent)",
		}, ""},
		"further back":         {[]string{loosened, "--since", "48h"}, []string{"3 recorded sign-ins", "2 would end otherwise"}, ""},
		"past a number":        {[]string{loosened, "--max-loosened", "0"}, []string{"1 would end"}, "1 sign-ins would be asked less, and at most 0 may"},
		"past a percentage":    {[]string{loosened, "--max-changed", "49%"}, nil, "at most 49% may"},
		"within one":           {[]string{loosened, "--max-changed", "50%", "--max-loosened", "1"}, nil, ""},
		"a limit that is none": {[]string{loosened, "--max-changed", "few"}, nil, `"few" is no limit`},
		"half a sign-in":       {[]string{loosened, "--max-changed", "0.5"}, nil, "is no limit"},
		"nothing to judge by":  {[]string{"--max-changed", "0", "--since", "1ns"}, []string{"0 recorded sign-ins"}, "no recorded sign-ins to judge by"},
		"what was masked": {[]string{"--max-changed", "100%", copied(t, "asked/asked.rego", "input.account.has_email == false", `input.account.email == ""`)},
			[]string{"2 are inexact, and not compared", "account.email (2)"}, "it cannot be said"},
		"policies that do not decide": {[]string{t.TempDir()}, nil, "no .rego file"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, append([]string{"policy", "replay"}, tc.args...)...)
			if (err == nil) != (tc.fail == "") || err != nil && !strings.Contains(err.Error(), tc.fail) {
				t.Errorf("got %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("without %q:\n%s", want, out)
				}
			}
		})
	}
	t.Run("in JSON", func(t *testing.T) {
		out, err := run(t, "policy", "replay", loosened, "--json")
		var s struct {
			Decided, Changed, Loosened int
			Changes                    []struct{ From, To string }
		}
		if err := json.Unmarshal([]byte(out), &s); err != nil || s.Decided != 2 || s.Loosened != 1 || s.Changes[0].To != "allow" {
			t.Errorf("got %v\n%s", err, out)
		}
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("without a database", func(t *testing.T) {
		t.Setenv("NIDAN_DATABASE", "sqlite:"+filepath.Join(t.TempDir(), "nowhere.db"))
		if _, err := run(t, "policy", "replay"); err == nil || !strings.Contains(err.Error(), "open the database") {
			t.Errorf("got %v", err)
		}
	})
}

// The attack: an account holder has chosen a name that clears the screen and prints a fake result.
func TestWhatAccountHoldersTypeDoesNotRunOnATerminal(t *testing.T) {
	in := someSignIns()[0]
	in.Account.Name = "\x1b[2J\nagent\t0 would end otherwise\u202e"
	kept(t, in)
	loosened := loosened(t)
	for _, args := range [][]string{{"replay", loosened}, {"explain", "1"}} {
		out, err := run(t, append([]string{"policy"}, args...)...)
		if err != nil || strings.ContainsAny(out, "\x1b\u202e") || strings.Contains(out, "\nagent") || !strings.Contains(out, `\u001b[2J`) {
			t.Errorf("%v: %v\n%q", args, err, out)
		}
	}
}

func TestPolicyReplayOfAnExport(t *testing.T) {
	e, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for i, in := range someSignIns() {
		v, err := e.Login(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		line := map[string]any{"id": i + 1, "at": in.Now, "kind": "sign_in", "detail": v.Kept}
		if err := json.NewEncoder(&lines).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	// A merge check has no configuration.
	out, err := run(t, "policy", "replay", loosened(t), "--file", file, "--max-loosened", "0")
	if err == nil || !strings.Contains(out, "3 recorded sign-ins") || !strings.Contains(out, "2 of them asked less") {
		t.Errorf("got %v\n%s", err, out)
	}
	if out, err := run(t, "policy", "replay", loosened(t), "--file", file, "--since", "24h"); err != nil || !strings.Contains(out, "2 recorded sign-ins") {
		t.Errorf("got %v\n%s", err, out)
	}
}
