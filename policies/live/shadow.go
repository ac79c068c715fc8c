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

// mostWaiting is how many sign-ins may wait for the shadow. It has no say in them, so those beyond are dropped, and counted.
const mostWaiting = 1000

// toldEvery is how often it is told what has been counted.
const toldEvery = time.Second

// Ledger keeps what is counted of a shadow: by all processes together, and over a restart.
type Ledger interface {
	// Add adds what one process has counted of two sets, by their revisions, since it last did.
	Add(ctx context.Context, active, shadow string, counted replay.Summary) error
	// Sum is what all processes have counted of them.
	Sum(ctx context.Context, active, shadow string) (replay.Summary, error)
}

// Shadow are policies that are told of every sign-in beside those that decide, and have no say in any.
type Shadow struct {
	Policies *Policies // the shadow's own, and where they come from

	ledger  Ledger // nil: what is counted is this process' own, and gone with it
	waiting chan sighting
	dropped atomic.Int64
	seen    atomic.Pointer[comparison]
	untold  *comparison // what the ledger has not been told of; nil: nothing
}

type sighting struct {
	in      policies.Input
	verdict policies.Verdict
}

// comparison is what is counted of two sets. With another set in the place of either, counting begins anew.
type comparison struct {
	active, shadow string // revisions
	differences    replay.Differences
}

// of says whether it is the comparison of these two.
func (c *comparison) of(active, shadow string) bool {
	return c != nil && c.active == active && c.shadow == shadow
}

// ShadowStatus is what there is to know of a shadow.
type ShadowStatus struct {
	Status                 // of the shadow's own policies
	Against string         // the revision that they are compared with; empty: nothing was compared yet
	Summary replay.Summary // since the present two sets were compared first
	Dropped int64          // sign-ins that this process did not compare
}

// Shadowed gives p a shadow, which has no policies yet. It is called before the first decision.
func (p *Policies) Shadowed() *Shadow {
	p.shadow = &Shadow{
		Policies: New(p.limit, p.now, p.log.With(slog.Bool("shadow", true))), waiting: make(chan sighting, mostWaiting),
	}
	return p.shadow
}

// see tells the shadow of a sign-in. It never waits.
func (s *Shadow) see(in policies.Input, v policies.Verdict) {
	select {
	case s.waiting <- sighting{in, v}:
	default:
		s.dropped.Add(1)
	}
}

// Compare compares, until ctx ends, what the shadow would have decided, and tells the ledger.
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
	// One at a time, and each within the limit: what a shadow costs at most is one core.
	v, err := s.decide(ctx, one.in)
	if v.Revision == "" || ctx.Err() != nil {
		return // there is no shadow yet
	}
	if err == nil && v.NotYet(one.in) {
		return // for a shadow, nothing is looked up
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

// tell tells the ledger what has been counted. What cannot be told now is told later, unless another set takes the place of either.
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

// decide asks the shadow. A panic in it is a failure like another: nobody waits for the answer.
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

// KeepDifferences has what is counted of the shadow kept in a ledger. It is called before the first decision.
func (p *Policies) KeepDifferences(in Ledger) {
	if p.shadow != nil {
		p.shadow.ledger = in
	}
}

// Everywhere is the status, with the sets that wait in all processes, and what these have counted of the shadow.
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
