package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// RecordInput is what data.nidan.records.mask is asked about: a sign-in, and what was decided on it.
type RecordInput struct {
	Input  *Input    `json:"input"`
	Result *Decision `json:"result"`
}

// maskRule is one thing that must not be kept, in the form of OPA's own data.system.log.mask.
type maskRule struct {
	Op    string `json:"op"`    // "remove", or "upsert" for another value in its place
	Path  string `json:"path"`  // a JSON Pointer (RFC 6901) that begins with /input/ or /result/
	Value any    `json:"value"` // of an upsert
}

// keep is what may be kept of a sign-in; d is nil where nothing was decided. The facts are masked where they are. An error means
// that it cannot be said what may be kept, and so that nothing may.
func (e *Engine) keep(ctx context.Context, f signIn, d *Decision, took time.Duration) (k Kept, err error) {
	event := map[string]any{"input": f.facts, "result": d}
	if e.masks {
		rules, err := e.masking(ctx, f, d)
		if err != nil {
			return Kept{}, err
		}
		for _, r := range rules {
			if strings.HasPrefix(r.Path, "/result/") && d != nil {
				if event["result"], err = asMap(event["result"]); err != nil {
					return Kept{}, err
				}
			}
			switch r.apply(event) {
			case "remove":
				k.Erased = append(k.Erased, r.Path)
			case "upsert":
				k.Masked = append(k.Masked, r.Path)
			}
		}
	}
	var input, decision error
	k.Took = took.Microseconds()
	k.Input, input = json.Marshal(event["input"])
	k.Decision, decision = json.Marshal(event["result"])
	if err := errors.Join(input, decision); err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	return k, nil
}

// masking is what to mask of a sign-in. It is worked out once for all that are alike in what the policies read for that.
func (e *Engine) masking(ctx context.Context, f signIn, d *Decision) ([]maskRule, error) {
	return e.maskings.of(&RecordInput{f.in, d}, func() ([]maskRule, error) {
		value, err := f.value()
		if err != nil {
			return nil, err
		}
		return e.maskRules(ctx, value, d)
	})
}

// asMap is a decision, or one that was made a map before, as JSON has it.
func asMap(v any) (m map[string]any, err error) {
	if m, ok := v.(map[string]any); ok {
		return m, nil
	}
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	return m, err
}

// maskRules asks the policies, in an order that is always the same: what is removed is removed last.
func (e *Engine) maskRules(ctx context.Context, input ast.Value, d *Decision) ([]maskRule, error) {
	result, err := valueOf(reflect.ValueOf(d))
	if err != nil {
		return nil, fmt.Errorf("encode a decision: %w", err)
	}
	event := ast.NewObject([2]*ast.Term{ast.StringTerm("input"), ast.NewTerm(input)}, [2]*ast.Term{ast.StringTerm("result"), ast.NewTerm(result)})
	answer, err := e.eval(ctx, e.mask, maskQuery, rego.EvalParsedInput(event))
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
		at[last] = ownCopy(r.Value)
	}
	return r.Op
}

// ownCopy is a value that a later rule may change: the rules are shared by all sign-ins that they hold for.
func ownCopy(v any) any {
	switch v.(type) {
	case map[string]any, []any:
		var own any
		if raw, err := json.Marshal(v); err == nil && json.Unmarshal(raw, &own) == nil {
			return own
		}
	}
	return v
}
