package proof

import (
	"cmp"
	"slices"
	"strconv"

	"nidan/policies"
)

// trait is one thing that an answer says, in a form that can be compared.
type trait struct {
	name  string
	text  string
	size  int
	order int  // 1: a larger one is looser; -1: a smaller one is; 0: none is
	term  bool // it is on what terms a code is asked, and not whether
	minor bool // nothing is done because of it
}

// traitsOf is what an answer says. What is not done for its action is left out.
func traitsOf(answer any) []trait {
	switch a := answer.(type) {
	case policies.Decision:
		return ofDecision(a)
	case policies.Capabilities:
		return ofCapabilities(a)
	case policies.SettingsDecision:
		return []trait{ofAction(a.Action), {name: "reason", text: a.Reason, minor: true}}
	case policies.ConsoleDecision:
		return []trait{ofTruth("allow", a.Allow, 1), {name: "reason", text: a.Reason, minor: true}}
	case []policies.Mask:
		return ofMasks(a)
	}
	return nil
}

func ofTruth(name string, v bool, order int) trait {
	size := 0
	if v {
		size = 1
	}
	return trait{name: name, text: strconv.FormatBool(v), size: size, order: order}
}

func ofAction(a policies.Action) trait {
	strict := slices.Index([]policies.Action{policies.ActionAllow, policies.ActionChallenge, policies.ActionRefuse}, a)
	return trait{name: "action", text: string(a), size: strict, order: -1}
}

func ofDecision(d policies.Decision) []trait {
	all := []trait{ofAction(d.Action), {name: "reason", text: d.Reason, minor: true}, {name: "channel", text: d.Channel}}
	switch d.Action {
	case policies.ActionAllow:
		taken := ofTruth("second_step", d.SecondStep == policies.SecondStepRemembered || d.SecondStep == policies.SecondStepPassed, 1)
		taken.text = string(d.SecondStep)
		all = append(all, taken)
	case policies.ActionRefuse:
		all = append(all, trait{name: "state", text: string(d.State)}, trait{name: "message.ja", text: d.Message.JA},
			trait{name: "message.en", text: d.Message.EN})
	case policies.ActionChallenge:
		all = append(all, ofSecondStep(d)...)
		if d.By() == policies.ByEmail {
			all = append(all, ofTerms(d)...)
		}
	}
	all = append(all, ofTruth("forget_devices", d.ForgetDevices, -1))
	return append(all, each("capabilities", d.Capabilities, true)...)
}

// ofSecondStep is how the second step is taken. A factor of Kratos' own is stricter than a mailed code, and so is a session that may do
// nothing but enrol one.
func ofSecondStep(d policies.Decision) []trait {
	by := trait{name: "second_step_by", order: -1, text: string(d.By())}
	for i, way := range d.SecondStepBy {
		if i > 0 {
			by.text += ", " + string(way)
		}
	}
	switch {
	case d.By() == policies.ByAAL2 && !slices.Contains(d.SecondStepBy, policies.ByEmail):
		by.size = 3
	case d.By() == policies.ByAAL2:
		by.size = 2
	case slices.Contains(d.SecondStepBy, policies.ByAAL2):
		by.size = 1
	}
	enrolOnly := ofTruth("enrol_only", d.SecondStep == policies.SecondStepEnrolOnly, -1)
	return []trait{by, enrolOnly}
}

// ofTerms are the terms of a code. More digits, a longer wait, a longer time within which codes are counted, and more days for which a
// wrong code counts are stricter. More of all else is looser.
func ofTerms(d policies.Decision) []trait {
	number := func(name string, n, order int) trait {
		return trait{name: name, text: strconv.Itoa(n), size: n, order: order, term: true}
	}
	l := d.Limits
	return []trait{
		number("code.length", d.Code.Length, -1), number("code.ttl_seconds", d.Code.TTLSeconds, 1),
		number("code.max_attempts", d.Code.MaxAttempts, 1), number("code.resend_after_seconds", d.Code.ResendAfterSeconds, -1),
		number("remember_days", d.RememberDays, 1),
		number("limits.codes", l.Codes, 1), number("limits.codes_within_seconds", l.CodesWithinSeconds, -1),
		number("limits.wrong_codes", l.WrongCodes, 1), number("limits.codes_per_day", l.CodesPerDay, 1),
		number("limits.wait_doubles_after", l.WaitDoublesAfter, 1), number("limits.reserved_codes_per_day", l.ReservedCodesPerDay, 1),
		number("limits.wrong_code_days", l.WrongCodeDays, -1), number("limits.tell_wrong_codes", l.TellWrongCodes, 1),
	}
}

// each is one trait for each of a list: it is there, or it is not.
func each(name string, of []string, term bool) (all []trait) {
	for _, one := range slices.Compact(slices.Sorted(slices.Values(of))) {
		all = append(all, trait{name: name + " " + one, text: "there", size: 1, order: 1, term: term})
	}
	return all
}

func ofCapabilities(c policies.Capabilities) []trait {
	all := each("capabilities", c.Capabilities, false)
	for _, name := range sortedNames(c.Reasons) {
		all = append(all, trait{name: "reasons." + name, text: c.Reasons[name], minor: true})
	}
	return all
}

// ofMasks is one trait for each thing that is masked: what is not masked any more is kept.
func ofMasks(masks []policies.Mask) (all []trait) {
	for _, m := range masks {
		all = append(all, trait{name: "mask " + m.Path, text: m.Op + " " + m.Value, size: 1, order: -1})
	}
	return all
}

// Change is how one thing that an answer says is another one. From or To is empty where it is not said.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`

	looser, tighter, term, minor bool
}

// Changes are how one answer differs from another, each a [policies.Decision] or one of the others. Where the action is another one, what
// belongs to one of the two actions alone is no change of its own.
func Changes(from, to any) []Change { return changes(traitsOf(from), traitsOf(to)) }

// Looser says whether less is asked, or more may be done, in the second answer than in the first.
func (c Change) Looser() bool { return c.looser }

// changes are how one answer differs from another, in the order of the first. Where the action is another one, what belongs to one of the
// two actions alone is no change of its own.
func changes(from, to []trait) (all []Change) {
	find := func(in []trait, name string) (trait, bool) {
		i := slices.IndexFunc(in, func(t trait) bool { return t.name == name })
		if i < 0 {
			return trait{}, false
		}
		return in[i], true
	}
	otherAction := false
	note := func(name string, a, b trait, both bool) {
		one := cmp.Or(a, b)
		if a.text == b.text && a.size == b.size || otherAction && !both && (one.order == 0 || one.text != "there") {
			return
		}
		way := one.order * cmp.Compare(b.size, a.size)
		all = append(all, Change{Field: name, From: a.text, To: b.text, looser: way > 0, tighter: way < 0, term: one.term, minor: one.minor})
		// The terms of a code are no matter where a factor is asked for in its place.
		otherAction = otherAction || name == "action" || name == "second_step_by"
	}
	for _, a := range from {
		b, ok := find(to, a.name)
		note(a.name, a, b, ok)
	}
	for _, b := range to {
		if _, ok := find(from, b.name); !ok {
			note(b.name, trait{}, b, false)
		}
	}
	return all
}
