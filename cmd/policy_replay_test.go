package cmd

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nidan/decisionlog"
	"nidan/policies"
	"nidan/policies/live"
)

func TestAReplaySaysWhatItComparesWith(t *testing.T) {
	kept(t, someSignIns()...)
	loosened := loosened(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"what decides now":           {[]string{loosened}, "and compared with revision "},
		"what was recorded":          {[]string{loosened, "--against", "recorded"}, "and compared with what was recorded"},
		"what was recorded, changed": {[]string{loosened, "--against", "recorded"}, "1 would end otherwise: 1 of them asked less"},
		"the same policies":          {[]string{loosened, "--against", loosened}, "0 would end otherwise"},
		"the other way round":        {[]string{"--against", loosened}, "1 would end otherwise: 0 of them asked less"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, append([]string{"policy", "replay"}, tc.args...)...); err != nil || !strings.Contains(out, tc.want) {
				t.Errorf("got %v\n%s", err, out)
			}
		})
	}
	t.Run("in JSON", func(t *testing.T) {
		out, err := run(t, "policy", "replay", loosened, "--json", "--against", "recorded", "--set", "remember_days=9")
		var got struct {
			Tried, Against string
			Set            []string
			Decided        int
		}
		if jsonErr := json.Unmarshal([]byte(out), &got); jsonErr != nil || err != nil {
			t.Fatalf("got %v, %v\n%s", jsonErr, err, out)
		}
		if got.Against != "recorded" || len(got.Tried) != 16 || got.Decided != 2 || fmt.Sprint(got.Set) != "[remember_days=9]" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAReplayAgainstARevision(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	keptIn(t, database, someSignIns(), 1)
	revision := decided(t, database, copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`), time.Now())
	out, err := run(t, "policy", "replay", revision, "--max-changed", "0")
	if statusOf(err) != statusPastLimit || !strings.Contains(out, "under revision "+revision) || !strings.Contains(out, "code.max_attempts 10 → 9") {
		t.Errorf("got %v\n%s", err, out)
	}
	out, err = run(t, "policy", "replay", "--against", revision, "--max-loosened", "0")
	if statusOf(err) != statusPastLimit || !strings.Contains(out, "compared with revision "+revision) || !strings.Contains(out, "code.max_attempts 9 → 10") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestAReplayWithAnotherValue(t *testing.T) {
	remembered := signIn("agent", func(in *policies.Input) {
		in.Device = policies.Device{Known: true, Channel: "softphone", AgeDays: 8, AgeCalendarDays: 8}
	})
	kept(t, remembered)
	for name, tc := range map[string]struct {
		set  []string
		want string
	}{
		"of a setting":        {[]string{"remember_days=7"}, "1 would end otherwise: 0 of them asked less"},
		"that changes nobody": {[]string{"remember_days=9"}, "0 would end otherwise"},
		"of a parameter":      {[]string{`channels.softphone.minimum_version="9.0.0"`}, "allow device_remembered  refuse client_too_old"},
		"of two":              {[]string{"remember_days=7", "code.length=8"}, "with remember_days=7, code.length=8, and compared"},
		"that there is not":   {[]string{"remember_dais=7"}, "there are the parameters always_asked_roles,"},
		"that is none":        {[]string{"remember_days=seven"}, "write NAME=VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"policy", "replay"}
			for _, one := range tc.set {
				args = append(args, "--set", one)
			}
			out, err := run(t, args...)
			if got := out + fmt.Sprint(err); !strings.Contains(got, tc.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestTheStatusOfAReplay(t *testing.T) {
	kept(t, someSignIns()...)
	loosened := loosened(t)
	reads := copied(t, "asked/asked.rego", "input.account.has_email == false", `input.account.email == ""`)
	for name, tc := range map[string]struct {
		args []string
		want int
	}{
		"within the limits":          {[]string{loosened, "--max-changed", "1"}, 0},
		"without limits":             {[]string{loosened}, 0},
		"past one":                   {[]string{loosened, "--max-loosened", "0"}, statusPastLimit},
		"past one, and inexact":      {[]string{copied(t, "asked/asked.rego", "_switch(channel) == false", `input.account.email == "x"`), "--max-changed", "0"}, statusNotProven},
		"inexact":                    {[]string{reads, "--max-loosened", "100%"}, statusNotProven},
		"inexact, without limits":    {[]string{reads}, 0},
		"nothing to judge by":        {[]string{"--since", "1ns", "--max-changed", "0"}, statusNotProven},
		"policies that are refused":  {[]string{copied(t, "asked/asked.rego", "input.account.has_email", "input.account.email_there")}, statusRefused},
		"policies that are not":      {[]string{"/nowhere"}, statusNotFound},
		"a limit that is none":       {[]string{"--max-changed", "few"}, statusUsage},
		"a value that is none":       {[]string{"--set", "x=1"}, statusUsage},
		"two kinds of files":         {[]string{"--file", "x", "--decision-log", "x"}, statusUsage},
		"a revision that is unknown": {[]string{"--against", "0123456789abcdef"}, statusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, append([]string{"policy", "replay"}, tc.args...)...); statusOf(err) != tc.want {
				t.Errorf("status %d, %v, want %d\n%s", statusOf(err), err, tc.want, out)
			}
		})
	}
}

// collector starts a server that receives a decision log, and writes each upload to a file.
func collector(t *testing.T) (dir, url string) {
	t.Helper()
	dir = t.TempDir()
	var mu sync.Mutex
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.json.gz", n)), raw, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return dir, server.URL
}

// loggedBy decides sign-ins with a set, and sends the decisions to a decision log.
func loggedBy(t *testing.T, set, url string, ins ...policies.Input) {
	t.Helper()
	p := live.New(policies.DecideWithin, time.Now, slog.New(slog.DiscardHandler))
	if err := p.Folder(set).Start(t.Context(), func(string) ([]policies.File, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	log := decisionlog.New(decisionlog.Config{URL: url, MinDelay: time.Hour, MaxDelay: time.Hour}, slog.New(slog.DiscardHandler))
	for _, in := range ins {
		if _, err := (logged{p, log}).Login(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end() // after the end, Run sends the rest
	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}
}

func TestADecisionLogIsReplayed(t *testing.T) {
	var ins []policies.Input
	for i := range 60 {
		ins = append(ins, signIn(fmt.Sprint("agent-", i), func(in *policies.Input) { in.Now = in.Now.Add(time.Duration(i-60) * time.Minute) }), someSignIns()[i%3])
	}
	dir, url := collector(t)
	loggedBy(t, copied(t, "data.json", "", ""), url, ins...)
	out, err := run(t, "policy", "replay", "--decision-log", dir, "--max-changed", "0")
	if err != nil || !strings.Contains(out, "120 recorded sign-ins") || !strings.Contains(out, "0 would end otherwise") || strings.Contains(out, "inexact") {
		t.Errorf("got %v\n%s", err, out)
	}
	if out, err = run(t, "policy", "replay", loosened(t), "--decision-log", dir); err != nil || !strings.Contains(out, "40 of them asked less") {
		t.Errorf("got %v\n%s", err, out)
	}

	t.Run("as one file of lines", func(t *testing.T) {
		lines := filepath.Join(t.TempDir(), "decisions.jsonl")
		if err := os.WriteFile(lines, linesOf(t, dir), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "policy", "replay", "--decision-log", lines, "--max-changed", "0"); err != nil || !strings.Contains(out, "120 recorded sign-ins") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("twice", func(t *testing.T) {
		again := filepath.Join(dir, "again")
		if err := os.Mkdir(again, 0o700); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "001.json.gz"))
		if err == nil {
			err = os.WriteFile(filepath.Join(again, "copy.json.gz"), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "policy", "replay", "--decision-log", dir); err != nil || !strings.Contains(out, "120 recorded sign-ins") ||
			!strings.Contains(out, "records were there twice") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
}

// linesOf reads compressed arrays of decisions, and returns one decision a line.
func linesOf(t *testing.T, dir string) (lines []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d uploads, %v", len(files), err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []json.RawMessage
		unzipped, err := gzip.NewReader(f)
		if err == nil {
			err = json.NewDecoder(unzipped).Decode(&all)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			lines = append(append(lines, one...), '\n')
		}
		f.Close()
	}
	return lines
}

// A masked value is not the value of the decision. So the replay counts such a sign-in as inexact: a comparison could be wrong.
func TestADecisionLogWithoutWhatIsRead(t *testing.T) {
	masks := copied(t, "records/records.rego", `mask contains {"op": "upsert", "path": "/input/account/email"`,
		"mask contains {\"op\": \"remove\", \"path\": \"/input/account/plan\"}\n\nmask contains {\"op\": \"upsert\", \"path\": \"/input/account/email\"")
	for file, text := range map[string]string{"records/records_test.rego": "package nidan.records_test\n"} {
		if err := os.WriteFile(filepath.Join(masks, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir, url := collector(t)
	loggedBy(t, masks, url, signIn("agent", nil), signIn("locked", func(in *policies.Input) { in.Account.Locked = true }))
	out, err := run(t, "policy", "replay", "--decision-log", dir, "--max-changed", "0")
	if statusOf(err) != statusNotProven || !strings.Contains(out, "2 recorded sign-ins") || !strings.Contains(out, "0 would end otherwise") ||
		!strings.Contains(out, "1 are inexact, and not compared: facts are read that their records do not have, or have masked: account.plan (1)") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestWhatIsNoDecisionLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "decisions.json")
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":              {"", "0 recorded sign-ins"},
		"another's decisions":  {`{"decision_id": "x", "path": "other/allow", "input": {}}`, "0 recorded sign-ins"},
		"records":              {`{"id": 1, "kind": "sign_in"}`, "it is no decision"},
		"no JSON":              {"[x", "read the decision log, after 0 decisions"},
		"one that breaks off":  {`[{"decision_id": "x", "path": "p"},`, "unexpected E"},
		"one that breaks off,": {`[{"decision_id": "x", "path": "p"}`, "unexpected EOF"},
		"two arrays":           {`[{"decision_id": "x", "path": "p"}] [{"decision_id": "y", "path": "p"}]`, "0 recorded sign-ins"},
		"what was not kept":    {`{"decision_id": "x", "path": "nidan/login/decision"}`, "0 recorded sign-ins"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := run(t, "policy", "replay", "--decision-log", file)
			if got := out + fmt.Sprint(err); !strings.Contains(got, tc.want) {
				t.Errorf("got %s", got)
			}
		})
	}
	if _, err := run(t, "policy", "replay", "--decision-log", t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("got %v", err)
	}
}
