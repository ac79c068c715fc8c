package policies

import (
	"encoding/json"
	"strings"
	"testing"
)

// kiosk is a channel that a security team adds, in JSON.
const kiosk = `"kiosk": {"name": {"ja": "キオスク", "en": "Kiosk"}, "return_to": ["https://kiosk.example.com/"], "order": 3}`

func channelled(channels string) string { return `{"parameters": {"channels": {` + channels + `}}}` }

func TestALayerAddsAChannelWithOneKey(t *testing.T) {
	e := accepted(t, untested(t), laid("data.json", channelled(kiosk)))
	all, err := e.Channels()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range Enforced(all) {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "admin_console softphone kiosk" || len(all) != 8 {
		t.Errorf("got %s of %d", got, len(all))
	}
	if name := Enforced(all)[2].Name; name.In("ja") != "キオスク" || name.In("en") != "Kiosk" {
		t.Errorf("got %+v", name)
	}
	in := usualSignIn("user", "browser")
	in.Request.ReturnTo = "https://kiosk.example.com/start"
	if v, err := e.Login(t.Context(), in); err != nil || v.Channel != "kiosk" || v.Action != ActionChallenge {
		t.Errorf("got %+v, %v", v.Decision, err)
	}
	in.Settings.Channels["kiosk"] = false
	if v, err := e.Login(t.Context(), in); err != nil || v.Reason != "channel_off" {
		t.Errorf("switched off: got %+v, %v", v.Decision, err)
	}
}

// A set of a version before the list of channels still works, and the console shows the two switches that the set knows.
func TestASetWithoutAListHasTheTwoChannelsOfBefore(t *testing.T) {
	e, err := New(t.Context(), files(`decision := {"action": "refuse", "reason": "r", "channel": "c"}`, ""))
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Channels()
	if err != nil || len(all) != 2 || all[0].ID != "admin_console" || all[1].ID != "softphone" || all[0].Exempt || all[1].Exempt {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestAListOfChannelsIsRefusedByName(t *testing.T) {
	const at = "data.parameters.channels."
	of := func(said string) string { return `"kiosk": {"name": {"ja": "k", "en": "k"}, ` + said + `}` }
	named := func(id string) string { return `"` + id + `": {"name": {"ja": "k", "en": "k"}}` }
	const vouched = ", which a client chooses: tell it by channel_header or by oauth2_clients"
	for name, tc := range map[string]struct{ channels, want string }{
		"exempt, by the flow":                {of(`"exempt": true, "flow_type": "kiosk"`), at + "kiosk is exempt and told by flow_type" + vouched},
		"exempt, by the address":             {of(`"exempt": true, "return_to": ["https://k.example.com/"]`), at + "kiosk is exempt and told by return_to" + vouched},
		"the softphone exempt":               {`"softphone": {"exempt": true}`, at + "softphone is exempt and told by flow_type" + vouched},
		"exempt, with capabilities":          {of(`"exempt": true, "capabilities": ["door"]`), at + "kiosk is exempt and gives capabilities"},
		"the same type of flow":              {of(`"flow_type": "api"`), at + "softphone is told by flow_type api, and so is kiosk: take it from one of them"},
		"an OAuth2 client that is not named": {of(`"oauth2_clients": ["unknown"]`), at + "kiosk names the OAuth2 client unknown"},
		"the same OAuth2 client":             {of(`"oauth2_clients": ["crm"]`) + `, "mobile": {"oauth2_clients": ["app", "crm"]}`, at + "mobile is told by the OAuth2 client crm, and so is kiosk"},
		"an address within another's":        {of(`"return_to": ["https://k.example.com/"]`) + `, "softphone": {"return_to": ["https://k.example.com/s/"]}`, at + "softphone is told by return_to https://k.example.com/s/, and so is kiosk"},
		"an id that means no channel":        {named("unknown"), at + "unknown has the id of the sign-ins whose channel cannot be told"},
		"an id that is a setting":            {named("remember_days"), at + "remember_days has the name of a setting"},
		"an id with a dot":                   {named("kiosk.two"), at + "kiosk.two has an id that cannot be used"},
		"an id in capitals":                  {named("Kiosk"), at + "Kiosk has an id that cannot be used"},
		"each exempt": {`"admin_console": null, "softphone": null`,
			"data.parameters.channels has no channel that asks for a code: each is exempt. To ask nobody, switch two-step verification off in the console"},
		"none at all":                    {`"admin_console": null, "softphone": null, "desk_phone": null, "opencti": null, "webrtc": null, "chrome_extension": null, "mobile": null`, "data.parameters.channels has no channel that asks for a code"},
		"no name":                        {`"kiosk": {"flow_type": "kiosk"}`, at + "kiosk.name is missing"},
		"a name in one language":         {`"kiosk": {"name": {"ja": "k"}}`, at + "kiosk.name.en is missing"},
		"an empty name":                  {`"kiosk": {"name": {"ja": "k", "en": ""}}`, at + "kiosk.name.en must not be empty"},
		"a host without its end":         {of(`"return_to": ["https://kiosk.example.com"]`), "must be the beginning of an address with its host, up to a /"},
		"no host":                        {of(`"return_to": ["https://"]`), "must be the beginning of an address with its host, up to a /"},
		"a part of a path without end":   {of(`"return_to": ["https://k.example.com/ki"]`), "must be the beginning of an address with its host, up to a /"},
		"a misspelt evidence":            {of(`"oauth_clients": ["crm"]`), at + "kiosk.oauth_clients is not known; is oauth2_clients meant?"},
		"a misspelt evidence that ships": {`"softphone": {"flowtype": "api"}`, at + "softphone.flowtype is not in the policies that ship; is flow_type meant?"},
		"no such place for the step":     {of(`"second_step_on": "anywhere"`), at + "kiosk.second_step_on must be this_channel or any_channel"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := over(t, untested(t), laid("data.json", channelled(tc.channels))); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// The gate refuses such a set. Without the gate, the rules let nobody in either.
func TestTwoChannelsThatAreToldAlikeDecideNothing(t *testing.T) {
	e, err := New(t.Context(), shippedWith(t, map[string]any{"channels.kiosk": map[string]any{"flow_type": "api"}}))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := e.Login(t.Context(), usualSignIn("user", "api")); err == nil || !strings.Contains(err.Error(), "conflicting values") {
		t.Errorf("got %+v, %v", v.Decision, err)
	}
}

// The parameters of layers from before the list of channels keep their meaning.
func TestOlderParametersOfALayerStillCount(t *testing.T) {
	layer := laid("data.json", `{"parameters": {"channel_header": "x-channel", "exempt_channels": ["opencti", "fax"],
		"channel_of_oauth2_client": {"crm": "opencti", "crm-2": "opencti"}, "minimum_versions": {"softphone": "4", "admin_console": "2.0.0"}}}`)
	e := accepted(t, untested(t), layer)
	for name, tc := range map[string]struct {
		change          func(*Input)
		channel, reason string
	}{
		"an OAuth2 client":                      {func(in *Input) { in.Request.OAuth2Client = "crm-2" }, "opencti", "channel_exempt"},
		"a channel of their own":                {func(in *Input) { in.Request.Headers["x-channel"] = "fax" }, "fax", "channel_exempt"},
		"a channel that is not exempt any more": {func(in *Input) { in.Request.Headers["x-channel"] = "mobile" }, "softphone", "client_too_old"},
		"a minimum version":                     {func(in *Input) { in.Request.Client.Version = "3.9" }, "softphone", "client_too_old"},
		"a minimum version that is met":         {func(in *Input) { in.Request.Client.Version = "4" }, "softphone", "code_required"},
		"a minimum version of another channel":  {func(in *Input) { in.Request.FlowType, in.Request.Client.Version = "browser", "1.9" }, "admin_console", "client_too_old"},
	} {
		t.Run(name, func(t *testing.T) {
			in := usualSignIn("user", "api")
			tc.change(&in)
			if v, err := e.Login(t.Context(), in); err != nil || v.Channel != tc.channel || v.Reason != tc.reason {
				t.Errorf("got %+v, %v", v.Decision, err)
			}
		})
	}
}

func TestOlderParametersThatCannotBeMeantAreRefusedByName(t *testing.T) {
	const at = "data.parameters."
	for layer, want := range map[string]string{
		`"channel_of_oauth2_client": {"crm": "crm"}`:  at + "channel_of_oauth2_client names the channel crm, and data.parameters.channels has none of that id",
		`"minimum_versions": {"unknown": "1"}`:        at + "minimum_versions names the channel unknown",
		`"minimum_versions": ["1"]`:                   at + `minimum_versions cannot be read: write "minimum_version": VERSION in channels.ID`,
		`"channel_of_oauth2_client": {"crm": 1}`:      at + `channel_of_oauth2_client cannot be read: write "oauth2_clients": [CLIENT] in channels.ID`,
		`"exempt_channels": [1]`:                      at + "exempt_channels has 1, which is no channel",
		`"exempt_channels": ["softphone"]`:            "softphone is exempt and told by flow_type",
		`"exempt_channels": ["unknown"]`:              "unknown has the id of the sign-ins whose channel cannot be told",
		`"minimum_versions": {"softphone": "newest"}`: at + `channels.softphone.minimum_version must be a version such as 3.5.0 or 4`,
	} {
		if _, err := over(t, untested(t), laid("data.json", `{"parameters": {`+layer+`}}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got  %v\nwant %s", layer, err, want)
		}
	}
	got := refusal(t, shippedWith(t, map[string]any{"exempt_channels": []string{"mobile"}}))
	if want := `data.parameters.exempt_channels is not read any more: write "exempt": true in channels.ID`; !strings.Contains(got, want) {
		t.Errorf("in a whole set: got %s", got)
	}
}

func TestASignInOfBeforeIsReadWithTheSwitchesOfItsChannels(t *testing.T) {
	const two = `"admin_console":true,"softphone":false`
	for name, tc := range map[string]struct {
		settings string
		gone     []string
		want     string
	}{
		"from before":    {two, nil, `{` + two + `,"channels":{` + two + `}}`},
		"of now":         {two + `,"channels":{"kiosk":false}`, nil, `{` + two + `,"channels":{"kiosk":false}}`},
		"without one":    {`"softphone":false`, []string{"/input/settings/admin_console"}, `{"softphone":false}`},
		"with a mask":    {two, []string{"/input/settings/softphone"}, `{` + two + `}`},
		"with no switch": {``, nil, `{}`},
	} {
		var in map[string]any
		if err := json.Unmarshal([]byte(`{"settings": {`+tc.settings+`}}`), &in); err != nil {
			t.Fatal(err)
		}
		WithChannels(in, tc.gone)
		got, err := json.Marshal(in["settings"])
		var want any
		if err != nil || json.Unmarshal([]byte(tc.want), &want) != nil {
			t.Fatal(err)
		}
		if ordered, _ := json.Marshal(want); string(got) != string(ordered) {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
	WithChannels(nil, nil) // a record without an input
}
