package replay

import (
	"slices"
)

// device is one on which an account signs in, as its records tell it.
type device struct {
	id       string // that it has now; empty: no record names it
	flowType string // of its sign-ins

	// What the database knew of it.
	known    bool
	channel  string
	verified span
	passed   *passed // nil: no code since the last sign-in

	maybeForgotten bool        // by somebody who had one device of the account forgotten
	memories       [2][]memory // that each of the two may have of it
}

// passed is a right code. Whether the device was remembered with it, the next sign-in says.
type passed struct {
	at       span
	channel  string
	memories [2][]memory // that each of the two may have if it was
}

// forget has everybody forget the device.
func (d *device) forget() {
	d.known, d.passed, d.maybeForgotten = false, nil, false
	for w := range d.memories {
		d.memories[w] = []memory{{asRecorded: true}}
	}
}

// then is a memory as it was, whatever is recorded from now on.
func (d *device) then(m memory) memory {
	switch {
	case !m.asRecorded:
		return m
	case d.known:
		return memory{known: true, channel: d.channel, verified: d.verified}
	}
	return forgotten
}

// seen is what a sign-in says of the device that it came from.
type seen struct {
	id, flowType, channel string
	known                 bool
	verified              span
}

func seenIn(e *event) seen {
	device := object(e.in, "device")
	s := seen{id: text(device, "id"), channel: text(device, "channel"), flowType: text(object(e.in, "request"), "flow_type")}
	if s.known, _ = device["known"].(bool); s.known {
		s.verified = verified(device, e.now)
	}
	return s
}

// account is the devices of one account.
type account struct{ devices []*device }

// find are the devices that the sign-in may have come from. One that is new is among them.
func (a *account) find(s seen) []*device {
	var found []*device
	if s.known {
		found = a.findKnown(s)
	} else {
		found = a.findUnknown(s)
	}
	if len(found) == 1 {
		found[0].meet(s)
	}
	for _, d := range found {
		d.leaveOpen()
		if d.maybeForgotten && !s.known {
			d.maybeForgotten = false
			for w := range d.memories {
				d.memories[w] = adding(d.memories[w], forgotten)
			}
		}
	}
	return found
}

// findKnown looks for a device that the database knew. A name says which it is, unless a code renewed it; otherwise the time does at
// which the code was entered.
func (a *account) findKnown(s seen) []*device {
	renewed := func(d *device) bool { return d.renewedBy(s) }
	for _, d := range a.devices {
		if s.id != "" && d.id == s.id {
			if !renewed(d) && !(d.known && d.verified.meets(s.verified)) {
				d.forget() // no record says when a code was entered: from here on it is as they say
			}
			return []*device{d}
		}
	}
	alike := func(d *device) bool { return d.known && d.channel == s.channel && d.verified.meets(s.verified) }
	found := a.all(func(d *device) bool { return renewed(d) || (s.id == "" || d.id == "") && alike(d) })
	if len(found) > 0 {
		return found
	}
	// Another account's code renewed it, or it is another one that was remembered on the same day.
	d := newDevice(s)
	for _, other := range a.all(alike) {
		for w := range d.memories {
			d.memories[w] = adding(d.memories[w], other.memories[w]...)
		}
	}
	return []*device{d}
}

// findUnknown looks for a device that the database did not know. Without a name it may be any that has none.
func (a *account) findUnknown(s seen) []*device {
	if s.id == "" {
		return append(a.all(func(d *device) bool { return d.id == "" && !d.known && d.flowType == s.flowType && d.remembered() }), newDevice(s))
	}
	for _, d := range a.devices {
		if d.id == s.id {
			if d.known {
				d.forget() // and no record says when
			}
			return []*device{d}
		}
	}
	return []*device{newDevice(s)}
}

func (a *account) all(which func(*device) bool) (found []*device) {
	for _, d := range a.devices {
		if which(d) {
			found = append(found, d)
		}
	}
	return found
}

// newDevice is one that was not seen before. It is not kept before there is something to know of it.
func newDevice(s seen) *device {
	d := &device{id: s.id, flowType: s.flowType, known: s.known, channel: s.channel, verified: s.verified}
	for w := range d.memories {
		d.memories[w] = []memory{{asRecorded: true}}
	}
	return d
}

// mostDevices bounds how many devices of an account are followed.
const mostDevices = 50

// keep keeps those of which there is something to know that later records do not say.
func (a *account) keep(devices []*device) {
	for _, d := range devices {
		if slices.Contains(a.devices, d) || !d.known && d.passed == nil && !d.differs() {
			continue
		}
		if same := a.nameless(d); same != nil {
			for w := range d.memories {
				same.memories[w] = adding(same.memories[w], d.memories[w]...)
			}
			continue
		}
		if a.devices = append(a.devices, d); len(a.devices) > mostDevices {
			a.devices = slices.Delete(a.devices, 0, 1)
		}
	}
}

// nameless is the device that stands for all that nothing tells from this one, if there is one.
func (a *account) nameless(d *device) *device {
	if d.id != "" || d.known || d.passed != nil {
		return nil
	}
	for _, other := range a.devices {
		if other.id == "" && !other.known && other.passed == nil && other.flowType == d.flowType {
			return other
		}
	}
	return nil
}

// differs says whether any policies may know something else of the device than the records say.
func (d *device) differs() bool {
	all := d.memories[:]
	if d.passed != nil {
		all = append(slices.Clone(all), d.passed.memories[:]...)
	}
	return slices.ContainsFunc(slices.Concat(all...), func(m memory) bool { return !m.asRecorded })
}

// remembered says whether any policies would know the device where the records say nothing of it.
func (d *device) remembered() bool {
	return slices.ContainsFunc(d.memories[:], func(all []memory) bool {
		return slices.ContainsFunc(all, func(m memory) bool { return m.known })
	})
}

// renewedBy says whether a sign-in that is known may be known by the code that was entered last.
func (d *device) renewedBy(s seen) bool {
	return d.passed != nil && d.passed.channel == s.channel && d.flowType == s.flowType && d.passed.at.meets(s.verified)
}

// leaveOpen takes that the last code may have had the device remembered, or not. Once it is known which, there is no such code.
func (d *device) leaveOpen() {
	if d.passed == nil {
		return
	}
	for w := range d.memories {
		d.memories[w] = adding(d.memories[w], d.passed.memories[w]...)
		d.passed.memories[w] = d.memories[w]
	}
}

// meet takes what a sign-in from the device says of it.
func (d *device) meet(s seen) {
	d.flowType = s.flowType
	if s.id != "" {
		d.id = s.id
	}
	if !s.known {
		d.passed = nil
		return
	}
	d.maybeForgotten = false
	switch {
	case d.renewedBy(s):
		d.known, d.channel, d.verified, d.memories = true, s.channel, d.passed.at.narrowed(s.verified), d.passed.memories
	case d.known && d.verified.meets(s.verified):
		d.verified = d.verified.narrowed(s.verified)
	default:
		d.known, d.channel, d.verified = true, s.channel, s.verified
	}
	d.passed = nil
}
