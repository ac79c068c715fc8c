package session

import (
	"errors"
	"net/http"
	"testing"

	"nidan/policies"
)

// A page without a script asks Lacking for what a script asks /capabilities for.
func TestWhereASessionGetsTheFactorThatItLacks(t *testing.T) {
	const onward = "https://app.example.com/board"
	waits := allowing{policies.Capabilities{
		Capabilities: []string{}, StepUp: map[string]policies.StepUp{"phonebook": {ACR: "aal2"}, "agent": {MaxAgeMinutes: 60}},
	}}
	old := allowing{policies.Capabilities{Capabilities: []string{}, StepUp: map[string]policies.StepUp{"agent": {MaxAgeMinutes: 60}}}}
	for name, tc := range map[string]struct {
		j    Judge
		want string
	}{
		"one that is worth nothing without it": {waits, begin + "?aal=aal2&return_to=https%3A%2F%2Fapp.example.com%2Fboard"},
		"one that is worth something":          {lacking, ""},
		"one that is only old":                 {old, ""},
	} {
		got, err := handlerOn(t, faults{}, tc.j).Lacking(t.Context(), &http.Request{Header: signedIn}, onward)
		if err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := handlerOn(t, faults{whoami: errors.New("away")}, waits).Lacking(t.Context(), &http.Request{Header: signedIn}, onward); err == nil {
		t.Error("what cannot be told is told")
	}
}
