package e2e

import (
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The demo promises these addresses.
const (
	demoNidan  = "http://127.0.0.1:4455"
	demoHooks  = "http://127.0.0.1:4456"
	demoKratos = "http://127.0.0.1:4433"
	demoAdmin  = "http://127.0.0.1:4434"
)

// demo runs the demo with an environment of its own.
func demo(t *testing.T, env []string, args ...string) (*exec.Cmd, *syncBuffer) {
	t.Helper()
	out := &syncBuffer{}
	cmd := exec.Command(program, append([]string{"demo"}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	// A process group, like in a terminal: Ctrl-C reaches all of its processes at once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd, out
}

func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	cmd, out := demo(t, []string{"TMPDIR=" + tmp}, "--kratos", kratosBinary)
	n := &nidan{t: t, log: out}
	n.eventually("the demo says that it is up", func() bool { return strings.Contains(out.String(), "Ctrl-C ends it.") })
	for _, want := range []string{demoNidan + "/login", demoNidan + "/demo/mail", "nidan-demo-2026", "owner", "admin", "supervisor", "agent", "plain", "nomail"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not print %q:\n%s", want, out)
		}
	}
	for url, want := range map[string]int{
		demoHooks + "/readyz": 200, demoHooks + "/healthz": 200, demoAdmin + "/admin/health/ready": 200, demoNidan + "/demo/mail": 200,
		demoNidan + "/self-service/login/api": 200, demoNidan + "/sessions/whoami": 401, demoNidan + "/admin/identities": 404,
		demoNidan + "/hooks/login/after-password": 404,
	} {
		if got := status(t, url); got != want {
			t.Errorf("%s: %d, want %d", url, got, want)
		}
	}
	before := kratosPublic
	kratosPublic = demoKratos
	t.Cleanup(func() { kratosPublic = before })
	for _, name := range []string{"owner", "plain", "nomail"} {
		demoSignIn(t, name).expectIn(nil)
	}
	for _, name := range []string{"admin", "supervisor", "agent"} {
		demoSignIn(t, name).expect("code_sent", 1990001, nil)
	}
	n.eventually("three mails have arrived", func() bool { return len(demoMails(t)) == 3 })

	w := newBrowser(t)
	w.goTo(demoNidan + "/login")
	w.shown("password-step")
	w.keys("agent\tnidan-demo-2026\r")
	w.asked()
	if to := eval[string](w, `document.querySelector("[data-text=open_mail]").href`); to != demoNidan+"/demo/mail" {
		t.Errorf("the code's step leads to the mail at %s", to)
	}

	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
	for _, address := range []string{"127.0.0.1:4433", "127.0.0.1:4434", "127.0.0.1:4437", "127.0.0.1:4455", "127.0.0.1:4456"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("it left something behind: %v", err)
			continue
		}
		l.Close()
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("it left files behind: %v, %v", left, err)
	}
}

func demoSignIn(t *testing.T, name string) *signIn {
	t.Helper()
	s := newSignIn(t, name)
	s.password = "nidan-demo-2026"
	return s
}

func demoMails(t *testing.T) (mails []struct {
	To, Subject, Text, HTML string
	ReceivedAt              time.Time `json:"received_at"`
}) {
	t.Helper()
	answer, err := http.Get(demoNidan + "/demo/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &mails); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return mails
}

func status(t *testing.T, url string) int {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestTheDemoSaysWhyItCannotRun(t *testing.T) {
	empty := t.TempDir()
	goOnly := t.TempDir() // a PATH with the go command and no C compiler
	found, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(found, filepath.Join(goOnly, "go")); err != nil {
		t.Fatal(err)
	}
	noFile := filepath.Join(empty, "kratos")
	for name, tc := range map[string]struct {
		env  []string
		args []string
		want string

		status int // 0: the usual status, which is 1
	}{
		"no C compiler": {[]string{"PATH=" + goOnly, "XDG_CACHE_HOME=" + empty}, nil,
			"building Kratos needs a C compiler: install one", 0},
		"no Go": {[]string{"PATH=" + empty, "XDG_CACHE_HOME=" + empty}, nil,
			"building Kratos needs the go command: install Go", 0},
		"a build that fails": {[]string{"GOPROXY=off", "GOMODCACHE=" + empty, "XDG_CACHE_HOME=" + t.TempDir()}, nil,
			"building Kratos failed", 0},
		"a kratos that is not there":      {nil, []string{"--kratos", noFile}, "--kratos " + noFile + " is not a program that can be run", 0},
		"a kratos that is something else": {nil, []string{"--kratos", found}, "Kratos' database", 0},
		"policies that are refused":       {nil, []string{"--kratos", kratosBinary, "--policies", empty}, "no .rego file found", 4},
		"policies that are not there":     {nil, []string{"--kratos", kratosBinary, "--policies", noFile}, "no such file or directory", 4},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, out := demo(t, tc.env, tc.args...)
			expectFailure(t, cmd, out, cmp.Or(tc.status, 1), tc.want)
		})
	}
	t.Run("a port that is taken", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:4433")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		cmd, out := demo(t, nil, "--kratos", kratosBinary)
		expectFailure(t, cmd, out, 1, "Kratos' public API cannot listen on 127.0.0.1:4433")
	})
}

func expectFailure(t *testing.T, cmd *exec.Cmd, out *syncBuffer, status int, want string) {
	t.Helper()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != status {
		t.Errorf("it ended with %v, want status %d", err, status)
	}
	if got := strings.Count(out.String(), "nidan: "); got != 1 {
		t.Errorf("%d sentences:\n%s", got, out)
	}
	if !strings.Contains(out.String(), want) {
		t.Errorf("it says\n%s\nwant %q", out, want)
	}
}
