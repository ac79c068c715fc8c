package policies

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
)

// shippedBut returns the shipped set with one text replaced in a file.
func shippedBut(t *testing.T, file, from, to string) fstest.MapFS {
	t.Helper()
	set := fstest.MapFS{}
	err := fs.WalkDir(Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(Shipped(), path)
		if path == file && !strings.Contains(string(text), from) {
			t.Fatalf("%s does not hold %s", file, from)
		}
		if path == file {
			text = []byte(strings.ReplaceAll(string(text), from, to))
		}
		set[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// refusal returns what the gate says about a set; empty: the set passes.
func refusal(t *testing.T, set fs.FS) string {
	t.Helper()
	s, err := Load(set)
	if err == nil {
		_, _, err = Check(t.Context(), s, DecideWithin)
	}
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "the policies are refused: ")
}

// Each of these passes OPA's own checks, except the misspelt input.
func TestWhatIsWrittenWrongIsRefusedByPlace(t *testing.T) {
	const answer = "the answer data.nidan.login.decision can never be valid: "
	for name, tc := range map[string]struct{ file, from, to, want string }{
		"a word that there is not, in an outcome": {"login/login.rego", `"second_step": "remembered"`, `"second_step": "remebered"`,
			"login/login.rego:92: " + answer + `second_step must be not_asked, remembered, passed or enrol_only, and is "remebered"`},
		"a field that there is not, in an outcome": {"login/login.rego", `"second_step": "remembered"`, `"second_stp": "remembered"`,
			"login/login.rego:92: " + answer + "second_stp is not known; is second_step meant?"},
		"a field of another action": {"login/login.rego", `"action": "challenge", "reason"`, `"action": "challenge", "second_step": "remembered", "reason"`,
			"login/login.rego:32: " + answer + "action must be allow"},
		"a term that is said otherwise": {"login/login.rego", `"action": "challenge", "reason"`, `"action": "challenge", "channel": 3, "reason"`,
			"login/login.rego:32: " + answer + "channel must be of type string, and is of type number"},
		"a challenge without terms": {"login/login.rego", "\t\"code\": data.parameters.code,\n", "",
			"login/login.rego:31: " + answer + "code is missing"},
		"a number in another rule that is a text": {"login/login.rego", "default remember_days := 0", `default remember_days := "0"`,
			"login/login.rego:186: " + answer + "remember_days must be of type integer, and is of type string"},
		"a type that OPA infers": {"login/login.rego", `"remember_days": remember_days,`, `"remember_days": sprintf("%d", [remember_days]),`,
			"login/login.rego:28: " + answer + "remember_days must be of type integer, and is of type string"},
		"what a session may do": {"capabilities/capabilities.rego", `"reasons": _reasons`, `"reason": _reasons`,
			"capabilities/capabilities.rego:22: the answer data.nidan.capabilities.decision can never be valid: reason is not known; is reasons meant?"},
		"what becomes of a new password": {"settings/settings.rego", `"allow", "reason": "no_code_asked"`, `"challenge", "reason": "no_code_asked"`,
			`settings/settings.rego:28: the answer data.nidan.settings.decision can never be valid: action must be allow or refuse, and is "challenge"`},
		"what is seen of the console": {"console/console.rego", `{"allow": true, "reason": "administrator"}`, `{"allow": "yes", "reason": "administrator"}`,
			"console/console.rego:57: the answer data.nidan.console.decision can never be valid: allow must be of type boolean, and is of type string"},
		"what is masked": {"records/records.rego", `"path": "/input/account/email"`, `"path": "/inputs/account/email"`,
			`records/records.rego:16: the answer data.nidan.records.mask can never be valid: path must be a JSON Pointer that begins with /input/ or /result/, and is "/inputs/account/email"`},

		"data that there is not": {"login/login.rego", "data.parameters.code,", "data.parametres.code,",
			"login/login.rego:26: data.parametres.code is neither a rule nor data of the set: there is no data.parametres; is parameters (data.json:2) meant?"},
		"a parameter that there is not": {"login/login.rego", "data.parameters.limits", "data.parameters.limit",
			"login/login.rego:27: data.parameters.limit is neither a rule nor data of the set; is limits (data.json:38) meant? (2 times: also at login/login.rego:338)"},
		"data of another kind": {"login/login.rego", "data.parameters.code,", "data.parameters.code.length.digits,",
			"login/login.rego:26: data.parameters.code.length.digits is neither a rule nor data of the set"},
		"data that is looked up by an unknown name": {"login/login.rego", "data.parameters.channels[channel]", "data.parameters.chanels[channel]",
			"login/login.rego:203: data.parameters.chanels is neither a rule nor data of the set; is channels (data.json:5) meant? (2 times: also at login/login.rego:210)"},
		"a rule of another package": {"settings/settings.rego", "import data.nidan.capabilities", "import data.nidan.capability as capabilities",
			"settings/settings.rego:34: data.nidan.capability.second_step is neither a rule nor data of the set: there is no data.nidan.capability"},

		"a parameter's name": {"data.json", `"always_asked_roles"`, `"always_asked_role"`,
			"data.parameters.always_asked_role is not known; is always_asked_roles meant?"},
		"a parameter's name in a group": {"data.json", `"tell_wrong_codes"`, `"tell_wrongcodes"`,
			"data.parameters.limits.tell_wrongcodes is not known; is tell_wrong_codes meant?"},
		"a parameter's type": {"data.json", `"length": 6`, `"length": "6"`,
			"data.parameters.code.length must be of type integer, and is of type string"},
		"a parameter out of its range": {"data.json", `"length": 6`, `"length": 5`,
			"data.parameters.code.length must be at least 6, and is 5"},
		"a parameter's word": {"data.json", `"no_email": "allow"`, `"no_email": "refused"`,
			`data.parameters.no_email must be allow or refuse, and is "refused"`},
		"a group's parameter that is missing": {"data.json", `"ttl_seconds": 600,`, "",
			"data.parameters.code.ttl_seconds is missing"},
		"a version that is none": {"data.json", `"3.5.0"`, `"newest"`,
			`data.parameters.channels.softphone.minimum_version must be a version such as 3.5.0 or 4, and is "newest"`},
		"all parameters": {"data.json", `"parameters"`, `"paramters"`,
			"data.json:2: no rule reads data.paramters, and rules read data.parameters, which is not there: is parameters meant? (67 times)"},

		"a clock": {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if time.now_ns() < 1",
			"asked/asked.rego:27: rego_type_error: undefined function time.now_ns (a decision depends on its input and the set's data alone): use input.now"},
		"the network": {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if http.send({})",
			"undefined function http.send (a decision depends on its input and the set's data alone): put what it would fetch into the set's data"},
		"no schema": {"console/console.rego", "# schemas:\n#   - input: schema.console\n", "",
			"console/console.rego:17: decision reads the input, and no annotation names its schema, and so do 5 more rules here. " +
				"Put this into the METADATA above \"package\", after line 6:\n# schemas:\n#   - input: schema.console"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusal(t, shippedBut(t, tc.file, tc.from, tc.to)); !strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A misspelt parameter is also a missing one. It must be reported once, at the place of the mistake.
func TestAMisspeltParameterIsNotSaidToBeMissing(t *testing.T) {
	for right, want := range map[string]string{
		"always_asked_roles": "data.json:4: data.parameters.always_asked_role is not known; is always_asked_roles meant?",
		"max_attempts":       "data.json:35: data.parameters.code.max_attempt is not known; is max_attempts meant?", // a required one
	} {
		wrong := strings.TrimSuffix(right, "s")
		if got := refusal(t, shippedBut(t, "data.json", `"`+right+`"`, `"`+wrong+`"`)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestOfTwoObjectsTheLaterSaysWhatCounts(t *testing.T) {
	refused(t, files(`decision := object.union({"action": input.account.name, "reason": "r", "channel": "c"}, {"action": "none"})`, ""),
		`login/login.rego:6: the answer data.nidan.login.decision can never be valid: action must be allow, challenge or refuse, and is "none"`)
}

// What cannot be judged from the text may be right, so it must not be refused.
func TestWhatMayBeRightIsNotRefusedAsItIsWritten(t *testing.T) {
	const typed, head = "# METADATA\n# schemas:\n#   - input: schema.input\n", "package nidan.login\n\n"
	for name, rego := range map[string]string{
		"an answer that is worked out":          `decision := {k: v | some k, v in {"action": "allow", "reason": "r", "channel": "c"}}`,
		"an answer out of data":                 `decision := object.union(data.custom.decision, {"channel": input.request.flow_type})`,
		"a word that a condition keeps out":     "_o := {\"action\": \"none\"} if input.account.locked == true\nelse := {\"action\": \"allow\"}\n\ndecision := {\"action\": _o.action, \"reason\": \"r\", \"channel\": \"c\"} if _o.action != \"none\" else := {\"action\": \"refuse\", \"reason\": \"r\", \"channel\": \"c\"}",
		"a word that is put right":              `decision := object.union({"action": "none", "reason": "r", "channel": "c"}, {"action": "allow"})`,
		"two rules whose values go together":    "_a := {\"action\": \"allow\"} if input.device.known == true else := {\"action\": \"refuse\"}\n\n_b := {\"reason\": \"r\", \"second_step\": \"remembered\"} if input.device.known == true else := {\"reason\": \"s\"}\n\ndecision := object.union(object.union(_a, _b), {\"channel\": \"c\"})",
		"a message that is worked out":          `decision := {"action": "allow", "reason": "r", "channel": "c", "message": {"ja": sprintf("%d", [1])}}`,
		"a function":                            "_of(role) := \"allow\" if role != \"x\"\n\ndecision := {\"action\": _of(input.account.role), \"reason\": \"r\", \"channel\": \"c\"}",
		"the part of a code that is its own":    `decision := object.union({"code": {"length": 6}}, {"action": "allow", "reason": "r", "channel": "c", "code": {"length": 8}})`,
		"data in a list":                        `decision := {"action": "allow", "reason": data.custom.list[0].reason, "channel": "c"}`,
		"data that is looked up with a way out": `decision := {"action": "allow", "reason": object.get(data.custom, "none", "r"), "channel": "c"}`,
		"a rule that adds to an object":         "_x[k] := 1 if some k in [\"a\"]\n\ndecision := {\"action\": \"allow\", \"reason\": sprintf(\"%v\", [_x.a]), \"channel\": \"c\"}",
		"all that Rego has": `import rego.v1

default _f(_) := "none"

_f(x) := "a" if x == "a" else := "b" if x == "b" else := "c"

_tree.leaf.one := 1

_tree.leaf.two := 2 if input.account.locked == true

_by[name].n := count(name) if some name in ["a", "b"]

_some contains x if some x in [1, 2]

_more[k] contains v if some k, v in {"a": 1}

_all if every x in [1, 2] { x > 0 }

_bare if true

_either := x if {
	some x in _some
	x > 1
} else := y if {
	y := _tree.leaf.one
} else := 0

_listed := [x | some x in _some; not x == 1]

decision := {"action": "allow", "reason": sprintf("%v %v %v %v", [_f("a"), _either, _listed, _by.a.n]), "channel": "c"} if {
	_all
	_bare
	_more.a[1]
	x := {y: 1 | some y in ["z"]}
	x.z == 1
} else := {"action": "refuse", "reason": _f("b"), "channel": "c", "remember_days": _tree.leaf.one}`,
	} {
		t.Run(name, func(t *testing.T) {
			set := files("", "")
			set["login/login.rego"] = &fstest.MapFile{Data: []byte(typed + head + rego + "\n")}
			set["data.json"] = &fstest.MapFile{Data: []byte(
				`{"custom": {"decision": {"action": "allow", "reason": "r"}, "list": [{"reason": "r"}]}}`)}
			if got := refusal(t, set); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestAllThatReachesOutHasSomethingInItsPlace(t *testing.T) {
	there := map[string]bool{}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		if there[b.Name] = b.IsNondeterministic(); there[b.Name] && instead[b.Name] == "" {
			t.Errorf("%s: it is not said what to use in its place", b.Name)
		}
	}
	for name := range instead {
		if !there[name] {
			t.Errorf("%s may be used", name)
		}
	}
}

// OPA reads data from files with certain names, and skips all others.
func TestDataThatWouldNotBeReadIsRefusedByName(t *testing.T) {
	put := func(names ...string) fstest.MapFS {
		set := shippedBut(t, "data.json", "", "")
		for _, name := range names {
			set[name] = &fstest.MapFile{Data: []byte("{}")}
		}
		return set
	}
	for _, name := range []string{"limits.json", "Data.json", "parameters.yaml", "custom/roles.yml", "custom/DATA.JSON", "schema/mine.json", "more/schema/input.json"} {
		if got := refusal(t, put(name)); !strings.HasPrefix(got, "load the policies: "+name+": this file is not read: data is read from files with the names data.json, data.yaml or data.yml") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := refusal(t, put("a.json", "b.json", "c.json", "d.json", "e.json")); !strings.HasSuffix(got, "(5 times: also at b.json, c.json, d.json and 1 more)") {
		t.Error(got)
	}
	if got := refusal(t, put("custom/data.json", "x/data.yaml", "schema/input.jsonschema", "schema/input.json", ".hidden.json", ".git/x.json", "README.md")); got != "" {
		t.Error(got)
	}
}

func TestASetHasDataOfItsOwnBesideTheParameters(t *testing.T) {
	set := shippedBut(t, "data.json", `"parameters"`, `"custom": {"anything": ["goes"]}, "parameters"`)
	set["house/data.yaml"] = &fstest.MapFile{Data: []byte("night_shift: [agent]\n")}
	login := string(set["login/login.rego"].Data)
	set["login/login.rego"].Data = []byte(strings.Replace(login, `} else := {"action": "allow", "reason": "channel_off"} if {`,
		`} else := {"action": "refuse", "reason": "at_night", "message": {"ja": "夜間です。"}} if {
	input.account.name in data.house.night_shift
	data.custom.anything[0] == "stays"
} else := {"action": "allow", "reason": "channel_off"} if {`, 1))
	if got := refusal(t, set); got != "" {
		t.Error(got)
	}
}
