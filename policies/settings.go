package policies

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/rego"
)

// SettingsDecision is the decision about a change before Kratos stores it: of a password, a factor, a provider or the profile.
type SettingsDecision struct {
	Action Action `json:"action" jsonschema:"required,enum=allow,enum=refuse"`
	Reason string `json:"reason" jsonschema:"required,minLength=1,description=a stable symbol"`
}

// Settings says whether a session may change how its account signs in. After an error, it may not.
func (e *Engine) Settings(ctx context.Context, in SettingsInput) (SettingsDecision, error) {
	answer, err := e.eval(ctx, e.settings, settingsQuery, rego.EvalInput(in))
	if err != nil {
		return SettingsDecision{}, err
	}
	return decodeSettings(answer)
}

func decodeSettings(answer any) (SettingsDecision, error) {
	var d SettingsDecision
	if err := decodeStrictly(answer, &d); err != nil {
		return SettingsDecision{}, fmt.Errorf("decode the decision on a change of the settings: %w", err)
	}
	if d.Reason == "" || d.Action != ActionAllow && d.Action != ActionRefuse {
		return SettingsDecision{}, errors.New("the decision on a change of the settings is not valid: action must be allow or refuse, with a reason")
	}
	return d, nil
}
