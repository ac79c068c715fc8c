package policies

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// masking returns a set that lets everybody in, with the given mask.
func masking(rego string) fs.FS {
	set := decides(`"action": "allow", "reason": "x", "channel": "c"`).(fstest.MapFS)
	set["records/records.rego"] = &fstest.MapFile{Data: []byte("package nidan.records\n\n" + rego)}
	return set
}

func verdictOf(t *testing.T, set fs.FS) (Verdict, error) {
	t.Helper()
	e, err := New(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	in := asked()
	in.Account.Email = "agent@example.com"
	in.Request.Headers = map[string]string{"a/b~c": "secret"}
	return e.Login(t.Context(), in)
}

func TestAVerdictHoldsAllOfTheSignIn(t *testing.T) {
	v, err := verdictOf(t, masking("mask := []"))
	if err != nil {
		t.Fatal(err)
	}
	var in Input
	var d Decision
	if err := json.Unmarshal(v.Kept.Input, &in); err != nil || in.Account.Email != "agent@example.com" {
		t.Errorf("the input kept is %s (%v)", v.Kept.Input, err)
	}
	if err := json.Unmarshal(v.Kept.Decision, &d); err != nil || d.Reason != "x" {
		t.Errorf("the decision kept is %s (%v)", v.Kept.Decision, err)
	}
	if v.Revision == "" || v.Took <= 0 || v.Kept.Took != v.Took.Microseconds() || v.Kept.Erased != nil || v.Kept.Masked != nil {
		t.Errorf("got %+v", v)
	}
}

func TestWithoutAMaskOfItsOwnASetMasksWhatTheShippedOneDoes(t *testing.T) {
	for name, records := range map[string]string{
		"no package": "", "a package without a mask": "package nidan.records\n\n_shortened(address) := address\n",
	} {
		t.Run(name, func(t *testing.T) {
			set := decides(`"action": "allow", "reason": "x", "channel": "c"`).(fstest.MapFS)
			if records != "" {
				set["records/records.rego"] = &fstest.MapFile{Data: []byte(records)}
			}
			v, err := verdictOf(t, set)
			if err != nil || v.Action != ActionAllow || !strings.Contains(string(v.Kept.Input), `"email":"a***@example.com"`) ||
				strings.Join(v.Kept.Masked, " ") != "/input/account/email" {
				t.Errorf("masked %v, and kept is %s, %v", v.Kept.Masked, v.Kept.Input, err)
			}
		})
	}
}

func TestWhatMustNotBeKeptIsMasked(t *testing.T) {
	for name, tc := range map[string]struct{ mask, kept, erased, masked string }{
		"removed": {`mask contains {"op": "remove", "path": "/input/account/email"}`,
			`"email"`, "/input/account/email", ""},
		"replaced": {`mask contains {"op": "upsert", "path": "/input/account/email", "value": {"of": 1}}`,
			`agent@example.com`, "", "/input/account/email"},
		"by a name with a slash and a tilde": {`mask contains {"op": "remove", "path": "/input/request/headers/a~1b~0c"}`,
			`secret`, "/input/request/headers/a~1b~0c", ""},
		"of the decision": {`mask contains {"op": "remove", "path": "/result/reason"}`,
			`"reason"`, "/result/reason", ""},
		"by what was decided": {`mask contains {"op": "remove", "path": "/input/account"} if input.result.action == "allow"`,
			`"account"`, "/input/account", ""},
		"replaced, and then in what stands there": {`mask := [
			{"op": "upsert", "path": "/input/account/email/of", "value": 2}, {"op": "upsert", "path": "/input/account/email", "value": {"of": 1}}]`,
			`"of":1`, "", "/input/account/email /input/account/email/of"},
		"replaced and then removed": {`mask := [
			{"op": "remove", "path": "/input/account"}, {"op": "upsert", "path": "/input/account/email", "value": "x"}]`,
			`"account"`, "/input/account", "/input/account/email"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := verdictOf(t, masking(tc.mask))
			if err != nil {
				t.Fatal(err)
			}
			if kept := string(v.Kept.Input) + string(v.Kept.Decision); strings.Contains(kept, tc.kept) {
				t.Errorf("%s is kept: %s", tc.kept, kept)
			}
			if strings.Join(v.Kept.Erased, " ") != tc.erased || strings.Join(v.Kept.Masked, " ") != tc.masked {
				t.Errorf("erased %v, masked %v", v.Kept.Erased, v.Kept.Masked)
			}
			if v.Action != ActionAllow || v.Reason != "x" {
				t.Errorf("masking changed the decision: %+v", v.Decision)
			}
		})
	}
}

func TestWhatIsNotThereIsNotMasked(t *testing.T) {
	v, err := verdictOf(t, masking(`mask contains {"op": op, "path": path, "value": 1} if {
	some op in {"remove", "upsert"}
	some path in {"/input/nothing", "/input/account/email/deeper", "/input/nothing/deeper"}
}`))
	if err != nil || v.Kept.Erased != nil || v.Kept.Masked != nil || strings.Contains(string(v.Kept.Input), "nothing") {
		t.Errorf("got %+v, %v", v, err)
	}
}

// If it is not known what may be recorded, nothing is recorded, and without a record nobody gets in.
func TestAMaskThatFailsLetsNobodyIn(t *testing.T) {
	for name, tc := range map[string]struct{ mask, want string }{
		"undefined":       {`mask := 1 if input.input.account.name == "nobody"`, "is undefined"},
		"contradictory":   {"mask := []\n\nmask := [1] if input.input.now", "conflict"},
		"failing":         {`mask contains {"op": "remove", "path": sprintf("%d", [1 / input.input.device.age_days])}`, "divide by zero"},
		"not a list":      {`mask := "email"`, "decode what must not be kept"},
		"another op":      {`mask contains {"op": "hash", "path": "/input/account/email"}`, `op "hash"`},
		"another path":    {`mask contains {"op": "remove", "path": "/labels/id"}`, "/labels/id"},
		"a field more":    {`mask contains {"op": "remove", "path": "/input/now", "why": "x"}`, "why"},
		"the whole input": {`mask contains {"op": "remove", "path": "/input"}`, `"/input"`},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := verdictOf(t, masking(tc.mask))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
			if v.Action != "" || v.Kept.Input != nil || v.Kept.Decision != nil || v.Revision == "" {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestWhatCouldNotBeDecidedIsKept(t *testing.T) {
	set := with(`decision := 1 if false`).(fstest.MapFS)
	set["records/records.rego"] = &fstest.MapFile{Data: []byte(
		"package nidan.records\n\nmask contains {\"op\": \"remove\", \"path\": \"/input/account/email\"} if not input.result.action\n")}
	v, err := verdictOf(t, set)
	if err == nil {
		t.Fatal("it was decided")
	}
	if string(v.Kept.Decision) != "null" || len(v.Kept.Erased) != 1 || strings.Contains(string(v.Kept.Input), "agent@") {
		t.Errorf("kept is %+v", v.Kept)
	}
}
