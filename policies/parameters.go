package policies

import (
	"fmt"
	"strings"
)

// Parameters are what a set's data.json holds under "parameters": each number and name that the shipped policies leave to those who run
// them. Go reads none of them. The struct says which there are, for their schema, and so for the gate: a misspelt one would switch a
// rule off, and nobody would see it. README.md explains each.
type Parameters struct {
	NoEmail           string             `json:"no_email" jsonschema:"enum=allow,enum=refuse"`
	AlwaysAskedRoles  []string           `json:"always_asked_roles"`
	Channels          map[string]Channel `json:"channels"`
	ChannelHeader     string             `json:"channel_header" jsonschema:"title=a header's name in lower case,pattern=^[a-z0-9-]*$"`
	PlansWithoutAgent []string           `json:"plans_without_agent"`
	DaysAreCountedAs  string             `json:"days_are_counted_as" jsonschema:"enum=24_hours,enum=calendar_day"`
	Code              Code               `json:"code"`
	Limits            Limits             `json:"limits"`

	CapabilitiesWithoutSecondStep []string `json:"capabilities_without_second_step"`
	Roles                         []string `json:"roles"`
	ConsoleRole                   string   `json:"console_role"`
	CustomMayAllow                bool     `json:"custom_may_allow"`

	// What a whole set has that was made before Channels. Its own rules read them; see older.go for layers.

	ExemptChannels        []string           `json:"exempt_channels"`
	ChannelOfOAuth2Client map[string]string  `json:"channel_of_oauth2_client"`
	MinimumVersions       map[string]Version `json:"minimum_versions"`
}

// Version is a semantic version, or its beginning: "4" is short for "4.0.0".
type Version string

// wrongParameters is what the set's data holds under "parameters" and the schema does not allow. What stands beside them is the set's own.
func (s *Set) wrongParameters() (found []finding, err error) {
	parameters, there := s.data["parameters"]
	if !there {
		return nil, nil
	}
	all, err := faults(parametersSchema, parameters, func(fault) bool { return true })
	for _, f := range all {
		names := append([]string{"parameters"}, f.path...)
		found = append(found, finding{rule: "parameter", at: s.DataPlace(names...), err: fmt.Errorf("data.%s %s", strings.Join(names, "."), f.what)})
	}
	if err != nil || len(found) > 0 {
		return found, err
	}
	channels, err := s.wrongChannels()
	return append(s.wrongOlder(), channels...), err
}
