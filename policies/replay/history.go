package replay

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"nidan/policies"
)

const signInKind = "sign_in"

// undecided is the reason of a refusal that stands for a missing decision.
const undecided = "undecided"

// Indexes of the two sets whose decisions are compared.
const (
	tried = iota
	against
)

// history takes sign-ins in the order of time, and keeps what each of the two sets would know about the devices at that time.
type history struct {
	memos    [2]*policies.Memo // nil: the recorded decisions are compared
	settings map[string]any
	zone     *time.Location
	counts   *Differences

	accounts map[string]*account
	ids      map[int64]bool
	names    map[string]bool     // decision IDs of a decision log
	flows    map[string]*ongoing // by flow and account; nil: no code is pending
	latest   map[string]*ongoing // by account; for a decision log, which does not name flows
}

func newHistory(t Trial, d *Differences) (h *history, err error) {
	h = &history{
		settings: t.Settings, zone: cmp.Or(t.TimeZone, time.UTC), counts: d, accounts: map[string]*account{}, ids: map[int64]bool{},
		names: map[string]bool{}, flows: map[string]*ongoing{}, latest: map[string]*ongoing{},
	}
	for w, e := range []*policies.Engine{t.Tried, t.Against} {
		if e == nil {
			continue
		}
		if h.memos[w], err = e.Memo(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *history) next(ctx context.Context, e *event) error {
	e.now = e.now.In(h.zone)
	switch {
	case e.ID != 0 && h.ids[e.ID] || e.DecisionID != "" && h.names[e.DecisionID]:
		h.counts.duplicates.Add(1)
		return nil
	case e.Kind != "" && e.Kind != signInKind:
		h.forget(e)
		return nil
	case e.err != nil:
		h.counts.unreadable.Add(1)
		return nil
	case e.in == nil:
		return nil // the input could not be recorded, so the sign-in was refused
	}
	h.ids[e.ID], h.names[e.DecisionID] = true, true
	if of, further := h.further(e); further {
		h.counts.further.Add(1)
		h.goOn(of, e)
		return nil
	}
	return h.decide(ctx, e)
}

// forget takes a record of an event that may have made devices forgotten.
func (h *history) forget(e *event) {
	switch {
	case e.Kind == "password_changed":
		h.of(e.account).each((*device).forget)
	case e.forgot == nil:
	case e.account == "": // remembering was switched off
		for _, a := range h.accounts {
			a.each((*device).forget)
		}
	case e.Kind == "devices_forgotten" && *e.forgot < 2: // it may be one of several devices
		h.of(e.account).each(func(d *device) { d.maybeForgotten = true })
	default:
		h.of(e.account).each((*device).forget)
	}
}

func (h *history) of(name string) *account {
	if h.accounts[name] == nil {
		h.accounts[name] = &account{}
	}
	return h.accounts[name]
}

// outcome is the decision of one of the two sets under one possible memory of the device.
type outcome struct {
	knows    memory
	decision policies.Decision
	err      error
}

// ongoing is a sign-in whose code is pending.
type ongoing struct {
	account  *account
	devices  []*device
	outcomes [2][]outcome
	recorded policies.Decision
	began    time.Time
	last     time.Time
}

// decide decides a sign-in under both sets, and counts it.
func (h *history) decide(ctx context.Context, e *event) error {
	o := &ongoing{account: h.of(e.account), recorded: e.recorded(), began: e.now, last: e.now}
	if e.account == "" {
		o.account = &account{} // the account is not known, so nothing of it is kept
	}
	s := seenIn(e)
	o.devices = o.account.find(s)
	var lacking []string
	for w, m := range h.memos {
		if m == nil {
			continue
		}
		in := h.asked(e, w)
		lacks, err := m.Lacks(ctx, in, e.gone)
		if err != nil {
			return err
		}
		lacking = append(lacking, lacks...)
		if o.outcomes[w], err = h.outcomes(ctx, m, in, e, o.devices, w); err != nil {
			return err
		}
		for _, of := range o.outcomes[w] {
			lacking = append(lacking, of.decision.Needs...)
		}
		if !agreed(o.outcomes[w]) {
			lacking = append(lacking, "device")
		}
		if e.account == "" && m.ReadsAny([]string{"/input/device"}) {
			lacking = append(lacking, "account.id")
		}
	}
	slices.Sort(lacking)
	h.count(e, o, slices.Compact(lacking))
	o.remember(e)
	if e.flow != "" {
		h.flows[e.flow] = nil
	}
	if e.DecisionID != "" {
		h.latest[e.account] = o
	}
	if o.recorded.Action == policies.ActionChallenge {
		if e.flow != "" {
			h.flows[e.flow] = o
		}
		h.goOn(o, e)
	}
	o.account.keep(o.devices)
	return nil
}

// asked returns the input for one of the two sets. The device facts are still the recorded ones.
func (h *history) asked(e *event, w int) map[string]any {
	if w != tried || len(h.settings) == 0 {
		return e.in
	}
	settings := maps.Clone(object(e.in, "settings"))
	if settings == nil {
		settings = map[string]any{}
	}
	channels := object(settings, "channels")
	maps.Copy(settings, h.settings)
	delete(settings, "channels")
	if channels != nil { // without recorded switches, "channels" stays missing: the given switches may not be all of them
		channels = maps.Clone(channels)
		maps.Copy(channels, object(h.settings, "channels"))
		settings["channels"] = channels
	}
	in := maps.Clone(e.in)
	in["settings"] = settings
	return in
}

// outcomes returns the decisions of one of the two sets, one for each possible memory of the device.
func (h *history) outcomes(ctx context.Context, m *policies.Memo, in map[string]any, e *event, devices []*device, w int) (all []outcome, err error) {
	recorded := object(in, "device")
	all = make([]outcome, 0, 1)
	for _, knows := range memoriesOf(devices, w) {
		asked := in
		for _, facts := range knows.facts(recorded, e.now) {
			if !knows.asRecorded {
				asked = maps.Clone(in)
				asked["device"] = facts
			}
			d, err := m.Login(ctx, asked)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				d = policies.Decision{Action: policies.ActionRefuse, Reason: undecided}
			}
			all = append(all, outcome{knows, d, err})
		}
	}
	return all, nil
}

// memoriesOf returns the possible memories of one of the two sets about all devices that the sign-in may come from.
func memoriesOf(devices []*device, w int) (all []memory) {
	if len(devices) == 1 { // the usual case
		return devices[0].memories[w]
	}
	for _, d := range devices {
		all = adding(all, d.memories[w]...)
	}
	return all
}

func agreed(all []outcome) bool {
	for _, o := range all[min(1, len(all)):] {
		if (o.err == nil) != (all[0].err == nil) || !reflect.DeepEqual(o.decision, all[0].decision) {
			return false
		}
	}
	return true
}

// count counts a sign-in as compared, or as inexact if facts are lacking.
func (h *history) count(e *event, o *ongoing, lacking []string) {
	if len(lacking) > 0 {
		h.counts.addInexact(e, lacking)
		return
	}
	from, to := o.recorded, o.outcomes[tried][0]
	if h.memos[against] != nil {
		from = o.outcomes[against][0].decision
	}
	h.counts.add(e.shown(), from, to.decision, to.err, Example{Record: e.ID, DecisionID: e.DecisionID})
}
