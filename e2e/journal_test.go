package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// records runs one of the program's commands about records, like an auditor: without the configuration.
func records(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, append([]string{"records"}, args...)...)
	said, err := c.Output()
	if c.ProcessState == nil {
		t.Fatalf("%v: %v", args, err)
	}
	return string(said), c.ProcessState.ExitCode()
}

// People sign in, an attacker alters the records of it, and an auditor sees it.
func TestRecordsThatWereAlteredAreFound(t *testing.T) {
	key := filepath.Join(t.TempDir(), "checkpoint.key")
	public, status := records(t, "key", "login.example.com", key)
	if status != 0 {
		t.Fatal(public)
	}
	public = strings.TrimSpace(public)
	n := started(t, "NIDAN_RECORDS_CHECKPOINT_KEY_FILE="+key)
	type report struct {
		Records   int
		NotSealed int `json:"not_sealed"`
		Found     int
		Problems  []struct{ Kind string }
	}
	verify := func() (r report, status int) {
		t.Helper()
		out, status := records(t, "verify", "--database", n.db, "--key", public, "--json")
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("status %d: %v: %s", status, err, out)
		}
		return r, status
	}
	sealed := func() {
		t.Helper()
		n.eventually("all records are sealed", func() bool {
			r, status := verify()
			return status == 0 && r.NotSealed == 0 && r.Records > 0
		})
	}
	name := account(t, nil)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	s.expectIn(map[string]any{"code": n.newestCode()})
	sealed()

	n.stop()
	n.start() // the next start goes on with the journal
	newSignIn(t, account(t, off)).expectIn(nil)
	sealed()

	export := filepath.Join(t.TempDir(), "export.jsonl")
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", program+" records export --database "+n.db+" > "+export).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, status := records(t, "verify", "--export", export, "--key", public); status != 0 {
		t.Errorf("the export: status %d: %s", status, out)
	}

	n.sql(`UPDATE records SET state = 'refused' WHERE account_name = $1 AND kind = 'sign_in' AND state <> 'code_sent'`, name)
	r, status := verify()
	if status != 2 || r.Found != 1 || r.Problems[0].Kind != "altered" {
		t.Errorf("status %d: %+v", status, r)
	}
}
