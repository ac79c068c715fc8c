package replay

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// The truth about other policies is what happens to the same people at the same times if these policies decide from the beginning.
// The test finds it without a replay: two worlds run side by side, each remembers devices as the database does, and only the first
// world is recorded.

// client is a device of a person.
type client struct {
	account, role, flowType string
	flag                    bool // the account's two-step flag
	token                   int  // its device token; 0: none
}

// world is one set of policies with the devices that are remembered under it.
type world struct {
	engine   *policies.Engine
	settings policies.Settings
	verified map[*client]challenge.Remembered
	names    *bool // whether records name devices; nil: yes
}

func (w *world) decide(t testing.TB, c *client, now time.Time, zone *time.Location, open bool) policies.Verdict {
	t.Helper()
	in := signIn(func(in *policies.Input) {
		in.Now, in.Settings = now.UTC(), w.settings
		in.Account.ID, in.Account.Name, in.Account.Role, in.Account.TwoFactor = "id-"+c.account, c.account, c.role, c.flag
		in.Request.FlowType = c.flowType
		if c.token != 0 && (w.names == nil || *w.names) {
			in.Device.ID = fmt.Sprint("device ", c.token)
		}
		if r := w.verified[c]; r.Known() {
			in.Device.Known, in.Device.Channel = true, r.Channel
			in.Device.AgeDays, in.Device.AgeCalendarDays = r.AgeDays(now.In(zone)), r.AgeCalendarDays(now.In(zone))
		}
		if open {
			in.Challenge = &policies.Challenge{ID: "c", Channel: "softphone", AttemptsLeft: 10}
		}
	})
	v, err := w.engine.Login(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if v.ForgetDevices {
		w.forget(c.account)
	}
	return v
}

func (w *world) forget(account string) {
	for c := range w.verified {
		if c.account == account {
			delete(w.verified, c)
		}
	}
}

// past is what happens in both worlds, and the records of the first world.
type past struct {
	real, other world
	zone        *time.Location
	names       bool // records name devices
	log         bool // the records are those of the decision log
	people      []*client
	from        time.Time // when the other world begins to differ

	r        *rand.Rand
	recorded []Recorded
	tokens   int
	flows    int

	signIns          int
	asked, notAsked  int // sign-ins asked in the other world only, and in the first world only
	naive, naiveLess int // the same counts if each record is decided by itself
}

const passesIn = 25 * time.Second

// signIn is a sign-in in both worlds. If a code is asked in both, the person does the same in both.
func (p *past) signIn(t testing.TB, c *client, now time.Time) {
	passes, ticks := p.r.IntN(10) > 0, p.r.IntN(10) > 0
	p.flows++
	apart := !now.Before(p.from)
	other := p.other.decide(t, c, now, p.zone, false)
	v := p.real.decide(t, c, now, p.zone, false)
	if apart {
		p.signIns++
		p.compare(t, c, now, v, other)
	}
	asked, otherAsked := v.Action == policies.ActionChallenge, other.Action == policies.ActionChallenge
	p.record(c, v, now, "allowed", asked && passes)
	if passed := now.Add(passesIn); asked && passes {
		code := p.real.decide(t, c, passed, p.zone, true)
		if ticks && v.RememberDays > 0 {
			p.real.verified[c] = challenge.Remembered{Channel: v.Channel, VerifiedAt: passed}
		}
		p.record(c, code, passed, "passed", false)
	}
	// A person who is asked in the other world only enters the code at once, and has the device remembered.
	if otherAsked && (!asked || passes && ticks) && other.RememberDays > 0 {
		entered := now
		if asked {
			entered = now.Add(passesIn)
		}
		p.other.verified[c] = challenge.Remembered{Channel: other.Channel, VerifiedAt: entered}
	}
	if !apart {
		p.other.verified = copied(p.real.verified)
	}
	if _, remembered := p.real.verified[c]; asked && passes && ticks && remembered {
		p.tokens++ // the next token
		c.token = p.tokens
	}
}

func copied(from map[*client]challenge.Remembered) map[*client]challenge.Remembered {
	to := map[*client]challenge.Remembered{}
	for c, r := range from {
		to[c] = r
	}
	return to
}

func (p *past) compare(t testing.TB, c *client, now time.Time, v, other policies.Verdict) {
	count := func(from, to policies.Action, asked, notAsked *int) {
		switch {
		case from != policies.ActionChallenge && to == policies.ActionChallenge:
			*asked++
		case from == policies.ActionChallenge && to != policies.ActionChallenge:
			*notAsked++
		}
	}
	count(v.Action, other.Action, &p.asked, &p.notAsked)
	naive := world{engine: p.other.engine, settings: p.other.settings, verified: p.real.verified}
	count(v.Action, naive.decide(t, c, now, p.zone, false).Action, &p.naive, &p.naiveLess)
}

func (p *past) record(c *client, v policies.Verdict, now time.Time, state string, codeFollows bool) {
	if v.Action == policies.ActionChallenge && state == "allowed" {
		state = "code_sent"
	}
	detail, _ := json.Marshal(v.Kept)
	r := Recorded{
		ID: int64(len(p.recorded) + 1), At: now.Add(time.Millisecond), Kind: "sign_in", Account: "id-" + c.account, Flow: fmt.Sprint("flow ", p.flows),
		State: state, Detail: detail,
	}
	if p.log {
		r = Recorded{DecisionID: fmt.Sprint("decision ", len(p.recorded)), At: r.At, Detail: detail}
	}
	if !now.Before(p.from) {
		p.recorded = append(p.recorded, r)
	}
}

// live runs a number of days.
func (p *past) live(t testing.TB, days int) {
	t.Helper()
	type arrival struct {
		c  *client
		at time.Time
	}
	var arrivals []arrival
	for day := range days {
		for _, c := range p.people {
			if p.r.IntN(10) < 6 {
				arrivals = append(arrivals, arrival{c, at.AddDate(0, 0, day).Add(time.Duration(p.r.Int64N(int64(24 * time.Hour))))})
			}
		}
	}
	slices.SortFunc(arrivals, func(a, b arrival) int { return a.at.Compare(b.at) })
	for _, a := range arrivals {
		p.signIn(t, a.c, a.at)
		p.forgetNow(a.c.account, a.at)
	}
}

// forgetNow may make devices forgotten a moment later: the account gets a new password, an administrator forgets its devices, or
// remembering is switched off for a while in which nobody signs in.
func (p *past) forgetNow(account string, now time.Time) {
	kind, of, detail := "", "id-"+account, `{"devices_forgotten": 2}`
	switch p.r.IntN(1000) {
	case 0, 1, 2:
		kind = "password_changed"
	case 3:
		kind = "devices_forgotten"
	case 4:
		kind = "account_switched"
	case 5:
		kind, of = "settings_changed", ""
	case 6: // a change of settings that forgets nothing
		p.note(Recorded{At: now, Kind: "settings_changed", Detail: []byte(`{"from": {}, "to": {}}`)})
		return
	default:
		return
	}
	for _, w := range []*world{&p.real, &p.other} {
		if w.forget(account); of == "" {
			clear(w.verified)
		}
	}
	p.note(Recorded{At: now.Add(time.Minute), Kind: kind, Account: of, Detail: []byte(detail)})
}

// note records an event that is not a sign-in.
func (p *past) note(r Recorded) {
	if !p.log && !r.At.Before(p.from) {
		r.ID = int64(len(p.recorded) + 1)
		p.recorded = append(p.recorded, r)
	}
}

func (p *past) all() iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		for _, r := range p.recorded {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// lived returns a past of some people, each with a browser, and some with a softphone, too.
func lived(t testing.TB, changes ...func(*past)) *past {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, policies.Shipped())
	settings := signIn(nil).Settings
	p := &past{zone: zone, r: rand.New(rand.NewPCG(1, 2)), names: true}
	for i := range 24 {
		p.people = append(p.people, &client{account: fmt.Sprint("agent-", i), role: "user", flowType: "browser", flag: i%8 != 0})
		if i%3 == 0 {
			p.people = append(p.people, &client{account: fmt.Sprint("agent-", i), role: "user", flowType: "api", flag: i%8 != 0})
		}
	}
	p.real = world{engine: e, settings: settings, verified: map[*client]challenge.Remembered{}, names: &p.names}
	p.other = world{engine: e, settings: settings, verified: map[*client]challenge.Remembered{}}
	for _, change := range changes {
		change(p)
	}
	for _, c := range p.people {
		if p.names && c.flowType == "browser" { // the sign-in page gives it a token
			p.tokens++
			c.token = p.tokens
		}
	}
	p.live(t, 110)
	return p
}

// found returns the result of a replay: how many sign-ins are asked in the other world only, how many in the first world only, and
// the summary.
func (p *past) found(t testing.TB, trial Trial) (asked, notAsked int, s Summary) {
	t.Helper()
	var d Differences
	trial.TimeZone = p.zone
	if err := trial.Run(t.Context(), p.all(), &d, nil); err != nil {
		t.Fatal(err)
	}
	s = d.Summary()
	for _, c := range s.Changes {
		switch {
		case c.From != policies.ActionChallenge && c.To == policies.ActionChallenge:
			asked += c.Count
		case c.From == policies.ActionChallenge && c.To != policies.ActionChallenge:
			notAsked += c.Count
		}
	}
	return asked, notAsked, s
}

// with compiles the shipped set with other parameters.
func with(t testing.TB, given ...string) *policies.Engine {
	t.Helper()
	set, err := policies.Load(policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	if set, _, err = set.With(given); err != nil {
		t.Fatal(err)
	}
	e, err := set.Compile(t.Context(), policies.DecideWithin)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAReplaySaysWhatWouldHaveHappened(t *testing.T) {
	week := func(p *past) { p.other.settings.RememberDays = 7 }
	everybody := func(p *past) { p.other.engine = with(t, `always_asked_roles=["user"]`) }
	for name, tc := range map[string]struct {
		settings map[string]any
		changes  []func(*past)
		inexact  int // at most this percentage of sign-ins
	}{
		"where devices are remembered for a week": {map[string]any{"remember_days": 7.0}, []func(*past){week}, 0},
		"where they are remembered for two months": {
			map[string]any{"remember_days": 60.0}, []func(*past){func(p *past) { p.other.settings.RememberDays = 60 }}, 0,
		},
		"where nobody is remembered": {map[string]any{"remember": false}, []func(*past){func(p *past) { p.other.settings.Remember = false }}, 0},
		"where everybody is asked":   {nil, []func(*past){everybody, browsers}, 0},
		"where everybody is asked, and softphones are not named before they were remembered": {nil, []func(*past){everybody}, 6},
		"where days are those of a calendar, and fewer": {map[string]any{"remember_days": 7.0}, []func(*past){week, func(p *past) {
			p.other.engine = with(t, `days_are_counted_as="calendar_day"`)
		}}, 0},
		"from records that do not name devices":         {map[string]any{"remember_days": 7.0}, []func(*past){week, nameless}, 3},
		"from such records, of people with two devices": {map[string]any{"remember_days": 7.0}, []func(*past){week, func(p *past) { p.names = false }}, 5},
		"from then on alone, of what went on long":      {map[string]any{"remember_days": 7.0}, []func(*past){week, func(p *past) { p.from = at.AddDate(0, 0, 45) }}, 1},
		"from a decision log":                           {map[string]any{"remember_days": 7.0}, []func(*past){week, func(p *past) { p.log = true }}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := lived(t, tc.changes...)
			trial := Trial{Tried: p.other.engine, Settings: tc.settings}
			asked, notAsked, s := p.found(t, trial)
			t.Logf("%d sign-ins: %d asked anew, %d not any more; replayed %d, %d, inexact %d %v; naively %d, %d",
				p.signIns, p.asked, p.notAsked, asked, notAsked, s.Inexact, s.Lacking, p.naive, p.naiveLess)
			within := func(found, truth int) bool { return found <= truth && truth <= found+s.Inexact }
			if s.Decided != p.signIns || s.Inexact*100 > tc.inexact*p.signIns || !within(asked, p.asked) || !within(notAsked, p.notAsked) {
				t.Errorf("got %d of %d", s.Decided, p.signIns)
			}
			if tc.settings["remember_days"] == 7.0 && p.naive < 2*p.asked {
				t.Errorf("what each record says by itself is no worse: %d", p.naive)
			}
			if !p.log { // compared with the shipped policies, not with the records
				trial.Against = p.real.engine
				if a, n, same := p.found(t, trial); a != asked || n != notAsked || same.Inexact != s.Inexact {
					t.Errorf("against the same policies: %d, %d, inexact %d", a, n, same.Inexact)
				}
			}
		})
	}
}

func browsers(p *past) {
	p.people = slices.DeleteFunc(p.people, func(c *client) bool { return c.flowType != "browser" })
}

// nameless makes records that do not name devices, as early versions wrote them, for people with one device each.
func nameless(p *past) {
	browsers(p)
	p.names = false
}
