package policies

import (
	"fmt"
	"strings"
)

// Parameters describes what a set's data.json holds under "parameters": each number and name that a security team may change. Go
// reads none of them. The struct exists for the schema, and so for the gate: a misspelt parameter would switch a rule off, and
// nobody would notice. README.md explains each parameter.
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

	Methods            map[string]MethodUse  `json:"methods"`
	SecondStepBy       []Way                 `json:"second_step_by" jsonschema:"minItems=1"`
	SecondStepByOfRole map[string]StepOfRole `json:"second_step_by_of_role"`
	EnrolByEmail       bool                  `json:"enrol_by_email"`
	KratosWaitsForAAL2 bool                  `json:"kratos_waits_for_aal2"`
	CapabilityTerms    map[string]Terms      `json:"capability_terms"`

	// Parameters of a whole set from before Channels. The set's own rules read them; see older.go for layers.

	ExemptChannels        []string           `json:"exempt_channels"`
	ChannelOfOAuth2Client map[string]string  `json:"channel_of_oauth2_client"`
	MinimumVersions       map[string]Version `json:"minimum_versions"`
}

// StepOfRole says how a role takes the second step, and from which day on.
type StepOfRole struct {
	By   []Way `json:"by" jsonschema:"required,minItems=1"`
	From Day   `json:"from" jsonschema:"required"`
}

// Day is a day in the configured time zone, such as 2027-01-01.
type Day string

// Terms are what a capability requires of a session in addition to its own rules.
type Terms struct {
	MaxAgeMinutes int    `json:"max_age_minutes" jsonschema:"minimum=1"`
	AAL           string `json:"aal" jsonschema:"enum=aal2"`
}

// Version is a semantic version, or the beginning of one: "4" is short for "4.0.0".
type Version string

// MethodUse says what a sign-in method of Kratos counts as.
type MethodUse string

// methodUses are the values of MethodUse.
var methodUses = []any{"asked", "mailed_code", "strong", "second_factor", "refused"}

// wrongParameters returns the faults in "parameters" of the set's data. Other data belongs to the set and is not checked.
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
