package policies

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestASetIsTriedWithOtherParameters(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	before := set.Revision()
	changed, settings, err := set.With([]string{`code.length=8`, `no_email="refuse"`, `channels.softphone.minimum_version="4.1.0"`, `remember_days=7`, `remember=false`})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(changed.data["parameters"])
	for _, want := range []string{`"length":8`, `"max_attempts":10`, `"no_email":"refuse"`, `"minimum_version":"4.1.0"`} {
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("without %s: %s, %v", want, raw, err)
		}
	}
	if settings["remember_days"] != 7.0 || settings["remember"] != false || len(settings) != 2 {
		t.Errorf("the settings are %v", settings)
	}
	if changed.Revision() == before || set.Revision() != before || strings.Contains(set.Files()[len(set.Files())-1].Text, `"length": 8`) {
		t.Errorf("%s became %s, and the set itself %s", before, changed.Revision(), set.Revision())
	}
	if same, _, err := set.With(nil); err != nil || same.Revision() != before {
		t.Errorf("got %v, %v", same, err)
	}
}

func TestWhatCannotBeTried(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"remember_dayz=7":        "no parameter and no setting \"remember_dayz\": there are the parameters always_asked_roles, ",
		"code.lenght=7":          "lenght",
		"code.length=\"7\"":      "data.parameters.code.length",
		"no_email=\"perhaps\"":   "data.parameters.no_email",
		"no_email.x=1":           "no_email has no parts",
		"no_email=refuse":        "write NAME=VALUE, with a value in JSON",
		"no_email":               "write NAME=VALUE",
		"remember_days=0":        "write a number from 1 to 365",
		"remember_days=366":      "write a number from 1 to 365",
		"remember_days=\"week\"": "a setting cannot be tried",
		"remember=null":          "null is no value for it",
		"remember=1":             "a setting cannot be tried",
		"remember=true false":    "write NAME=VALUE",
		"channels.kiosk=null":    "data.parameters.channels.kiosk",
		"exempt_channels=[]":     `data.parameters.exempt_channels is not read any more: write "exempt": true in channels.ID`,
	} {
		t.Run(given, func(t *testing.T) {
			if _, _, err := set.With([]string{given}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	if _, _, err := set.With([]string{"x=1"}); err == nil || !strings.Contains(err.Error(), "and the settings admin_console, channels, remember, remember_days, softphone, two_factor") {
		t.Errorf("got %v", err)
	}
}

func TestTheSwitchOfAChannelIsTried(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"channels.kiosk=false":         `{"channels":{"kiosk":false}}`,
		"channels.admin_console=false": `{"channels":{"admin_console":false}}`,
		"softphone=false":              `{"channels":{"softphone":false},"softphone":false}`,
	} {
		changed, settings, err := set.With([]string{given})
		if err != nil {
			t.Fatalf("%s: %v", given, err)
		}
		if raw, _ := json.Marshal(settings); string(raw) != want || changed.Revision() != set.Revision() {
			t.Errorf("%s: got %s, revision %s", given, raw, changed.Revision())
		}
	}
}
