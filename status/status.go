package status

import (
	"maps"
	"reflect"
	"time"
)

// Update is what is told, in the format of OPA (v1/plugins/status, UpdateRequestV1).
type Update struct {
	Labels  map[string]string `json:"labels"` // who tells it
	Bundles map[string]Bundle `json:"bundles"`
	Plugins map[string]Plugin `json:"plugins"`
}

// Bundle is a set of policies, wherever it comes from. Times that are zero are of what never happened; OPA sends them too.
type Bundle struct {
	Name                     string    `json:"name"`
	ActiveRevision           string    `json:"active_revision,omitempty"` // empty: nothing decides yet
	LastSuccessfulActivation time.Time `json:"last_successful_activation"`
	Type                     string    `json:"type,omitempty"`
	LastSuccessfulDownload   time.Time `json:"last_successful_download"`
	LastSuccessfulRequest    time.Time `json:"last_successful_request"`
	LastRequest              time.Time `json:"last_request"`
	Code                     string    `json:"code,omitempty"` // [Failed], or empty
	Message                  string    `json:"message,omitempty"`
}

// What OPA calls a whole bundle, and one that cannot be had or was refused.
const (
	Snapshot = "snapshot"
	Failed   = "bundle_error"
)

// Plugin is the state of a part of the program, by OPA's words for it.
type Plugin struct {
	State string `json:"state"`
}

// The states of a part.
const (
	OK       = "OK"
	NotReady = "NOT_READY"
)

// news says whether something has changed since that is told at once. When it was asked for a bundle is told with the next update.
func (u Update) news(since Update) bool { return !reflect.DeepEqual(u.lasting(), since.lasting()) }

func (u Update) lasting() Update {
	u.Bundles = maps.Clone(u.Bundles)
	for name, b := range u.Bundles {
		b.LastSuccessfulDownload, b.LastSuccessfulRequest, b.LastRequest = time.Time{}, time.Time{}, time.Time{}
		u.Bundles[name] = b
	}
	return u
}
