package policies

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// aRule is a mask rule whose path may exist or not.
func aRule(t *rapid.T) map[string]any {
	names := []string{rapid.SampledFrom([]string{"input", "input", "input", "result"}).Draw(t, "whole")}
	known := rapid.SampledFrom([]string{"account", "request", "headers", "email", "return_to", "client", "name", "challenge", "code", "limits", "capabilities"})
	for range rapid.IntRange(1, 4).Draw(t, "depth") {
		name := rapid.OneOf(known, odd).Draw(t, "name")
		names = append(names, strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	rule := map[string]any{"op": rapid.SampledFrom([]string{"remove", "upsert"}).Draw(t, "op"), "path": "/" + strings.Join(names, "/")}
	if rapid.IntRange(0, 9).Draw(t, "has a value") > 0 {
		rule["value"] = aValue(t, 3)
	}
	return rule
}

// leave applies mask rules to a record: the model that the engine is compared with.
func leave(members map[string]any, rules []map[string]any) (erased, masked []string) {
	slices.SortStableFunc(rules, func(a, b map[string]any) int {
		return cmp.Or(strings.Compare(b["op"].(string), a["op"].(string)), strings.Compare(a["path"].(string), b["path"].(string)))
	})
	for _, rule := range rules {
		path := rule["path"].(string)
		names := strings.Split(path[1:], "/")
		for i, name := range names {
			names[i] = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		}
		last := len(names) - 1
		within, _ := standsAt(members, names[:last])
		object, _ := within.(map[string]any)
		if _, there := object[names[last]]; !there {
			continue
		}
		if rule["op"] == "remove" {
			delete(object, names[last])
			erased = append(erased, path)
		} else {
			object[names[last]] = copied(rule["value"])
			masked = append(masked, path)
		}
	}
	return erased, masked
}

// copied returns a value after encoding to and decoding from JSON.
func copied(v any) (own any) {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &own)
	}
	if err != nil {
		panic(err)
	}
	return own
}

func TestKeptIsWhatTheRulesOfAMaskLeaveOfWhatWasAskedAndDecided(t *testing.T) {
	decisions := rapid.SampledFrom([]string{
		`decision := {"action": "allow", "reason": "r", "channel": "c"}`,
		`decision := {"action": "allow", "reason": "r", "channel": "c", "capabilities": ["a", "b"], "limits": {"codes": 5, "codes_within_seconds": 60, "wrong_codes": 9}}`,
		`decision := 1 if false`,
	})
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(aRule), 0, 5).Draw(t, "rules")
		mask, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		set := with(decisions.Draw(t, "decision")).(fstest.MapFS)
		set["records/records.rego"] = &fstest.MapFile{Data: fmt.Appendf(nil, "package nidan.records\n\nmask := json.unmarshal(base64.decode(%q))\n",
			base64.StdEncoding.EncodeToString(mask))}
		e, err := New(t.Context(), set)
		if err != nil {
			t.Fatalf("%s is no mask: %v", mask, err)
		}
		for range 3 {
			in := anInput(t)
			v, undecided := e.Login(t.Context(), in)
			want := map[string]any{"input": copied(in), "result": nil}
			if undecided == nil {
				want["result"] = copied(v.Decision)
			}
			erased, masked := leave(want, rules)
			if v.Kept.Input == nil || !reflect.DeepEqual(copied(v.Kept.Input), want["input"]) || !reflect.DeepEqual(copied(v.Kept.Decision), want["result"]) {
				t.Fatalf("%s\nof  %+v, %+v\nleaves %s, %s\nwant   %v, %v", mask, in, v.Decision, v.Kept.Input, v.Kept.Decision, want["input"], want["result"])
			}
			if !slices.Equal(v.Kept.Erased, erased) || !slices.Equal(v.Kept.Masked, masked) {
				t.Fatalf("%s erased %v and masked %v, and it is said that it erased %v and masked %v", mask, erased, masked, v.Kept.Erased, v.Kept.Masked)
			}
		}
	})
}

// A cached decision is shared by sign-ins with different masks.
func TestAMaskLeavesAKnownDecisionAsItIs(t *testing.T) {
	e, err := New(t.Context(), masking(`mask contains {"op": op, "path": path, "value": "masked"} if {
	input.input.account.name == "masked"
	some op, path in {"upsert": "/result/reason", "remove": "/result/channel"}
}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "masked", "plain", "masked"} {
		in := asked()
		in.Account.Name = name
		v, err := e.Login(t.Context(), in)
		want := map[string]string{"plain": `"reason":"x","channel":"c"`, "masked": `"reason":"masked","code"`}[name]
		if err != nil || !strings.Contains(string(v.Kept.Decision), want) || v.Reason != "x" || v.Channel != "c" {
			t.Errorf("%s: %s is kept of %+v, %v", name, v.Kept.Decision, v.Decision, err)
		}
	}
}

func TestTheJSONOfWhatIsKeptIsThatOfTheStruct(t *testing.T) {
	for name, k := range map[string]Kept{
		"nothing":     {},
		"all":         {Input: json.RawMessage(`{"a":1}`), Decision: json.RawMessage(`{}`), Took: 1},
		"undecided":   {Input: json.RawMessage(`{}`), Decision: json.RawMessage(`null`)},
		"with a mask": {Input: json.RawMessage(`{}`), Decision: json.RawMessage(`{}`), Erased: []string{`/input/"<`}, Masked: []string{"a", "b"}},
	} {
		got, err := k.JSON()
		want, wantErr := json.Marshal(k)
		if err != nil || wantErr != nil || string(got) != string(want) {
			t.Errorf("%s: got %s, %v, want %s, %v", name, got, err, want, wantErr)
		}
	}
}

// So the server's time under load is spent on decisions and not on garbage collection. Most of the remaining allocations are
// encoding/json's.
func TestASignInThatIsKnownIsDecidedAndMaskedWithFewAllocations(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	in := browserSignIn()
	var kept Kept
	got := testing.AllocsPerRun(1000, func() {
		v, err := e.Login(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		kept = v.Kept
	})
	if len(kept.Masked) != 2 {
		t.Errorf("masked is %v", kept.Masked)
	}
	const most = 28 // 20 without the race detector, which empties pools; the switches of two channels take four
	if got > most {
		t.Errorf("%v allocations, more than %d", got, most)
	}
}
