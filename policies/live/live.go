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

// ErrNone is the error of every decision while there are no policies.
var ErrNone = errors.New("there are no policies yet")

// gateWithin bounds how long a set may take to pass the gate. A thousand tests take a second.
const gateWithin = time.Minute

// Policies holds the set that decides, and replaces it. It is safe for concurrent use.
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
	offering    sync.Mutex // held while a set is tried: one set at a time
	hurry       chan struct{}

	require Require
	history History // nil: the sets that decided before are not known
	shadow  *Shadow
	tell    func(context.Context, *Active) // may be nil
}

// New returns policies without a set. The limit bounds each decision of the sets to come.
func New(limit time.Duration, now func() time.Time, log *slog.Logger) *Policies {
	return &Policies{limit: limit, within: gateWithin, now: now, log: log, hurry: make(chan struct{}, 1)}
}

// Hurry makes the source look for new policies at once. It is called when another process has found new ones.
func (p *Policies) Hurry() {
	select {
	case p.hurry <- struct{}{}:
	default: // a look is requested already
	}
}

// Source says where a set came from.
type Source struct {
	Kind  SourceKind
	Where string // the folder, the layer, or the bundle's address; empty: the set ships
}

// SourceKind is a kind of source.
type SourceKind string

// The kinds of sources.
const (
	FromShipped SourceKind = "shipped"
	FromFolder  SourceKind = "folder"
	FromLayer   SourceKind = "layer" // a layer over the shipped set
	FromBundle  SourceKind = "bundle"
	FromKept    SourceKind = "kept" // the set of a folder, a layer or a bundle that decided before the start
)

// asKept ends the words for a source of kind FromKept.
const asKept = ", as kept"

// String returns the source in words.
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

// SourceOf returns the folder or the bundle that String has put into words. Other words become the place of a source without a
// kind.
func SourceOf(words string) Source {
	for _, kind := range []SourceKind{FromFolder, FromBundle} {
		if where, ok := strings.CutPrefix(words, "the "+string(kind)+" "); ok {
			return Source{kind, where}
		}
	}
	return Source{Where: words}
}

// Active is a set that decides, or that is about to decide.
type Active struct {
	Revision string
	Name     string // from the bundle's manifest; may be empty
	Source   Source
	Since    time.Time

	engine *policies.Engine
	report func() policies.Report
	table  func() (proof.Table, error)
}

// tableWithin bounds how long the walk for [Active.Table] may take. The shipped set takes a second.
const tableWithin = 10 * time.Second

// Table returns what the set decides about all possible sign-ins. The first call takes a while. If a set takes too long, the table
// says that it is not complete.
func (a *Active) Table() (proof.Table, error) { return a.table() }

// Report returns the report of the gate. For the shipped set, the first call runs the tests: the set passed the gate before the
// program was built, so a start does not run them.
func (a *Active) Report() policies.Report { return a.report() }

// Files returns the files of the set.
func (a *Active) Files() []policies.File { return a.engine.Set().Files() }

// Tell calls fn with the deciding set, if there is one, and with each later one. It is called once. The next set waits until fn
// returns; sign-ins do not wait.
func (p *Policies) Tell(ctx context.Context, fn func(context.Context, *Active)) {
	p.offering.Lock()
	defer p.offering.Unlock()
	p.tell = fn
	if a := p.active.Load(); a != nil {
		fn(ctx, a)
	}
}

// Refusal describes a set that was not activated.
type Refusal struct {
	Revision string // empty: the set could not be read
	Source   Source
	At       time.Time
	Reason   string
	Current  bool // no acceptable set was offered since
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

// Names is [policies.Engine.Names] of the deciding set. It is false if there is none.
func (p *Policies) Names(text string) bool {
	a := p.active.Load()
	return a != nil && a.engine.Names(text)
}

// Channels returns the channels that the deciding set lists.
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

// Console says whether a visitor may see or change something in the console.
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

// Restore offers a set that has decided before, when its source offers nothing usable now. The set goes through the gate again,
// because the program may have been updated since.
func (p *Policies) Restore(ctx context.Context, from string, files []policies.File) error {
	_, err := p.offer(ctx, Source{FromKept, from}, func() (*policies.Set, error) { return policies.FromFiles(files) })
	return err
}

// offer makes a set decide if it passes the gate. The result activated says that the set decides now and did not decide before. An
// error that is not [policies.ErrRefused] means that it is not known whether the set may decide.
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
	// Input from outside may trigger a bug in OPA. Such a panic must not stop Nidan.
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
		now.Source = source // the source may have been a kept one until now
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

// passed returns a set that has passed the gate. A waiting set has passed it already, and need not again while the same set
// decides.
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

// pass compiles a set, and checks it with the gate and with the requirements, within [Policies.within]. A shipped set is compiled
// only.
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

// refuse records why a set was not activated. A second refusal of the same set is not recorded.
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

// settle records that the set offered now is the one that decides, or one that waits: the last refusal is not current any more.
func (p *Policies) settle() {
	if last := p.refusal.Load(); last != nil && last.Current {
		over := *last
		over.Current = false
		p.refusal.Store(&over)
	}
}
