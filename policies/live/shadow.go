package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"nidan/policies"
	"nidan/policies/replay"
)

// mostWaiting is how many sign-ins may wait for the shadow. It has no say in them, so those beyond are dropped, and counted.
const mostWaiting = 1000

// Shadow are policies that are told of every sign-in beside those that decide, and have no say in any.
type Shadow struct {
	policies *Policies
	waiting  chan sighting
	dropped  atomic.Int64
	seen     atomic.Pointer[comparison]
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

// ShadowStatus is what there is to know of a shadow.
type ShadowStatus struct {
	Status                 // of the shadow's own policies
	Against string         // the revision that they are compared with; empty: nothing was compared yet
	Summary replay.Summary // since the present two sets were compared first
	Dropped int64          // sign-ins that were not compared
}

// Shadowed gives p a shadow, the policies of a folder, and returns what keeps it going until its context ends. It is called
// before the first decision.
func (p *Policies) Shadowed(dir string) func(context.Context) error {
	s := &Shadow{policies: New(p.limit, p.now, p.log.With(slog.Bool("shadow", true))), waiting: make(chan sighting, mostWaiting)}
	p.shadow = s
	folder := s.policies.Folder(dir)
	return func(ctx context.Context) error {
		ended := make(chan error, 1)
		go func() { ended <- folder.Watch(ctx) }()
		s.compare(ctx)
		return <-ended
	}
}

// see tells the shadow of a sign-in. It never waits.
func (s *Shadow) see(in policies.Input, v policies.Verdict) {
	select {
	case s.waiting <- sighting{in, v}:
	default:
		s.dropped.Add(1)
	}
}

func (s *Shadow) compare(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case one := <-s.waiting:
			s.compareOne(ctx, one)
		}
	}
}

func (s *Shadow) compareOne(ctx context.Context, one sighting) {
	// One at a time, and each within the limit: what a shadow costs at most is one core.
	v, err := s.decide(ctx, one.in)
	if v.Revision == "" || ctx.Err() != nil {
		return // there is no shadow yet
	}
	c := s.seen.Load()
	if c == nil || c.active != one.verdict.Revision || c.shadow != v.Revision {
		c = &comparison{active: one.verdict.Revision, shadow: v.Revision}
		s.seen.Store(c)
	}
	c.differences.Add(one.in, one.verdict.Decision, v.Decision, err, 0)
}

// decide asks the shadow. A panic in it is a failure like another: nobody waits for the answer.
func (s *Shadow) decide(ctx context.Context, in policies.Input) (v policies.Verdict, err error) {
	revision := ""
	if a := s.policies.active.Load(); a != nil {
		revision = a.Revision
	}
	defer func() {
		if r := recover(); r != nil {
			v, err = policies.Verdict{Revision: revision}, fmt.Errorf("a panic: %v", r)
		}
	}()
	return s.policies.Login(ctx, in)
}

func (s *Shadow) status() *ShadowStatus {
	status := &ShadowStatus{Status: s.policies.Status(), Dropped: s.dropped.Load()}
	if c := s.seen.Load(); c != nil {
		status.Against, status.Summary = c.active, c.differences.Summary()
	}
	return status
}
