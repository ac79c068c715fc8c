package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"nidan/policies"
	"nidan/policies/proof"
	"nidan/policies/replay"
)

// addProof adds the inputs without a valid decision, the invariants that do not hold, and what is not proven.
func (r *report) addProof(p proof.Proof) {
	for _, f := range p.Fails {
		one := result{level: levelError, rule: "fails", class: f.Question, name: f.Error + ": " + f.Condition(), text: f.Question + ": " + f.Error, details: f.Condition()}
		one.file, one.line = placeNamed(f.Error)
		r.results = append(r.results, one)
	}
	r.addBroken(p)
	r.addMissing(p.Missing)
}

// addBroken adds the invariants that do not hold.
func (r *report) addBroken(p proof.Proof) {
	for _, b := range p.Broken {
		one := result{
			level: levelError, rule: "invariant", class: b.Question, name: b.Never,
			text: b.Question + ": an invariant does not hold: " + b.Never, details: "This test fails until it holds:\n" + b.Test,
		}
		one.file, one.line = splitPlace(b.Where)
		r.results = append(r.results, one)
	}
}

// addDifferences adds the differences between two sets.
func (r *report) addDifferences(d proof.Comparison, to *policies.Set) {
	for _, one := range d.Differences {
		found := result{
			level: levelNotice, rule: strings.ToLower(string(one.Kind)), class: one.Question,
			name: cmp.Or(one.Error, one.Said()) + ": " + one.Condition(),
			text: one.Question + ": " + cmp.Or(one.Error, one.Said()), details: one.Condition(),
		}
		if one.Where != "" {
			found.details += "\nat " + one.Where
		}
		if one.Looser && one.Kind != proof.Loosens {
			found.text += " (looser)"
		}
		if one.Looser || one.Kind == proof.Fails {
			found.level = levelError
		}
		found.file, found.line = placeOf(one, to)
		r.results = append(r.results, found)
	}
}

// placeOf returns the place in the new set from which a difference comes. It returns none for a rule that the new set does not have any
// more.
func placeOf(d proof.Difference, to *policies.Set) (file string, line int) {
	if data, ok := strings.CutPrefix(d.Where, "data.json: "); ok {
		first, _, _ := strings.Cut(data, ", ")
		return splitPlace(cmp.Or(to.DataPlace(strings.Split(first, ".")...), "data.json"))
	}
	if strings.HasPrefix(d.Where, "before: ") {
		return "", 0
	}
	return splitPlace(d.Where)
}

// addReplayed adds the recorded sign-ins that would end differently, and the limits that they exceed. These results have no file.
func (r *report) addReplayed(s replay.Summary, passed error) {
	for _, c := range s.Changes {
		one := result{level: levelNotice, rule: "other", class: c.Channel + " " + c.Role}
		switch {
		case c.Loosens():
			one.level, one.rule = levelWarning, "loosens"
		case !c.EndsOtherwise():
			continue // the sign-in ends the same, for another reason
		}
		one.name = fmt.Sprintf("%s %s → %s %s", c.From, c.FromReason, c.To, c.ToReason)
		if c.Differs != "" {
			one.name += " (" + c.Differs + ")"
		}
		one.text = fmt.Sprintf("%d recorded sign-ins on the channel %s with the role %s: %s", c.Count, c.Channel, c.Role, one.name)
		r.results = append(r.results, one)
	}
	if passed != nil {
		r.results = append(r.results, result{level: levelError, rule: "limit", name: "the limits", text: passed.Error()})
	}
}
