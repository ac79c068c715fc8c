package status

import (
	"maps"
	"reflect"
	"time"
)

// Update is the status that is sent, in the format of OPA (v1/plugins/status, UpdateRequestV1).
type Update struct {
	Labels  map[string]string `json:"labels"` // they name the sender
	Bundles map[string]Bundle `json:"bundles"`
	Plugins map[string]Plugin `json:"plugins"`
}

// Bundle is a set of policies from any source. A zero time says that something never happened; OPA sends zero times too.
type Bundle struct {
	Name                     string    `json:"name"`
	ActiveRevision           string    `json:"active_revision,omitempty"` // empty: no set decides yet
	LastSuccessfulActivation time.Time `json:"last_successful_activation"`
	Type                     string    `json:"type,omitempty"`
	LastSuccessfulDownload   time.Time `json:"last_successful_download"`
	LastSuccessfulRequest    time.Time `json:"last_successful_request"`
	LastRequest              time.Time `json:"last_request"`
	Code                     string    `json:"code,omitempty"` // [Failed], or empty
	Message                  string    `json:"message,omitempty"`
}

// OPA's words for a whole bundle, and for a bundle that cannot be fetched or was refused.
const (
	Snapshot = "snapshot"
	Failed   = "bundle_error"
)

// Plugin is the state of a part of the program, in OPA's words.
type Plugin struct {
	State string `json:"state"`
}

// The states of a part.
const (
	OK       = "OK"
	NotReady = "NOT_READY"
)

// news says whether a change is sent at once. The times at which a bundle was asked for wait for the next update.
func (u Update) news(since Update) bool { return !reflect.DeepEqual(u.lasting(), since.lasting()) }

func (u Update) lasting() Update {
	u.Bundles = maps.Clone(u.Bundles)
	for name, b := range u.Bundles {
		b.LastSuccessfulDownload, b.LastSuccessfulRequest, b.LastRequest = time.Time{}, time.Time{}, time.Time{}
		u.Bundles[name] = b
	}
	return u
}
