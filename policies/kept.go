package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Kept is what may be kept of a decision, masked as the policies themselves say (data.nidan.records.mask). It is what a record
// of a sign-in holds, and what is decided again by a replay. Nobody may write into its JSON: sign-ins share it.
type Kept struct {
	Input    json.RawMessage `json:"input"`             // an [Input]
	Decision json.RawMessage `json:"decision"`          // a [Decision]; null: nothing could be decided
	Took     int64           `json:"took_microseconds"` // to decide
	Erased   []string        `json:"erased,omitempty"`  // what was taken out, as OPA names it: "/input/request/ip"
	Masked   []string        `json:"masked,omitempty"`  // what stands there in another's place
}

// keep is what may be kept of a sign-in. An error means that it cannot be said what may be kept, and so that nothing may.
func (e *Engine) keep(ctx context.Context, s *signIn, took time.Duration) (Kept, error) {
	input, err := json.Marshal(s.in)
	if err != nil {
		return Kept{}, fmt.Errorf("encode a sign-in for its record: %w", err)
	}
	k := Kept{Input: input, Decision: json.RawMessage("null"), Took: took.Microseconds()}
	if s.decided != nil {
		k.Decision = s.decided.json
	}
	rules, err := e.masking(ctx, s)
	if err != nil {
		return Kept{}, err
	}
	for _, r := range rules {
		k.mask(r)
	}
	return k, nil
}

// mask takes something out, or puts something else in its place. Where the rule leads nowhere, there is nothing to do.
func (k *Kept) mask(r maskRule) {
	whole := &k.Input
	if strings.HasPrefix(r.Path, "/result/") {
		k.Decision = slices.Clone(k.Decision)
		whole = &k.Decision
	}
	name, value := find(*whole, r.names)
	if !value.Exists() {
		return
	}
	end := value.Index + len(value.Raw)
	if r.Op == "remove" {
		*whole = cut(*whole, name.Index, end)
		k.Erased = append(k.Erased, r.Path)
	} else {
		*whole = slices.Replace(*whole, value.Index, end, r.json...)
		k.Masked = append(k.Masked, r.Path)
	}
}

// find looks for a member of an object, or of one in it. It has no value where the names lead nowhere.
func find(object []byte, names []string) (name, value gjson.Result) {
	value = gjson.ParseBytes(object)
	for _, n := range names {
		in := value
		name, value = gjson.Result{}, gjson.Result{}
		if !in.IsObject() {
			break
		}
		in.ForEach(func(key, v gjson.Result) bool {
			if key.Str == n {
				name, value = key, v
			}
			return !value.Exists()
		})
	}
	return name, value
}

// cut takes a member out of an object's JSON, and the comma that sets it apart.
func cut(object []byte, from, to int) []byte {
	if object[from-1] == ',' {
		from--
	} else if object[to] == ',' {
		to++
	}
	return slices.Delete(object, from, to)
}

// JSON is what json.Marshal makes of it, in much less time: what is JSON already is not read again.
func (k Kept) JSON() ([]byte, error) {
	if k.Input == nil {
		return json.Marshal(k)
	}
	rest, err := json.Marshal(Kept{Took: k.Took, Erased: k.Erased, Masked: k.Masked})
	if err != nil {
		return nil, fmt.Errorf("encode what is kept: %w", err)
	}
	return slices.Concat([]byte(`{"input":`), k.Input, []byte(`,"decision":`), k.Decision, rest[len(`{"input":null,"decision":null`):]), nil
}
