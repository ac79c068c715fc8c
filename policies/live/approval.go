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

// What happens to a set that loosens something.
const (
	LooseningAllow   = "allow"
	LooseningApprove = "approve" // the set waits for an administrator
)

// errWaits is the error for a set that waits for approval. The source offers the set again later.
var errWaits = errors.New("it loosens something, and waits for approval")

// compareWithin bounds how long the comparison of a set with the deciding one may take. A change of the shipped set takes seconds.
const compareWithin = time.Minute

// Loosening says what a set asks less or permits more than another set.
type Loosening struct {
	Differences []proof.Difference `json:"differences"`          // the looser ones, and those where the set gives no valid answer
	Unproven    []string           `json:"not_proven,omitempty"` // what was not enumerated, so that anything there may be looser
	Partial     bool               `json:"partial"`              // the comparison did not finish: anything else may be looser
}

// loosening compares a set with the set that it is measured against.
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
			d.Input = nil // an example is long, and the database keeps the differences
			l.Differences = append(l.Differences, d)
		}
	}
	return l, nil
}

// Nothing says whether it is proven that nothing is loosened.
func (l Loosening) Nothing() bool {
	return len(l.Differences) == 0 && len(l.Unproven) == 0 && !l.Partial
}

// digest returns the same text if there is the same thing to approve: a set, the set that it replaces, and what is loosened. The
// replaced set is part of the digest because differences are summarized in few lines: against two sets, the lines may be the same
// and concern other inputs. If the comparison did not finish, the differences found depend on the speed of the machine. They are
// then left out.
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

// Waiting is a set that loosens something, and that waits for an administrator or has an answer.
type Waiting struct {
	Revision string
	Name     string // from the bundle's manifest; may be empty
	Source   Source
	Against  string // revision of the set that this set was compared with
	Digest   string // of what the set loosens; an answer counts for this digest only
	Since    time.Time
	Files    []policies.File
	Loosening

	Answer Answer
	By     string // the administrator who answered
	At     time.Time
}

// Answer is an administrator's answer about a waiting set.
type Answer string

// The possible answers.
const (
	Unanswered Answer = ""
	Approved   Answer = "approved"
	Rejected   Answer = "rejected"
)

// Asked returns the sets that wait for approval in any process, and the sets that have an answer.
func (p *Policies) Asked(ctx context.Context) ([]Waiting, error) {
	if p.require.Loosening != LooseningApprove {
		return nil, nil
	}
	return p.history.Waiting(ctx)
}

// waiting is a waiting set that was offered to this process last.
type waiting struct {
	active *Active
	Waiting
}

// mayDecide says whether a set that passed the gate may decide: if it loosens nothing, or if an administrator approved exactly what
// it loosens. The error is [errWaits] as long as there is no answer. If loosening takes approval, a nil error also means that the
// history keeps the set as the one that decided last.
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
				p.settle() // a waiting set is not a refused set
			}
			return err
		}
	}
	a.Since = p.now()
	return p.history.Decides(ctx, a)
}

// compared returns what a set loosens. It reuses the last comparison if this set was compared with the same deciding set.
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

// answered asks for approval. The error is nil if the set is approved.
func (p *Policies) answered(ctx context.Context, w *waiting) error {
	if w.active.Source.Kind == FromKept {
		return fmt.Errorf("%w: this set was kept, and asks less than the one that decided last", policies.ErrRefused)
	}
	kept, err := p.history.Ask(ctx, w.Waiting)
	if err != nil {
		return err
	}
	if w != p.waits.Load() { // this process has not shown the set yet
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

// measure returns the set that a new set is compared with: the set of [Policies.before], or else the shipped set.
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

// goOnWith activates, at a start, the set that the new set was compared with. Without it, no administrator could sign in and
// approve.
func (p *Policies) goOnWith(ctx context.Context, before *Active) error {
	if p.active.Load() != nil {
		return nil
	}
	if before.Source.Kind != FromShipped { // the program may have been updated since
		if _, _, err := policies.Check(ctx, before.engine.Set(), p.limit); err != nil {
			return fmt.Errorf("%w: another set has to be approved of, and the one that decided last cannot decide meanwhile: "+
				"set policies.require.loosening to allow for one start: %w", policies.ErrRefused, err)
		}
	}
	p.activate(ctx, before)
	return nil
}

// withdraw forgets what waits from a source, except one revision.
func (p *Policies) withdraw(ctx context.Context, source Source, revision string) error {
	if p.require.Loosening != LooseningApprove {
		return nil
	}
	if w := p.waits.Load(); w != nil && w.Revision != revision {
		p.waits.Store(nil)
	}
	return p.history.Withdraw(ctx, source.String(), revision)
}
