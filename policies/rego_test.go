package policies

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// The tests written in Rego, each case by its own name.
func TestShippedRegoTests(t *testing.T) {
	report := runRego(t, Shipped(), func(r *tester.Result) {
		if len(r.SubResults) == 0 {
			t.Run(r.Name, func(t *testing.T) { requirePass(t, r.Pass(), r) })
		}
		for path, sub := range r.SubResults.Iter {
			t.Run(r.Name+"/"+strings.Join(path, "/"), func(t *testing.T) { requirePass(t, !sub.Fail, r) })
		}
	})
	if report.Coverage != 100 {
		for file, f := range report.Files {
			t.Logf("%s: not covered: %v", file, f.NotCovered)
		}
		t.Errorf("coverage is %v %%, want 100", report.Coverage)
	}
}

func requirePass(t *testing.T, pass bool, r *tester.Result) {
	t.Helper()
	if !pass {
		t.Errorf("%v failed (%v)", r.Location, r.Error)
	}
}

// runRego runs a set's own tests and reports what they cover of it.
func runRego(t *testing.T, policies fs.FS, each func(*tester.Result)) cover.Report {
	t.Helper()
	ctx := t.Context()
	set, err := load(policies)
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := compile(set.modules)
	if err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObject(set.data)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Abort(ctx, txn)
	coverage := cover.New()
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(set.modules).
		RaiseBuiltinErrors(true).SetCoverageQueryTracer(coverage).RunTests(ctx, txn)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range results {
		n++
		each(r)
	}
	if n == 0 {
		t.Error("there are no Rego tests")
	}
	return coverage.Report(set.production())
}

func TestShippedPoliciesAreFormatted(t *testing.T) {
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".rego") {
			return err
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		want, err := format.Source(path, have)
		if err != nil {
			return err
		}
		if string(have) != string(want) {
			t.Errorf("%s is not as opa fmt writes it", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
