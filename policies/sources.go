package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// dataSources returns the data files of a folder as they are written: OPA keeps the data, but not its places.
func dataSources(policies fs.FS) (sources []File, err error) {
	err = fs.WalkDir(policies, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !slices.Contains(dataFiles, d.Name()) {
			return err
		}
		text, err := fs.ReadFile(policies, name)
		sources = append(sources, File{name, string(text)})
		return err
	})
	return sources, err
}

// notJSON returns an error with the place if a data file is not valid JSON.
func notJSON(sources []File) error {
	var found []finding
	for _, f := range sources {
		var data any
		syntax := (*json.SyntaxError)(nil)
		if path.Ext(f.Path) == ".json" && errors.As(json.Unmarshal([]byte(f.Text), &data), &syntax) {
			line := 1 + strings.Count(f.Text[:min(int(syntax.Offset), len(f.Text))], "\n")
			found = append(found, finding{rule: "data-file", at: fmt.Sprintf("%s:%d", f.Path, line), err: fmt.Errorf("this is no JSON: %w", syntax)})
		}
	}
	return together(found)
}

// DataPlace returns the place of data in the set's files, such as "data.json:12", or the nearest place above it. The names lead to
// it below data. It is empty for a set that was not read from a folder, because the text of its files is not known.
func (s *Set) DataPlace(names ...string) string {
	at, _ := s.placeOfData(names)
	return at
}

// placeOfData is [Set.DataPlace], and also says whether the names lead to existing data.
func (s *Set) placeOfData(names []string) (at string, there bool) {
	best := -1
	for _, f := range s.sources {
		var below []string // the folder of a file is part of the path to its data
		if folder := path.Dir(f.Path); folder != "." {
			below = strings.Split(folder, "/")
		}
		if len(names) < len(below) || !slices.Equal(names[:len(below)], below) {
			continue
		}
		text := f.Text
		if path.Ext(f.Path) == ".json" {
			text = notYAML.ReplaceAllString(text, " ")
		}
		if line, depth := lineOf(text, names[len(below):]); len(below)+depth > best && line > 0 {
			at, best = fmt.Sprintf("%s:%d", f.Path, line), len(below)+depth
		}
	}
	return at, best == len(names)
}

// notYAML matches what is valid in JSON and not in YAML: tabs between values, and surrogate halves (\ud83d) in names and texts.
var notYAML = regexp.MustCompile(`\t|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// lineOf returns the line of the value that names lead to in JSON or YAML. depth says how many of the names exist.
func lineOf(text string, names []string) (line, depth int) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil || len(root.Content) == 0 {
		return 0, 0
	}
	at := root.Content[0]
	line = at.Line
	for ; depth < len(names); depth++ {
		var below *yaml.Node
		switch at.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(at.Content); i += 2 {
				if at.Content[i].Value == names[depth] {
					line, below = at.Content[i].Line, at.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			for i, one := range at.Content {
				if fmt.Sprint(i) == names[depth] {
					line, below = one.Line, one
				}
			}
		}
		if below == nil {
			break
		}
		at = below
	}
	return line, depth
}
