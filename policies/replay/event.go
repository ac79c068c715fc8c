package replay

import (
	"cmp"
	"encoding/json"
	"time"

	"nidan/policies"
)

// event is a record that has been read.
type event struct {
	Recorded
	in      map[string]any     // the recorded input of a sign-in; nil: the input could not be recorded
	decided *policies.Decision // nil: there was no decision
	gone    []string           // JSON Pointers of facts that were removed or masked
	forgot  *int               // number of devices that were forgotten; nil: the record forgets none
	err     error              // why the record cannot be read
	now     time.Time
	account string // the account whose devices count; empty: not known
	flow    string // flow ID and account, because several accounts may sign in by the same flow
}

func (e *event) read() {
	if e.now = e.At; e.Kind != "" && e.Kind != signInKind {
		var about struct {
			Forgot *int `json:"devices_forgotten"`
		}
		_ = json.Unmarshal(e.Detail, &about) // a record without this field forgot no devices
		e.account, e.forgot = e.Account, about.Forgot
		return
	}
	var kept struct {
		Input    map[string]any
		Decision *policies.Decision

		Erased, Masked []string
	}
	if e.err = json.Unmarshal(e.Detail, &kept); e.err != nil {
		return
	}
	e.in, e.gone = kept.Input, append(kept.Erased, kept.Masked...)
	policies.FillIn(e.in)
	policies.WithChannels(e.in, e.gone)
	if kept.Decision != nil && kept.Decision.Action != "" {
		e.decided = kept.Decision
	}
	account := object(e.in, "account")
	e.account = cmp.Or(e.Account, text(account, "id"))
	if at, err := time.Parse(time.RFC3339, text(e.in, "now")); err == nil {
		e.now = at
	}
	if e.Flow != "" {
		e.flow = e.Flow + " " + e.account
	}
}

// recorded returns the recorded decision. If there was no decision, the sign-in was refused.
func (e *event) recorded() policies.Decision {
	if e.decided == nil {
		return policies.Decision{Action: policies.ActionRefuse, Reason: undecided}
	}
	return *e.decided
}

// shown returns the facts that are shown of a sign-in: time, account name and role.
func (e *event) shown() policies.Input {
	shown := policies.Input{Now: e.now}
	account := object(e.in, "account")
	shown.Account.Name, shown.Account.Role = text(account, "name"), text(account, "role")
	return shown
}

func object(in map[string]any, name string) map[string]any {
	o, _ := in[name].(map[string]any)
	return o
}

func text(in map[string]any, name string) string {
	s, _ := in[name].(string)
	return s
}

func number(in map[string]any, name string) int {
	n, _ := in[name].(float64)
	return int(n)
}
