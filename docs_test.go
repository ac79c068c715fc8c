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
)

var (
	codeBlock  = regexp.MustCompile("(?ms)^( *)```.*?^ *```$")
	codeInline = regexp.MustCompile("`[^`]+`")
	comment    = regexp.MustCompile(`(?m)(^|\s+)# .*$`)
	heading    = regexp.MustCompile(`(?m)^(#+) (.*)$`)
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// pages returns the text of each page of the documentation, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".md") {
			return err
		}
		found[filepath.ToSlash(file)] = readFile(t, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// anchors returns the names by which links lead to the headings of a page.
func anchors(page string) (names []string) {
	for _, h := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		name := strings.ToLower(link.ReplaceAllString(h[2], ""))
		name = regexp.MustCompile(`[^\p{L}\p{N}\- _]`).ReplaceAllString(name, "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// brokenLinks returns the links of a page that lead to no file of the tree, or to no heading of the file.
func brokenLinks(file, page string) (broken []string) {
	text := codeInline.ReplaceAllString(codeBlock.ReplaceAllString(page, ""), "")
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		target, anchor, _ := strings.Cut(found[1], "#")
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		linked := page
		if target != "" {
			at := path.Join(path.Dir(file), target)
			info, err := os.Stat(at)
			if err != nil || strings.HasPrefix(at, "..") {
				broken = append(broken, found[1])
				continue
			}
			if anchor == "" || info.IsDir() {
				continue
			}
			content, err := os.ReadFile(at)
			if err != nil {
				broken = append(broken, found[1])
				continue
			}
			linked = string(content)
		}
		if anchor != "" && !slices.Contains(anchors(linked), anchor) {
			broken = append(broken, found[1])
		}
	}
	return broken
}

func TestTheLinksOfTheDocumentationLeadSomewhere(t *testing.T) {
	checked := 0
	for file, page := range pages(t) {
		for _, target := range brokenLinks(file, page) {
			t.Errorf("%s: %s leads nowhere", file, target)
		}
		checked += len(link.FindAllString(page, -1))
	}
	if checked < 100 {
		t.Errorf("%d links were found", checked)
	}
}

// The test above must find each kind of broken link.
func TestALinkThatLeadsNowhereIsFound(t *testing.T) {
	for _, wrong := range []string{
		"[a](no-such-file.md)", "[a](docs/README.md#no-such-heading)", "# A\n\n[a](#b)", "[a](../outside.md)", "[`a`](no-such-file.md)",
	} {
		if got := brokenLinks("README.md", wrong); len(got) != 1 {
			t.Errorf("nothing is wrong with %q: %q", wrong, got)
		}
	}
	for _, right := range []string{
		"# The administrators' console\n\n[a](#the-administrators-console) [b](docs/README.md#how-to) [c](https://example.com/x)", "`[a](no)`",
		"```\n[a](no)\n```\n",
	} {
		if got := brokenLinks("README.md", right); len(got) != 0 {
			t.Errorf("%q: %q is said to lead nowhere", right, got)
		}
	}
}

func TestEachPageOfDocsIsInTheIndex(t *testing.T) {
	index := readFile(t, "docs/README.md")
	for file := range pages(t) {
		name, inDocs := strings.CutPrefix(file, "docs/")
		if inDocs && name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not name %s", name)
		}
	}
}

// part contains what a section of a README must have in each language.
type part struct {
	level  int
	blocks []string // of code, without their comments
	links  []string
	code   []string // within sentences
	rows   int      // of tables, and the points of lists
}

// parts splits a README at its headings. It leaves out the links between the two READMEs.
func parts(page string) (all []part) {
	var blocks []string
	page = codeBlock.ReplaceAllStringFunc(page, func(block string) string {
		blocks = append(blocks, comment.ReplaceAllString(block, ""))
		return "<block>"
	})
	at := heading.FindAllStringSubmatchIndex(page, -1)
	for i, h := range at {
		end := len(page)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		text := page[h[1]:end]
		p := part{level: h[3] - h[2], rows: len(regexp.MustCompile(`(?m)^(\||- |\d\. )`).FindAllString(text, -1))}
		for range strings.Count(text, "<block>") {
			p.blocks, blocks = append(p.blocks, blocks[0]), blocks[1:]
		}
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(found[1], "README.") {
				p.links = append(p.links, found[1])
			}
		}
		p.code = codeInline.FindAllString(text, -1)
		slices.Sort(p.links)
		slices.Sort(p.code)
		all = append(all, p)
	}
	return all
}

// differences names the differences between two READMEs.
func differences(a, b string) (found []string) {
	as, bs := parts(a), parts(b)
	if len(as) != len(bs) {
		return []string{"the number of sections"}
	}
	headings := heading.FindAllString(codeBlock.ReplaceAllString(a, ""), -1)
	for i := range as {
		for what, same := range map[string]bool{
			"level": as[i].level == bs[i].level, "code blocks": slices.Equal(as[i].blocks, bs[i].blocks), "rows and points": as[i].rows == bs[i].rows,
			"links": slices.Equal(as[i].links, bs[i].links), "code": slices.Equal(slices.Compact(as[i].code), slices.Compact(bs[i].code)),
		} {
			if !same {
				found = append(found, headings[i]+": "+what)
			}
		}
	}
	return found
}

// The words differ between the languages. Everything that can be compared must be the same.
func TestBothReadmesSayTheSame(t *testing.T) {
	for _, what := range differences(readFile(t, "README.md"), readFile(t, "README.ja.md")) {
		t.Errorf("README.ja.md is not as README.md is: %s", what)
	}
}

// The test above must find each kind of difference.
func TestAReadmeThatLacksSomethingIsFound(t *testing.T) {
	whole := "# A\n\nText with `code` and [a link](docs/README.md).\n\n## B\n\n```\nmake test   # all\n```\n\n- a\n- b\n\n| a |\n| --- |\n"
	if got := differences(whole, strings.NewReplacer("# all", "# すべて", "Text", "文", "# A", "# あ").Replace(whole)); len(got) != 0 {
		t.Errorf("a translation differs in %q", got)
	}
	for lacking, with := range map[string]string{
		"## B\n": "", "## B": "# B", "make test": "make tests", "- b\n": "", "`code`": "", "(docs/README.md)": "(docs)", "| --- |\n": "",
	} {
		if got := differences(whole, strings.Replace(whole, lacking, with, 1)); len(got) == 0 {
			t.Errorf("%q in the place of %q is not found", with, lacking)
		}
	}
}
