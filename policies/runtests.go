package policies

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Report is the result of the gate's checks on a set of policies.
type Report struct {
	Revision  string   `json:"revision"`
	Tests     []Test   `json:"tests"`
	Cases     int      `json:"-"`         // sign-ins that the tests decide; the gate decides each of them again under the set's own data
	Coverage  float64  `json:"coverage"`  // of the rules, by the tests, in percent
	Uncovered []string `json:"uncovered"` // what no test reaches: "login/login.rego:12", or "…:12-14"
}

// Failed returns the tests that do not pass.
func (r Report) Failed() []Test {
	return slices.DeleteFunc(slices.Clone(r.Tests), func(t Test) bool { return t.Failure == "" })
}

// Test is one test of a set, or one case of it.
type Test struct {
	Package  string        `json:"package"`           // such as "nidan.login_test"
	Name     string        `json:"name"`              // such as "test_decision/the console, with a code"
	Location string        `json:"location"`          // such as "login/login_test.rego:12"
	Failure  string        `json:"failure,omitempty"` // why it does not pass; empty: it passes
	Seen     string        `json:"seen,omitempty"`    // the values found, if OPA can tell: "got == want: got 1, expected 2"
	Duration time.Duration `json:"duration_nanoseconds"`
}

// RunTests runs the tests of a set, and nothing else. The error says why they could not be run.
func RunTests(ctx context.Context, s *Set) (Report, error) {
	r := Report{Revision: s.revision}
	_, err := s.test(ctx, &r)
	return r, err
}

// testWithin bounds how long one test may take.
const testWithin = 5 * time.Second

// test runs the set's tests, and returns every input for which they ask for the decision on a sign-in.
func (s *Set) test(ctx context.Context, r *Report) ([]ast.Value, error) {
	compiler, err := compile(s.modules)
	if err != nil {
		return nil, fmt.Errorf("compile the tests: %w", err)
	}
	store := inmem.NewFromObject(s.data)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return nil, fmt.Errorf("run the tests: %w", err)
	}
	defer store.Abort(ctx, txn)
	seen := &watched{cover: cover.New()}
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(s.modules).RaiseBuiltinErrors(true).
		SetTimeout(testWithin).SetParallel(1).SetCoverageQueryTracer(seen).RunTests(ctx, txn)
	if err != nil {
		return nil, fmt.Errorf("run the tests: %w", err)
	}
	var failing []string
	for result := range results {
		r.Tests = append(r.Tests, testsOf(result)...)
		if result.Fail && result.Error == nil {
			failing = append(failing, strings.TrimPrefix(result.Package, "data.")+"."+result.Name)
		}
	}
	looked, err := s.look(ctx, failing)
	if err != nil {
		return nil, err
	}
	for i, t := range r.Tests {
		if t.Failure != "" {
			r.Tests[i].Seen = looked[t.Package+"."+t.Name]
		}
	}
	slices.SortFunc(r.Tests, func(a, b Test) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Name, b.Name))
	})
	report := seen.cover.Report(s.production())
	r.Coverage = report.Coverage
	for file, f := range report.Files {
		for _, rows := range f.NotCovered {
			at := fmt.Sprintf("%s:%d", file, rows.Start.Row)
			if rows.End.Row != rows.Start.Row {
				at += fmt.Sprintf("-%d", rows.End.Row)
			}
			r.Uncovered = append(r.Uncovered, at)
		}
	}
	slices.Sort(r.Uncovered)
	r.Uncovered = slices.Compact(r.Uncovered)
	return seen.inputs, ctx.Err()
}

// testsOf returns a test, or each of its cases.
func testsOf(r *tester.Result) (tests []Test) {
	t := Test{Package: strings.TrimPrefix(r.Package, "data."), Name: r.Name, Duration: r.Duration}
	if r.Location != nil {
		t.Location = fmt.Sprintf("%s:%d", r.Location.File, r.Location.Row)
	}
	switch {
	case r.Error != nil:
		t.Failure = r.Error.Error()
	case r.Fail:
		t.Failure = "it does not hold"
	case r.Skip:
		t.Failure = "it is skipped"
	}
	for path, sub := range r.SubResults.Iter {
		if len(path) == 0 || len(sub.SubResults) > 0 {
			continue
		}
		c := t
		c.Name, c.Failure, c.Duration = r.Name+"/"+strings.Join(path, "/"), "", 0
		if sub.Fail {
			c.Failure = "it does not hold"
		}
		tests = append(tests, c)
	}
	if len(tests) == 0 {
		return []Test{t}
	}
	return tests
}

// watched is a tracer that measures coverage, and keeps every input for which a sign-in is decided.
type watched struct {
	cover  *cover.Cover
	inputs []ast.Value
}

var _ topdown.QueryTracer = (*watched)(nil)

// mostInputs bounds the number of sign-ins that a set's tests can make the gate decide.
const mostInputs = 10_000

// Enabled implements [topdown.QueryTracer].
func (*watched) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (w *watched) Config() topdown.TraceConfig { return w.cover.Config() }

// TraceEvent implements [topdown.QueryTracer].
func (w *watched) TraceEvent(e topdown.Event) {
	w.cover.TraceEvent(e)
	// The index lookup comes before any rule is tried, so a sign-in that no rule decides is seen, too.
	if e.Op == topdown.IndexOp && e.Ref != nil && e.Input() != nil && len(w.inputs) < mostInputs && e.Ref.String() == loginQuery {
		w.inputs = append(w.inputs, e.Input().Value)
	}
}
