package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may says which folders a folder may import: the picture of README.md in code. A new folder needs a place here, and a reason in its doc.go.
var may = map[string][]string{
	".":                    {"cmd"},
	"brand":                {},
	"challenge":            {},
	"config":               {},
	"decisionlog":          {},
	"doctor":               {"config", "hooks", "kratos"}, // compares the configuration of Nidan with that of Kratos
	"status":               {},
	"journal":              {"challenge"}, // a leaf is made of a record
	"kratos":               {},
	"logs":                 {},
	"policies":             {},
	"policies/live":        {"policies", "policies/proof", "policies/replay"},
	"policies/proof":       {"policies"},
	"policies/replay":      {"challenge", "policies", "policies/proof"}, // only challenge says how old a remembered device is
	"store":                {"challenge", "journal"},                    // leaves and checkpoints are kept beside the records
	"store/storetest":      {"challenge", "journal", "store"},           // tests only
	"store/postgrestest":   {},                                          // tests and measurements only
	"mail":                 {"brand", "challenge"},
	"mail/catcher":         {},
	"hooks":                {"challenge", "kratos", "logs", "policies"},
	"hooks/contract":       {}, // tests only
	"server":               {"challenge", "hooks", "kratos", "logs", "policies"},
	"server/page":          {"brand", "hooks"},
	"server/console":       {"challenge", "hooks", "journal", "kratos", "policies", "policies/live", "policies/proof", "server/session"},
	"server/console/api":   {"challenge", "hooks", "kratos", "policies", "policies/live", "policies/proof", "policies/replay", "server/console", "server/session"},
	"server/console/pages": {"brand", "challenge", "kratos", "policies", "policies/live", "policies/proof", "policies/replay", "server/console", "server/page", "server/session"},
	"server/page/pagetest": {"server/page"}, // tests only
	"server/session":       {"challenge", "hooks", "kratos", "policies"},
	"server/signin":        {"brand", "challenge", "hooks", "kratos", "server/page"},
	"watch":                {"challenge", "hooks", "logs", "policies"}, // wraps the parts that it measures
	"cmd":                  {"brand", "challenge", "config", "decisionlog", "doctor", "hooks", "journal", "kratos", "logs", "mail", "mail/catcher", "policies", "policies/live", "policies/proof", "policies/replay", "server", "server/console", "server/console/api", "server/console/pages", "server/page", "server/session", "server/signin", "status", "store", "watch"},
	"bench":                {"challenge", "kratos", "mail/catcher", "store", "store/postgrestest"}, // drives programs from outside, on databases that it fills
	"e2e":                  {},                                                                     // drives the program from outside
}

// mayInTests says what the tests of a folder may import in addition.
var mayInTests = map[string][]string{
	".":       {"config", "kratos"},
	"store":   {"store/postgrestest", "store/storetest"},
	"mail":    {"store", "store/postgrestest"},
	"hooks":   {"policies/replay", "store", "store/postgrestest"}, // a test replays what the hooks have recorded
	"cmd":     {"store/postgrestest"},
	"watch":   {"kratos", "store"}, // real sign-ins
	"journal": {"store"},

	"hooks/contract":       {"challenge", "hooks", "kratos", "policies", "store", "store/postgrestest"}, // the hook with all its real parts
	"server/signin":        {"server/page/pagetest"},
	"server/console":       {"store"},
	"server/console/pages": {"server/page/pagetest"},
	"e2e":                  {"kratos", "mail/catcher", "store/postgrestest"},
}

// only says which folders may use an outside technology: as few as possible.
var only = map[string][]string{
	"github.com/labstack/echo":         {"server", "server/console", "server/console/api", "server/console/pages", "server/page", "server/session", "server/signin", "hooks", "cmd"},
	"github.com/open-policy-agent/opa": {"policies", "policies/live", "policies/proof"}, // each of them reads the rules
	"github.com/fsnotify/fsnotify":     {"policies/live"},
	"github.com/prometheus":            {"cmd", "watch"},
	"go.opentelemetry.io/otel":         {"watch"}, // the traced packages know only contexts
	"github.com/transparency-dev":      {"journal"},
	"golang.org/x/mod/sumdb/note":      {"config", "journal"}, // config checks keys
	"github.com/ory/kratos-client-go":  {"kratos"},
	"github.com/wneessen/go-mail":      {"mail"},
	"github.com/emersion/go-smtp":      {"mail", "mail/catcher"},
	"modernc.org/sqlite":               {"store"},
	"github.com/jackc/pgx":             {"store"},
	"github.com/pressly/goose":         {"store"},
	"github.com/knadh/koanf":           {"config"},
	"github.com/spf13/cobra":           {"cmd"},
	"database/sql":                     {"store"},
}

func TestImportsPointInward(t *testing.T) {
	forEachImport(t, func(file, folder, imported string, inTest bool) {
		ours, ok := strings.CutPrefix(imported, "nidan/")
		if !ok {
			return
		}
		allowed, known := may[folder]
		if !known {
			t.Errorf("%s: the folder %s has no place in the architecture", file, folder)
		}
		if inTest {
			allowed = append(slices.Clone(allowed), mayInTests[folder]...)
			allowed = append(allowed, folder) // an external test package imports the package that it tests
		}
		if !slices.Contains(allowed, ours) {
			t.Errorf("%s: %s may not import %s", file, folder, ours)
		}
	})
}

func TestOneTechnologyPerFolder(t *testing.T) {
	used := map[string]bool{}
	forEachImport(t, func(file, folder, imported string, inTest bool) {
		for technology, folders := range only {
			if imported != technology && !strings.HasPrefix(imported, technology+"/") {
				continue
			}
			used[technology] = true
			if !inTest && !slices.Contains(folders, folder) {
				t.Errorf("%s: %s belongs in %v", file, technology, folders)
			}
		}
	})
	for technology := range only {
		if !used[technology] {
			t.Errorf("nothing imports %s: take it out of the map", technology)
		}
	}
}

// forEachImport reads the files, and not the output of go list: otherwise go test would repeat a cached result after a forbidden import.
func forEachImport(t *testing.T, each func(file, folder, imported string, inTest bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && file == "bench/peers" {
			return fs.SkipDir // modules of their own, beside which Nidan is measured
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(file))
		for _, i := range parsed.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			each(file, folder, imported, strings.HasSuffix(file, "_test.go"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(file))
		seen[folder] = true
		documented[folder] = documented[folder] || parsed.Doc != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range seen {
		if !documented[folder] {
			t.Errorf("%s has no package comment", folder)
		}
	}
}
