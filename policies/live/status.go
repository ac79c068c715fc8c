package live

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Status is the state of the policies that decide.
type Status struct {
	Active      *Active  // nil: no policies yet, so nobody gets in
	Refused     *Refusal // the last refusal; nil: none
	Trouble     *Trouble // nil: none
	Downloads   Downloads
	Activations int64
	Refusals    int64
	Waiting     []Waiting     // sets that wait for approval
	Shadow      *ShadowStatus // nil: no shadow
}

// Trouble says why new policies cannot be fetched.
type Trouble struct {
	Since  time.Time
	Reason string
}

// Downloads says when a bundle was requested last. All times are zero if there is no bundle.
type Downloads struct {
	Asked    time.Time
	Answered time.Time // the last successful answer, with or without a new bundle
	Had      time.Time // the last answer with a new bundle
}

// Status returns the present state.
func (p *Policies) Status() Status {
	s := Status{
		Active: p.active.Load(), Refused: p.refusal.Load(), Trouble: p.trouble.Load(),
		Activations: p.activations.Load(), Refusals: p.refusals.Load(),
	}
	if d := p.downloads.Load(); d != nil {
		s.Downloads = *d
	}
	if w := p.waits.Load(); w != nil {
		s.Waiting = []Waiting{w.Waiting}
	}
	if p.shadow != nil {
		s.Shadow = p.shadow.status()
	}
	return s
}

// Detail returns the status in a few lines, for the operators of the program.
func (s Status) Detail() string {
	var b strings.Builder
	if s.Active == nil {
		b.WriteString("policies: none yet\n")
	} else {
		name := ""
		if s.Active.Name != "" {
			name = fmt.Sprintf(" (%q)", s.Active.Name)
		}
		fmt.Fprintf(&b, "policies: revision %s%s since %s, from %s\n",
			s.Active.Revision, name, s.Active.Since.UTC().Format(time.RFC3339), s.Active.Source)
	}
	if s.Refused != nil && s.Refused.Current {
		fmt.Fprintf(&b, "policies: refused at %s, from %s: %s\n", s.Refused.At.UTC().Format(time.RFC3339), s.Refused.Source, s.Refused.Reason)
	}
	for _, w := range s.Waiting {
		fmt.Fprintf(&b, "policies: revision %s waits for approval since %s, from %s\n", w.Revision, w.Since.UTC().Format(time.RFC3339), w.Source)
	}
	if s.Trouble != nil {
		fmt.Fprintf(&b, "policies: in trouble since %s: %s\n", s.Trouble.Since.UTC().Format(time.RFC3339), s.Trouble.Reason)
	}
	return b.String()
}

// downloaded records the result of a request for a bundle.
func (p *Policies) downloaded(answered, had bool) {
	d := Downloads{}
	if last := p.downloads.Load(); last != nil {
		d = *last
	}
	d.Asked = p.now()
	if answered {
		d.Answered = d.Asked
	}
	if had {
		d.Had = d.Asked
	}
	p.downloads.Store(&d)
}

// Ready returns [ErrNone] while there are no policies.
func (p *Policies) Ready(context.Context) error {
	if p.active.Load() == nil {
		return ErrNone
	}
	return nil
}

// troubled records why new policies cannot be fetched. An empty reason ends the trouble.
func (p *Policies) troubled(ctx context.Context, reason string) {
	last := p.trouble.Load()
	switch {
	case reason == "" && last != nil:
		p.trouble.Store(nil)
		p.log.InfoContext(ctx, "new policies can be had again")
	case reason != "" && (last == nil || last.Reason != reason):
		since := p.now()
		if last != nil {
			since = last.Since
		}
		p.trouble.Store(&Trouble{Since: since, Reason: reason})
		p.log.WarnContext(ctx, "new policies cannot be had", "err", reason)
	}
}
