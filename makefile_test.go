package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testPart is one part of make test: one go test command.
type testPart struct {
	name      string
	packages  []string // their folders
	run, skip string   // patterns; empty: none
	race      bool
}

func (p testPart) runs(folder, test string) bool {
	return slices.Contains(p.packages, folder) && regexp.MustCompile(p.run).MatchString(test) &&
		(p.skip == "" || !regexp.MustCompile(p.skip).MatchString(test))
}

// testParts returns the parts of make test. It asks make and the shell, because these expand the variables and the lists of packages.
func testParts(t *testing.T) (all []testPart) {
	t.Helper()
	ask := func(name string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), name, args...)
		c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
			return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=") || strings.HasPrefix(v, "RESULTS=")
		})
		said, err := c.Output()
		if err != nil {
			t.Fatalf("ask %s what make test runs: %v", name, err)
		}
		return string(said)
	}
	for line := range strings.Lines(ask("make", "--dry-run", "test", "RESULTS=results")) {
		before, arguments, is := strings.Cut(strings.TrimSpace(line), " -- ")
		if !is || !strings.Contains(before, "gotestsum") {
			continue
		}
		p := testPart{name: path.Base(before)} // the name of the file with its events
		for words := strings.Fields(ask("sh", "-c", "for word in "+arguments+`; do printf '%s\n' "$word"; done`)); len(words) > 0; {
			word := words[0]
			words = words[1:]
			switch word {
			case "-race":
				p.race = true
			case "-timeout":
				words = words[1:]
			case "-run":
				p.run, words = words[0], words[1:]
			case "-skip":
				p.skip, words = words[0], words[1:]
			default:
				p.packages = append(p.packages, path.Clean(strings.TrimPrefix(strings.Replace(word, "nidan", ".", 1), "./")))
			}
		}
		all = append(all, p)
	}
	if len(all) < 3 {
		t.Fatalf("make test runs %d parts", len(all))
	}
	return all
}

// The first lines of files that are compiled only with the race detector, or only without.
const (
	withRace    = "//go:build race\n"
	notWithRace = "//go:build !race\n"
)

// testsOf returns the tests of a folder, each with the names that it uses, directly or through other functions of the test files.
func testsOf(t *testing.T, folder string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	asks := map[string][]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			asks[f.Name.Name] = append(asks[f.Name.Name], namesIn(f)...)
			for _, tag := range []string{withRace, notWithRace} {
				if strings.HasPrefix(readFile(t, file), tag) {
					asks[f.Name.Name] = append(asks[f.Name.Name], tag)
				}
			}
		}
	}
	tests := map[string]map[string]bool{}
	for name := range asks {
		if regexp.MustCompile(`^(Test|Fuzz|Example)($|[^a-z])`).MatchString(name) && name != "TestMain" {
			tests[name] = map[string]bool{}
			reach(asks, name, tests[name])
		}
	}
	return tests
}

func namesIn(f *ast.FuncDecl) (names []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			names = append(names, name.Name)
		}
		return true
	})
	return names
}

// reach adds to seen the names that a function uses, directly or through other functions.
func reach(asks map[string][]string, from string, seen map[string]bool) {
	if seen[from] {
		return
	}
	seen[from] = true
	for _, name := range asks[from] {
		reach(asks, name, seen)
	}
}

func TestEachTestIsInOnePartOfMakeTest(t *testing.T) {
	all := testParts(t)
	count := 0
	err := filepath.WalkDir(".", func(folder string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if folder != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || isModule(folder)) {
			return filepath.SkipDir // no packages, or packages of another module
		}
		for test, asks := range testsOf(t, folder) {
			count++
			var in []string
			for _, p := range all {
				if p.runs(filepath.ToSlash(folder), test) && !asks[map[bool]string{true: notWithRace, false: withRace}[p.race]] {
					in = append(in, p.name)
				}
			}
			if len(in) != 1 {
				t.Errorf("%s in %s is in the parts %v", test, folder, in)
			}
		}
		return nil
	})
	if err != nil || count < 500 {
		t.Errorf("%d tests were found, %v", count, err)
	}
}

func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// Parts run at the same time, so two parts must not use the same fixed ports.
func TestWhatNeedsTheDemosPortsIsInOnePart(t *testing.T) {
	all, in, count := testParts(t), map[string]bool{}, 0
	for test, asks := range testsOf(t, "e2e") {
		if !asks["demo"] && test != "TestTheTutorialWorksAsItIsWritten" {
			continue
		}
		count++
		for _, p := range all {
			if p.runs("e2e", test) {
				in[p.name] = true
			}
		}
	}
	if len(in) != 1 || count < 4 {
		t.Errorf("%d tests are in the parts %v", count, in)
	}
}

func TestTheRaceDetectorWatchesWhatServeStarts(t *testing.T) {
	all, count := testParts(t), 0
	for test, asks := range testsOf(t, "cmd") {
		if !asks["newNidan"] {
			continue
		}
		count++
		for _, p := range all {
			if p.runs("cmd", test) && !p.race {
				t.Errorf("%s is in %s, which has no race detector", test, p.name)
			}
		}
	}
	if count < 2 {
		t.Errorf("%d tests start it", count)
	}
	for _, p := range all {
		if p.race && p.runs("e2e", "TestARollingRestartRefusesNobody") {
			return
		}
	}
	t.Error("no test of the whole is run with the race detector")
}
