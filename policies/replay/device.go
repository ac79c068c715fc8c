package replay

import (
	"slices"
)

// device is a device of an account, as far as the records tell.
type device struct {
	id       string // the current ID; empty: no record names the device
	flowType string // the flow type of its sign-ins

	// The knowledge of the database about the device.
	known    bool
	channel  string
	verified span
	passed   *passed // nil: no code was entered since the last sign-in

	maybeForgotten bool        // somebody forgot one of the account's devices; it may be this one
	memories       [2][]memory // the possible memories of each of the two sets
}

// passed is a right code. The next sign-in shows whether the person had the device remembered with it.
type passed struct {
	at       span
	channel  string
	memories [2][]memory // the possible memories of each of the two sets if the device was remembered
}

// forget records that the database and both sets forgot the device.
func (d *device) forget() {
	d.known, d.passed, d.maybeForgotten = false, nil, false
	for w := range d.memories {
		d.memories[w] = []memory{{asRecorded: true}}
	}
}

// then turns a memory "as recorded" into the present knowledge of the records. Later records do not change the result.
func (d *device) then(m memory) memory {
	switch {
	case !m.asRecorded:
		return m
	case d.known:
		return memory{known: true, channel: d.channel, verified: d.verified}
	}
	return forgotten
}

// seen holds what a sign-in says about its device.
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

// account holds the devices of one account.
type account struct{ devices []*device }

// find returns the devices that the sign-in may have come from. A new device is one of them.
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

// findKnown looks for a device that the database knew. The device ID identifies the device, unless a code was entered since.
// Without an ID, the time at which the code was entered identifies the device.
func (a *account) findKnown(s seen) []*device {
	renewed := func(d *device) bool { return d.renewedBy(s) }
	for _, d := range a.devices {
		if s.id != "" && d.id == s.id {
			if !renewed(d) && !(d.known && d.verified.meets(s.verified)) {
				d.forget() // no record says when this code was entered, so the records count from here on
			}
			return []*device{d}
		}
	}
	alike := func(d *device) bool { return d.known && d.channel == s.channel && d.verified.meets(s.verified) }
	found := a.all(func(d *device) bool { return renewed(d) || (s.id == "" || d.id == "") && alike(d) })
	if len(found) > 0 {
		return found
	}
	// A code of another account verified the device, or another device was remembered on the same day.
	d := newDevice(s)
	for _, other := range a.all(alike) {
		for w := range d.memories {
			d.memories[w] = adding(d.memories[w], other.memories[w]...)
		}
	}
	return []*device{d}
}

// findUnknown looks for a device that the database did not know. A sign-in without a device ID may come from any device without an
// ID.
func (a *account) findUnknown(s seen) []*device {
	if s.id == "" {
		return append(a.all(func(d *device) bool { return d.id == "" && !d.known && d.flowType == s.flowType && d.remembered() }), newDevice(s))
	}
	for _, d := range a.devices {
		if d.id == s.id {
			if d.known {
				d.forget() // no record says when
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

// newDevice returns a device that was not seen before. [account.keep] adds it to the account when there is something to remember.
func newDevice(s seen) *device {
	d := &device{id: s.id, flowType: s.flowType, known: s.known, channel: s.channel, verified: s.verified}
	for w := range d.memories {
		d.memories[w] = []memory{{asRecorded: true}}
	}
	return d
}

// mostDevices bounds how many devices of an account are followed.
const mostDevices = 50

// keep adds the devices about which something is known that later records will not say.
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

// nameless returns the kept device that cannot be distinguished from this one, or nil.
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

// differs says whether either set may know something about the device that the records do not say.
func (d *device) differs() bool {
	all := d.memories[:]
	if d.passed != nil {
		all = append(slices.Clone(all), d.passed.memories[:]...)
	}
	return slices.ContainsFunc(slices.Concat(all...), func(m memory) bool { return !m.asRecorded })
}

// remembered says whether either set may know the device although the records do not.
func (d *device) remembered() bool {
	return slices.ContainsFunc(d.memories[:], func(all []memory) bool {
		return slices.ContainsFunc(all, func(m memory) bool { return m.known })
	})
}

// renewedBy says whether the code that was entered last may be the one by which the database knows the device of this sign-in.
func (d *device) renewedBy(s seen) bool {
	return d.passed != nil && d.passed.channel == s.channel && d.flowType == s.flowType && d.passed.at.meets(s.verified)
}

// leaveOpen adds both possibilities to the memories: the device was remembered with the last code, or it was not. When a sign-in
// shows which is true, passed is nil and there is nothing to add.
func (d *device) leaveOpen() {
	if d.passed == nil {
		return
	}
	for w := range d.memories {
		d.memories[w] = adding(d.memories[w], d.passed.memories[w]...)
		d.passed.memories[w] = d.memories[w]
	}
}

// meet updates the device with what a sign-in from the device says.
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
