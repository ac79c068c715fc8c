//go:build !race

// Proofs take the race detector ten times as long, and it finds nothing in them.

package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"nidan/policies"
	"nidan/policies/proof"
)

// concerned are the accounts that differences to another set are about, by line: "0: admin, agent".
func concerned(t *testing.T, to fs.FS, all iter.Seq2[Recorded, error]) (string, Accounts) {
	t.Helper()
	before, after := engine(t, policies.Shipped()), engine(t, to)
	c, err := proof.Compare(t.Context(), before, after, proof.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Concerned(t.Context(), c, before, after, all, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for i, of := range a.Of {
		if len(of) > 0 {
			said = append(said, fmt.Sprintf("%s %s: %s", c.Differences[i].Kind, c.Differences[i].Said(), strings.Join(slices.Sorted(maps.Values(of)), ", ")))
		}
	}
	return strings.Join(said, "\n"), a
}

func person(name string, change func(*policies.Input)) policies.Input {
	return signIn(func(in *policies.Input) {
		in.Account.ID, in.Account.Name = "id-"+name, name
		if change != nil {
			change(in)
		}
	})
}

func TestAccountsAreCountedOnceForEachDifferenceThatIsAboutThem(t *testing.T) {
	owner := func(in *policies.Input) { in.Account.Role, in.Account.TwoFactor = "owner", false }
	off := func(in *policies.Input) { in.Account.TwoFactor = false }
	version := func(v string) func(*policies.Input) {
		return func(in *policies.Input) { in.Request.Client.Version = v }
	}
	remembered := func(days int) func(*policies.Input) {
		return func(in *policies.Input) {
			in.Device = policies.Device{Known: true, Channel: "softphone", AgeDays: days}
		}
	}
	e := engine(t, policies.Shipped())
	all := recorded(t, e,
		person("olga", owner), person("olga", owner), person("oscar", owner), person("otto", func(in *policies.Input) { owner(in); in.Request.FlowType = "browser" }),
		person("off", off), person("agent", nil), person("old", version("3.5.9")), person("older", version("3.4.0")), person("new", version("4")),
		person("fresh", remembered(3)), person("stale", remembered(12)), person("staler", remembered(40)))
	for name, tc := range map[string]struct{ file, from, to, want string }{
		"owners are always asked": {"data.json", `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`,
			"LOOSENS allow account_off → challenge code_required, forget_devices true → false: olga, oscar, otto"},
		"a newer softphone": {"data.json", `"softphone": "3.5.0"`, `"softphone": "3.7.0"`,
			"TIGHTENS challenge code_required → refuse client_too_old: agent, old, staler\nTIGHTENS allow device_remembered → refuse client_too_old: fresh, stale"},
		"other terms": {"data.json", `"max_attempts": 10`, `"max_attempts": 9`, "TERMS code.max_attempts 10 → 9: agent, new, old, staler"},
		"nobody":      {"data.json", `"no_email": "allow"`, `"no_email": "refuse"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, a := concerned(t, shippedBut(t, tc.file, tc.from, tc.to), all)
			if !strings.Contains(got, tc.want) || tc.want == "" && got != "" || a.Records != 12 || len(a.Elsewhere) != 0 || a.Inexact+a.Unreadable != 0 {
				t.Errorf("got %s, %+v\nwant %s", got, a, tc.want)
			}
		})
	}
}

func TestWhatCannotBeCountedIsSaid(t *testing.T) {
	in, err := json.Marshal(person("agent", nil))
	if err != nil {
		t.Fatal(err)
	}
	all := []Recorded{
		{ID: 1, Account: "1", Name: "first", Detail: fmt.Appendf(nil, `{"input": %s}`, in)},
		{ID: 2, Account: "1", Name: "renamed", Detail: fmt.Appendf(nil, `{"input": %s, "masked": ["/input/account/role"]}`, in)},
		{ID: 3, Account: "2", Detail: fmt.Appendf(nil, `{"input": %s, "erased": ["/input/account/two_factor"]}`, strings.Replace(string(in), `"two_factor":true,"state"`, `"state"`, 1))},
		{ID: 4, Detail: []byte("{")}, {ID: 5, Detail: []byte("{}")},
	}
	each := func(yield func(Recorded, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
	got, a := concerned(t, shippedBut(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`), each)
	if a.Records != 3 || a.Unreadable != 2 || a.Inexact != 2 || len(a.Of[0]) != 2 {
		t.Errorf("got %s, %+v", got, a)
	}
	broken := errors.New("broken")
	e := engine(t, policies.Shipped())
	_, err = Concerned(t.Context(), proof.Comparison{}, e, e, func(yield func(Recorded, error) bool) { yield(Recorded{}, broken) }, func(int) {})
	if !errors.Is(err, broken) {
		t.Errorf("records that cannot be had: %v", err)
	}
}

// A comparison that ended early has not met all: a sign-in that none of its lines is about is counted aloud.
func TestASignInThatNoDifferenceIsAboutIsCountedElsewhere(t *testing.T) {
	before, after := engine(t, policies.Shipped()), engine(t, shippedBut(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`))
	a, err := Concerned(t.Context(), proof.Comparison{}, before, after, recorded(t, before, person("agent", nil)), func(int) {})
	if err != nil || a.Elsewhere["id-agent"] != "agent" {
		t.Errorf("got %+v, %v", a, err)
	}
}
