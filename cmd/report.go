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

// report is the result of a policy command for programs that show findings beside the files: as annotations in a merge check, or as a list of
// test results or findings.
type report struct {
	command string // such as "nidan policy check"
	dir     string // the folder with the files, as it was given; empty: the files have no path outside of the set
	results []result
}

// The levels of a result. A result without a level is a test or a check that holds.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

// result is one finding, or a test that holds.
type result struct {
	level string
	rule  string // the kind of finding, the same in each version: "parameter", "loosens", …
	class string // the group of the name, such as a test's package
	name  string // the name of the test or the check
	file  string // path in the set; empty: none
	line  int    // 0: the whole file
	// text is the message for people. details are further lines, or empty.
	text, details string
	seconds       float64
}

// write writes the report in the format github, sarif or junit. Each command writes text and JSON itself.
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

// add adds the problems of a set.
func (r *report) add(problems ...policies.Problem) {
	for _, p := range problems {
		text, details, _ := strings.Cut(p.Text, "\n")
		r.results = append(r.results, result{
			level: levelError, rule: p.Rule, class: r.command, name: p.Rule, file: p.File, line: p.Line, text: text, details: details,
		})
	}
}

// addMissing adds the texts about what is not proven. If a text names a place in the rules, the result has this place.
func (r *report) addMissing(missing []string) {
	for _, m := range missing {
		one := result{level: levelWarning, rule: "not-proven", class: r.command, name: m, text: "not proven: " + m}
		one.file, one.line = placeNamed(m)
		r.results = append(r.results, one)
	}
}

// splitPlace splits a place such as "login/login.rego:12" into file and line. For a range ("…:12-14"), it returns the first line.
func splitPlace(place string) (file string, line int) {
	if i := strings.LastIndex(place, ":"); i >= 0 {
		first, _, _ := strings.Cut(place[i+1:], "-")
		line, _ = strconv.Atoi(first)
		return place[:i], line
	}
	return place, 0
}

// inRules matches a place in rules within a text.
var inRules = regexp.MustCompile(`([^\s:()]+\.rego):(\d+)`)

// placeNamed returns the first place in rules that a text names.
func placeNamed(text string) (file string, line int) {
	if m := inRules.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[2])
		return m[1], line
	}
	return "", 0
}

// path returns the path of a file of the set, relative to the working directory. In a merge check, this is the top of the repository.
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

// location returns the URI of a file of the set.
func (r report) location(file string) string {
	file = r.path(file)
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	return (&url.URL{Path: file}).String()
}

// formats is the flag --format. It accepts only the formats that the command knows.
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

// addTo adds the flags --format and --json to a command.
func (f *formats) addTo(c *cobra.Command) {
	c.Flags().Var(f, "format", "format of the output")
	c.Flags().BoolFunc("json", "the same as --format json", func(string) error { return f.Set("json") })
	c.MarkFlagsMutuallyExclusive("json", "format")
}
