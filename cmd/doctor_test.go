package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nidan/config"
	"nidan/doctor"
	"nidan/mail/catcher"
)

// diagnosed runs doctor, and returns the result of each check.
func diagnosed(t *testing.T, args ...string) (results map[string]doctor.Result, status int) {
	t.Helper()
	out, err := run(t, append([]string{"doctor", "--json"}, args...)...)
	var said struct {
		OK       bool
		Findings []doctor.Finding
	}
	if e := json.Unmarshal([]byte(out), &said); e != nil {
		t.Fatalf("%v, %v\n%s", err, e, out)
	}
	results = map[string]doctor.Result{}
	for _, f := range said.Findings {
		results[f.Check] = f.Result
		for _, secret := range []string{strings.Repeat("s", 32), strings.Repeat("t", 32), "not-to-be-shown"} {
			if strings.Contains(f.Found+f.Todo, secret) {
				t.Errorf("%s shows a secret: %q, %q", f.Check, f.Found, f.Todo)
			}
		}
	}
	if said.OK != (statusOf(err) == 0) {
		t.Errorf("ok is %v, and the status %d", said.OK, statusOf(err))
	}
	return results, statusOf(err)
}

// mailServer starts a server that accepts mails, and puts its address into the configuration.
func mailServer(t *testing.T) *catcher.Catcher {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mailbox := catcher.New()
	go mailbox.Serve(l)
	t.Cleanup(func() { mailbox.Close() })
	t.Setenv("NIDAN_MAIL_SMTP_TLS", "none")
	t.Setenv("NIDAN_MAIL_SMTP_PORT", fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	return mailbox
}

// A test in e2e, with a real Kratos, has the checks that need a whole installation.
func TestDoctorFindsWhatIsWrongOnThisSide(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for what, tc := range map[string]struct {
		change func(t *testing.T)
		want   map[string]doctor.Result
	}{
		"nothing, but that nobody serves": {func(t *testing.T) { t.Setenv("NIDAN_POLICIES_DIR", "") }, map[string]doctor.Result{
			"configuration": doctor.OK, "database": doctor.OK, "database_version": doctor.OK, "records_sealed": doctor.OK, "policies": doctor.OK, "mail": doctor.OK,
			"clock_database": doctor.OK, "hooks_call": doctor.Problem, "kratos_public": doctor.Problem, "kratos_admin": doctor.Problem,
			"mail_sent": doctor.NotChecked, "kratos_config": doctor.NotChecked,
		}},
		"a database that is not migrated": {func(t *testing.T) {
			if out, err := run(t, "migrate", "down"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}, map[string]doctor.Result{"database": doctor.OK, "database_version": doctor.Problem}},
		"a database that is not there": {func(t *testing.T) { t.Setenv("NIDAN_DATABASE", "sqlite:"+nowhere) },
			map[string]doctor.Result{"database": doctor.Problem, "database_version": doctor.NotChecked, "records_sealed": doctor.NotChecked, "clock_database": doctor.NotChecked}},
		"a database that does not take the password": {func(t *testing.T) {
			t.Setenv("NIDAN_DATABASE", "postgres://nidan:not-to-be-shown@127.0.0.1:1/nidan")
		}, map[string]doctor.Result{"database": doctor.Problem}},
		"a mail server that is not there": {func(t *testing.T) { t.Setenv("NIDAN_MAIL_SMTP_PORT", "1") },
			map[string]doctor.Result{"mail": doctor.Problem, "database": doctor.OK}},
		"a mail server without the TLS that is asked for": {func(t *testing.T) { t.Setenv("NIDAN_MAIL_SMTP_TLS", "starttls") },
			map[string]doctor.Result{"mail": doctor.Problem}},
		"policies that do not pass the gate": {func(t *testing.T) { t.Setenv("NIDAN_POLICIES_DIR", loosened(t)) },
			map[string]doctor.Result{"policies_dir": doctor.OK, "policies": doctor.Problem}},
		"policies with fewer tests than are required": {func(t *testing.T) {
			t.Setenv("NIDAN_POLICIES_DIR", copied(t, "data.json", "", ""))
			t.Setenv("NIDAN_POLICIES_REQUIRE_TESTS", "100000")
		}, map[string]doctor.Result{"policies": doctor.Problem}},
		"a folder of policies that is not there": {func(t *testing.T) { t.Setenv("NIDAN_POLICIES_DIR", nowhere) },
			map[string]doctor.Result{"policies_dir": doctor.Problem, "policies": doctor.Problem}},
		"policies as a bundle": {func(t *testing.T) {
			t.Setenv("NIDAN_POLICIES_DIR", "")
			t.Setenv("NIDAN_POLICIES_BUNDLE_URL", "https://example.com/bundle.tar.gz")
		}, map[string]doctor.Result{"policies": doctor.NotChecked}},
		"a sign-in page over plain HTTP": {func(t *testing.T) { t.Setenv("NIDAN_PUBLIC_URL", "http://login.example.com") },
			map[string]doctor.Result{"public_url": doctor.Problem}},
		"a role among the traits": {func(t *testing.T) { t.Setenv("NIDAN_IDENTITY_ROLE", "/traits/role") },
			map[string]doctor.Result{"configuration": doctor.Problem, "everything_else": doctor.NotChecked}},
		"a key that nobody knows": {func(t *testing.T) { t.Setenv("NIDAN_SECRET", "not-to-be-shown") },
			map[string]doctor.Result{"configuration": doctor.Problem}},
	} {
		t.Run(what, func(t *testing.T) {
			kept(t)
			mailServer(t)
			t.Setenv("NIDAN_KRATOS_PUBLIC_URL", "http://127.0.0.1:1")
			t.Setenv("NIDAN_KRATOS_ADMIN_URL", "http://127.0.0.1:1")
			t.Setenv("NIDAN_HOOKS_LISTEN", "127.0.0.1:1")
			t.Setenv("NIDAN_POLICIES_DIR", nowhere) // without policies, the slow gate does not run
			tc.change(t)
			got, status := diagnosed(t)
			for check, want := range tc.want {
				if got[check] != want {
					t.Errorf("%s: %q, want %q", check, got[check], want)
				}
			}
			if status != statusProblems {
				t.Errorf("it ends with status %d", status)
			}
			if _, err := os.Stat(nowhere); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it has made what was not there: %v", err)
			}
		})
	}
}

func TestDoctorSendsATestMail(t *testing.T) {
	kept(t)
	t.Setenv("NIDAN_POLICIES_DIR", filepath.Join(t.TempDir(), "nowhere"))
	mailbox := mailServer(t)
	if got, _ := diagnosed(t, "--mail-to", "admin@example.com"); got["mail_sent"] != doctor.OK {
		t.Errorf("got %q", got["mail_sent"])
	}
	if got := mailbox.Messages(); len(got) != 1 || got[0].To != "admin@example.com" {
		t.Errorf("%d mails came", len(got))
	}
	if got, _ := diagnosed(t, "--mail-to", "nobody"); got["mail_sent"] != doctor.Problem {
		t.Errorf("got %q", got["mail_sent"])
	}
}

func TestDoctorsStatusWhereItCannotRun(t *testing.T) {
	configured(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	broken := filepath.Join(t.TempDir(), "kratos.yml")
	if err := os.WriteFile(broken, []byte("a: b: c"), 0o600); err != nil {
		t.Fatal(err)
	}
	for status, args := range map[int][]string{
		statusNoDoctor: {"--kratos-config", broken}, statusUsage: {"--no-such-flag"},
	} {
		if out, err := run(t, append([]string{"doctor"}, args...)...); statusOf(err) != status {
			t.Errorf("%v: status %d, want %d: %v\n%s", args, statusOf(err), status, err, out)
		}
	}
	if _, err := run(t, "doctor", "--kratos-config", broken+".not"); statusOf(err) != statusNoDoctor {
		t.Errorf("a file that is not there: status %d", statusOf(err))
	}
	if _, err := run(t, "doctor", "more"); statusOf(err) != statusUsage {
		t.Errorf("an argument too many: status %d", statusOf(err))
	}
}

// The program ends with status 0 after a signal. Doctor must not, because it has not made its checks.
func TestDoctorThatIsInterruptedDoesNotSayThatAllIsWell(t *testing.T) {
	kept(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := root()
	c.SetOut(io.Discard)
	c.SetArgs([]string{"doctor"})
	if err := c.ExecuteContext(ctx); statusOf(err) != statusNoDoctor || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The texts of other servers go to a terminal, so control characters in them must be escaped.
func TestDoctorsTextIsPlain(t *testing.T) {
	var out strings.Builder
	found := []doctor.Finding{
		{Check: "mail", Result: doctor.Problem, Found: "one\x1b[2J\ntwo", Todo: "Do it."}, {Check: "traits", Result: doctor.NotChecked, Found: "no", Todo: "Look."},
	}
	if err := writeFindings(&out, found, false); err != nil {
		t.Fatal(err)
	}
	want := "problem      mail                     one\\u001b[2J\n                                      two\n" +
		"                                   -> Do it.\nnot checked  traits                   no\n                                   -> Look.\n" +
		"\n0 ok, 0 warnings, 1 problem, 1 not checked\n"
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

// People who try policies need not know the secrets that protect codes.
func TestWhatIsKeptIsReadWithoutSecrets(t *testing.T) {
	kept(t, someSignIns()...)
	for _, variable := range []string{"NIDAN_SECRETS", "NIDAN_HOOKS_TOKENS"} {
		os.Unsetenv(variable) // the end of the test sets it again
	}
	for _, line := range []string{"policy replay", "policy explain 1", "policy show"} {
		if out, err := run(t, strings.Fields(line)...); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if _, err := run(t, "serve"); err == nil || !strings.Contains(err.Error(), "secrets: none is given") {
		t.Errorf("serve: %v", err)
	}
}

func TestServeSaysThatTheFolderOfThePoliciesIsNotThere(t *testing.T) {
	kept(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	t.Setenv("NIDAN_POLICIES_DIR", nowhere)
	_, err := run(t, "serve")
	if want := config.NoPoliciesDir(nowhere) + ": make it with nidan policy export"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// If policies from an earlier start decide, people can sign in, and the log says that the folder is missing.
func TestAMissingFolderOfPoliciesIsInTheLogWhereOthersDecide(t *testing.T) {
	var log strings.Builder
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if err := sayWhereThereIsNoFolder(t.Context(), nowhere, nil, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), config.NoPoliciesDir(nowhere)) {
		t.Errorf("the log says\n%s", log.String())
	}
	log.Reset()
	refused := errors.New("the policies are refused")
	if err := sayWhereThereIsNoFolder(t.Context(), t.TempDir(), refused, slog.New(slog.NewTextHandler(&log, nil))); !errors.Is(err, refused) || log.Len() > 0 {
		t.Errorf("of a folder that is there: %v, %s", err, log.String())
	}
}
