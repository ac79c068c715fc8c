package pages

import (
	"strings"
	"testing"

	"nidan/challenge"
	"nidan/server/page"
	"nidan/server/page/pagetest"
)

// composed are texts whose names are put together from what is shown.
func composed(name string) bool {
	for _, prefix := range []string{"kind_", "state_", "role_", "account_", "channel_", "refused_", "done_"} {
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
		"not_valid": true, "not_found": true, "unavailable": true, "changed_meanwhile": true, "unreadable": true,
		"admin_console": true, "clear_wrong_codes": true, "two_step": true,
	}[name]
}

func TestTheTexts(t *testing.T) {
	texts, err := page.LoadTexts(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	pagetest.SameInBothLanguages(t, texts)
	pagetest.NoneMissingNoneTooMany(t, texts, files, composed)
	for _, kind := range challenge.RecordKinds {
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
