package pages

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"nidan/challenge"
	"nidan/policies"
	"nidan/records"
)

// givenReason finds the reasons of decisions in the policies.
var givenReason = regexp.MustCompile(`"reason": "([a-z0-9_]+)"`)

func TestEveryReasonThatShipsIsSaidInWords(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{"undecided": true, challenge.ReasonWrongCodes: true}
	// The reasons why mails fail. A mail server's own code (smtp_550) is shown as it is.
	for _, reason := range []string{"unreachable", "tls", "auth", "refused", "expired", "no_answer", "no_address", "not_made"} {
		given[reason] = true
	}
	for _, file := range []string{"login/login.rego", "settings/settings.rego"} {
		rego, err := fs.ReadFile(policies.Shipped(), file)
		if err != nil {
			t.Fatal(err)
		}
		found := givenReason.FindAllSubmatch(rego, -1)
		if len(found) < 3 {
			t.Errorf("%s: %d reasons were found", file, len(found))
		}
		for _, f := range found {
			given[string(f[1])] = true
		}
	}
	for locale, texts := range texts {
		for reason := range given {
			if texts["reason_"+reason] == "" {
				t.Errorf("%s: there are no words for %s", locale, reason)
			}
		}
		for name := range texts {
			if reason, is := strings.CutPrefix(name, "reason_"); is && !given[reason] {
				t.Errorf("%s: nothing is ever said to be %s", locale, reason)
			}
		}
		for _, r := range records.Results {
			if texts["result_"+string(r)] == "" {
				t.Errorf("%s: there are no words for the result %s", locale, r)
			}
			for _, state := range r.States() {
				if texts["state_"+state] == "" {
					t.Errorf("%s: there are no words for the state %s", locale, state)
				}
			}
		}
	}
}
