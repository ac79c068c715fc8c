package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/config"
)

// unit reads a systemd unit: the values of each directive, by section and name. An empty value is a value too.
func unit(t *testing.T, file string) map[string][]string {
	t.Helper()
	values, section := map[string][]string{}, ""
	for line := range strings.Lines(readFile(t, file)) {
		line = strings.TrimSpace(line)
		switch name, value, ok := strings.Cut(line, "="); {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case !ok:
			t.Errorf("%s: %q is no directive", file, line)
		default:
			values[section+"."+name] = append(values[section+"."+name], value)
		}
	}
	return values
}

const unitFile = "deploy/systemd/nidan.service"

func TestTheUnitIsASandbox(t *testing.T) {
	u := unit(t, unitFile)
	for name, want := range map[string]string{
		"User": "nidan", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "ProtectSystem": "strict",
		"ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "PrivateUsers": "yes", "PrivateMounts": "yes",
		"ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes", "ProtectControlGroups": "yes",
		"ProtectClock": "yes", "ProtectHostname": "yes", "ProtectProc": "invisible", "RestrictNamespaces": "yes", "RestrictSUIDSGID": "yes",
		"RestrictRealtime": "yes", "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native",
		"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "UMask": "0077", "StateDirectory": "nidan", "StateDirectoryMode": "0700",
	} {
		if got := u["Service."+name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := u["Service.SystemCallFilter"]; !slices.Equal(got, []string{"@system-service", "~@privileged @resources"}) {
		t.Errorf("it may make the calls %q", got)
	}
	for _, bound := range []string{"MemoryMax", "TasksMax", "LimitNOFILE"} {
		if got := u["Service."+bound]; len(got) != 1 {
			t.Errorf("%s is %q", bound, got)
		}
	}
}

// systemd itself checks the unit. It ignores an unknown directive with a warning, so a misspelt directive would protect nothing.
func TestSystemdTakesTheUnitForASandbox(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "nidan.service")
	self, err := os.Executable() // the unit must name a program that exists
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(readFile(t, unitFile), "/usr/local/bin/nidan", self)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify (make test installs it): %v: %s", err, out)
	}
	// The scale goes up to 100, for a service without any protection. A usual service has 96.
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", file).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v: %s", err, out)
	}
}

func TestTheUnitStopsAndReloadsAsNidanDoes(t *testing.T) {
	u := unit(t, unitFile)
	if got := u["Service.ExecReload"]; !slices.Equal(got, []string{"/bin/kill -HUP $MAINPID"}) {
		t.Errorf("a reload is %q", got)
	}
	if got := u["Service.KillMode"]; !slices.Equal(got, []string{"mixed"}) {
		t.Errorf("the signal goes to %q", got)
	}
	// shutdown.notice may be one minute, and the rest of the stop takes 40 seconds.
	if got := u["Service.TimeoutStopSec"]; len(got) != 1 || waits(t, got[0]) < 100*time.Second {
		t.Errorf("it is killed after %q, before it has stopped", got)
	}
	if got := u["Service.Restart"]; !slices.Equal(got, []string{"on-failure"}) {
		t.Errorf("it is restarted %q", got)
	}
}

func waits(t *testing.T, span string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.Replace(span, "min", "m", 1))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheUnitRunsNidanOnAConfigurationItTakes(t *testing.T) {
	u := unit(t, unitFile)
	environ := []string{}
	for _, variable := range u["Service.Environment"] {
		name, file, _ := strings.Cut(variable, "=")
		if !strings.HasSuffix(name, "_FILE") || !strings.HasPrefix(file, "/etc/nidan/") {
			t.Errorf("%s: what everybody can read (systemctl show) is no place for a secret", name)
		}
		environ = append(environ, name+"="+secretFile(t, name))
	}
	cfg, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	if database := "sqlite:nidan.db"; cfg.Database != database || !slices.Equal(u["Service.WorkingDirectory"], []string{"/var/lib/nidan"}) {
		t.Errorf("the database %s is in %v, not in the state directory", cfg.Database, u["Service.WorkingDirectory"])
	}
	if got := readFile(t, "deploy/systemd/nidan.sysusers"); !strings.Contains(got, "\nu nidan - ") {
		t.Errorf("the user is made by %q", got)
	}
}

// secretFile returns a file with a value for the variable that names the file.
func secretFile(t *testing.T, variable string) string {
	t.Helper()
	value := strings.Repeat(strings.ToLower(strings.ReplaceAll(variable, "_", "")), 4)[:40]
	if strings.HasPrefix(variable, "NIDAN_DATABASE") {
		value = "postgres://nidan:" + value + "@postgres:5432/nidan?sslmode=verify-full"
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A plain Debian has no /etc/sysusers.d, and the guide's first file did not arrive there.
func TestTheGuideMakesTheFoldersThatItInstallsInto(t *testing.T) {
	there := []string{"/usr/local/bin", "/etc/systemd/system"}
	lines := 0
	for line := range strings.Lines(readFile(t, "docs/production.md")) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "install" {
			continue
		}
		lines++
		target := words[len(words)-1]
		switch {
		case slices.Contains(words, "-d"):
			there = append(there, target)
		case !slices.Contains(words, "-D") && !slices.Contains(there, filepath.Dir(target)):
			t.Errorf("%s has nothing to make the folder", strings.TrimSpace(line))
		}
	}
	if lines < 4 {
		t.Errorf("the guide has %d lines that install something", lines)
	}
}

// nidan backup takes the name of the copy, and does nothing without one.
func TestTheGuideNamesTheCopyThatItHasMade(t *testing.T) {
	calls := regexp.MustCompile("nidan backup[^`]*`").FindAllString(readFile(t, "docs/production.md"), -1)
	if len(calls) < 2 {
		t.Fatalf("the guide has a backup made by %q", calls)
	}
	for _, call := range calls {
		if !strings.HasSuffix(call, ".db`") {
			t.Errorf("%s: the copy has no name", call)
		}
	}
}
