package proof

import (
	"strings"
	"testing"
	"testing/fstest"

	"nidan/policies"
)

// layered compiles the shipped set with a layer over it. The files are pairs: name, text.
func layered(t *testing.T, files ...string) *policies.Engine {
	t.Helper()
	layer := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		layer[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	s, err := policies.Over(policies.Shipped(), layer)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Compile(t.Context(), policies.DecideWithin)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const (
	customLogin        = "# METADATA\n# schemas:\n#   - input: schema.input\npackage custom.login\n\n"
	customCapabilities = "# METADATA\n# schemas:\n#   - input: schema.capabilities\npackage custom.capabilities\n\n"
	customConsole      = "# METADATA\n# schemas:\n#   - input: schema.console\npackage custom.console\n\n"
	permitted          = `{"parameters": {"custom_may_allow": true}}`
)

// Each line has: the kind, whether it is looser, the question, the old decisions, the conditions, the changes, the place.
func TestWhatALayerChangesIsSaidAtItsPlaceAndProven(t *testing.T) {
	shipped, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		layer []string
		lines []string
	}{
		"a parameter": {
			[]string{"data.json", `{"parameters": {"code": {"max_attempts": 3}}}`},
			[]string{"TERMS false login", "code.max_attempts 10 → 3 | data.json: parameters.code.max_attempts"},
		},
		"a rule that refuses": {
			[]string{"custom/login.rego", customLogin + `refuse contains {"reason": "closed"} if input.account.plan == "trial"`},
			[]string{"TIGHTENS false login", "account.plan trial", "challenge code_required → refuse closed", "| custom/login.rego:6"},
		},
		"a rule that asks a code": {
			[]string{"custom/login.rego", customLogin + `challenge contains {"reason": "asked"} if input.account.role == "owner"`},
			[]string{"TIGHTENS false login", "account.role owner", "allow account_off → challenge asked", "| custom/login.rego:6"},
		},
		"a rule that lets in": {
			[]string{"data.json", permitted, "custom/login.rego", customLogin + `allow contains {"reason": "trusted"} if input.account.plan == "trial"`},
			[]string{"LOOSENS true login", "account.plan trial", "challenge code_required → allow trusted", "| custom/login.rego:6"},
		},
		"a rule that takes a capability away": {
			[]string{"custom/capabilities.rego", customCapabilities + `refuse contains {"capability": "phonebook", "reason": "closed"} if input.account.plan == "trial"`},
			[]string{"TIGHTENS false capabilities", "account.plan trial", "| custom/capabilities.rego:6"},
		},
		"a rule that gives the console": {
			[]string{"data.json", permitted, "custom/capabilities.rego", customCapabilities + `allow contains {"capability": "console", "reason": "t"} if input.account.plan == "trial"`},
			[]string{"LOOSENS true capabilities", "account.plan trial", "| custom/capabilities.rego:6"},
		},
		"a rule that shows the records": {
			[]string{"data.json", permitted, "custom/console.rego", customConsole + `allow contains {"reason": "auditor"} if {
	input.action == "records.view"
	input.visitor.role == "supervisor"
}`},
			[]string{"LOOSENS true console", "action records.view", "reason role_may_not → auditor", "allow false → true", "| custom/console.rego:6"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := layered(t, tc.layer...)
			c, err := Compare(t.Context(), shipped, e, Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			got := lines(c)
			for _, want := range tc.lines {
				if !strings.Contains(got, want) {
					t.Errorf("without %q:\n%s", want, got)
				}
			}
			if looser := strings.HasPrefix(tc.lines[0], "LOOSENS"); c.Looser() != looser {
				t.Errorf("it is looser: %v\n%s", c.Looser(), got)
			}
			if strings.Contains(got, "FAILS") || !c.Proven() {
				t.Errorf("proven: %v %q\n%s", c.Proven(), c.Missing, got)
			}
		})
	}
}

// The shipped invariants also hold with custom rules: they make an exception for what custom rules are permitted to allow.
func TestTheInvariantsThatShipAreProvenOfALayer(t *testing.T) {
	e := layered(t, "data.json", permitted,
		"custom/login.rego", customLogin+`allow contains {"reason": "trusted"} if input.account.plan == "business_phone"`,
		"custom/capabilities.rego", customCapabilities+`allow contains {"capability": "console", "reason": "t"} if input.account.plan == "business_phone"`)
	var p Proof
	for _, q := range policies.Questions()[:2] {
		if err := p.prove(t.Context(), q, e, Bounds{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.Broken) > 0 || len(p.Fails) > 0 || len(p.Missing) > 0 || p.Invariants != 17 {
		t.Errorf("got %+v, %+v, %q of %d", p.Broken, p.Fails, p.Missing, p.Invariants)
	}
}

// The shipped set has no custom rules, so no fact is compared with their result.
func TestPlacesForRulesOfATeamsOwnDoNotMakeTheWalkLonger(t *testing.T) {
	with, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	without, err := policies.New(t.Context(), shippedBut(t, "login/login.rego", `} else := object.union(object.union(_forgetting, _custom_refusal), {"action": "refuse"}) if {
	_custom_refusal
`, "", "login/login.rego", `} else := object.union(_forgetting, _method_not_supported) if {
	# A custom rule asks for a code, and with this method none can be asked.
	_custom_challenge
	not _code_can_be_asked
} else := _factors_needed if {
	_custom_challenge
	asked.factors_needed
} else := {"action": "refuse", "reason": "no_email"} if {
	# A custom rule asks for a code, and the account has no address.
	_custom_challenge
	not input.account.has_email == true
	not asked.ways[0] == "aal2"
	"email" in asked.second_step_by
} else := object.union(_forgetting, _second_factor_needed) if {
	_custom_challenge
	_no_way
} else := object.union(_forgetting, {"action": "refuse", "reason": "client_too_old", "state": "client_too_old"}) if {
	_custom_challenge
	_client_too_old
} else := object.union(object.union(object.union(_forgetting, _custom_challenge), _challenge_alone), _custom_way) if {
	_custom_challenge
`, "", "login/login.rego", `} else := {"action": "allow", "reason": _custom_allowance.reason} if {
	data.parameters.custom_may_allow == true
	_custom_allowance
`, ""))
	if err != nil {
		t.Fatal(err)
	}
	var classes [2]int
	for i, e := range []*policies.Engine{without, with} {
		table, err := TableOf(t.Context(), e, policies.Questions()[0], Bounds{})
		if err != nil || !table.Proven() {
			t.Fatalf("got %v, %q", err, table.Missing)
		}
		classes[i] = table.Classes
	}
	if classes[0] != classes[1] {
		t.Errorf("%d classes become %d", classes[0], classes[1])
	}
}

// A client chooses its channel by return_to and by the type of its flow. An added channel must give a session no capability that
// the second step of this channel has not earned. The invariants say this for each channel in the list, and hold for all possible
// sessions.
func TestAnotherChannelEarnsNothingThatItsOwnStepDidNot(t *testing.T) {
	added := []string{"data.json", `"desk_phone": {`, `"kiosk": {"name": {"ja": "k", "en": "k"}, "return_to": ["https://k.example.com/"], "capabilities": ["door"]},
            "desk_phone": {`}
	prove := func(changes ...string) (p Proof) {
		t.Helper()
		if err := p.prove(t.Context(), policies.Questions()[1], engine(t, shippedBut(t, append(added, changes...)...)), Bounds{}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := prove(); len(p.Broken) != 0 || len(p.Missing) != 0 {
		t.Errorf("got %+v", p)
	}
	if p := prove("capabilities/capabilities.rego", "	input.session.channel == channel\n", "	input.session.channel in asked.channels\n"); len(p.Broken) != 1 {
		t.Errorf("with any channel taken for this one: %+v", p)
	}
}
