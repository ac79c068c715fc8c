package proof

import (
	"cmp"
	"slices"
	"strconv"

	"nidan/policies"
)

// trait is one property of an answer, in a form that can be compared.
type trait struct {
	name  string
	text  string
	size  int
	order int  // 1: a larger size is looser; -1: a smaller size is looser; 0: neither
	term  bool // concerns the terms of a code, not whether one is asked
	minor bool // has no effect
}

// traitsOf returns the properties of an answer. It leaves out those that have no effect for its action.
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

// ofSecondStep returns how the second step is taken. A factor of Kratos is stricter than a mailed code. A session that may only
// enrol a factor is stricter than a full one.
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

// ofTerms returns the terms of a code. These are stricter when they are larger: the digits, the wait, the time within which codes
// are counted, and the days for which a wrong code counts. All other terms are looser when they are larger.
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

// each returns one trait for each name in a list. A name that is not in the other list changes this trait.
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

// ofMasks returns one trait for each masked value. To drop a mask is looser, because the value is then recorded.
func ofMasks(masks []policies.Mask) (all []trait) {
	for _, m := range masks {
		all = append(all, trait{name: "mask " + m.Path, text: m.Op + " " + m.Value, size: 1, order: -1})
	}
	return all
}

// Change says how one property of two answers differs. From or To is empty if an answer does not have the property.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`

	looser, tighter, term, minor bool
}

// Changes returns the differences between two answers, each a [policies.Decision] or another answer of [policies.Engine.Answer]. If
// the action differs, properties that belong to one of the two actions only are not listed.
func Changes(from, to any) []Change { return changes(traitsOf(from), traitsOf(to)) }

// Looser says whether the second answer asks less, or permits more, than the first.
func (c Change) Looser() bool { return c.looser }

// changes is [Changes], with the properties in the order of the first answer.
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
		// If a factor is asked for instead of a code, the terms of the code do not matter.
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
