package policies

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// places are references that a policy in these tests may read.
var places = []string{
	"input.account.role", "input.account.plan", "input.account", "input.settings.remember_days", "input.settings",
	"input.request.headers", `input.request.headers["x"]`, "input.request.headers[input.account.name]", "input.request.client.version",
	"input.device.known", "input.device", "input.challenge.id", "input.challenge", "input.now", "input.account.id",
	`[h | some h in input.request.headers]`, `object.get(input.request.headers, "x", "none")`,
}

// aPolicy is a policy whose reason contains what it has read.
func aPolicy(t *rapid.T) string {
	var rules []string
	for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
		read := rapid.SampledFrom(places).Draw(t, "reads")
		when := rapid.SampledFrom([]string{
			" if true", " if input.account.locked == false", " if not input.device.known", ` if input.request.client.version != "1"`,
			" if input.settings.remember == true", ` if input.account.role in ["a", "b"]`,
		}).Draw(t, "when")
		rules = append(rules, fmt.Sprintf(`{"action": "allow", "channel": "%d", "reason": json.marshal(%s)}%s`, i, read, when))
	}
	return "decision := " + strings.Join(rules, " else := ")
}

// aSignIn has few values for each fact, so that many sign-ins have the same ones.
func aSignIn(t *rapid.T) Input {
	some := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	in := asked()
	in.Account.Role, in.Account.Plan, in.Account.Name = some("role", "a", "b", "c"), some("plan", "", "p"), some("name", "x", "y")
	in.Account.ID, in.Account.Locked = some("id", "1", "2"), rapid.Bool().Draw(t, "locked")
	in.Settings.RememberDays, in.Settings.Remember = rapid.IntRange(1, 2).Draw(t, "days"), rapid.Bool().Draw(t, "remember")
	if rapid.Bool().Draw(t, "header") {
		in.Request.Headers[some("header's name", "x", "y")] = some("header's value", "", "1")
	}
	in.Request.Client.Version, in.Device.Known = some("version", "1", "2"), rapid.Bool().Draw(t, "known")
	if rapid.Bool().Draw(t, "challenge") {
		in.Challenge = &Challenge{ID: some("challenge's id", "1", "2")}
	}
	return in
}

// If the cache took one sign-in for another, a person could get in without the code that they should be asked for.
func TestADecisionThatIsKnownIsTheOneThatWouldBeWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := aPolicy(t)
		knowing, err := New(t.Context(), with(policy))
		if err != nil {
			t.Fatalf("%s\nis no policy: %v", policy, err)
		}
		fresh, err := New(t.Context(), with(policy))
		if err != nil {
			t.Fatal(err)
		}
		fresh.decisions.answers, fresh.maskings.answers = nil, nil
		for range 20 {
			in := aSignIn(t)
			want, wantErr := fresh.Login(t.Context(), in)
			got, gotErr := knowing.Login(t.Context(), in)
			got.Took, want.Took, got.Kept.Took, want.Kept.Took = 0, 0, 0, 0
			if !reflect.DeepEqual(got, want) || (gotErr == nil) != (wantErr == nil) {
				t.Fatalf("%s\nof %+v it is known that %+v, %v, and worked out that %+v, %v", policy, in, got, gotErr, want, wantErr)
			}
		}
	})
}

func TestWhatIsNewEachTimeIsNotKept(t *testing.T) {
	for rego, kept := range map[string]bool{
		`decision := {"action": "allow", "reason": input.account.role, "channel": "c"}`:                         true,
		`decision := {"action": "allow", "reason": "r", "channel": "c"} if input.now != ""`:                     false,
		`decision := {"action": "allow", "reason": "r", "channel": "c"} if count(input) > 0`:                    false,
		`decision := {"action": "allow", "reason": "r", "channel": "c"} if input.account.role != "` + "x" + `"`: true,
	} {
		e, err := New(t.Context(), with(rego))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.decisions.answers != nil; got != kept {
			t.Errorf("%s: is kept: %v", rego, got)
		}
	}
}

// A cached mask rule is shared by sign-ins: a later rule that changes its value must not change the cached value.
func TestAMaskThatIsKnownIsNotChanged(t *testing.T) {
	set := files(`decision := {"action": "allow", "reason": "r", "channel": "c"}`, "")
	set["records/records.rego"] = &fstest.MapFile{Data: []byte(`package nidan.records

mask contains {"op": "upsert", "path": "/input/request/headers", "value": {"a": "1", "b": "2"}}

mask contains {"op": "remove", "path": "/input/request/headers/a"}
`)}
	e, err := New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		v, err := e.Login(t.Context(), asked())
		if err != nil || !strings.Contains(string(v.Kept.Input), `"headers":{"b":"2"}`) || len(v.Kept.Erased) != 1 {
			t.Fatalf("kept is %s, erased %v, %v", v.Kept.Input, v.Kept.Erased, err)
		}
	}
}
