package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// RecordInput is what data.nidan.records.mask is asked about: a sign-in, and what was decided on it.
type RecordInput struct {
	Input  Input    `json:"input"`
	Result Decision `json:"result"`
}

// maskRule is one thing that must not be kept, in the form of OPA's own data.system.log.mask.
type maskRule struct {
	Op    string `json:"op"`    // "remove", or "upsert" for another value in its place
	Path  string `json:"path"`  // a JSON Pointer (RFC 6901) that begins with /input/ or /result/
	Value any    `json:"value"` // of an upsert
}

// keep is what may be kept of a sign-in. An error means that this cannot be said, and so that nothing may.
func (e *Engine) keep(ctx context.Context, in Input, v Verdict, decided bool) (Kept, error) {
	event := map[string]any{"input": in, "result": nil}
	if decided {
		event["result"] = v.Decision
	}
	raw, err := json.Marshal(event)
	if err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	if !e.masks {
		return kept(raw, v)
	}
	event = nil
	if err := json.Unmarshal(raw, &event); err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	rules, err := e.maskRules(ctx, event)
	if err != nil {
		return Kept{}, err
	}
	var erased, masked []string
	for _, r := range rules {
		switch r.apply(event) {
		case "remove":
			erased = append(erased, r.Path)
		case "upsert":
			masked = append(masked, r.Path)
		}
	}
	if raw, err = json.Marshal(event); err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	k, err := kept(raw, v)
	k.Erased, k.Masked = erased, masked
	return k, err
}

func kept(event []byte, v Verdict) (Kept, error) {
	var parts struct{ Input, Result json.RawMessage }
	if err := json.Unmarshal(event, &parts); err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	return Kept{Input: parts.Input, Decision: parts.Result, Took: v.Took.Microseconds()}, nil
}

// maskRules asks the policies, in an order that is always the same: what is removed is removed last.
func (e *Engine) maskRules(ctx context.Context, event any) ([]maskRule, error) {
	answer, err := e.eval(ctx, e.mask, maskQuery, event)
	if err != nil {
		return nil, err
	}
	var rules []maskRule
	if err := decodeStrictly(answer, &rules); err != nil {
		return nil, fmt.Errorf("decode what must not be kept: %w", err)
	}
	for _, r := range rules {
		if r.Op != "remove" && r.Op != "upsert" {
			return nil, fmt.Errorf("what must not be kept is not valid: op %q is neither remove nor upsert", r.Op)
		}
		if !strings.HasPrefix(r.Path, "/input/") && !strings.HasPrefix(r.Path, "/result/") {
			return nil, fmt.Errorf("what must not be kept is not valid: the path %q begins with neither /input/ nor /result/", r.Path)
		}
	}
	slices.SortFunc(rules, func(a, b maskRule) int { return cmp.Or(-cmp.Compare(a.Op, b.Op), cmp.Compare(a.Path, b.Path)) })
	return rules, nil
}

// apply masks an event, and says what was done: nothing, where the path leads nowhere.
func (r maskRule) apply(event map[string]any) string {
	path := strings.Split(r.Path[1:], "/")
	for i, part := range path {
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	at := event
	for _, part := range path[:len(path)-1] {
		next, ok := at[part].(map[string]any)
		if !ok {
			return ""
		}
		at = next
	}
	last := path[len(path)-1]
	if _, there := at[last]; !there {
		return ""
	}
	if r.Op == "remove" {
		delete(at, last)
	} else {
		at[last] = r.Value
	}
	return r.Op
}
