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

// concerned returns the accounts that the differences between the shipped set and another set concern, one line for each
// difference.
func concerned(t *testing.T, to fs.FS, b proof.Bounds, all iter.Seq2[Recorded, error]) (string, Accounts) {
	t.Helper()
	before, after := engine(t, policies.Shipped()), engine(t, to)
	c, err := proof.Compare(t.Context(), before, after, b)
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

// lockedOtherwise returns policies with another reason for a locked account. The first classes of a walk show this difference.
func lockedOtherwise(t *testing.T) fs.FS {
	return shippedBut(t, "login/login.rego", `"reason": "account_locked"`, `"reason": "locked"`)
}

var fewClasses = proof.Bounds{Classes: 1000}

func person(name string, change func(*policies.Input)) policies.Input {
	return signIn(func(in *policies.Input) {
		in.Account.ID, in.Account.Name = "id-"+name, name
		if change != nil {
			change(in)
		}
	})
}

func TestWhatCannotBeCountedIsSaid(t *testing.T) {
	in, err := json.Marshal(person("agent", func(in *policies.Input) { in.Account.Locked = true }))
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
	got, a := concerned(t, lockedOtherwise(t), fewClasses, each)
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

// A comparison that ended early does not have all differences. A sign-in that belongs to none of them must still be reported.
func TestASignInThatNoDifferenceIsAboutIsCountedElsewhere(t *testing.T) {
	before, after := engine(t, policies.Shipped()), engine(t, shippedBut(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`))
	a, err := Concerned(t.Context(), proof.Comparison{}, before, after, recorded(t, before, person("agent", nil)), func(int) {})
	if err != nil || a.Elsewhere["id-agent"] != "agent" {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestAccountsAreCountedByManyAtOnce(t *testing.T) {
	e := engine(t, policies.Shipped())
	some := []string{"anna", "bert", "cleo"}
	var ins []policies.Input
	for i := range 600 {
		ins = append(ins, person(some[i%3], func(in *policies.Input) { in.Account.Locked = i%3 != 0 }))
	}
	got, a := concerned(t, lockedOtherwise(t), fewClasses, recorded(t, e, ins...))
	if len(a.Of[0]) != 2 || a.Records != 600 || len(a.Elsewhere) != 0 {
		t.Errorf("got %s, %+v", got, a)
	}
}
