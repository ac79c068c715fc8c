package pages

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"nidan/policies"
	"nidan/records"
	"nidan/server/page/pagetest"
)

// composed says whether the name of a text is built from the data that a page shows.
func composed(name string) bool {
	for _, prefix := range []string{"action_", "kind_", "state_", "role_", "source_", "account_", "channel_", "refused_", "done_", "mail_", "answer_", "already_", "difference_", "question_", "factor_", "filter_", "unproven_", "period_", "result_", "reason_", "tile_", "ago_", "kind_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range []string{"_hint", "device", "devices"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return map[string]bool{
		"not_valid": true, "not_found": true, "unavailable": true, "too_slow": true, "two_proofs": true, "changed_meanwhile": true, "unreadable": true,
		"clear_wrong_codes": true, "two_step": true, "by_result": true, "by_channel": true, "plot_says": true, "part_says": true, "other_channels": true,
		"no_channel": true, "wrong_codes_tried": true,
		"by_shadow": true, "shadow_plot_says": true, "would_end_otherwise": true,
	}[name]
}

func TestTheTexts(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	pagetest.SameInBothLanguages(t, texts)
	pagetest.NoneMissingNoneTooMany(t, texts, files, composed)
	for _, kind := range records.Kinds {
		if texts["ja"]["kind_"+kind] == "" {
			t.Errorf("the kind %q has no name", kind)
		}
	}
	for name := range done {
		if texts["ja"]["done_"+name] == "" {
			t.Errorf("there is nothing to say when %q is done", name)
		}
	}
}

// refusals finds the reasons of refusals in the console's policy. A team's own rule may give other reasons, which have no text.
var refusals = regexp.MustCompile(`"allow": false, "reason": "([a-z0-9_]+)"`)

func TestEveryReasonToRefuseHasAText(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	rego, err := fs.ReadFile(policies.Shipped(), "console/console.rego")
	if err != nil {
		t.Fatal(err)
	}
	found := refusals.FindAllSubmatch(rego, -1)
	if all := strings.Count(string(rego), `"allow": false,`); len(found) == 0 || len(found) != all {
		t.Fatalf("of %d refusals, %d were found", all, len(found))
	}
	given := map[string]bool{"refused_unreadable": true} // this reason does not come from the policy
	for _, f := range found {
		given["refused_"+string(f[1])] = true
	}
	for locale, texts := range texts {
		for name := range given {
			if texts[name] == "" {
				t.Errorf("%s: there is no %s", locale, name)
			}
		}
		for name := range texts {
			if strings.HasPrefix(name, "refused_") && !given[name] {
				t.Errorf("%s: nobody is refused for %s", locale, name)
			}
		}
	}
}
