package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nidan/policies"
	"nidan/policies/proof"
)

// What becomes of a set that loosens something.
const (
	LooseningAllow   = "allow"
	LooseningApprove = "approve" // it waits for an administrator
)

// errWaits is the error for a set that waits for approval. Whoever offers it offers it again.
var errWaits = errors.New("it loosens something, and waits for approval")

// compareWithin is how long it may take to compare a set with the one that decides: a change of the set that ships takes seconds.
const compareWithin = time.Minute

// Loosening is what a set asks less, or lets be done more, than another one.
type Loosening struct {
	Differences []proof.Difference `json:"differences"`          // those that are looser, and those where nothing valid is decided
	Unproven    []string           `json:"not_proven,omitempty"` // why it cannot be said that nothing else is looser
	Partial     bool               `json:"partial"`              // the comparison came to no end: anything else may be looser
}

// loosening compares a set with the one that it is measured by.
func loosening(ctx context.Context, from, to *policies.Engine) (l Loosening, err error) {
	c, err := proof.Compare(ctx, from, to, proof.Bounds{Time: compareWithin})
	if ctx.Err() != nil {
		return l, ctx.Err()
	}
	l.Unproven, l.Partial = c.Missing, !c.Complete
	if err != nil {
		l.Unproven, l.Partial = append(l.Unproven, "they cannot be compared: "+err.Error()), true
	}
	for _, d := range c.Differences {
		if d.Looser || d.Kind == proof.Fails {
			d.Input = nil // it is kept in the database, and an example is long
			l.Differences = append(l.Differences, d)
		}
	}
	return l, nil
}

// Nothing says whether it is certain that nothing is loosened.
func (l Loosening) Nothing() bool {
	return len(l.Differences) == 0 && len(l.Unproven) == 0 && !l.Partial
}

// digest is the same for what is the same to approve of: a set, in the place of another one, and what that loosens. The other one belongs to
// it because the differences are said in few lines: compared with two sets, they may read alike and be about other inputs. Of a comparison
// that came to no end, what was found depends on how fast the machine is, and is left out.
func (l Loosening) digest(against string) (string, error) {
	if l.Partial {
		l = Loosening{Partial: true}
	}
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("encode what is loosened: %w", err)
	}
	sum := sha256.Sum256(append([]byte(against+" "), text...))
	return hex.EncodeToString(sum[:])[:16], nil
}

// Waiting is a set that loosens something, and waits for an administrator or has got an answer.
type Waiting struct {
	Revision string
	Name     string // what its bundle's manifest calls it; empty: nothing
	Source   Source
	Against  string // revision of the set that it is compared with
	Digest   string // of what it loosens: an answer counts for nothing else
	Since    time.Time
	Files    []policies.File
	Loosening

	Answer Answer
	By     string // who has answered
	At     time.Time
}

// Answer is what an administrator says of a set that waits.
type Answer string

// The answers.
const (
	Unanswered Answer = ""
	Approved   Answer = "approved"
	Rejected   Answer = "rejected"
)

// Asked are the sets that wait for approval in any process, and those that have an answer.
func (p *Policies) Asked(ctx context.Context) ([]Waiting, error) {
	if p.require.Loosening != LooseningApprove {
		return nil, nil
	}
	return p.history.Waiting(ctx)
}

// waiting is a set that this process was offered last, and that waits.
type waiting struct {
	active *Active
	Waiting
}

// mayDecide says whether a set may decide that has passed the gate: where it loosens nothing, or an administrator has approved of exactly
// that. The error is [errWaits] as long as nobody has answered. From a nil error on, the set counts as the one that decided last.
func (p *Policies) mayDecide(ctx context.Context, a *Active) error {
	if p.require.Loosening != LooseningApprove || a.Source.Kind == FromShipped {
		return nil
	}
	before, err := p.measure(ctx)
	if err != nil {
		return err
	}
	w, err := p.compared(ctx, a, before)
	if err != nil {
		return err
	}
	if !w.Nothing() {
		if err := p.answered(ctx, w); err != nil {
			err = errors.Join(err, p.goOnWith(ctx, before))
			if errors.Is(err, errWaits) {
				p.waits.Store(w)
				p.settle() // it is not refused
			}
			return err
		}
	}
	a.Since = p.now()
	return p.history.Decides(ctx, a)
}

// compared is what a set loosens, or as it was found before.
func (p *Policies) compared(ctx context.Context, a, before *Active) (*waiting, error) {
	if w := p.waits.Load(); w != nil && w.active == a && w.Against == before.Revision {
		return w, nil
	}
	w := &waiting{active: a, Waiting: Waiting{
		Revision: a.Revision, Name: a.Name, Source: a.Source, Against: before.Revision, Since: p.now(), Files: a.Files(),
	}}
	if a.Revision == before.Revision {
		return w, nil
	}
	var err error
	if w.Loosening, err = loosening(ctx, before.engine, a.engine); err == nil {
		w.Digest, err = w.digest(w.Against)
	}
	return w, err
}

// answered asks for approval, and is nil where it is given.
func (p *Policies) answered(ctx context.Context, w *waiting) error {
	if w.active.Source.Kind == FromKept {
		return fmt.Errorf("%w: this set was kept, and asks less than the one that decided last", policies.ErrRefused)
	}
	kept, err := p.history.Ask(ctx, w.Waiting)
	if err != nil {
		return err
	}
	if w != p.waits.Load() { // nobody looks at it yet
		w.Since = kept.Since
	}
	switch kept.Answer {
	case Approved:
		return nil
	case Rejected:
		return fmt.Errorf("%w: %s has rejected it, because of what it loosens", policies.ErrRefused, kept.By)
	}
	if last := p.waits.Load(); last == nil || last.Revision != w.Revision || last.Digest != w.Digest {
		p.log.WarnContext(ctx, "policies wait for approval: they loosen something, see the console", "revision", w.Revision,
			"source", w.Source.String(), "deciding", w.Against, "loosens", len(w.Differences), "not_proven", len(w.Unproven))
	}
	return errWaits
}

// measure is the set that another one is compared with: that of [Policies.before], or else the one that ships.
func (p *Policies) measure(ctx context.Context) (*Active, error) {
	if a, err := p.before(ctx); a != nil || err != nil {
		return a, err
	}
	set, err := policies.Load(policies.Shipped())
	if err != nil {
		return nil, err
	}
	a := p.candidate(set, Source{Kind: FromShipped})
	a.engine, err = set.Compile(ctx, p.limit)
	return a, err
}

// goOnWith has the set decide that another one was measured by, at a start: somebody has to be able to sign in and to approve.
func (p *Policies) goOnWith(ctx context.Context, before *Active) error {
	if p.active.Load() != nil {
		return nil
	}
	if before.Source.Kind != FromShipped { // this program may be another one since
		if _, _, err := policies.Check(ctx, before.engine.Set(), p.limit); err != nil {
			return fmt.Errorf("%w: another set has to be approved of, and the one that decided last cannot decide meanwhile: "+
				"set policies.require.loosening to allow for one start: %w", policies.ErrRefused, err)
		}
	}
	p.activate(ctx, before)
	return nil
}

// withdraw has nothing wait any more that a source had before.
func (p *Policies) withdraw(ctx context.Context, source Source, revision string) error {
	if p.require.Loosening != LooseningApprove {
		return nil
	}
	if w := p.waits.Load(); w != nil && w.Revision != revision {
		p.waits.Store(nil)
	}
	return p.history.Withdraw(ctx, source.String(), revision)
}
