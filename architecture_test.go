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

// may lists for each folder which folders it may import (README.md describes them). A new folder needs an entry here, and its doc.go must
// give the reason for the folder.
var may = map[string][]string{
	".":                    {"cmd"},
	"brand":                {},
	"challenge":            {},
	"settings":             {},
	"records":              {"challenge"}, // for the names of the states
	"exchange":             {"challenge", "records", "settings"},
	"config":               {},
	"decisionlog":          {},
	"doctor":               {"config", "hooks", "kratos"}, // it compares Kratos' configuration with Nidan's
	"status":               {},
	"journal":              {"records"}, // a leaf is computed from a record
	"kratos":               {},
	"logs":                 {},
	"policies":             {},
	"policies/live":        {"policies", "policies/proof", "policies/replay"},
	"policies/proof":       {"policies"},
	"policies/replay":      {"challenge", "policies", "policies/proof"},                          // for the age of a remembered device
	"store":                {"challenge", "exchange", "journal", "records", "settings"},          // it stores leaves and checkpoints beside the records
	"store/storetest":      {"challenge", "exchange", "journal", "records", "settings", "store"}, // tests only
	"store/postgrestest":   {},                                                                   // tests and measurements only
	"mail":                 {"brand", "challenge", "records"},
	"mail/catcher":         {},
	"hooks":                {"challenge", "exchange", "kratos", "logs", "policies", "records", "settings"},
	"hooks/contract":       {}, // tests only
	"server":               {"challenge", "hooks", "logs"},
	"server/page":          {"brand", "hooks"},
	"server/console":       {"challenge", "exchange", "hooks", "journal", "kratos", "policies", "policies/live", "policies/proof", "records", "server/session", "settings"},
	"server/console/api":   {"hooks", "kratos", "policies", "policies/live", "policies/proof", "policies/replay", "records", "server/console", "server/session", "settings"},
	"server/console/pages": {"brand", "challenge", "kratos", "policies", "policies/live", "policies/proof", "policies/replay", "records", "server/console", "server/page", "server/session", "settings"},
	"server/page/pagetest": {"server/page"}, // tests only
	"server/session":       {"challenge", "exchange", "hooks", "kratos", "policies", "settings"},
	"server/signin":        {"brand", "challenge", "exchange", "hooks", "kratos", "server/page"},
	"watch":                {"challenge", "exchange", "hooks", "logs", "policies"}, // it wraps what it measures
	"cmd":                  {"brand", "challenge", "config", "decisionlog", "doctor", "exchange", "hooks", "journal", "kratos", "logs", "mail", "mail/catcher", "policies", "policies/live", "policies/proof", "policies/replay", "records", "server", "server/console", "server/console/api", "server/console/pages", "server/page", "server/session", "server/signin", "settings", "status", "store", "watch"},
	"bench":                {"challenge", "exchange", "kratos", "mail/catcher", "settings", "store", "store/postgrestest"}, // it runs programs from outside, on databases that it fills
	"e2e":                  {},                                                                                             // it runs the program from outside
}

// mayInTests lists what tests may import in addition.
var mayInTests = map[string][]string{
	".":       {"config", "kratos"},
	"store":   {"store/postgrestest", "store/storetest"},
	"mail":    {"exchange", "settings", "store", "store/postgrestest"},
	"hooks":   {"policies/replay", "store", "store/postgrestest"}, // for the test that records are enough for a replay
	"cmd":     {"store/postgrestest"},
	"watch":   {"kratos", "settings", "store"}, // for real sign-ins
	"journal": {"exchange", "settings", "store"},

	"hooks/contract":       {"challenge", "exchange", "hooks", "kratos", "policies", "records", "settings", "store", "store/postgrestest"}, // it tests the hook together with its dependencies
	"server/signin":        {"server/page/pagetest"},
	"server/console":       {"store"},
	"server/console/pages": {"server/page/pagetest"},
	"e2e":                  {"kratos", "mail/catcher", "store/postgrestest"},
}

// only lists where an outside technology may be used.
var only = map[string][]string{
	"github.com/labstack/echo":         {"server", "server/console", "server/console/api", "server/console/pages", "server/page", "server/session", "server/signin", "hooks", "cmd"},
	"github.com/open-policy-agent/opa": {"policies", "policies/live", "policies/proof"}, // each reads Rego
	"github.com/fsnotify/fsnotify":     {"policies/live"},
	"github.com/prometheus":            {"cmd", "watch"},
	"go.opentelemetry.io/otel":         {"watch"}, // other packages only pass a context on
	"github.com/transparency-dev":      {"journal"},
	"golang.org/x/mod/sumdb/note":      {"config", "journal"}, // config checks the syntax of a key
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
	used := map[[2]string]bool{}
	forEachImport(t, func(file, folder, imported string, inTest bool) {
		ours, ok := strings.CutPrefix(imported, "nidan/")
		if !ok {
			return
		}
		if !inTest {
			used[[2]string{folder, ours}] = true
		}
		allowed, known := may[folder]
		if !known {
			t.Errorf("%s: the folder %s has no place in the architecture", file, folder)
		}
		if inTest {
			allowed = append(slices.Clone(allowed), mayInTests[folder]...)
			allowed = append(allowed, folder) // an external test package imports its own package
		}
		if !slices.Contains(allowed, ours) {
			t.Errorf("%s: %s may not import %s", file, folder, ours)
		}
	})
	for folder, all := range may {
		for _, ours := range all {
			if !used[[2]string{folder, ours}] {
				t.Errorf("%s does not import %s any more: take it out of the map", folder, ours)
			}
		}
	}
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

// forEachImport parses the files. With the output of go list, go test could return a cached result after a forbidden import was added.
func forEachImport(t *testing.T, each func(file, folder, imported string, inTest bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && file == "bench/peers" {
			return fs.SkipDir // separate modules, which Nidan is compared with
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
