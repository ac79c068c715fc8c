package replay

import (
	"slices"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// withinFlow bounds the time between two calls of a sign-in. Kratos' login flows do not live longer.
const withinFlow = time.Hour

// further says whether a record belongs to a sign-in that was counted before, and returns this sign-in if its code is pending. A
// decision log does not name flows: a record with an open challenge belongs to the account's latest sign-in.
func (h *history) further(e *event) (*ongoing, bool) {
	if e.flow != "" {
		o, seen := h.flows[e.flow]
		return o, seen
	}
	if o := h.latest[e.account]; o != nil && e.in["challenge"] != nil && e.now.Sub(o.last) < withinFlow {
		return o, true
	}
	return nil, false
}

// goOn takes a further record of a sign-in whose code is pending. If the record does not say how this call ended, the code is taken
// as right.
func (h *history) goOn(o *ongoing, e *event) {
	if o == nil || e.decided == nil || e.decided.Action != policies.ActionChallenge {
		return
	}
	o.last = e.now
	switch e.State {
	case string(challenge.Passed), "":
		o.pass(later(e.now, e.At))
		o.account.keep(o.devices)
		if e.State != "" {
			h.flows[e.flow] = nil
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// remember updates the memories after the decisions, before the result of a code that was really sent is known. A person who would
// be asked only by the compared set is taken to enter the code and to have the device remembered.
func (o *ongoing) remember(e *event) {
	devices := slices.Concat(o.account.devices, o.devices)
	anew := func(_ *device, of outcome) memory {
		if of.decision.Action != policies.ActionChallenge || of.decision.RememberDays == 0 {
			return of.knows
		}
		return memory{known: true, channel: of.decision.Channel, verified: instant(e.now)}
	}
	for w, outcomes := range o.outcomes {
		if len(outcomes) > 0 && !slices.ContainsFunc(outcomes, func(of outcome) bool { return !of.decision.ForgetDevices }) {
			for _, d := range devices {
				d.memories[w] = []memory{{asRecorded: o.recorded.ForgetDevices}}
			}
			continue
		}
		if o.recorded.Action != policies.ActionChallenge {
			for _, d := range o.devices {
				d.memories[w] = o.after(d, w, anew)
			}
		}
		if o.recorded.ForgetDevices {
			for _, d := range devices {
				d.leaveOpen()
				d.change(w, d.then)
			}
		}
	}
	if o.recorded.ForgetDevices {
		for _, d := range devices {
			d.known, d.passed = false, nil
		}
	}
}

// pass takes a right code that was really sent. If the person had the device remembered, a set that would have asked for a code
// then knows what is recorded from then on. A set that would not have asked knows what it knew before.
func (o *ongoing) pass(at time.Time) {
	when := span{o.began.UnixMicro(), at.UnixMicro()}
	after := func(d *device, of outcome) memory {
		switch {
		case of.decision.Action != policies.ActionChallenge || of.decision.RememberDays == 0:
			return d.then(of.knows)
		case o.recorded.RememberDays == 0 || o.recorded.Channel != of.decision.Channel:
			return memory{known: true, channel: of.decision.Channel, verified: when}
		}
		return memory{asRecorded: true}
	}
	for _, d := range o.devices {
		p := &passed{at: when, channel: o.recorded.Channel}
		for w := range o.outcomes {
			p.memories[w] = o.after(d, w, after)
		}
		if o.recorded.RememberDays == 0 { // the records will say nothing about it
			d.memories = p.memories
			continue
		}
		d.passed = p
	}
}

// after returns what one of the two sets may know about a device after its decisions. If the sign-in may have come from another
// device, the set may still know what it knew before.
func (o *ongoing) after(d *device, w int, to func(*device, outcome) memory) (all []memory) {
	if len(o.devices) > 1 {
		all = d.memories[w]
	}
	for _, of := range o.outcomes[w] {
		all = adding(all, to(d, of))
	}
	if len(all) == 0 {
		return d.memories[w] // this set was not asked
	}
	return all
}

// change replaces each possible memory that one of the two sets has of the device.
func (d *device) change(w int, to func(memory) memory) {
	var all []memory
	for _, m := range d.memories[w] {
		all = adding(all, to(m))
	}
	d.memories[w] = all
}

func (a *account) each(do func(*device)) {
	for _, d := range a.devices {
		do(d)
	}
}
