package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/config"
)

func TestNidansOwnConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data.json")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct {
		change func(*config.Config)
		want   []string
	}{
		"as it is by itself":          {func(*config.Config) {}, nil},
		"over TLS":                    {func(c *config.Config) { c.Public.URL = "https://login.example.com" }, nil},
		"in the clear":                {func(c *config.Config) { c.Public.URL = "http://login.example.com" }, []string{"problem public_url"}},
		"in the clear, by an address": {func(c *config.Config) { c.Public.URL = "http://10.0.0.5:4455" }, []string{"problem public_url"}},
		"on this machine":             {func(c *config.Config) { c.Public.URL = "http://[::1]:4455" }, nil},
		"a folder":                    {func(c *config.Config) { c.Policies.Dir = dir }, nil},
		"a folder that is not there":  {func(c *config.Config) { c.Policies.Dir = dir + "/nowhere" }, []string{"problem policies_dir"}},
		"a file for a folder":         {func(c *config.Config) { c.Policies.Dir = file }, []string{"problem policies_dir"}},
	} {
		t.Run(what, func(t *testing.T) {
			cfg := config.Default()
			tc.change(&cfg)
			expect(t, Run(t.Context(), Configuration(cfg, nil)), tc.want...)
		})
	}
	expect(t, Run(t.Context(), Configuration(config.Config{}, errors.New("identity.role: account holders can change traits"))),
		"problem configuration", "not_checked everything_else")
}

func TestTheDatabase(t *testing.T) {
	old := errors.New("the database has version 1, and this program needs 2: run nidan migrate up")
	for what, tc := range map[string]struct {
		reached bool
		err     error
		want    []string
	}{
		"as it should be": {true, nil, nil},
		"not migrated":    {true, old, []string{"problem database_version"}},
		"not reached":     {false, errors.New("connection refused"), []string{"problem database", "not_checked database_version"}},
	} {
		t.Run(what, func(t *testing.T) {
			version := func(context.Context) (int64, bool, error) { return 2, tc.reached, tc.err }
			expect(t, Run(t.Context(), Database(version)), tc.want...)
		})
	}
}

func TestThePolicies(t *testing.T) {
	gate := func(err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return "revision 1", err }
	}
	expect(t, Run(t.Context(), Policies(gate(nil))))
	expect(t, Run(t.Context(), Policies(gate(errors.New("a test fails")))), "problem policies")
	expect(t, Run(t.Context(), Policies(nil)), "not_checked policies")
}

func TestTheMail(t *testing.T) {
	smtp := config.Default().Mail.SMTP
	ask := func(reason string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) {
			if reason == "" {
				return "", nil
			}
			return reason, errors.New("the mail server is not to be had")
		}
	}
	expect(t, Run(t.Context(), Mail(smtp, ask(""))))
	expect(t, Run(t.Context(), Mail(smtp, ask("another"))), "problem mail")
	for reason, says := range map[string]string{"unreachable": "mail.smtp.port", "tls": "mail.smtp.ca_file", "auth": "mail.smtp.password"} {
		found := Run(t.Context(), Mail(smtp, ask(reason)))
		expect(t, found, "problem mail")
		if !strings.Contains(found[0].Todo, says) {
			t.Errorf("%s: to do is %q", reason, found[0].Todo)
		}
	}
	smtp.TLS, smtp.Host = "none", "mail.example.com"
	expect(t, Run(t.Context(), Mail(smtp, ask(""))), "warning mail_tls")
	expect(t, Run(t.Context(), SendMail(nil)), "not_checked mail_sent")
	expect(t, Run(t.Context(), SendMail(func(context.Context) error { return nil })))
	expect(t, Run(t.Context(), SendMail(func(context.Context) error { return errors.New("550") })), "problem mail_sent")
}

func TestClocksThatAreApartAreFound(t *testing.T) {
	here := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { here = here.Add(time.Second); return here } // the answer takes a second
	for apart, want := range map[time.Duration]string{
		0: "", 5 * time.Second: "", -5 * time.Second: "", 8 * time.Second: "problem clock_kratos", -8 * time.Second: "problem clock_kratos",
		-time.Hour: "problem clock_kratos",
	} {
		ask := func(context.Context) (time.Time, error) { return here.Add(apart), nil }
		var wants []string
		if want != "" {
			wants = append(wants, want)
		}
		expect(t, Run(t.Context(), Clocks(now, Clock{"kratos", ask})), wants...)
	}
	silent := func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no answer") }
	expect(t, Run(t.Context(), Clocks(now, Clock{"kratos", silent})), "not_checked clock_kratos")
}
