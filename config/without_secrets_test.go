package config

import (
	"strings"
	"testing"
)

func TestWhoeverOnlyReadsWhatIsKeptIsAskedForNoSecrets(t *testing.T) {
	file := write(t, "database: sqlite:/var/lib/nidan/nidan.db\nmail: {smtp: {username: nidan}}\n")
	c, err := LoadWithoutSecrets(file, nil)
	if err != nil || c.Database != "sqlite:/var/lib/nidan/nidan.db" || len(c.Secrets) > 0 || len(c.Hooks.Tokens) > 0 || c.Mail.SMTP.Username != "nidan" {
		t.Errorf("got %v, %v", c, err)
	}
	if _, err := Load(file, nil); err == nil {
		t.Error("whoever signs people in is asked for none either")
	}
	for what, given := range map[string][]string{
		"secrets: number 1 has 5 bytes":     {"NIDAN_SECRETS=short"},
		"hooks.tokens: number 1 has 5":      {"NIDAN_HOOKS_TOKENS=short"},
		"database: its scheme is not known": {"NIDAN_DATABASE=mysql:x"},
		"policies.time_zone":                {"NIDAN_POLICIES_TIME_ZONE=nowhere"},
	} {
		if _, err := LoadWithoutSecrets("", given); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: got %v", given, err)
		}
	}
}

func TestWhatBrowsersReachInTheClearIsSaid(t *testing.T) {
	for url, inClear := range map[string]bool{
		"http://login.example.com": true, "http://10.0.0.5:4455": true, "http://[2001:db8::1]": true,
		"https://login.example.com": false, "http://127.0.0.1:4455": false, "http://localhost:4455": false, "http://[::1]:4455": false,
	} {
		c := valid()
		c.Public.URL = url
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if said := c.InClear(); (said != "") != inClear {
			t.Errorf("%s: said %q", url, said)
		}
	}
	for host, inClear := range map[string]bool{"mail.example.com": true, "127.0.0.1": false, "localhost": false} {
		if got := (SMTP{Host: host, TLS: "none"}).InClear(); got != inClear {
			t.Errorf("%s: %v", host, got)
		}
		if (SMTP{Host: host, TLS: "starttls"}).InClear() {
			t.Errorf("%s with STARTTLS is in the clear", host)
		}
	}
}
