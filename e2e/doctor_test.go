package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// diagnosis is the output of nidan doctor.
type diagnosis struct {
	OK       bool
	Findings []struct{ Check, Result, Found, Todo string }
}

// notOK returns the findings that are not ok, such as "problem hooks_form".
func (d diagnosis) notOK() (found []string) {
	for _, f := range d.Findings {
		if f.Result != "ok" {
			found = append(found, f.Result+" "+f.Check)
		}
	}
	slices.Sort(found)
	return found
}

// diagnosed runs nidan doctor on the Nidan and the Kratos that run.
func (n *nidan) diagnosed(kratosConfig string, args ...string) (d diagnosis, status int) {
	n.t.Helper()
	cmd := exec.Command(n.program, append([]string{"doctor", "--json", "--kratos-config", kratosConfig}, args...)...)
	cmd.Env, cmd.Dir = append(append(os.Environ(), "NIDAN_HOOKS_LISTEN="+n.processes[0].hooks), n.env...), n.dir
	out, err := cmd.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		status = ended.ExitCode()
	} else if err != nil {
		n.t.Fatal(err)
	}
	if err := json.Unmarshal(out, &d); err != nil {
		n.t.Fatalf("status %d, %v: %s", status, err, out)
	}
	for _, secret := range []string{hookToken, strings.Repeat("s", 32)} {
		if strings.Contains(string(out), secret) {
			n.t.Errorf("it shows a secret:\n%s", out)
		}
	}
	return d, status
}

func (n *nidan) diagnose(kratosConfig string, wantStatus int, want ...string) {
	n.t.Helper()
	d, status := n.diagnosed(kratosConfig, "--mail-to", "operator@example.com")
	slices.Sort(want)
	if got := d.notOK(); !slices.Equal(got, want) || status != wantStatus || d.OK != (wantStatus == 0) {
		n.t.Errorf("status %d, want %d; got %q, want %q\n%+v", status, wantStatus, got, want, d.Findings)
	}
}

// unknownVersion returns the finding about a Kratos that reports no version, like the Kratos that the tests build.
func unknownVersion(t *testing.T) []string {
	t.Helper()
	var said struct{ Version string }
	(&signIn{t: t}).json("GET", kratosAdminURL+"/admin/version", nil, nil, &said)
	if strings.HasPrefix(said.Version, "v") {
		return nil
	}
	return []string{"not_checked kratos_version"}
}

// A whole installation that is set up right, and the same installation with one mistake at a time.
func TestDoctor(t *testing.T) {
	k := startKratos(t)
	n := forBrowsers(t)
	config := filepath.Join(k.dir, "kratos.yml")
	all := unknownVersion(t)
	before := kept(t, n)
	n.diagnose(config, 0, all...)
	if after := kept(t, n); after != before {
		t.Errorf("it has changed what is kept: %s, and before %s", after, before)
	}
	if got := n.mailbox.Messages(); len(got) != 1 || got[0].To != "operator@example.com" || sixDigits.MatchString(got[0].Text) {
		t.Errorf("%d mails came, want only the test mail, without a code", len(got))
	}

	right, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct{ from, to, want string }{
		"another token":             {hookToken, strings.Repeat("x", 40), "problem hooks_token, problem hooks_call, not_checked clock_nidan"},
		"a hook that sends JSON":    {"application/x-www-form-urlencoded", "application/json", "problem hooks_form"},
		"a port past Nidan":         {"host: 127.0.0.1", "host: 0.0.0.0", "warning kratos_admin_port, warning kratos_public_port"},
		"an address of Kratos' own": {"base_url: " + origin + "/", "base_url: " + kratosPublic + "/", "problem kratos_base_url"},
	} {
		wrong := strings.ReplaceAll(string(right), tc.from, tc.to)
		if wrong == string(right) {
			t.Fatalf("%s: kratos.yml has no %s", what, tc.from)
		}
		file := filepath.Join(k.dir, "wrong.yml")
		if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		want, status := append(strings.Split(tc.want, ", "), all...), 0
		if strings.Contains(tc.want, "problem") {
			status = 1
		}
		d, got := n.diagnosed(file)
		slices.Sort(want)
		found := slices.DeleteFunc(d.notOK(), func(f string) bool { return f == "not_checked mail_sent" })
		if !slices.Equal(found, want) || got != status {
			t.Errorf("%s: status %d, %q, want %q\n%+v", what, got, found, want, d.Findings)
		}
	}

	n.mailbox.Close()
	k.Stop()
	n.stop()
	n.diagnose(config, 1, "problem hooks_call", "not_checked clock_nidan", "problem kratos_public", "problem kratos_admin",
		"not_checked kratos_version", "not_checked clock_kratos", "problem mail", "problem mail_sent")
}

// kept returns the number of rows in each table about sign-ins.
func kept(t *testing.T, n *nidan) (counts string) {
	t.Helper()
	for _, table := range []string{"records", "challenges", "mails", "deliveries", "sign_ins", "wrong_codes", "devices"} {
		var rows int
		if err := n.database().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		counts += fmt.Sprintf("%s %d, ", table, rows)
	}
	return counts
}

func TestServeSaysThatPeopleSignInOverPlainHTTP(t *testing.T) {
	for url, says := range map[string]bool{"http://login.example.com": true, "https://login.example.com": false} {
		n := started(t, "NIDAN_PUBLIC_URL="+url)
		if got := strings.Contains(n.log.String(), "over plain HTTP: everybody on the way can read passwords"); got != says {
			t.Errorf("%s: it says so: %v\n%s", url, got, n.log)
		}
		n.stop()
	}
}
