package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nidan/policies"
	"nidan/policies/proof"
)

// ErrNone is the error of every decision as long as there are no policies.
var ErrNone = errors.New("there are no policies yet")

// gateWithin is how long a set may take to pass the gate: a thousand tests take a second.
const gateWithin = time.Minute

// Policies are the policies that decide. They are safe for concurrent use.
type Policies struct {
	limit  time.Duration
	within time.Duration
	now    func() time.Time
	log    *slog.Logger

	active      atomic.Pointer[Active]
	refusal     atomic.Pointer[Refusal]
	waits       atomic.Pointer[waiting]
	trouble     atomic.Pointer[Trouble]
	downloads   atomic.Pointer[Downloads]
	activations atomic.Int64
	refusals    atomic.Int64
	offering    sync.Mutex // one set at a time is tried
	hurry       chan struct{}

	require Require
	history History // nil: it is not known which sets decided before
	shadow  *Shadow
	tell    func(context.Context, *Active) // nil: nobody wants to know
}

// New returns policies that decide nothing yet, each decision within the limit once they do.
func New(limit time.Duration, now func() time.Time, log *slog.Logger) *Policies {
	return &Policies{limit: limit, within: gateWithin, now: now, log: log, hurry: make(chan struct{}, 1)}
}

// Hurry has whatever keeps the policies up to date look now, and not when it would have. Somebody else has found new ones.
func (p *Policies) Hurry() {
	select {
	case p.hurry <- struct{}{}:
	default: // is about to look
	}
}

// Source is where a set came from.
type Source struct {
	Kind  SourceKind
	Where string // the folder, the layer, or the bundle's address; empty: it ships
}

// SourceKind is a kind of source.
type SourceKind string

// The kinds of sources.
const (
	FromShipped SourceKind = "shipped"
	FromFolder  SourceKind = "folder"
	FromLayer   SourceKind = "layer" // over those that ship
	FromBundle  SourceKind = "bundle"
	FromKept    SourceKind = "kept" // a folder, a layer or a bundle, as it was before the start
)

// asKept ends the words for a source of kind FromKept.
const asKept = ", as kept"

// String is the source in words.
func (s Source) String() string {
	switch s.Kind {
	case FromShipped:
		return "the policies that ship"
	case FromLayer:
		return "the policies that ship, with the layer " + s.Where
	case FromKept:
		return s.Where + asKept
	}
	return "the " + string(s.Kind) + " " + s.Where
}

// SourceOf is the folder or the bundle that String has put into words.
func SourceOf(words string) Source {
	for _, kind := range []SourceKind{FromFolder, FromBundle} {
		if where, ok := strings.CutPrefix(words, "the "+string(kind)+" "); ok {
			return Source{kind, where}
		}
	}
	return Source{Where: words}
}

// Active is a set that decides.
type Active struct {
	Revision string
	Name     string // what its bundle's manifest calls it; empty: nothing
	Source   Source
	Since    time.Time

	engine *policies.Engine
	report func() policies.Report
	table  func() (proof.Table, error)
}

// tableWithin is how long it may take to walk what a set decides about sign-ins: the set that ships takes a second.
const tableWithin = 10 * time.Second

// Table is what the set decides about sign-ins, whatever they are. It takes a while the first time; of a set that takes too long, it says
// that it is not complete.
func (a *Active) Table() (proof.Table, error) { return a.table() }

// Report is that of the gate. For the set that ships it takes as long as its tests, the first time: the set passed the gate before
// the program was built, and a start does not wait for it again.
func (a *Active) Report() policies.Report { return a.report() }

// Files are the files of the set.
func (a *Active) Files() []policies.File { return a.engine.Set().Files() }

// Tell has fn told of the set that decides, if there is one, and of each that will. It is called once, and fn should not take long:
// the next set waits for it, and sign-ins do not.
func (p *Policies) Tell(ctx context.Context, fn func(context.Context, *Active)) {
	p.offering.Lock()
	defer p.offering.Unlock()
	p.tell = fn
	if a := p.active.Load(); a != nil {
		fn(ctx, a)
	}
}

// Refusal is a set that was not activated.
type Refusal struct {
	Revision string // empty: it could not even be read
	Source   Source
	At       time.Time
	Reason   string
	Current  bool // nothing was offered since that could be activated
}

// Login decides one sign-in.
func (p *Policies) Login(ctx context.Context, in policies.Input) (policies.Verdict, error) {
	a := p.active.Load()
	if a == nil {
		return policies.Verdict{}, ErrNone
	}
	v, err := a.engine.Login(ctx, in)
	if err == nil && p.shadow != nil && !v.NotYet(in) {
		p.shadow.see(in, v)
	}
	return v, err
}

// Names is [policies.Engine.Names] of the set that decides. Where there is none, nothing is named.
func (p *Policies) Names(text string) bool {
	a := p.active.Load()
	return a != nil && a.engine.Names(text)
}

// Channels are what people sign in to, as the set lists them that decides.
func (p *Policies) Channels() ([]policies.ListedChannel, error) {
	a := p.active.Load()
	if a == nil {
		return nil, ErrNone
	}
	return a.engine.Channels()
}

// Capabilities says what a session may do.
func (p *Policies) Capabilities(ctx context.Context, in policies.CapabilitiesInput) (policies.Capabilities, error) {
	a := p.active.Load()
	if a == nil {
		return policies.Capabilities{}, ErrNone
	}
	return a.engine.Capabilities(ctx, in)
}

// Settings says whether a session may change how its account signs in.
func (p *Policies) Settings(ctx context.Context, in policies.SettingsInput) (policies.SettingsDecision, error) {
	a := p.active.Load()
	if a == nil {
		return policies.SettingsDecision{}, ErrNone
	}
	return a.engine.Settings(ctx, in)
}

// Console says whether somebody may see or change something in the console.
func (p *Policies) Console(ctx context.Context, in policies.ConsoleInput) (policies.ConsoleDecision, error) {
	a := p.active.Load()
	if a == nil {
		return policies.ConsoleDecision{}, ErrNone
	}
	return a.engine.Console(ctx, in)
}

// Ship makes the policies that come with the program decide.
func (p *Policies) Ship(ctx context.Context) error {
	_, err := p.offer(ctx, Source{Kind: FromShipped}, func() (*policies.Set, error) { return policies.Load(policies.Shipped()) })
	return err
}

// Restore has a set decide that has decided before, and whose source has nothing better now. It goes through the gate again: the
// program may be another one since.
func (p *Policies) Restore(ctx context.Context, from string, files []policies.File) error {
	_, err := p.offer(ctx, Source{FromKept, from}, func() (*policies.Set, error) { return policies.FromFiles(files) })
	return err
}

// offer has a set decide from now on, if it passes the gate, and says whether the set decides now that was not deciding before.
// An error that is no [policies.ErrRefused] means that nothing was found out about it.
func (p *Policies) offer(ctx context.Context, source Source, load func() (*policies.Set, error)) (activated bool, err error) {
	p.offering.Lock()
	defer p.offering.Unlock()
	revision := ""
	defer func() {
		unknown := err != nil && ctx.Err() == nil && !errors.Is(err, policies.ErrRefused) && !errors.Is(err, errWaits) && !errors.Is(err, errUnsettled)
		if unknown {
			p.log.WarnContext(ctx, "it cannot be found out whether new policies may decide: they are looked at again", "revision", revision, "err", err)
		}
	}()
	// What comes from outside may lead OPA into a bug. That is no reason to stop answering.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: a panic in the gate: %v", policies.ErrRefused, r)
		}
		if errors.Is(err, policies.ErrRefused) && ctx.Err() == nil {
			p.waits.Store(nil)
			p.refuse(ctx, Refusal{Revision: revision, Source: source, Reason: err.Error()})
		}
	}()
	set, err := load()
	if set != nil {
		revision = set.Revision()
	}
	if errors.Is(err, errUnsettled) || ctx.Err() != nil {
		return false, errors.Join(err, ctx.Err())
	}
	withdrawn := p.withdraw(ctx, source, revision)
	if err != nil {
		return false, fmt.Errorf("%w: %w", policies.ErrRefused, err)
	}
	if withdrawn != nil {
		return false, withdrawn
	}
	if a := p.active.Load(); a != nil && a.Revision == revision {
		now := *a
		now.Source = source // it may have been as kept so far
		p.active.Store(&now)
		p.settle()
		return false, nil
	}
	a, err := p.passed(ctx, source, set)
	if err != nil {
		return false, err
	}
	if err := p.mayDecide(ctx, a); err != nil {
		return false, err
	}
	p.waits.Store(nil)
	p.activate(ctx, a)
	return true, nil
}

// passed is a set that has passed the gate. One that waits has, unless another set decides since.
func (p *Policies) passed(ctx context.Context, source Source, set *policies.Set) (*Active, error) {
	if w, now := p.waits.Load(), p.active.Load(); w != nil && now != nil && w.Revision == set.Revision() && w.Against == now.Revision {
		return w.active, nil
	}
	a := p.candidate(set, source)
	return a, p.pass(ctx, a, set)
}

func (p *Policies) activate(ctx context.Context, a *Active) {
	a.Since = p.now()
	p.active.Store(a)
	p.activations.Add(1)
	p.settle()
	if p.tell != nil {
		p.tell(ctx, a)
	}
	p.log.InfoContext(ctx, "policies activated", "revision", a.Revision, "source", a.Source.String())
}

// pass has a set pass the gate, and hold what is required.
func (p *Policies) pass(ctx context.Context, a *Active, set *policies.Set) (err error) {
	gated, cancel := context.WithTimeout(ctx, p.within)
	defer cancel()
	if a.Source.Kind == FromShipped {
		a.engine, err = set.Compile(gated, p.limit)
	} else {
		err = p.check(gated, a, set)
	}
	if err != nil && gated.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: to try them takes longer than %v", policies.ErrRefused, p.within)
	}
	return err
}

func (p *Policies) check(ctx context.Context, a *Active, set *policies.Set) error {
	engine, report, err := policies.Check(ctx, set, p.limit)
	if err != nil {
		return err
	}
	a.engine, a.report = engine, func() policies.Report { return report }
	var before *Active
	if p.require.Invariants {
		if before, err = p.before(ctx); err != nil {
			return err
		}
	}
	return p.require.of(ctx, engine, report, before)
}

// refuse keeps why a set was not activated. The same set refused again is no news.
func (p *Policies) refuse(ctx context.Context, r Refusal) {
	r.At, r.Current = p.now(), true
	if last := p.refusal.Load(); last != nil && last.Current && last.Revision == r.Revision && (r.Revision != "" || last.Reason == r.Reason) {
		return
	}
	p.refusal.Store(&r)
	p.refusals.Add(1)
	deciding := "none"
	if a := p.active.Load(); a != nil {
		deciding = a.Revision
	}
	p.log.ErrorContext(ctx, "policies refused", "revision", r.Revision, "source", r.Source.String(), "deciding", deciding, "err", r.Reason)
}

// settle notes that what is offered now is what decides.
func (p *Policies) settle() {
	if last := p.refusal.Load(); last != nil && last.Current {
		over := *last
		over.Current = false
		p.refusal.Store(&over)
	}
}
