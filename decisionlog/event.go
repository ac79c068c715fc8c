package decisionlog

import (
	"encoding/json"
	"time"
)

// Entry is one decision.
type Entry struct {
	ID       string          // unique
	Path     string          // of the policy that was asked: "nidan/login/decision"
	Revision string          // of the policies that decided
	Input    json.RawMessage // masked
	Result   json.RawMessage // nil: Nidan could not decide
	Erased   []string        // JSON Pointers of the values that were removed from Input and Result
	Masked   []string        // JSON Pointers of the values that were replaced
	At       time.Time
	Took     time.Duration
}

// event is an Entry in the format of OPA (v1/plugins/logs, EventV1).
type event struct {
	Labels     map[string]string `json:"labels"`
	DecisionID string            `json:"decision_id"`
	Bundles    map[string]bundle `json:"bundles,omitempty"`
	Path       string            `json:"path"`
	Input      json.RawMessage   `json:"input,omitempty"`
	Result     json.RawMessage   `json:"result,omitempty"`
	Erased     []string          `json:"erased,omitempty"`
	Masked     []string          `json:"masked,omitempty"`
	Timestamp  time.Time         `json:"timestamp"`
	Metrics    map[string]int64  `json:"metrics"`
}

type bundle struct {
	Revision string `json:"revision"`
}

func (e Entry) encode(labels map[string]string) ([]byte, error) {
	return json.Marshal(event{
		Labels: labels, DecisionID: e.ID, Bundles: map[string]bundle{"nidan": {e.Revision}}, Path: e.Path,
		Input: e.Input, Result: e.Result, Erased: e.Erased, Masked: e.Masked, Timestamp: e.At.UTC(),
		Metrics: map[string]int64{"timer_rego_query_eval_ns": e.Took.Nanoseconds()},
	})
}
