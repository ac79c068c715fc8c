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
	// examplesKept is how many sign-ins are shown of each change.
	examplesKept = 3
	// mostChanges bounds how many changes are told apart: a policy may put anything into its reasons.
	mostChanges = 1000
)

// others is what stands for the reasons, channels and roles of those that are not told apart any more.
const others = "…"

// Change is how other policies decide differently about a sign-in. From and To are equal where it would be let in, asked or refused as
// before.
type Change struct {
	From       policies.Action `json:"from"`
	To         policies.Action `json:"to"`
	FromReason string          `json:"from_reason"`
	ToReason   string          `json:"to_reason"`
	Channel    string          `json:"channel"` // as it was called so far
	Role       string          `json:"role"`
	Differs    string          `json:"differs,omitempty"` // what else would be done otherwise: "code.max_attempts 10 → 3"
	Looser     bool            `json:"looser,omitempty"`  // of what else, something asks less or makes a session worth more
}

// Loosens says whether the other policies ask less, or make a session worth more.
func (c Change) Loosens() bool { return strictness(c.To) < strictness(c.From) || c.Looser }

// Fails says whether the other policies could not decide, and the sign-in would be refused for that.
func (c Change) Fails() bool { return c.To == policies.ActionRefuse && c.ToReason == undecided }

// EndsOtherwise says whether anything would be done otherwise. Where nothing would, the reason alone is another.
func (c Change) EndsOtherwise() bool { return c.From != c.To || c.Differs != "" }

// compare notes what is done otherwise of two decisions with the same action. What was recorded before decisions said it is not known.
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
			continue // has a place of its own
		}
		differs = append(differs, one.String())
		c.Looser = c.Looser || one.Looser()
	}
	c.Differs = strings.Join(differs, ", ")
}

func strictness(a policies.Action) int {
	return slices.Index([]policies.Action{policies.ActionAllow, policies.ActionChallenge, policies.ActionRefuse}, a)
}

// Example is a sign-in that would be decided differently.
type Example struct {
	Record     int64     `json:"record,omitempty"`      // its ID, for nidan policy explain; 0: it has none
	DecisionID string    `json:"decision_id,omitempty"` // in a decision log
	At         time.Time `json:"at"`
	Account    string    `json:"account"`
	Error      string    `json:"error,omitempty"` // why it would not be decided at all
}

// Differences are what two sets of policies decide differently. It is safe for concurrent use.
type Differences struct {
	Who bool // all accounts of each change are kept, and not a few examples alone; it is set before anything is counted

	further, duplicates, unreadable atomic.Int64

	mu      sync.Mutex
	decided int
	failed  int
	changes map[Change]*found
	inexact found
	lacking map[string]int // by fact
}

// found are sign-ins that are alike.
type found struct {
	n        int
	examples []Example
	who      map[string]bool // nil: it is not asked
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

// Add counts one sign-in. An error is why the other policies could not decide it: it would be refused.
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

// addInexact counts one sign-in of which it cannot be said how it would end, for want of facts.
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

// Summary is what was counted.
type Summary struct {
	Decided  int `json:"decided"`  // sign-ins
	Changed  int `json:"changed"`  // of them, would end otherwise
	Loosened int `json:"loosened"` // of them, would be asked less
	Failed   int `json:"failed"`   // of them, could not be decided, and would be refused
	Inexact  int `json:"inexact"`  // of them, cannot be compared: their records do not have all that is read. They are in no change

	Further    int `json:"further_calls,omitempty"` // records of the same sign-ins, which count once
	Duplicates int `json:"duplicates,omitempty"`    // records that were there before
	Unreadable int `json:"unreadable,omitempty"`    // records that say nothing that can be decided

	Changes []Changed `json:"changes"` // the most frequent first; those for another reason alone last

	Lacking         map[string]int `json:"lacking,omitempty"`          // of the inexact ones, how many lack a fact: "account.plan"
	InexactAccounts []string       `json:"inexact_accounts,omitempty"` // all of them, where that was asked for
	InexactExamples []Example      `json:"inexact_examples,omitempty"`
}

// Changed is one [Change], and how often it was seen.
type Changed struct {
	Change
	Count    int       `json:"count"`
	Accounts []string  `json:"accounts,omitempty"` // all of them, where that was asked for
	Examples []Example `json:"examples"`
}

// Summary is what has been counted so far.
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

// Summed is s with its changes in order, and with the numbers that follow from them.
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
