package live

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"nidan/policies"
	"nidan/policies/replay"
)

// mostWaiting bounds how many sign-ins wait for the shadow. Further ones are dropped and counted, because the shadow decides
// nothing.
const mostWaiting = 1000

// toldEvery is how often the counts are given to the ledger.
const toldEvery = time.Second

// Ledger keeps the counts of a shadow, for all processes together and across restarts.
type Ledger interface {
	// Add adds the counts that one process has made of two sets, given by their revisions, since the last call.
	Add(ctx context.Context, active, shadow string, counted replay.Summary) error
	// Sum returns the counts of all processes for two sets.
	Sum(ctx context.Context, active, shadow string) (replay.Summary, error)
}

// Shadow is a second set of policies that is asked about every sign-in, and decides none.
type Shadow struct {
	Policies *Policies // the shadow's own set and its source

	ledger  Ledger // nil: the counts are this process' own, and end with it
	waiting chan sighting
	dropped atomic.Int64
	seen    atomic.Pointer[comparison]
	untold  *comparison // counts that the ledger does not have yet; nil: none
}

type sighting struct {
	in      policies.Input
	verdict policies.Verdict
}

// comparison holds the counts for two sets. If one of the sets is replaced, a new comparison begins.
type comparison struct {
	active, shadow string // revisions
	differences    replay.Differences
}

// of says whether the comparison is about these two sets.
func (c *comparison) of(active, shadow string) bool {
	return c != nil && c.active == active && c.shadow == shadow
}

// ShadowStatus is the state of a shadow.
type ShadowStatus struct {
	Status                 // of the shadow's own policies
	Against string         // revision of the set that the shadow is compared with; empty: nothing was compared yet
	Summary replay.Summary // counts for the present two sets
	Dropped int64          // sign-ins that this process did not compare
}

// Shadowed gives p a shadow without policies. Call it before the first decision.
func (p *Policies) Shadowed() *Shadow {
	p.shadow = &Shadow{
		Policies: New(p.limit, p.now, p.log.With(slog.Bool("shadow", true))), waiting: make(chan sighting, mostWaiting),
	}
	return p.shadow
}

// see passes a sign-in to the shadow. It never blocks.
func (s *Shadow) see(in policies.Input, v policies.Verdict) {
	select {
	case s.waiting <- sighting{in, v}:
	default:
		s.dropped.Add(1)
	}
}

// Compare asks the shadow about each sign-in until ctx ends, counts the differences, and gives the counts to the ledger.
func (s *Shadow) Compare(ctx context.Context) error {
	tick := time.NewTicker(toldEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), toldEvery)
			s.tell(last)
			cancel()
			return nil
		case one := <-s.waiting:
			s.compareOne(ctx, one)
		case <-tick.C:
			s.tell(ctx)
		}
	}
}

func (s *Shadow) compareOne(ctx context.Context, one sighting) {
	// One at a time, and each within the limit: a shadow uses at most one core.
	v, err := s.decide(ctx, one.in)
	if v.Revision == "" || ctx.Err() != nil {
		return // the shadow has no set yet
	}
	if err == nil && v.NotYet(one.in) {
		return // Nidan looks up nothing for a shadow
	}
	active := one.verdict.Revision
	c := s.seen.Load()
	if !c.of(active, v.Revision) {
		c = &comparison{active: active, shadow: v.Revision}
		s.seen.Store(c)
	}
	c.differences.Add(one.in, one.verdict.Decision, v.Decision, err, 0)
	if s.ledger == nil {
		return
	}
	if s.untold != nil && !s.untold.of(active, v.Revision) {
		s.tell(ctx)
	}
	if !s.untold.of(active, v.Revision) {
		s.untold = &comparison{active: active, shadow: v.Revision}
	}
	s.untold.differences.Add(one.in, one.verdict.Decision, v.Decision, err, 0)
}

// tell gives the counts to the ledger. If that fails, it tries again later, unless one of the two sets is replaced before.
func (s *Shadow) tell(ctx context.Context) {
	if s.untold == nil {
		return
	}
	if err := s.ledger.Add(ctx, s.untold.active, s.untold.shadow, s.untold.differences.Summary()); err != nil {
		s.Policies.log.WarnContext(ctx, "what the shadow would have done otherwise cannot be kept now", "err", err)
		return
	}
	s.untold = nil
}

// decide asks the shadow. A panic counts as a failure of the shadow; nothing else waits for the answer.
func (s *Shadow) decide(ctx context.Context, in policies.Input) (v policies.Verdict, err error) {
	revision := ""
	if a := s.Policies.active.Load(); a != nil {
		revision = a.Revision
	}
	defer func() {
		if r := recover(); r != nil {
			v, err = policies.Verdict{Revision: revision}, fmt.Errorf("a panic: %v", r)
		}
	}()
	return s.Policies.Login(ctx, in)
}

func (s *Shadow) status() *ShadowStatus {
	status := &ShadowStatus{Status: s.Policies.Status(), Dropped: s.dropped.Load()}
	if c := s.seen.Load(); c != nil {
		status.Against, status.Summary = c.active, c.differences.Summary()
	}
	return status
}

// KeepDifferences sets the ledger of the shadow. Call it before the first decision.
func (p *Policies) KeepDifferences(in Ledger) {
	if p.shadow != nil {
		p.shadow.ledger = in
	}
}

// Everywhere returns the status with the waiting sets and the shadow's counts of all processes.
func (p *Policies) Everywhere(ctx context.Context) (Status, error) {
	s := p.Status()
	asked, err := p.Asked(ctx)
	if err != nil {
		return s, err
	}
	s.Waiting = slices.DeleteFunc(asked, func(w Waiting) bool { return w.Answer != Unanswered })
	if p.shadow == nil || p.shadow.ledger == nil || s.Active == nil || s.Shadow.Active == nil {
		return s, nil
	}
	sum, err := p.shadow.ledger.Sum(ctx, s.Active.Revision, s.Shadow.Active.Revision)
	if err != nil {
		return s, err
	}
	s.Shadow.Summary, s.Shadow.Against = sum, ""
	if sum.Decided > 0 {
		s.Shadow.Against = s.Active.Revision
	}
	return s, nil
}
