package policies

import (
	"fmt"
	"slices"
)

// meant lists the reasons that had an effect in earlier versions, before a decision had a field for it. Only the gate uses the
// list: a set from that time would lose the effect, and nobody would notice.
var meant = []struct {
	action  Action
	reasons []string
	field   string
	values  string
}{
	{ActionAllow, []string{"device_remembered"}, "second_step", `"remembered" counts as a second step, "not_asked" does not`},
	{ActionAllow, []string{"account_off"}, "forget_devices", "true forgets the devices that remember the account, false keeps them"},
	{ActionRefuse, []string{"account_locked", "password_expired", "account_inactive"}, "state",
		`"sign_in_again" does not tell the person why, "refused" says that the account may not sign in`},
	{ActionRefuse, []string{"client_too_old"}, "state", `"client_too_old" tells the person to get a newer client, "refused" does not`},
}

// outdated returns an error if an answer has such a reason, but not the field that has the effect now.
func outdated(d Decision, answer any) error {
	fields, _ := answer.(map[string]any)
	for _, m := range meant {
		if d.Action != m.action || !slices.Contains(m.reasons, d.Reason) {
			continue
		}
		if _, there := fields[m.field]; !there {
			return fmt.Errorf(`the reason %s does nothing any more: the decision needs %q (%s); `+
				`policies/README.md says more under "Sets made for an earlier version"`, d.Reason, m.field, m.values)
		}
	}
	return nil
}
