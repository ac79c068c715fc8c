package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type workflow struct {
	Name        string
	On          yaml.Node
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []struct {
			Uses, Run string
			With      map[string]any
			Env       map[string]string
		}
	}
}

// workflows returns the workflows of .github/workflows, by the names of their files.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no workflows: %v", err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		var w workflow
		if err := yaml.Unmarshal([]byte(readFile(t, file)), &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = w
	}
	return all
}

// makeTargets returns the targets of the Makefile.
func makeTargets(t *testing.T) []string {
	t.Helper()
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(readFile(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	return targets
}

var asksMake = regexp.MustCompile(`\bmake ([a-z-]+)`)

func TestWorkflowsRunWhatThereIs(t *testing.T) {
	targets, asked := makeTargets(t), []string{}
	for name, w := range workflows(t) {
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				for _, m := range asksMake.FindAllStringSubmatch(step.Run, -1) {
					asked = append(asked, m[1])
					if !slices.Contains(targets, m[1]) {
						t.Errorf("%s: there is no make %s", name, m[1])
					}
				}
				for _, script := range regexp.MustCompile(`(?m)^\.ci/\S+`).FindAllString(step.Run, -1) {
					asked = append(asked, script)
					if info, err := os.Stat(script); err != nil || info.Mode()&0o111 == 0 {
						t.Errorf("%s: %s cannot be run: %v", name, script, err)
					}
				}
			}
		}
	}
	for _, needed := range []string{".ci/run", "check", "lint", "policies", "regal", "fuzz", "vulncheck", "release"} {
		if !slices.Contains(asked, needed) {
			t.Errorf("no workflow runs %s", needed)
		}
	}
}

// A tag of an action can be moved to other code, which then gets the token of the job.
func TestWorkflowsNameActionsByTheirCommits(t *testing.T) {
	commit := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	said := regexp.MustCompile(`uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n`)
	for name, w := range workflows(t) {
		uses := 0
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Uses == "" {
					continue
				}
				if uses++; !commit.MatchString(step.Uses) {
					t.Errorf("%s: %s is no commit", name, step.Uses)
				}
			}
		}
		if got := len(said.FindAllString(readFile(t, ".github/workflows/"+name), -1)); got != uses {
			t.Errorf("%s: of %d actions, %d say their version", name, uses, got)
		}
	}
}

func TestWorkflowsMayDoLittle(t *testing.T) {
	for name, w := range workflows(t) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: every job may do %v", name, w.Permissions)
		}
		// With pull_request_target, a stranger's proposal would run with the token of the repository.
		if text := readFile(t, ".github/workflows/"+name); strings.Contains(text, "pull_request_target") || strings.Contains(text, "${{ github.event") {
			t.Errorf("%s: it runs what a stranger has written", name)
		}
		for of, job := range w.Jobs {
			if releases := name == "release.yml"; releases != (job.Permissions["contents"] == "write") || len(job.Permissions) > 1 {
				t.Errorf("%s, %s: may do %v", name, of, job.Permissions)
			}
			if job.Timeout == 0 {
				t.Errorf("%s, %s: it may run for six hours", name, of)
			}
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s, %s: the token is left to what runs next", name, of)
				}
			}
		}
	}
}

func TestWorkflowsRunTheGoOfTheModule(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "go.mod"))[1]
	for name, w := range workflows(t) {
		for of, job := range w.Jobs {
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/setup-go@") && step.With["go-version"] != version+".x" {
					t.Errorf("%s, %s: Go is %v, and the module's is %s", name, of, step.With["go-version"], version)
				}
			}
		}
	}
}

// If dependabot does not look at a module, or at a folder of packages, nobody updates it.
func TestDependabotLooksAtEachModule(t *testing.T) {
	var d struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".github/dependabot.yml")), &d); err != nil {
		t.Fatal(err)
	}
	looked := map[string][]string{}
	for _, u := range d.Updates {
		looked[u.Ecosystem] = append(looked[u.Ecosystem], u.Directories...)
		if u.Directory != "" {
			looked[u.Ecosystem] = append(looked[u.Ecosystem], u.Directory)
		}
	}
	there := map[string][]string{}
	ecosystem := map[string]string{"go.mod": "gomod", "package.json": "npm", "Dockerfile": "docker", "docker-compose.yml": "docker-compose"}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e, ok := ecosystem[entry.Name()]; ok && err == nil {
			there[e] = append(there[e], path.Join("/", path.Dir(filepath.ToSlash(file))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	there["github-actions"] = []string{"/"}
	for e, folders := range there {
		slices.Sort(folders)
		slices.Sort(looked[e])
		if !slices.Equal(folders, looked[e]) {
			t.Errorf("%s: there are %v, and it looks at %v", e, folders, looked[e])
		}
	}
	for e := range looked {
		if there[e] == nil {
			t.Errorf("there is nothing of %s", e)
		}
	}
}

// A person who downloads a release can check what it is made of, and that nobody has altered it.
func TestAReleaseIsStaticProgramsWithSumsAndContents(t *testing.T) {
	var r struct {
		Builds []struct {
			Env    []string
			Flags  []string
			Goos   []string
			Goarch []string
		}
		Archives []struct{ Files []string }
		Checksum struct{ Algorithm string }
		SBOMs    []struct {
			Artifacts string
			Documents []string
			Cmd       string
			Args      []string
		} `yaml:"sboms"`
		Release struct{ Draft bool }
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".goreleaser.yaml")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Builds) != 1 || !slices.Equal(r.Builds[0].Env, []string{"CGO_ENABLED=0"}) || !slices.Contains(r.Builds[0].Flags, "-trimpath") ||
		!slices.Contains(r.Builds[0].Flags, "-buildvcs=true") {
		t.Errorf("it is built by %+v", r.Builds)
	}
	if len(r.SBOMs) != 1 || r.SBOMs[0].Artifacts != "binary" || r.SBOMs[0].Cmd != "go" ||
		!slices.ContainsFunc(r.SBOMs[0].Args, func(a string) bool { return regexp.MustCompile(`cyclonedx-gomod@v\d+\.\d+\.\d+$`).MatchString(a) }) {
		t.Errorf("what it is made of is said by %+v", r.SBOMs)
	}
	if r.Checksum.Algorithm != "sha256" || !r.Release.Draft {
		t.Errorf("sums are %s, and a draft: %v", r.Checksum.Algorithm, r.Release.Draft)
	}
	for _, a := range r.Archives {
		for _, pattern := range a.Files {
			if files, err := filepath.Glob(pattern); err != nil || len(files) == 0 {
				t.Errorf("there is no %s to put into a release", pattern)
			}
		}
	}
}
