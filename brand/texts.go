package brand

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts contains the texts of each language, by name.
type Texts = map[string]map[string]string

// maxText is the greatest length of a text, in characters: Kratos keeps some texts with each sign-in.
const maxText = 1000

// Override returns the texts of each part of the program, with the texts of a folder in the place of the texts that ship. The folder has a
// file for each language, such as en.json: {"signin": {"sign_in": "Come in"}}. Override refuses a text whose name does not exist, and a text
// that does not mention the same things as the text that it replaces. If the name of the folder is empty, no text is replaced. The error
// names every text that is wrong.
func Override(folder string, shipped map[string]Texts) (map[string]Texts, error) {
	all := make(map[string]Texts)
	for part, texts := range shipped {
		all[part] = make(Texts)
		for language, byName := range texts {
			all[part][language] = maps.Clone(byName)
		}
	}
	if folder == "" {
		return all, nil
	}
	if _, err := os.ReadDir(folder); err != nil {
		return nil, fmt.Errorf("brand.texts: %w", err)
	}
	files, err := fs.Glob(os.DirFS(folder), "*.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("brand.texts: there is no file such as en.json in %s", folder)
	}
	var problems []error
	for _, file := range files {
		for _, err := range override(filepath.Join(folder, file), all) {
			problems = append(problems, fmt.Errorf("brand.texts: %s: %w", file, err))
		}
	}
	return all, errors.Join(problems...)
}

// override puts the texts of one file into all.
func override(path string, all map[string]Texts) (problems []error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return []error{err}
	}
	var given map[string]map[string]string
	if err := json.Unmarshal(content, &given); err != nil {
		return []error{fmt.Errorf(`expected texts in groups, such as {"signin": {"sign_in": "Come in"}}: %w`, err)}
	}
	language := strings.TrimSuffix(filepath.Base(path), ".json")
	for _, part := range slices.Sorted(maps.Keys(given)) {
		texts, known := all[part]
		if !known {
			problems = append(problems, fmt.Errorf("%s: there is no such group; choose one of %s", part,
				strings.Join(slices.Sorted(maps.Keys(all)), ", ")))
			continue
		}
		if texts[language] == nil {
			return []error{fmt.Errorf("there is no such language; choose one of %s", strings.Join(slices.Sorted(maps.Keys(texts)), ", "))}
		}
		for _, name := range slices.Sorted(maps.Keys(given[part])) {
			text := given[part][name]
			if err := replaces(text, texts[language], name); err != nil {
				problems = append(problems, fmt.Errorf("%s.%s: %w", part, name, err))
				continue
			}
			texts[language][name] = text
		}
	}
	return problems
}

// replaces says why a text cannot replace the text with this name.
func replaces(text string, shipped map[string]string, name string) error {
	old, known := shipped[name]
	if !known {
		return errors.New("there is no such text")
	}
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("is empty; leave it out to keep the text there is")
	case utf8.RuneCountInString(text) > maxText:
		return fmt.Errorf("has more than %d characters", maxText)
	case strings.ContainsFunc(text, unicode.IsControl): // the text may become the subject of a mail, where a line break begins another header
		return errors.New("has a line break or another control character")
	}
	return samePlaceholders(text, old)
}

// placeholder matches a place for a value in a text: by its name, or in the way of package fmt, where %% is a percent sign.
var placeholder = regexp.MustCompile(`\{\{\.\w+\}\}|%%|%[-+#0]*(?:\.\d+)?(?:\[(\d+)\])?[a-z]`)

// samePlaceholders says which placeholder is in one of two texts and not in the other. Without this check, the people who read the text would
// find the mistake: the address that a code was sent to is missing, or a placeholder is shown as it is written.
func samePlaceholders(text, old string) error {
	got, want := placeholders(text), placeholders(old)
	for _, p := range slices.Sorted(maps.Keys(want)) {
		if got[p] != want[p] {
			return fmt.Errorf("mentions %s %d times, and the text that it replaces %d times: %q", p, got[p], want[p], old)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(got)) {
		if want[p] == 0 {
			return fmt.Errorf("mentions %s, and the text that it replaces does not: %q", p, old)
		}
	}
	rest := placeholder.ReplaceAllString(text, "")
	switch {
	case strings.ContainsAny(rest, "{}"):
		return errors.New("has { or } outside of a placeholder, which is written like {{.Code}}")
	case strings.Contains(rest, "%") && strings.Contains(strings.Join(slices.Collect(maps.Keys(want)), ""), "%"):
		return errors.New("has a percent sign; write two of them for one")
	}
	return nil
}

// placeholders returns the placeholders of a text, and how often each one is there. A placeholder of package fmt without a number gets the
// number of its turn, as fmt counts: if two of them changed places, a time would be shown as a number.
func placeholders(text string) map[string]int {
	found := map[string]int{}
	turn := 0
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		p := m[0]
		if p == "%%" {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			turn = n
		} else if p[0] == '%' {
			turn++
			p = fmt.Sprintf("%s[%d]%s", p[:len(p)-1], turn, p[len(p)-1:])
		}
		found[p]++
	}
	return found
}
