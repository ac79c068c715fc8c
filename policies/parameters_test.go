package policies

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
)

// shippedWith returns the shipped set with changed parameters, by dotted names. nil removes a parameter.
func shippedWith(t *testing.T, change map[string]any) fs.FS {
	t.Helper()
	set := fstest.MapFS{}
	err := fs.WalkDir(Shipped(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(Shipped(), path)
		set[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal(set["data.json"].Data, &data); err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		at := data["parameters"].(map[string]any)
		path := strings.Split(name, ".")
		for _, part := range path[:len(path)-1] {
			at = at[part].(map[string]any)
		}
		if at[path[len(path)-1]] = value; value == nil {
			delete(at, path[len(path)-1])
		}
	}
	if set["data.json"].Data, err = json.Marshal(data); err != nil {
		t.Fatal(err)
	}
	return set
}

func TestTheTestsGoByTheParametersThatShip(t *testing.T) {
	s, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.modules["parameters/parameters_test.rego"].Rules {
		if r.Head.Name != "shipped" {
			continue
		}
		have, err := ast.JSON(r.Head.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(have)
		if err != nil {
			t.Fatal(err)
		}
		var tests, data any
		if err := json.Unmarshal(raw, &tests); err != nil {
			t.Fatal(err)
		}
		shipped, err := fs.ReadFile(Shipped(), "data.json")
		if err == nil {
			err = json.Unmarshal(shipped, &data)
		}
		if err != nil || !reflect.DeepEqual(data, map[string]any{"parameters": tests}) {
			t.Errorf("policies/parameters/parameters_test.rego is not data.json (%v)", err)
		}
		return
	}
	t.Error("the tests have no parameters")
}

// A team that changes data.json as intended must not need to change a test.
func TestParametersCanBeChanged(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"stricter": {
			"no_email": "refuse", "always_asked_roles": []string{"owner"}, "channels.opencti": nil, "plans_without_agent": []string{},
			"channels.softphone.minimum_version": "4", "days_are_counted_as": "calendar_day", "capabilities_without_second_step": []string{},
			"code.length": 8, "code.ttl_seconds": 2, "code.max_attempts": 3, "code.resend_after_seconds": 1,
			"limits.codes": 3, "limits.codes_within_seconds": 60, "limits.wrong_codes": 10,
		},
		"for another house": {
			"channel_header": "x-channel", "channels.opencti.oauth2_clients": []string{"crm"},
			"channels.softphone.minimum_version": nil, "console_role": "owner",
			"roles": []string{"owner", "system_administrator", "auditor", "supervisor", "user"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(shippedWith(t, change))
			if err == nil {
				_, _, err = Check(t.Context(), s, DecideWithin)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParametersThatMakeNoSenseAreRefused(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"a misspelt outcome":         {"no_email": "refused"},
		"no outcome":                 {"no_email": nil},
		"a code of five digits":      {"code.length": 5},
		"a code without a lifetime":  {"code.ttl_seconds": nil},
		"a version that is none":     {"channels.softphone.minimum_version": "newest"},
		"a version with a zero more": {"channels.softphone.minimum_version": "03.5"},
		"limits that are too wide":   {"limits.wrong_codes": 1000},
		"capabilities that are none": {"capabilities_without_second_step": "phonebook"},
	} {
		t.Run(name, func(t *testing.T) {
			if refusal(t, shippedWith(t, change)) == "" {
				t.Error("they pass the gate")
			}
		})
	}
}
