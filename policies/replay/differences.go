package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nidan/policies"
	"nidan/policies/proof"
)

const (
	// examplesKept is how many examples of each change are kept.
	examplesKept = 3
	// mostChanges bounds how many different changes are kept. Policies may put any text into a reason, so there may be any number
	// of changes.
	mostChanges = 1000
)

// others replaces the reasons, channels and roles of all changes beyond [mostChanges], and the facts of lacking beyond that bound.
const others = "…"

// Change says how the tried policies decide differently about a sign-in. From and To are equal if the action stays the same.
type Change struct {
	From       policies.Action `json:"from"`
	To         policies.Action `json:"to"`
	FromReason string          `json:"from_reason"`
	ToReason   string          `json:"to_reason"`
	Channel    string          `json:"channel"` // the channel of the old decision
	Role       string          `json:"role"`
	Differs    string          `json:"differs,omitempty"` // other differences in what is done, such as "code.max_attempts 10 → 3"
	Looser     bool            `json:"looser,omitempty"`  // one of Differs asks less or makes a session worth more
}

// Loosens says whether the tried policies ask less, or make a session worth more.
func (c Change) Loosens() bool { return strictness(c.To) < strictness(c.From) || c.Looser }

// Fails says whether the tried policies could not decide. The sign-in would be refused for this reason.
func (c Change) Fails() bool { return c.To == policies.ActionRefuse && c.ToReason == undecided }

// EndsOtherwise says whether anything is done differently. If nothing is, only the reason differs.
func (c Change) EndsOtherwise() bool { return c.From != c.To || c.Differs != "" }

// compare notes what two decisions with the same action do differently. A record of an older version may lack the second step or
// the state: then nothing is known, and nothing is noted.
func (c *Change) compare(from, to policies.Decision) {
	if from.Action != to.Action || from.SecondStep == "" && to.SecondStep != "" || from.State == "" && to.State != "" {
		return
	}
	if from.Limits == nil {
		from.Limits = to.Limits
	}
	var differs []string
	for _, one := range proof.Changes(from, to) {
		if one.Field == "reason" {
			continue // FromReason and ToReason have it
		}
		differs = append(differs, one.String())
		c.Looser = c.Looser || one.Looser()
	}
	c.Differs = strings.Join(differs, ", ")
}

func strictness(a policies.Action) int {
	return slices.Index([]policies.Action{policies.ActionAllow, policies.ActionChallenge, policies.ActionRefuse}, a)
}

// Example is one sign-in that would be decided differently.
type Example struct {
	Record     int64     `json:"record,omitempty"`      // the record's ID, for nidan policy explain; 0: none
	DecisionID string    `json:"decision_id,omitempty"` // ID in a decision log
	At         time.Time `json:"at"`
	Account    string    `json:"account"`
	Error      string    `json:"error,omitempty"` // why the tried policies would make no decision
}

// Differences counts what two sets of policies decide differently. It is safe for concurrent use.
type Differences struct {
	Who bool // keep all accounts of each change, not only a few examples; must be set before anything is counted

	further, duplicates, unreadable atomic.Int64

	mu      sync.Mutex
	decided int
	failed  int
	changes map[Change]*found
	inexact found
	lacking map[string]int // records that lack a fact, by fact
}

// found is a group of sign-ins with the same change.
type found struct {
	n        int
	examples []Example
	who      map[string]bool // nil: accounts are not kept
}

func (f *found) add(e Example) {
	f.n++
	if f.who != nil {
		f.who[e.Account] = true
	}
	if len(f.examples) < examplesKept {
		f.examples = append(f.examples, e)
	}
}

// Add counts one sign-in. An error says why the tried policies made no decision: the sign-in would be refused.
func (d *Differences) Add(in policies.Input, from, to policies.Decision, err error, record int64) {
	d.add(in, from, to, err, Example{Record: record})
}

func (d *Differences) add(in policies.Input, from, to policies.Decision, err error, example Example) {
	example.At, example.Account = in.Now, in.Account.Name
	if err != nil {
		to = policies.Decision{Action: policies.ActionRefuse, Reason: undecided, Channel: from.Channel}
		example.Error = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.decided++
	if err != nil {
		d.failed++
	}
	c := Change{
		From: from.Action, To: to.Action, FromReason: from.Reason, ToReason: to.Reason, Channel: from.Channel, Role: in.Account.Role,
	}
	c.compare(from, to)
	if !c.EndsOtherwise() && from.Reason == to.Reason {
		return
	}
	if d.changes == nil {
		d.changes = make(map[Change]*found)
	}
	if d.changes[c] == nil && len(d.changes) >= mostChanges {
		c.FromReason, c.ToReason, c.Channel, c.Role = others, others, others, others
	}
	if d.changes[c] == nil {
		d.changes[c] = d.newFound()
	}
	d.changes[c].add(example)
}

func (d *Differences) newFound() *found {
	if d.Who {
		return &found{who: map[string]bool{}}
	}
	return &found{}
}

// addInexact counts one sign-in whose record lacks facts, so that the other decision is not known.
func (d *Differences) addInexact(e *event, lacking []string) {
	shown := e.shown()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.decided++
	if d.lacking == nil {
		d.lacking, d.inexact = map[string]int{}, *d.newFound()
	}
	d.inexact.add(Example{Record: e.ID, DecisionID: e.DecisionID, At: shown.Now, Account: shown.Account.Name})
	for _, fact := range lacking {
		if d.lacking[fact] == 0 && len(d.lacking) >= mostChanges {
			fact = others
		}
		d.lacking[fact]++
	}
}

// Summary holds the counts.
type Summary struct {
	Decided  int `json:"decided"`  // sign-ins
	Changed  int `json:"changed"`  // of Decided: something would be done differently
	Loosened int `json:"loosened"` // of Decided: would be asked less
	Failed   int `json:"failed"`   // of Decided: no decision, so the sign-in would be refused
	Inexact  int `json:"inexact"`  // of Decided: cannot be compared, because their records lack facts that are read. They are in no change

	Further    int `json:"further_calls,omitempty"` // further records of the same sign-ins; each sign-in counts once
	Duplicates int `json:"duplicates,omitempty"`    // records that were read twice
	Unreadable int `json:"unreadable,omitempty"`    // records that contain no sign-in to decide

	Changes []Changed `json:"changes"` // the most frequent first; changes of the reason only come last

	Lacking         map[string]int `json:"lacking,omitempty"`          // of Inexact: the number of records that lack a fact, such as "account.plan"
	InexactAccounts []string       `json:"inexact_accounts,omitempty"` // all accounts, if Who was set
	InexactExamples []Example      `json:"inexact_examples,omitempty"`
}

// Changed is one [Change] and the number of its sign-ins.
type Changed struct {
	Change
	Count    int       `json:"count"`
	Accounts []string  `json:"accounts,omitempty"` // all accounts, if Who was set
	Examples []Example `json:"examples"`
}

// Summary returns the counts so far.
func (d *Differences) Summary() Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Summary{
		Decided: d.decided, Failed: d.failed, Inexact: d.inexact.n, Lacking: maps.Clone(d.lacking),
		InexactAccounts: slices.Sorted(maps.Keys(d.inexact.who)), InexactExamples: slices.Clone(d.inexact.examples),
		Further: int(d.further.Load()), Duplicates: int(d.duplicates.Load()), Unreadable: int(d.unreadable.Load()),
	}
	for c, f := range d.changes {
		s.Changes = append(s.Changes, Changed{Change: c, Count: f.n, Examples: slices.Clone(f.examples), Accounts: slices.Sorted(maps.Keys(f.who))})
	}
	return s.Summed()
}

// Summed returns s with its changes sorted, and with Changed and Loosened computed from them.
func (s Summary) Summed() Summary {
	s.Changed, s.Loosened = 0, 0
	if s.Changes == nil {
		s.Changes = []Changed{}
	}
	for _, c := range s.Changes {
		if c.EndsOtherwise() {
			s.Changed += c.Count
		}
		if c.Loosens() {
			s.Loosened += c.Count
		}
	}
	slices.SortFunc(s.Changes, func(a, b Changed) int {
		sameA, sameB := !a.EndsOtherwise(), !b.EndsOtherwise()
		switch {
		case sameA != sameB && sameA:
			return 1
		case sameA != sameB:
			return -1
		}
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
			cmp.Compare(a.FromReason, b.FromReason), cmp.Compare(a.ToReason, b.ToReason), cmp.Compare(a.Channel, b.Channel),
			cmp.Compare(a.Role, b.Role), cmp.Compare(a.Differs, b.Differs))
	})
	return s
}
