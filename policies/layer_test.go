package policies

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// ofLogin is a file of custom rules about sign-ins.
func ofLogin(rules string) string {
	return "# METADATA\n# schemas:\n#   - input: schema.input\npackage custom.login\n\n" + rules + "\n"
}

// laid returns a layer from pairs of file name and text.
func laid(files ...string) fstest.MapFS {
	layer := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		layer[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return layer
}

// untested returns the shipped set without its tests, which take long. Other tests show that they pass.
func untested(t *testing.T) fstest.MapFS {
	set := shippedBut(t, "data.json", "", "")
	maps.DeleteFunc(set, func(name string, _ *fstest.MapFile) bool { return strings.HasSuffix(name, "_test.rego") })
	return set
}

// over lays a layer over a set and checks the result at the gate.
func over(t *testing.T, base, layer fs.FS) (*Engine, error) {
	t.Helper()
	s, err := Over(base, layer)
	if err != nil {
		return nil, err
	}
	e, _, err := Check(t.Context(), s, DecideWithin)
	return e, err
}

func accepted(t *testing.T, base, layer fs.FS) *Engine {
	t.Helper()
	e, err := over(t, base, layer)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestALayerSaysOtherwiseWhatItNamesAndNothingElse(t *testing.T) {
	for name, layer := range map[string]fstest.MapFS{
		"in JSON":                  laid("data.json", `{"parameters": {"code": {"max_attempts": 5}, "exempt_channels": ["mobile"], "minimum_versions": {"softphone": null, "mobile": "2"}}}`),
		"in YAML":                  laid("data.yaml", "parameters:\n  code:\n    max_attempts: 5\n  exempt_channels: [mobile]\n  minimum_versions: {softphone: null, mobile: \"2\"}\n"),
		"in a folder of that name": laid("parameters/data.json", `{"code": {"max_attempts": 5}, "exempt_channels": ["mobile"], "minimum_versions": {"softphone": null, "mobile": "2"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			e := accepted(t, untested(t), layer)
			tests, err := Over(Shipped(), layer)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Load(shippedWith(t, map[string]any{
				"code.max_attempts": json.Number("5"), "channels.softphone.minimum_version": nil, "channels.mobile.minimum_version": "2",
				"channels.desk_phone": nil, "channels.opencti": nil, "channels.webrtc": nil, "channels.chrome_extension": nil,
			}))
			if err != nil {
				t.Fatal(err)
			}
			if tests.Revision() != want.Revision() || !reflect.DeepEqual(e.set.data, want.data) {
				t.Errorf("it is not what ships with these parameters alone:\n%v", e.set.data)
			}
		})
	}
}

func TestALayerThatSaysNothingIsWhatShips(t *testing.T) {
	shipped, err := Load(untested(t))
	if err != nil {
		t.Fatal(err)
	}
	e := accepted(t, untested(t), laid("data.yaml", "parameters:\n  # code:\ncustom:\n"))
	if e.Revision() != shipped.Revision() {
		t.Errorf("got %s, want %s", e.Revision(), shipped.Revision())
	}
}

func TestALayerIsRefusedByName(t *testing.T) {
	const sets = "custom/login.rego:6: "
	for name, tc := range map[string]struct {
		layer fstest.MapFS
		want  string
	}{
		"a parameter that is misspelt": {laid("data.json", `{"parameters": {"no_emial": "refuse"}}`),
			"data.parameters.no_emial is not in the policies that ship; is no_email meant?"},
		"a parameter that is misspelt in a group": {laid("data.json", `{"parameters": {"code": {"max_atempts": 5}}}`),
			"data.parameters.code.max_atempts is not in the policies that ship; is max_attempts meant?"},
		"a name to take away that is misspelt": {laid("data.json", `{"parameters": {"minimum_versions": {"sofphone": null}}}`),
			"data.json:1: data.parameters.minimum_versions names the channel sofphone, and data.parameters.channels has none of that id; is softphone meant?"},
		"a parameter out of its range": {laid("data.json", `{"parameters": {"code": {"max_attempts": 0}}}`),
			"data.json:1: data.parameters.code.max_attempts must be at least 1, and is 0"},
		"a parameter of another type": {laid("data.json", `{"parameters": {"exempt_channels": "mobile"}}`),
			`data.json:1: data.parameters.exempt_channels cannot be read: write "exempt": true in channels.ID`},
		"a group that is none": {laid("data.json", `{"parameters": {"code": 6}}`),
			"data.parameters.code must be of type object, and is of type number"},
		"a parameter that is needed and taken away": {laid("data.json", `{"parameters": {"code": {"length": null}}}`),
			"data.parameters.code.length is missing"},
		"parameters that are none":                   {laid("data.json", `{"parameters": [1]}`), "data.parameters must be of type object"},
		"a parameter that stands beside the others":  {laid("data.json", `{"paramters": {}}`), "data.json:1: data.paramters is not known; is parameters meant?"},
		"data in a file that is not read":            {laid("limits.json", `{}`), "limits.json: this file is not read"},
		"nothing":                                    {laid("README.md", "x"), "there is neither data nor a .rego file"},
		"a whole set":                                {laid("login/x.rego", "package nidan.login"), "login/x.rego:1: the rules of a layer stand in the packages custom.login, custom.capabilities or custom.console, and not in nidan.login. A whole set of policies is for policies.dir"},
		"a package that is misspelt":                 {laid("custom/login.rego", "package custom.logn"), "and not in custom.logn; is custom.login meant?"},
		"a file that ships, too":                     {laid("login/login.rego", "package custom.login"), "login/login.rego: the policies that ship have a file of that name"},
		"a rule that does not parse":                 {laid("custom/login.rego", "package custom.login\n\nrefuse contains"), "custom/login.rego:3: rego_parse_error"},
		"a rule that is misspelt":                    {laid("custom/login.rego", ofLogin(`refuze contains {"reason": "r"}`)), sets + "no rule asks for data.custom.login.refuze; is data.custom.login.refuse meant?"},
		"a rule that is no set":                      {laid("custom/login.rego", ofLogin(`refuse := {"reason": "r"}`)), sets + `data.custom.login.refuse must be a set: write "refuse contains {…} if {…}"`},
		"a rule that says nothing":                   {laid("custom/login.rego", ofLogin(`refuse if input.account.locked`)), sets + `data.custom.login.refuse must be a set`},
		"a rule among the tests":                     {laid("custom/login_test.rego", ofLogin(`refuse contains {"reason": "r"}`)), "custom/login_test.rego:6: data.custom.login.refuse stands in a file of tests, and decides nothing there"},
		"data in the place of rules":                 {laid("data.json", `{"custom": {"login": {"refuse": []}}}`), "data.custom.login.refuse is data, and must be rules"},
		"an answer without a reason":                 {laid("custom/login.rego", ofLogin(`refuse contains {"message": "m"}`)), "reason is missing"},
		"an answer with a field that there is not":   {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r", "mesage": "m"}`)), sets + "the answer data.custom.login.refuse can never be valid: mesage is not known; is message meant?"},
		"an answer of another type":                  {laid("custom/login.rego", ofLogin(`refuse contains "closed"`)), `data.custom.login.refuse must have objects, such as {"reason": …}, and has "closed"`},
		"an action of its own":                       {laid("custom/login.rego", ofLogin(`challenge contains {"reason": "r", "action": "allow"}`)), "action is not known"},
		"a code on terms that there are not":         {laid("custom/login.rego", ofLogin(`challenge contains {"reason": "r", "code": {"length": 4}}`)), "code.length must be at least 6, and is 4"},
		"a session that would count as remembered":   {laid("custom/login.rego", ofLogin(`allow contains {"reason": "r", "second_step": "remembered"}`)), "second_step is not known"},
		"a fact that is misspelt":                    {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"} if input.account.lokced`)), "undefined ref: input.account.lokced"},
		"data that is misspelt":                      {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"} if input.account.name in data.custom.closed`)), "data.custom.closed is neither a rule nor data of the set"},
		"no schema":                                  {laid("custom/console.rego", "package custom.console\n\nrefuse contains {\"reason\": \"r\"} if input.visitor.locked"), "#   - input: schema.console"},
		"the clock":                                  {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"} if time.now_ns() > 1`)), "use input.now"},
		"a capability that is misspelt":              {laid("custom/c.rego", "package custom.capabilities\n\nrefuse contains {\"capability\": \"agnet\", \"reason\": \"r\"}"), `there is no capability "agnet"; is agent meant?`},
		"a rule about what it is asked for":          {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"} if data.nidan.login.decision.action == "allow"`)), "recursive"},
		"a test of its own that fails":               {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"}`), "custom/login_test.rego", "package custom.login_test\n\ntest_x if count(data.custom.login.refuse) == 2"), "custom/login_test.rego:3: test_x: it does not hold"},
		"a decision that fails for a usual sign-in":  {laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"} if 1 / (input.settings.remember_days - 30) > 1`)), "divide by zero"},
		"a parameter that the policies cannot be of": {laid("data.json", `{"parameters": {"minimum_versions": {"softphone": "newest"}}}`), "must be a version such as 3.5.0 or 4"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := over(t, untested(t), tc.layer); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// helpful is a layer with a rule of each kind, a helper rule and data.
func helpful() fstest.MapFS {
	return laid(
		"data.yaml", "parameters:\n  custom_may_allow: true\ncustom:\n  closed: [mallory]\n  office: [192.0.2.0/24]\n",
		"custom/login.rego", ofLogin(`refuse contains {"reason": "closed", "message": {"en": "Ask the help desk.", "ja": "担当者に連絡してください。"}} if {
	input.account.name in data.custom.closed
}

challenge contains {"reason": "an_owner", "code": {"length": 8}} if input.account.role == "owner"

allow contains {"reason": "in_the_office"} if in_the_office

in_the_office if {
	input.request.ip_trusted == true
	net.cidr_contains(data.custom.office[_], input.request.ip)
}`),
		"custom/login_test.rego", "package custom.login_test\n\nimport data.custom.login\n\ntest_closed if {\n\tcount(login.refuse) == 1 with input.account.name as \"mallory\"\n}\n")
}

func TestRulesOfALayerDecideAtTheirPlaces(t *testing.T) {
	e := accepted(t, untested(t), helpful())
	inOffice := func(in *Input) { in.Request.IP, in.Request.IPTrusted = "192.0.2.9", true }
	for name, tc := range map[string]struct {
		change func(*Input)
		want   string
	}{
		"as usual":                   {func(*Input) {}, "challenge code_required 6"},
		"refused":                    {func(in *Input) { in.Account.Name = "mallory" }, "refuse closed 6"},
		"refused, also when off":     {func(in *Input) { in.Account.Name, in.Settings.TwoFactor = "mallory", false }, "refuse closed 6"},
		"asked, also with flag off":  {func(in *Input) { in.Account.Role, in.Account.TwoFactor = "owner", false }, "challenge an_owner 8"},
		"asked, also in the office":  {func(in *Input) { inOffice(in); in.Account.Role = "owner" }, "challenge an_owner 8"},
		"let in":                     {inOffice, "allow in_the_office 6"},
		"not let in when locked":     {func(in *Input) { inOffice(in); in.Account.Locked = true }, "refuse account_locked 6"},
		"not let in from elsewhere":  {func(in *Input) { inOffice(in); in.Request.IP = "198.51.100.1" }, "challenge code_required 6"},
		"not let in on a claim":      {func(in *Input) { inOffice(in); in.Request.IPTrusted = false }, "challenge code_required 6"},
		"not let in by an old phone": {func(in *Input) { inOffice(in); in.Request.Client.Version = "1" }, "refuse client_too_old 6"},
	} {
		t.Run(name, func(t *testing.T) {
			in := usualSignIn("user", "api")
			tc.change(&in)
			v, err := e.Login(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			got := string(v.Decision.Action) + " " + v.Decision.Reason + " " + string(rune('0'+v.Decision.Code.Length))
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if v.Decision.Action == ActionRefuse && v.Decision.Reason == "closed" && v.Decision.Message.EN != "Ask the help desk." {
				t.Errorf("the message is %+v", v.Decision.Message)
			}
		})
	}
}

// When the permission is taken away, it must be gone at once. If the gate refused the layer for it, the older set would go on
// letting people in.
func TestALayersRulesLetNobodyInWithoutPermission(t *testing.T) {
	layer := helpful()
	layer["data.yaml"].Data = []byte(strings.Replace(string(layer["data.yaml"].Data), "true", "false", 1))
	in := usualSignIn("user", "api")
	in.Request.IP, in.Request.IPTrusted = "192.0.2.9", true
	if v, err := accepted(t, untested(t), layer).Login(t.Context(), in); err != nil || v.Decision.Reason != "code_required" {
		t.Errorf("got %+v, %v", v.Decision, err)
	}
}

// earlier is the shipped set of an imagined earlier version: without one parameter and one reason.
func earlier(t *testing.T) fs.FS {
	set := shippedBut(t, "data.json", `,
            "tell_wrong_codes": 3`, "")
	set["login/login.rego"].Data = []byte(strings.Replace(string(set["login/login.rego"].Data), `} else := {"action": "allow", "reason": "plan_without_agent"} if {
	asked.plan_without_agent(channel)
`, "", 1))
	maps.DeleteFunc(set, func(name string, _ *fstest.MapFile) bool { return strings.HasSuffix(name, "_test.rego") }) // they test that rule
	return set
}

func TestALayerOfTodayLiesOverWhatShipsTomorrow(t *testing.T) {
	before, after := accepted(t, earlier(t), helpful()), accepted(t, untested(t), helpful())
	in := usualSignIn("user", "api")
	in.Account.Plan = "business_phone"
	for e, want := range map[*Engine]string{before: "code_required", after: "plan_without_agent"} {
		if v, err := e.Login(t.Context(), in); err != nil || v.Decision.Reason != want {
			t.Errorf("got %+v, %v, want %s", v.Decision, err, want)
		}
		in := in
		in.Account.Name = "mallory"
		if v, err := e.Login(t.Context(), in); err != nil || v.Decision.Reason != "closed" {
			t.Errorf("the layer's rule: got %+v, %v", v.Decision, err)
		}
	}
	limits := func(e *Engine) any { v, _ := lookup(e.set.data, []string{"parameters", "limits"}); return v }
	if a, b := limits(before).(map[string]any), limits(after).(map[string]any); a["tell_wrong_codes"] != nil || b["tell_wrong_codes"] == nil {
		t.Errorf("the new parameter is not there: %v, %v", a, b)
	}
}

func TestALayerForAParameterThatIsNoMoreIsRefused(t *testing.T) {
	_, err := over(t, earlier(t), laid("data.json", `{"parameters": {"limits": {"tell_wrong_codes": 5}}}`))
	if err == nil || !strings.Contains(err.Error(), "data.parameters.limits.tell_wrong_codes is not in the policies that ship") {
		t.Errorf("got %v", err)
	}
}

// A set that has decided is stored as files. Explanations and replays load it from them.
func TestALayeredSetIsTheSameOutOfItsFiles(t *testing.T) {
	first, err := Over(Shipped(), helpful())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := FromFiles(first.Files()); err != nil || again.Revision() != first.Revision() {
		t.Errorf("got %v, %v", again, err)
	}
}

func TestALayerIsToldByWhatIsInIt(t *testing.T) {
	for name, tc := range map[string]struct {
		files fstest.MapFS
		want  bool
	}{
		"data alone":                        {laid("data.yaml", "parameters:\n"), true},
		"rules of a team's own":             {laid("x.rego", "# package nidan.login\npackage custom.login\n", "x_test.rego", "package custom.login_test"), true},
		"rules that do not parse":           {laid("x.rego", "package custom.login\n\n{"), true},
		"nothing":                           {laid("README.md", ""), false},
		"what ships":                        {shippedBut(t, "data.json", "x", "x"), false},
		"rules of both":                     {laid("x.rego", "package custom.login", "y.rego", "package nidan.login"), false},
		"rules of a package of a like name": {laid("x.rego", "package customs"), false},
		"what is no rule":                   {laid("x.rego", "x := 1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsLayer(tc.files); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestALayerIsReadFromAFileOrAFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "nidan.yaml")
	if err := os.WriteFile(file, []byte("parameters:\n  code:\n    length: 8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.json"), []byte("{"), 0o600); err != nil { // this file is not read
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, laid("data.yaml", "parameters:\n  code:\n    length: 8\n")); err != nil {
		t.Fatal(err)
	}
	var revisions []string
	for _, path := range []string{file, folder} {
		s, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		revisions = append(revisions, s.Revision())
	}
	shipped, err := Load(Shipped())
	if err != nil || revisions[0] != revisions[1] || revisions[0] == shipped.Revision() {
		t.Errorf("got %v, %v", revisions, err)
	}
	if _, err := ReadLayer(filepath.Join(dir, "nowhere.yaml")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("one that is not there: %v", err)
	}
}
