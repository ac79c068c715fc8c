package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseFile reads a YAML file and returns its values by key ("mail.smtp.port"). It refuses unknown keys and values of the wrong
// type. The error names all of them, each with its line.
func parseFile(path string, content []byte) (map[string]any, error) {
	root, err := parseYAML(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if root == nil {
		return nil, nil
	}
	var document any
	if err := root.Decode(&document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, withoutValues(err))
	}
	f := file{
		path:   path,
		lines:  map[string]int{},
		known:  map[string]field{},
		groups: map[string]bool{},
		values: map[string]any{},
	}
	f.findLines(root, "")
	for _, known := range fields() {
		f.known[known.key] = known
		for i, c := range known.key {
			if c == '.' {
				f.groups[known.key[:i]] = true
			}
		}
	}
	f.readGroup("", document)
	return f.values, errors.Join(f.problems...)
}

// parseYAML returns the mapping in a YAML file, or nil if the file is empty.
func parseYAML(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, withoutValues(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("expected one YAML document: what follows a second --- would be passed over")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("expected keys with values, such as \"database: sqlite:nidan.db\"")
	}
	return root, nil
}

// quoted matches the parts of the file that the YAML parser repeats in its errors, other than keys. These parts may be secrets: the
// parser takes an unquoted secret that begins with * for an alias, and names the unknown alias in its error.
var quoted = regexp.MustCompile("(?s)anchor '[^']*'|`.*`|map key: .*")

func withoutValues(err error) error {
	return errors.New(quoted.ReplaceAllString(err.Error(), "(a value that is not shown)"))
}

type file struct {
	path     string
	lines    map[string]int // by key; not all keys have a line
	known    map[string]field
	groups   map[string]bool // keys of groups, such as "mail.smtp"
	values   map[string]any
	problems []error
}

func (f *file) findLines(group *yaml.Node, prefix string) {
	for i := 0; i+1 < len(group.Content); i += 2 {
		key, value := group.Content[i], group.Content[i+1]
		f.lines[prefix+key.Value] = key.Line
		if value.Kind == yaml.MappingNode {
			f.findLines(value, prefix+key.Value+".")
		}
	}
}

func (f *file) readGroup(prefix string, group any) {
	members := map[string]any{}
	switch g := group.(type) {
	case map[string]any:
		members = g
	case map[any]any: // some keys are not text
		for name, v := range g {
			members[fmt.Sprint(name)] = v
		}
	default:
		f.problem(strings.TrimSuffix(prefix, "."), errors.New("expected a group of keys; leave it out to keep the defaults"))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f.readMember(prefix+name, name, members[name])
	}
}

func (f *file) readMember(key, name string, v any) {
	known, isKnown := f.known[key]
	switch {
	case strings.Contains(name, "."): // the YAML key "mail.brand" is not the key brand in the group mail
		f.problem(key, errUnknown)
	case f.groups[key]:
		f.readGroup(key+".", v)
	case !isKnown:
		f.problem(key, errUnknown)
	default:
		value, err := known.fromYAML(v)
		if err != nil {
			f.problem(key, err)
			return
		}
		f.values[key] = value
	}
}

var errUnknown = errors.New("there is no such key; config.example.yml shows those there are")

func (f *file) problem(key string, err error) {
	at := f.path
	if line := f.lines[key]; line > 0 {
		at = fmt.Sprintf("%s:%d", f.path, line)
	}
	f.problems = append(f.problems, fmt.Errorf("%s: %s: %w", at, key, err))
}
