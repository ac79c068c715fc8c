package policies

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatADecisionDoesIsSaidInFull(t *testing.T) {
	const said = `"reason": "r", "channel": "c", "message": {"ja": "だめです。"}`
	for name, tc := range map[string]struct {
		fields string
		want   Decision
	}{
		"an allow counts as not asked": {`"action": "allow", ` + said,
			Decision{Action: ActionAllow, SecondStep: SecondStepNotAsked}},
		"an allow may count as remembered": {`"action": "allow", "second_step": "remembered", ` + said,
			Decision{Action: ActionAllow, SecondStep: SecondStepRemembered}},
		"devices are forgotten where that is said": {`"action": "allow", "forget_devices": true, ` + said,
			Decision{Action: ActionAllow, SecondStep: SecondStepNotAsked, ForgetDevices: true}},
		"a refusal is shown as refused": {`"action": "refuse", ` + said,
			Decision{Action: ActionRefuse, State: StateRefused, Message: Message{JA: "だめです。"}}},
		"a refusal may be shown otherwise": {`"action": "refuse", "state": "sign_in_again", ` + said,
			Decision{Action: ActionRefuse, State: StateSignInAgain, Message: Message{JA: "だめです。"}}},
		"a challenge has no state, no message, and counts when the code is right": {
			`"action": "challenge", "state": "refused", "second_step": "not_asked", ` + said + ", " + validCode,
			Decision{Action: ActionChallenge, Code: Code{6, 600, 10, 30}}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(t.Context(), decides(tc.fields))
			if err != nil {
				t.Fatal(err)
			}
			in := asked()
			in.Device.Known = true
			v, err := e.Login(t.Context(), in)
			tc.want.Reason, tc.want.Channel = "r", "c"
			if err != nil || !reflect.DeepEqual(v.Decision, tc.want) {
				t.Errorf("got %+v, %v, want %+v", v.Decision, err, tc.want)
			}
			var kept Decision
			if err := json.Unmarshal(v.Kept.Decision, &kept); err != nil || !reflect.DeepEqual(kept, tc.want) {
				t.Errorf("on record is %s, %v", v.Kept.Decision, err)
			}
		})
	}
}

func TestAMessageIsReadInOnesOwnLanguage(t *testing.T) {
	for name, tc := range map[string]struct{ message, ja, en string }{
		"in both":     {`{"ja": "だめです。", "en": "No."}`, "だめです。", "No."},
		"in one":      {`{"ja": "だめです。"}`, "だめです。", "だめです。"},
		"in another":  {`{"en": "No."}`, "No.", "No."},
		"a text":      {`"No."`, "No.", "No."},
		"none":        {`{}`, "", ""},
		"no text":     {`""`, "", ""},
		"one that is": {`{"ja": "", "en": "No."}`, "No.", "No."},
	} {
		t.Run(name, func(t *testing.T) {
			var m Message
			if err := json.Unmarshal([]byte(tc.message), &m); err != nil || m.In("ja") != tc.ja || m.In("en") != tc.en {
				t.Errorf("got %q and %q, %v", m.In("ja"), m.In("en"), err)
			}
		})
	}
}

// A policy that does not read the device gives the same cached decision for every device. The check of the device must still be
// made each time.
func TestNoSignInCountsAsRememberedWhoseDeviceIsNotKnown(t *testing.T) {
	e, err := New(t.Context(), decides(`"action": "allow", "reason": "r", "channel": "c", "second_step": "remembered"`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []bool{true, false, true} {
		in := asked()
		in.Device.Known = known
		raw, err := json.Marshal(in)
		var recorded map[string]any
		if err == nil {
			err = json.Unmarshal(raw, &recorded)
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.Login(t.Context(), in)
		if refused := err != nil && strings.Contains(err.Error(), "input.device.known is not true"); refused == known || (v.Action == "") == known {
			t.Errorf("known: %v, and decided is %+v, %v", known, v.Decision, err)
		}
		if (string(v.Kept.Decision) == "null") == known {
			t.Errorf("known: %v, and on record is %s", known, v.Kept.Decision)
		}
		if d, err := m.Login(t.Context(), recorded); (err == nil) != known || (d.Action == "") == known {
			t.Errorf("known: %v, and again decided is %+v, %v", known, d, err)
		}
		for _, in := range []any{in, recorded} {
			if x, err := e.Explain(t.Context(), Questions()[0], in); err != nil || (x.Error == "") != known || (x.Decision == nil) == known {
				t.Errorf("known: %v, and explained is %+v, %v", known, x, err)
			}
		}
	}
}

func TestNoSignInWithThePasswordCountsAsOneWithTwoSteps(t *testing.T) {
	e, err := New(t.Context(), decides(`"action": "allow", "reason": "r", "channel": "c", "second_step": "passed"`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Memo()
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"passkey", "password", "", "oidc"} {
		in, valid := asked(), method == "passkey" || method == "oidc"
		in.Request.Method = method
		v, err := e.Login(t.Context(), in)
		if refused := err != nil && strings.Contains(err.Error(), "the method of the sign-in is the password"); refused == valid || (v.Action == "") == valid {
			t.Errorf("%q: decided is %+v, %v", method, v.Decision, err)
		}
		recorded := map[string]any{"request": map[string]any{"method": method}, "account": map[string]any{"has_email": true}}
		if d, err := m.Login(t.Context(), recorded); (err == nil) != valid || (d.Action == "") == valid {
			t.Errorf("%q: again decided is %+v, %v", method, d, err)
		}
		if x, err := e.Explain(t.Context(), Questions()[0], in); err != nil || (x.Error == "") != valid {
			t.Errorf("%q: explained is %+v, %v", method, x, err)
		}
	}
}

// A record from a version before sign-in methods is about a sign-in with the password. FillIn must not change a method that is
// there.
func TestARecordOfAnEarlierVersionIsOfASignInWithThePassword(t *testing.T) {
	for _, tc := range []struct {
		in   map[string]any
		want any
	}{
		{map[string]any{"request": map[string]any{}}, "password"},
		{map[string]any{"request": map[string]any{"method": "oidc"}}, "oidc"},
		{map[string]any{"request": map[string]any{"method": ""}}, ""},
	} {
		FillIn(tc.in)
		if got := tc.in["request"].(map[string]any)["method"]; got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
	for _, in := range []map[string]any{nil, {}, {"request": nil}} {
		FillIn(in) // the record has no request
	}
}

// written holds valid and invalid values for each field of a decision.
var written = map[string][]any{
	"action":         {"allow", "challenge", "refuse", "permit", 1},
	"reason":         {"r", "", true},
	"second_step":    {"not_asked", "remembered", "enrol_only", "passed", false},
	"second_step_by": {[]any{"aal2", "email"}, []any{"email"}, []any{}, []any{"sms"}, "aal2"},
	"needs":          {[]any{"account.factors"}, []any{}, []any{"account.shoes"}, "account.factors"},
	"forget_devices": {true, false, "yes"},
	"state":          {"refused", "sign_in_again", "client_too_old", "unavailable", 3},
	"message":        {"No.", "", map[string]any{"ja": "a", "en": "b"}, map[string]any{"fr": "c"}, map[string]any{"ja": 1}, 5, []any{}},
	"channel":        {"c", "", 7},
	"code": {
		map[string]any{"length": 6, "ttl_seconds": 600, "max_attempts": 10, "resend_after_seconds": 30}, map[string]any{"length": 6},
		map[string]any{"length": 5, "ttl_seconds": 601, "max_attempts": 0, "resend_after_seconds": 30}, map[string]any{"lenght": 6}, "6",
	},
	"remember_days": {0, 365, 366, -1, "30"},
	"capabilities":  {[]any{"a"}, []any{}, []any{1}, "phonebook"},
	"limits": {
		map[string]any{"codes": 5, "codes_within_seconds": 600, "wrong_codes": 100}, map[string]any{"codes": 5},
		map[string]any{"codes": 5, "codes_within_seconds": 600, "wrong_codes": 101}, map[string]any{"code": 5},
		map[string]any{"codes": 5, "codes_within_seconds": 600, "wrong_codes": 1, "reserved_codes_per_day": 0},
	},
	"remeber_days": {3},
}

// Editors and the gate use the schema, and the decoder decides: both must agree.
func TestTheSchemaOfADecisionIsWhatIsTaken(t *testing.T) {
	agree := func(t interface{ Fatalf(string, ...any) }, answer map[string]any) {
		_, err := decodeDecision(answer)
		found, broken := faults(loginSchema, answer, func(fault) bool { return true })
		if broken != nil || (err == nil) != (len(found) == 0) {
			t.Fatalf("%v is decoded with %v, and by the schema it has %v, %v", answer, err, found, broken)
		}
	}
	fields := slices.Sorted(maps.Keys(written))
	for _, field := range fields {
		for _, value := range written[field] {
			for _, action := range []string{"allow", "challenge", "refuse"} {
				answer := map[string]any{"action": action, "reason": "r", "channel": "c", "code": written["code"][0]}
				answer[field] = value
				agree(t, answer)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		answer := map[string]any{"action": rapid.SampledFrom([]any{"allow", "challenge", "refuse"}).Draw(t, "action"), "reason": "r", "channel": "c"}
		if answer["action"] == "challenge" {
			answer["code"] = written["code"][0]
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			field := rapid.SampledFrom(fields).Draw(t, "field")
			if rapid.IntRange(0, 5).Draw(t, "is missing") == 0 {
				delete(answer, field)
			} else {
				answer[field] = rapid.SampledFrom(written[field]).Draw(t, "value")
			}
		}
		agree(t, answer)
	})
}

func TestAnOutcomeMaySayATermOtherwise(t *testing.T) {
	set := shippedBut(t, "login/login.rego", `{"action": "challenge", "reason": "code_required"}`,
		`{"action": "challenge", "reason": "code_required", "code": {"length": 8}, "capabilities": []}`)
	delete(set, "login/login_test.rego")
	delete(set, "login/factors_test.rego")
	if got := refusal(t, set); got != "" {
		t.Fatal(got)
	}
	e, err := New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Login(t.Context(), asked())
	if err != nil || v.Code != (Code{8, 600, 10, 30}) || len(v.Capabilities) != 0 || v.RememberDays != 30 {
		t.Errorf("got %+v, %v", v.Decision, err)
	}
}
