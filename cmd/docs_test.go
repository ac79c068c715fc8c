package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// docs returns the pages of the documentation: path to text.
func docs(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, path := range []string{"../README.md", "../policies/README.md", "layer/README.md"} {
		pages[path] = ""
	}
	if _, err := os.Stat("../README.ja.md"); err == nil {
		pages["../README.ja.md"] = ""
	}
	err := filepath.WalkDir("../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			pages[path] = ""
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[path] = string(text)
	}
	return pages
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```(\\w*)[^\n]*\n(.*?)^ *```$")
	inline = regexp.MustCompile("`([^`\n]+)`")
	// invoked matches a command line of nidan or make within a shell line. The command line ends before the next command, a redirection or
	// a comment.
	invoked = regexp.MustCompile(`(?:^|[;&|(]\s*|\brun: |--rm [^\n]*)(?:\./)?(nidan|make|go run \.)(\s[^;&|>#\n)]*|$)`)
)

// commandLines returns the command lines of nidan and make on a page: in shell blocks, and in code within a sentence.
func commandLines(text string) (lines []string) {
	add := func(code string) {
		for _, found := range invoked.FindAllStringSubmatch(strings.ReplaceAll(code, "\\\n", " "), -1) {
			program := map[string]string{"go run .": "nidan"}[found[1]]
			lines = append(lines, strings.TrimSpace(cmp.Or(program, found[1])+found[2]))
		}
	}
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		if slices.Contains([]string{"", "sh", "bash", "console", "yaml"}, block[1]) {
			for line := range strings.Lines(strings.ReplaceAll(block[2], "\\\n", " ")) {
				add(strings.TrimSpace(line))
			}
		}
	}
	for _, code := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		add(code[1])
	}
	return lines
}

// words splits a command line into words. It knows the quotes that the pages use.
var words = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`)

// lookUp returns an error if a command, a flag or a make target does not exist.
func lookUp(line string, targets []string) error {
	parts := words.FindAllString(line, -1)
	if parts[0] == "make" {
		for _, target := range parts[1:] {
			if !strings.Contains(target, "=") && !slices.Contains(targets, target) {
				return fmt.Errorf("the Makefile has no target %s", target)
			}
		}
		return nil
	}
	r := root()
	r.InitDefaultHelpCmd()
	r.InitDefaultCompletionCmd()
	c, rest, err := r.Find(slices.DeleteFunc(parts[1:], func(word string) bool { return word == "[flags]" }))
	if err != nil {
		return err
	}
	if len(c.Commands()) > 0 && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("%s has no command %s", c.CommandPath(), rest[0])
	}
	if err := c.ParseFlags(rest); !errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return nil
}

func TestTheDocumentedCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, target := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, target[1])
	}
	for path, text := range docs(t) {
		lines := commandLines(text)
		if strings.HasSuffix(path, "/README.md") && path != "../docs/README.md" && len(lines) == 0 {
			t.Errorf("%s: no command was found", path)
		}
		for _, line := range lines {
			if err := lookUp(line, targets); err != nil {
				t.Errorf("%s: %q: %v", path, line, err)
			}
		}
	}
}

// This test shows that the test above can fail.
func TestADocumentedCommandThatDoesNotExistIsFound(t *testing.T) {
	for _, wrong := range []string{
		"```\nnidan polcy check\n```\n", "```sh\n./nidan policy chek ./policies   # a comment\n```\n", "```sh\nnidan serve --confg nidan.yml &\n```\n",
		"Say `nidan policy diff --agianst shipped`.\n", "```\ncd x && make tets\n```\n", "    ```sh\n    nidan policy replay --since tomorrow\n    ```\n",
		"```yaml\n- run: nidan policy check policies --formt github\n```\n", "```sh\nmkdir x && docker run --rm nidan policy inti /out\n```\n",
		"```sh\nnidan policy check \\\n  --prov\n```\n",
	} {
		lines := commandLines(wrong)
		if len(lines) != 1 || lookUp(lines[0], []string{"test"}) == nil {
			t.Errorf("nothing is wrong with %q: %q", wrong, lines)
		}
	}
	right := "```\nnidan policy check ./policies --prove   # a comment\nmake test KRATOS=x\ngo run . demo\n```\n"
	for _, line := range commandLines(right) {
		if err := lookUp(line, []string{"test"}); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}
