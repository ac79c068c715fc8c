package policies

import (
	"errors"
	"fmt"
	"time"
)

// ConsoleInput is the input of the decision whether a visitor may see or change something in the administrators' console.
type ConsoleInput struct {
	Now      time.Time      `json:"now"`
	Settings Settings       `json:"settings"`
	Visitor  Account        `json:"visitor" jsonschema:"description=the account that asks"`
	Session  ConsoleSession `json:"session"`
	Action   ConsoleAction  `json:"action" jsonschema:"description=what is asked for\\, such as account.switch_on"`
	Target   *Account       `json:"target,omitempty" jsonschema:"description=the account that the action is about\\, for the actions that begin with account."`
}

// ConsoleSession describes the visitor's session.
type ConsoleSession struct {
	Console bool `json:"console" jsonschema:"description=it has the capability console"`

	SecondStep string `json:"second_step" jsonschema:"enum=passed,enum=remembered,enum=not_asked,enum=aal2_needed,enum=enrol_only,enum=unknown,description=as in input.session.second_step of capabilities"`
	AAL        string `json:"aal" jsonschema:"enum=aal1,enum=aal2,enum=unknown,description=Kratos' authenticator assurance level\\, as in input.session.aal of capabilities"`
}

// ConsoleAction is an action in the console: to see or to change something.
type ConsoleAction string

// The actions of the console. Actions that begin with "account." need a target. Actions that begin with "self." concern the
// visitor.
const (
	ViewSettings   ConsoleAction = "settings.view"
	ChangeSettings ConsoleAction = "settings.change"

	ViewAccounts          ConsoleAction = "accounts.view" // the list
	ViewAccount           ConsoleAction = "account.view"
	SwitchAccountOn       ConsoleAction = "account.switch_on"
	SwitchAccountOff      ConsoleAction = "account.switch_off"
	ForgetAccountsDevices ConsoleAction = "account.forget_devices"
	ClearWrongCodes       ConsoleAction = "account.clear_wrong_codes" // so that codes may be sent to the account again

	ViewOverview  ConsoleAction = "overview.view" // the number of sign-ins by result, and the changes in that time
	ViewRecords   ConsoleAction = "records.view"
	ExportRecords ConsoleAction = "records.export"
	ViewPolicies  ConsoleAction = "policies.view"

	ApprovePolicies ConsoleAction = "policies.approve" // approve or reject policies that loosen something

	ViewOwnAccount   ConsoleAction = "self.view"
	SwitchOwnOn      ConsoleAction = "self.switch_on"
	SwitchOwnOff     ConsoleAction = "self.switch_off"
	ForgetOwnDevices ConsoleAction = "self.forget_devices"
)

// ConsoleActions returns all actions.
func ConsoleActions() []ConsoleAction {
	return []ConsoleAction{
		ViewSettings, ChangeSettings, ViewAccounts, ViewAccount, SwitchAccountOn, SwitchAccountOff, ForgetAccountsDevices, ClearWrongCodes,
		ViewOverview, ViewRecords, ExportRecords, ViewPolicies, ApprovePolicies, ViewOwnAccount, SwitchOwnOn, SwitchOwnOff, ForgetOwnDevices,
	}
}

// ConsoleDecision says whether the visitor may do the action, and why or why not.
type ConsoleDecision struct {
	Allow  bool   `json:"allow" jsonschema:"required"`
	Reason string `json:"reason" jsonschema:"required,minLength=1,description=a stable symbol"`
}

// decodeConsole reads a policy's answer as strictly as decodeDecision does. A missing "allow" is an error: if it counted as a
// refusal, nobody would notice that the policy does not answer.
func decodeConsole(answer any) (ConsoleDecision, error) {
	var d struct {
		Allow  *bool  `json:"allow"`
		Reason string `json:"reason"`
	}
	if err := decodeStrictly(answer, &d); err != nil {
		return ConsoleDecision{}, fmt.Errorf("decode the console's decision: %w", err)
	}
	if d.Allow == nil || d.Reason == "" {
		return ConsoleDecision{}, errors.New("the console's decision is not valid: allow or reason is missing")
	}
	return ConsoleDecision{Allow: *d.Allow, Reason: d.Reason}, nil
}
