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

// dataSources are the files that a folder's data is read from, as they are written: OPA keeps what stands in them, and not where.
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

// notJSON says where a file with data is no JSON.
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

// DataPlace is where in the set's files data stands, by the names that lead to it below data: "data.json:12", or what is nearest above
// it. It is empty for a set that was not read from a folder: nobody knows how its files are written.
func (s *Set) DataPlace(names ...string) string {
	at, _ := s.placeOfData(names)
	return at
}

// placeOfData says, too, whether what the names lead to stands there.
func (s *Set) placeOfData(names []string) (at string, there bool) {
	best := -1
	for _, f := range s.sources {
		var below []string // a file's folder is where its data is
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

// notYAML is what may stand in JSON, and not in YAML: tabs between values, and halves of letters in names and texts.
var notYAML = regexp.MustCompile(`\t|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// lineOf is the line of what names lead to in JSON or YAML, or as far as they lead.
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
