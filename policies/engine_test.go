package policies

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// asked returns the input of a sign-in for which the shipped policies ask for a code.
func asked() Input {
	return Input{
		Now:      time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
		Settings: Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Channels: map[string]bool{"admin_console": true, "softphone": true}, Remember: true, RememberDays: 30},
		Account:  Account{ID: "1", Name: "agent", Role: "user", Email: "agent@example.com", HasEmail: true, TwoFactor: true, State: "active"},
		Request:  Request{FlowType: "api", Method: "password", Headers: map[string]string{}, Client: Client{Name: "softphone", Version: "3.5.0"}},
	}
}

// with returns a set of policies whose login package has the given text.
func with(rego string) fs.FS {
	data, err := fs.ReadFile(Shipped(), "data.json")
	if err != nil {
		panic(err)
	}
	return fstest.MapFS{
		"login/login.rego": {Data: []byte("package nidan.login\n\n" + rego)},
		"data.json":        {Data: data},
	}
}

// decides returns a policy that always gives this decision, written as a Rego object without its braces.
func decides(fields string) fs.FS { return with("decision := {" + fields + "}") }

const validCode = `"code": {"length": 6, "ttl_seconds": 600, "max_attempts": 10, "resend_after_seconds": 30}`

func TestShippedDecision(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Login(t.Context(), asked())
	if err != nil {
		t.Fatal(err)
	}
	want := Decision{Action: ActionChallenge, Reason: "code_required", Channel: "softphone", RememberDays: 30,
		Code: Code{Length: 6, TTLSeconds: 600, MaxAttempts: 10, ResendAfterSeconds: 30}}
	if d.Action != want.Action || d.Reason != want.Reason || d.Channel != want.Channel ||
		d.RememberDays != want.RememberDays || d.Code != want.Code {
		t.Errorf("got %+v, want %+v", d, want)
	}
}

func TestSetsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		policies fs.FS
		want     string
	}{
		"an empty folder":                  {fstest.MapFS{}, "no .rego file"},
		"one that does not parse":          {with("decision := {"), "rego_parse_error"},
		"one without the decision":         {with("verdict := 1"), "do not define data.nidan.login.decision"},
		"one with an unused variable":      {with("decision := 1 if { x := 2 }"), "assigned var x unused"},
		"one that calls the network":       {with(`decision := http.send({"url": "http://127.0.0.1"})`), "undefined function http.send"},
		"one that looks a name up":         {with(`decision := net.lookup_ip_addr("localhost")`), "undefined function net.lookup_ip_addr"},
		"one that reads the clock":         {with(`decision := time.now_ns()`), "undefined function time.now_ns"},
		"one that draws a number":          {with(`decision := rand.intn("x", 2)`), "undefined function rand.intn"},
		"one that reads the environment":   {with(`decision := opa.runtime()`), "undefined function opa.runtime"},
		"one that misspells the input":     {with("# METADATA\n# schemas:\n#   - input: schema.input\ndecision := input.acount.role"), "undefined ref: input.acount"},
		"one that compares unlike types":   {with("# METADATA\n# schemas:\n#   - input: schema.input\ndecision := 1 if input.account.role == 2"), "match error"},
		"one whose data is no JSON object": {fstest.MapFS{"data.json": {Data: []byte("[1]")}, "a.rego": {Data: []byte("package a")}}, "data.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(t.Context(), tc.policies)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestAnswersThatAreNoDecision(t *testing.T) {
	for name, tc := range map[string]struct {
		policies fs.FS
		want     string
	}{
		"undefined":             {with("decision := {} if input.account.role == \"nobody\""), "is undefined"},
		"conflicting":           {with("decision := 1 if input.account.has_email\ndecision := 2 if input.account.has_email"), "conflict"},
		"a failing built-in":    {with(`decision := {"action": "allow"} if not net.cidr_contains("nonsense", input.request.ip)`), "cidr"},
		"not an object":         {with(`decision := "allow"`), "decode the decision"},
		"a field nobody knows":  {decides(`"action": "allow", "reason": "x", "channel": "c", "remeber_days": 3`), "remeber_days"},
		"a number that is none": {decides(`"action": "allow", "reason": "x", "channel": "c", "remember_days": "3"`), "remember_days"},
		"no action":             {decides(`"reason": "x", "channel": "c"`), "action must be"},
		"an unknown action":     {decides(`"action": "permit", "reason": "x", "channel": "c"`), "action must be"},
		"no reason":             {decides(`"action": "allow", "channel": "c"`), "reason is missing"},
		"no channel":            {decides(`"action": "allow", "reason": "x"`), "channel is missing"},
		"a second step nobody knows": {decides(`"action": "allow", "reason": "x", "channel": "c", "second_step": "half"`),
			"second_step must be not_asked, remembered, passed or enrol_only"},
		"two steps with the password": {decides(`"action": "allow", "reason": "x", "channel": "c", "second_step": "passed"`),
			"the method of the sign-in is the password"},
		"remembered, and a code asked": {decides(`"action": "challenge", "reason": "x", "channel": "c", "second_step": "remembered", ` + validCode),
			"second_step can be remembered or passed only where action is allow"},
		"remembered on no known device": {decides(`"action": "allow", "reason": "x", "channel": "c", "second_step": "remembered"`),
			"input.device.known is not true"},
		"forgetting that is a word": {decides(`"action": "allow", "reason": "x", "channel": "c", "forget_devices": "yes"`), "forget_devices"},
		"a state that no refusal has": {decides(`"action": "refuse", "reason": "x", "channel": "c", "state": "unavailable"`),
			"state must be refused, sign_in_again or client_too_old"},
		"a message that is a number":       {decides(`"action": "refuse", "reason": "x", "channel": "c", "message": 4`), "decode the decision"},
		"a message in an unknown language": {decides(`"action": "refuse", "reason": "x", "channel": "c", "message": {"fr": "x"}`), `unknown field "fr"`},
		"too many days":                    {decides(`"action": "allow", "reason": "x", "channel": "c", "remember_days": 366`), "remember_days must be"},
		"a challenge sans terms":           {decides(`"action": "challenge", "reason": "x", "channel": "c"`), "code.length must be 6 to 10"},
		"a code that is short": {decides(`"action": "challenge", "reason": "x", "channel": "c", ` +
			strings.Replace(validCode, `"length": 6`, `"length": 5`, 1)), "code.length must be 6 to 10"},
		"a code that holds too long": {decides(`"action": "challenge", "reason": "x", "channel": "c", ` +
			strings.Replace(validCode, "600", "601", 1)), "code.ttl_seconds must be 1 to 600"},
		"limits that are too wide": {decides(`"action": "allow", "reason": "x", "channel": "c", ` +
			`"limits": {"codes": 5, "codes_within_seconds": 600, "wrong_codes": 101}`), "limits.wrong_codes must be 1 to 100"},
		"half the limits": {decides(`"action": "allow", "reason": "x", "channel": "c", "limits": {"codes": 5}`),
			"limits.codes_within_seconds must be 60 to 86400"},
		"too many tries": {decides(`"action": "challenge", "reason": "x", "channel": "c", ` +
			strings.Replace(validCode, `"max_attempts": 10`, `"max_attempts": 11`, 1)), "code.max_attempts must be 1 to 10"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(t.Context(), tc.policies)
			if err != nil {
				t.Fatal(err)
			}
			d, err := e.Login(t.Context(), asked())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
			if d.Action != "" {
				t.Errorf("an error came with the action %q", d.Action)
			}
		})
	}
}

func TestRevisionTellsSetsApart(t *testing.T) {
	revision := func(policies fs.FS) string {
		t.Helper()
		e, err := New(t.Context(), policies)
		if err != nil {
			t.Fatal(err)
		}
		return e.Revision()
	}
	one := decides(`"action": "allow", "reason": "x", "channel": "c"`)
	if a, b := revision(one), revision(one); a != b {
		t.Errorf("the same set has revisions %s and %s", a, b)
	}
	if a, b := revision(one), revision(decides(`"action": "allow", "reason": "y", "channel": "c"`)); a == b {
		t.Errorf("two sets share the revision %s", a)
	}
	data := with(`decision := data.parameters`).(fstest.MapFS)
	before := revision(data)
	data["data.json"] = &fstest.MapFile{Data: []byte(`{"parameters": {"no_email": "refuse"}}`)}
	if before == revision(data) {
		t.Error("a change of data.json does not show in the revision")
	}
}

func TestShippedCapabilities(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	in := CapabilitiesInput{Settings: asked().Settings, Account: asked().Account,
		Session: Session{Known: true, Channel: "softphone", SecondStep: "passed"}}
	got, err := e.Capabilities(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got.Capabilities, " ") != "phonebook call_history agent" || got.Reasons["console"] != "console_asks_a_code" {
		t.Errorf("got %+v", got)
	}
}

func TestAnswersThatAreNoCapabilities(t *testing.T) {
	for name, tc := range map[string]struct{ rego, want string }{
		"undefined":       {"", "is undefined"},
		"a field more":    {`decision := {"capabilities": [], "reasons": {}, "console": true}`, "console"},
		"a field missing": {`decision := {"capabilities": ["console"]}`, "are missing"},
		"another type":    {`decision := {"capabilities": "console", "reasons": {}}`, "decode the capabilities"},
	} {
		t.Run(name, func(t *testing.T) {
			set := with("decision := 1").(fstest.MapFS)
			if tc.rego != "" {
				set["c/c.rego"] = &fstest.MapFile{Data: []byte("package nidan.capabilities\n\n" + tc.rego)}
			}
			e, err := New(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Capabilities(t.Context(), CapabilitiesInput{})
			if err == nil || !strings.Contains(err.Error(), tc.want) || got.Capabilities != nil {
				t.Errorf("got %+v, %v, want an error with %q", got, err, tc.want)
			}
		})
	}
}
