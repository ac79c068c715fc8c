package cmd

import (
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nidan/policies"
)

// report is what a policy command found, for programs that show it beside the files: in a merge check, a list of test results or a
// list of findings.
type report struct {
	command string // "nidan policy check"
	dir     string // the folder that the files are in, as it was given; empty: they have no other names than in the set
	results []result
}

// How much a result matters. One that is none of these holds.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

// result is one thing that was found, or a test that holds.
type result struct {
	level string
	rule  string // the kind of it, the same in each version: "parameter", "loosens", …
	class string // what its name is one of, such as a test's package
	name  string // what was looked at
	file  string // in the set; empty: none
	line  int    // 0: the whole file
	// text is what a person reads. Details are further lines, and may be empty.
	text, details string
	seconds       float64
}

// write writes the report in a format that is neither text nor JSON: each command has these two of its own.
func (r report) write(w io.Writer, format string) error {
	switch format {
	case "github":
		return r.github(w)
	case "sarif":
		return r.sarif(w)
	case "junit":
		return r.junit(w)
	}
	return fmt.Errorf("there is no format %q", format)
}

// add adds what is wrong with a set.
func (r *report) add(problems ...policies.Problem) {
	for _, p := range problems {
		text, details, _ := strings.Cut(p.Text, "\n")
		r.results = append(r.results, result{
			level: levelError, rule: p.Rule, class: r.command, name: p.Rule, file: p.File, line: p.Line, text: text, details: details,
		})
	}
}

// addMissing adds what is not proven, each at the place that it names, if it names one.
func (r *report) addMissing(missing []string) {
	for _, m := range missing {
		one := result{level: levelWarning, rule: "not-proven", class: r.command, name: m, text: "not proven: " + m}
		one.file, one.line = placeNamed(m)
		r.results = append(r.results, one)
	}
}

// splitPlace is a place such as "login/login.rego:12", or "…:12-14", of which the first line counts.
func splitPlace(place string) (file string, line int) {
	if i := strings.LastIndex(place, ":"); i >= 0 {
		first, _, _ := strings.Cut(place[i+1:], "-")
		line, _ = strconv.Atoi(first)
		return place[:i], line
	}
	return place, 0
}

// inRules is a place in rules as a text names it.
var inRules = regexp.MustCompile(`([^\s:()]+\.rego):(\d+)`)

// placeNamed is the first place in rules that a text names.
func placeNamed(text string) (file string, line int) {
	if m := inRules.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[2])
		return m[1], line
	}
	return "", 0
}

// path is where a file of the set is, from where the command runs: in a merge check, the top of the repository.
func (r report) path(file string) string {
	if file == "" || r.dir == "" {
		return file
	}
	dir := r.dir
	if filepath.IsAbs(dir) {
		if here, err := filepath.Abs("."); err == nil {
			if below, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(below) {
				dir = below
			}
		}
	}
	return path.Join(filepath.ToSlash(dir), file)
}

// location is where a file of the set is, as a URI.
func (r report) location(file string) string {
	file = r.path(file)
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	return (&url.URL{Path: file}).String()
}

// formats is the flag with the format in which a command answers. A word that is none of the formats is an error of the command line.
type formats struct {
	chosen string
	known  []string
}

func newFormats(known ...string) *formats {
	return &formats{"text", append([]string{"text"}, known...)}
}

// String implements pflag.Value.
func (f *formats) String() string { return f.chosen }

// Type implements pflag.Value.
func (f *formats) Type() string { return strings.Join(f.known, "|") }

// Set implements pflag.Value.
func (f *formats) Set(word string) error {
	if !slices.Contains(f.known, word) {
		return fmt.Errorf("give one of %s", strings.Join(f.known, ", "))
	}
	f.chosen = word
	return nil
}

// addTo adds the flag to a command, and the one that stands for JSON.
func (f *formats) addTo(c *cobra.Command) {
	c.Flags().Var(f, "format", "in which form to answer")
	c.Flags().BoolFunc("json", "the same as --format json", func(string) error { return f.Set("json") })
	c.MarkFlagsMutuallyExclusive("json", "format")
}
