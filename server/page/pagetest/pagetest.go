// Package pagetest has the tests that all pages share: whether their texts exist, in both languages, and whether each text is used.
package pagetest

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nidan/server/page"
)

// argument matches a placeholder in a text. The page or its script replaces it by a value.
var argument = regexp.MustCompile(`\{\{\.\w+\}\}|%\[?\d*\]?[a-z]`)

// SameInBothLanguages fails the test if a text is missing in one language, or has other placeholders there.
func SameInBothLanguages(t *testing.T, texts page.Texts) {
	t.Helper()
	ja, en := slices.Sorted(maps.Keys(texts["ja"])), slices.Sorted(maps.Keys(texts["en"]))
	if !slices.Equal(ja, en) {
		t.Errorf("Japanese has %v\nEnglish has %v", ja, en)
	}
	for name := range texts["ja"] {
		a, b := argument.FindAllString(texts["ja"][name], -1), argument.FindAllString(texts["en"][name], -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s mentions %v in Japanese, %v in English", name, a, b)
		}
	}
}

// use matches a place that names a text.
var use = regexp.MustCompile(`(?:\.Text "|data-text="|'data-text': '|texts\.say\('|name: ')(\w+)`)

// NoneMissingNoneTooMany fails the test if a file names a text that does not exist, or if no file names a text. The function composed
// returns true for names that the program builds or gets from elsewhere.
func NoneMissingNoneTooMany(t *testing.T, texts page.Texts, files fs.FS, composed func(name string) bool) {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, "texts/") {
			return err
		}
		content, err := fs.ReadFile(files, path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range use.FindAllStringSubmatch(all.String(), -1) {
		if texts["ja"][m[1]] == "" && !composed(m[1]) {
			t.Errorf("%q is used, and there is no such text", m[1])
		}
	}
	for name := range texts["ja"] {
		if !composed(name) && !strings.Contains(all.String(), `"`+name+`"`) && !strings.Contains(all.String(), `'`+name+`'`) {
			t.Errorf("%q is not used", name)
		}
	}
}
