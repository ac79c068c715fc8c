package cmd

import (
	"bytes"
	"strings"
	"testing"
)

// The demo prints what to do first, and the whole output fits on a screen.
func TestTheDemoSaysWhatToDoFirst(t *testing.T) {
	for name, policies := range map[string]string{"by the policies that ship": "", "by others": "/srv/policies"} {
		var out bytes.Buffer
		(&demo{out: &out, policies: policies}).explain()
		said := out.String()
		from := 0
		for _, step := range []string{
			"1. Sign in at http://127.0.0.1:4455/login as agent, with the password nidan-demo-2026", "2. ", "http://127.0.0.1:4455/demo/mail",
			"3. ", "http://127.0.0.1:4455/console as admin", "owner", "nomail", "Ctrl-C ends it.",
		} {
			at := strings.Index(said[from:], step)
			if at < 0 {
				t.Fatalf("%s: it does not say %q, or not there:\n%s", name, step, said)
			}
			from += at
		}
		lines := strings.Split(strings.TrimSpace(said), "\n")
		if len(lines) > 24 {
			t.Errorf("%s: it takes %d lines", name, len(lines))
		}
		for _, line := range lines {
			if policies == "" && len([]rune(line)) > 100 {
				t.Errorf("%s: the line is broken on a narrow terminal: %s", name, line)
			}
		}
	}
}
