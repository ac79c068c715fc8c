package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// pageBlock is one block of the tutorial.
type pageBlock struct {
	line    int    // on the page
	before  string // the paragraph before it
	kind    string
	file    string // the file to write; empty: the block is commands, or their output
	content string
}

var blockStart = regexp.MustCompile("^```([a-z]+)(?: (\\S+))?$")

// pageBlocks returns the blocks of a page, in their order.
func pageBlocks(page string) (all []pageBlock, err error) {
	var paragraph string // the last paragraph before
	var open *pageBlock
	between := true // between two paragraphs
	for i, line := range strings.Split(page, "\n") {
		start := blockStart.FindStringSubmatch(line)
		switch {
		case open != nil && line == "```":
			all = append(all, *open)
			open, paragraph = nil, ""
		case open != nil:
			open.content += line + "\n"
		case start != nil:
			open = &pageBlock{line: i + 1, before: paragraph, kind: start[1], file: start[2]}
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			return nil, fmt.Errorf("line %d: the block does not say what is in it", i+1)
		case line == "":
			between = true
			continue
		case between:
			paragraph = line
		default:
			paragraph += " " + line
		}
		between = false
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block is not closed", open.line)
	}
	return all, nil
}

// terminal is the shell of a reader of the tutorial.
type terminal struct {
	t      *testing.T
	stdin  io.Writer
	stdout *bufio.Reader
	stderr *syncBuffer
	home   string
	dir    string // the folder into which files are written
	blocks int
}

// ended is what the shell prints after each block.
const ended = "--- the block has ended ---"

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	home := t.TempDir()
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kratosBinary, filepath.Join(bin, "kratos")); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("bash", "--noprofile", "--norc", "-eu", "-o", "pipefail")
	shell.Dir = ".." // Nidan's source
	shell.Env = append(withoutOurs(os.Environ()), "HOME="+home, "PATH="+bin+":"+os.Getenv("PATH"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		shell.Env = append(shell.Env, name+"="+strings.TrimSpace(string(value)))
	}
	// Programs that the page leaves running end with the test.
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	term := &terminal{t: t, stderr: &syncBuffer{}, home: home, dir: filepath.Join(home, "nidan-tutorial")}
	shell.Stderr = term.stderr
	var err error
	if term.stdin, err = shell.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	term.stdout = bufio.NewReader(stdout)
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL)
		_ = shell.Wait()
	})
	return term
}

// withoutOurs removes the variables that the tests set for themselves.
func withoutOurs(environ []string) []string {
	return slices.DeleteFunc(environ, func(variable string) bool {
		return strings.HasPrefix(variable, "NIDAN_") || strings.HasPrefix(variable, "KRATOS=")
	})
}

// run runs a block unchanged, and returns its output. A command that fails ends the shell.
func (term *terminal) run(s pageBlock) (string, error) {
	term.blocks++
	block := filepath.Join(term.home, fmt.Sprintf("block-%d.sh", term.blocks))
	if err := os.WriteFile(block, []byte(s.content), 0o600); err != nil {
		return "", err
	}
	fmt.Fprintf(term.stdin, ". %s < /dev/null\necho '%s'\n", block, ended)
	var printed strings.Builder
	for {
		line, err := term.stdout.ReadString('\n')
		if before, is := strings.CutSuffix(strings.TrimSuffix(line, "\n"), ended); is && err == nil {
			return printed.String() + before, nil
		}
		printed.WriteString(line)
		if err != nil {
			return "", fmt.Errorf("line %d: a command failed:\n%sit printed:\n%s%s", s.line, s.content, printed.String(), term.logs())
		}
	}
}

// logs returns standard error, and the logs that the page has written, for the message of a failure.
func (term *terminal) logs() string {
	all := bytes.NewBufferString(term.stderr.String())
	files, _ := filepath.Glob(filepath.Join(term.dir, "*.log"))
	for _, file := range files {
		content, _ := os.ReadFile(file)
		fmt.Fprintf(all, "\n%s:\n%s", filepath.Base(file), content)
	}
	return all.String()
}

// write writes a file. The reader sees the file's name only in the paragraph before the block.
func (term *terminal) write(s pageBlock) error {
	if !strings.Contains(s.before, "`"+s.file+"`") {
		return fmt.Errorf("line %d: the paragraph before does not tell the reader to write %s: %q", s.line, s.file, s.before)
	}
	return os.WriteFile(filepath.Join(term.dir, s.file), []byte(s.content), 0o600)
}

// matches says whether an output is as the page shows it. Each … stands for any text up to the end of a line, or, on a line of its own, for
// any lines.
func matches(shown, printed string) bool {
	pattern := regexp.QuoteMeta(strings.TrimSpace(shown))
	pattern = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(pattern, `(?s:.*)`)
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(strings.TrimSpace(printed))
}

// follow does what a page says, from its first block to its last.
func (term *terminal) follow(page string) error {
	all, err := pageBlocks(page)
	if err != nil {
		return err
	}
	printed, ran := "", false
	for _, s := range all {
		switch {
		case s.file != "":
			err, ran = term.write(s), false
		case s.kind == "sh":
			printed, err = term.run(s)
			ran = true
		case s.kind == "text" && ran:
			if !matches(s.content, printed) {
				err = fmt.Errorf("line %d: the page shows\n%sand the commands printed\n%s%s", s.line, s.content, printed, term.logs())
			}
			ran = false
		default:
			err = fmt.Errorf("line %d: a block of %s is neither a file, nor commands, nor what commands printed", s.line, s.kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A reader who follows the tutorial word by word sees what it shows.
func TestTheTutorialWorksAsItIsWritten(t *testing.T) {
	page, err := os.ReadFile("../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t)
	if err := term.follow(string(page)); err != nil {
		t.Errorf("docs/tutorial.md: %v", err)
	}
	if term.blocks < 15 {
		t.Errorf("%d blocks of commands were run", term.blocks)
	}
}

// The test above must find each kind of mistake in a tutorial.
func TestATutorialThatDoesNotWorkIsFound(t *testing.T) {
	for what, tc := range map[string]struct{ page, want string }{
		"a command that does not exist":           {"```sh\nnidann serve\n```", "line 1: a command failed"},
		"a command that fails before others":      {"# Head\n\n```sh\nfalse\ntrue\n```", "line 3: a command failed"},
		"a command that fails in a pipe":          {"```sh\nfalse | cat\n```", "a command failed"},
		"a variable that nothing has set":         {"```sh\necho $NIDAN_SECRETS\n```", "a command failed"},
		"a command that fails in a later block":   {"```sh\ntrue\n```\n\n```sh\nfalse\n```", "line 5: a command failed"},
		"another output":                          {"```sh\necho signed in\n```\n\n```text\nnot signed in\n```", "the page shows\nnot signed in\n"},
		"more output":                             {"```sh\necho a; echo b\n```\n\n```text\na\n```", "printed\na\nb\n"},
		"an output across lines":                  {"```sh\necho a; echo b\n```\n\n```text\na…\n```", "the page shows"},
		"an output of no command":                 {"```text\na\n```", "neither"},
		"a file that the reader is not told of":   {"Write this to `a.yml`:\n\n```yaml b.yml\na: b\n```", "does not tell the reader to write b.yml"},
		"a block that does not say what is in it": {"```\nfalse\n```", "line 1: the block does not say"},
		"a block that is never closed":            {"```sh\nfalse\n", "line 1: the block is not closed"},
	} {
		t.Run(what, func(t *testing.T) {
			if err := newTerminal(t).follow(tc.page); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	right := "```sh\nmkdir ~/nidan-tutorial\ncd ~/nidan-tutorial\nx=1\n```\n\nWrite this to `a.sh`:\n\n```sh a.sh\necho $1-2; echo 3\n```\n\n" +
		"```sh\nsh a.sh $x\n```\n\n```text\n…-2\n…\n```\n"
	if err := newTerminal(t).follow(right); err != nil {
		t.Errorf("a page that works: %v", err)
	}
}
