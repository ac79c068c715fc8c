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

// Kept is the part of a decision that is recorded, masked by the policies themselves (data.nidan.records.mask). A replay decides on
// it again. Its JSON must not be changed: several sign-ins share it.
type Kept struct {
	Input    json.RawMessage `json:"input"`             // an [Input]
	Decision json.RawMessage `json:"decision"`          // a [Decision]; null: there was no decision
	Took     int64           `json:"took_microseconds"` // time to decide
	Erased   []string        `json:"erased,omitempty"`  // removed values, as OPA names them: "/input/request/ip"
	Masked   []string        `json:"masked,omitempty"`  // replaced values
}

// keep returns the record of a sign-in. After an error, it is not known what may be recorded, so nothing may be recorded.
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

// mask removes or replaces one value. If the rule's path does not exist, nothing happens.
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

// find returns the name and the value of a member, given the path of names to it. If the path does not exist, the value does not
// exist.
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

// cut removes a member and one comma from an object's JSON.
func cut(object []byte, from, to int) []byte {
	if object[from-1] == ',' {
		from--
	} else if object[to] == ',' {
		to++
	}
	return slices.Delete(object, from, to)
}

// JSON returns the same as json.Marshal in much less time: it does not parse the parts that are JSON already.
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
