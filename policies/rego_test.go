package policies

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Runs the Rego tests, each case with its own name, with the engine's settings, which differ from the opa command's: forbidden
// built-ins do not exist, and a failing built-in is a failure. make policies checks format, strict mode and coverage.
func TestShippedRegoTests(t *testing.T) {
	ctx := t.Context()
	set, err := Load(Shipped())
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
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(set.modules).
		RaiseBuiltinErrors(true).RunTests(ctx, txn)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range results {
		n++
		if len(r.SubResults) == 0 {
			t.Run(r.Name, func(t *testing.T) { requirePass(t, r.Pass(), r) })
		}
		for path, sub := range r.SubResults.Iter {
			t.Run(r.Name+"/"+strings.Join(path, "/"), func(t *testing.T) { requirePass(t, !sub.Fail, r) })
		}
	}
	if n == 0 {
		t.Error("there are no Rego tests")
	}
}

func requirePass(t *testing.T, pass bool, r *tester.Result) {
	t.Helper()
	if !pass {
		t.Errorf("%v failed (%v)", r.Location, r.Error)
	}
}

// People read a policy without its surroundings: its title and description must say what it is for.
func TestShippedRegoSaysWhatItIsFor(t *testing.T) {
	set, err := Load(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for path, m := range set.production() {
		has := map[string]bool{} // by rule name, or "package"
		for _, a := range m.Annotations {
			of := "package"
			if a.Scope != "package" {
				of = strings.TrimPrefix(a.GetTargetPath().String(), m.Package.Path.String()+".")
			}
			has[of] = a.Title != "" && a.Description != ""
			if of == "package" && len(a.Schemas) == 0 {
				t.Errorf("%s names no schema of its input", path)
			}
			if of == "decision" && !a.Entrypoint {
				t.Errorf("%s: decision is what is asked from outside, and is no entrypoint", path)
			}
		}
		if !has["package"] {
			t.Errorf("%s: the package has no title and description", path)
		}
		for _, r := range m.Rules {
			if name := r.Head.Name.String(); !strings.HasPrefix(name, "_") && !has[name] {
				t.Errorf("%s: %s has no title and description", path, name)
			}
		}
	}
}

// The documentation tells security teams to copy this folder.
func TestACopyOfThisFolderIsWhatShips(t *testing.T) {
	copied, err := New(t.Context(), os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	if copied.Revision() != shipped.Revision() {
		t.Errorf("the folder is %s, what ships %s: is a folder not embedded?", copied.Revision(), shipped.Revision())
	}
}

// The engine must accept what the opa command accepts, so both need the same version of OPA.
func TestTheOpaCommandIsTheEnginesOPA(t *testing.T) {
	root := os.DirFS("..")
	engine, command := opaVersion(t, root, "go.mod"), opaVersion(t, root, "policies/opa/go.mod")
	if engine != command {
		t.Errorf("the engine is OPA %s, the command %s: cd policies/opa && go get -tool github.com/open-policy-agent/opa@%s && "+
			"go mod tidy", engine, command, engine)
	}
}

func opaVersion(t *testing.T, files fs.FS, path string) string {
	t.Helper()
	content, err := fs.ReadFile(files, path)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\s*(?:require )?github\.com/open-policy-agent/opa (v\S+)`).FindSubmatch(content)
	if found == nil {
		t.Fatalf("%s does not require OPA", path)
	}
	return string(found[1])
}
