package policies

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// The schemas of the policies' answers and parameters, by their names in schema/.
const (
	loginSchema        = "login_decision"
	capabilitiesSchema = "capabilities_decision"
	settingsSchema     = "settings_decision"
	consoleSchema      = "console_decision"
	maskSchema         = "records_mask"
	parametersSchema   = "parameters"
)

// shapes holds the schemas in schema/, by name.
var shapes = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	files, err := schemaFiles.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	c, all := jsonschema.NewCompiler(), map[string]*jsonschema.Schema{}
	for _, f := range files {
		raw, err := schemaFiles.ReadFile("schema/" + f.Name())
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err == nil {
			err = c.AddResource(f.Name(), doc)
		}
		if err != nil {
			return nil, fmt.Errorf("read the schema %s: %w", f.Name(), err)
		}
		if all[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))], err = c.Compile(f.Name()); err != nil {
			return nil, err
		}
	}
	return all, nil
})

// fault is a place in a value that does not fulfil its schema.
type fault struct {
	path []string // names and indexes of the place
	what string
	kind jsonschema.ErrorKind

	meant string // for an unknown name: the similar known name; empty: none
}

// faults compares a value, decoded from JSON, with the schema of this name. It leaves out the faults for which counts is false.
func faults(name string, value any, counts func(fault) bool) ([]fault, error) {
	all, err := shapes()
	if err != nil {
		return nil, err
	}
	wrong, ok := all[name].Validate(value).(*jsonschema.ValidationError)
	if !ok {
		return nil, nil
	}
	found := withoutMeant(collect(all[name], wrong, counts))
	slices.SortStableFunc(found, func(a, b fault) int { return slices.Compare(a.path, b.path) })
	return found, nil
}

// withoutMeant leaves out a missing member if a misspelt name stands for it: both are one mistake.
func withoutMeant(found []fault) []fault {
	return slices.DeleteFunc(slices.Clone(found), func(missing fault) bool {
		if _, ok := missing.kind.(*kind.Required); !ok {
			return false
		}
		parent, name := missing.path[:len(missing.path)-1], missing.path[len(missing.path)-1]
		return slices.ContainsFunc(found, func(f fault) bool {
			return f.meant == name && slices.Equal(f.path[:len(f.path)-1], parent)
		})
	})
}

// collect returns the faults in a validation error.
func collect(root *jsonschema.Schema, e *jsonschema.ValidationError, counts func(fault) bool) (found []fault) {
	if _, either := e.ErrorKind.(*kind.AnyOf); either {
		return collectEither(root, e, counts)
	}
	for _, cause := range e.Causes {
		found = append(found, collect(root, cause, counts)...)
	}
	if len(e.Causes) > 0 {
		return found
	}
	for _, f := range describe(schemaAt(root, e.InstanceLocation), e) {
		if counts(f) {
			found = append(found, f)
		}
	}
	return found
}

// collectEither returns the faults of a value that may have several types: those for the type that it has, or that it has none of
// them.
func collectEither(root *jsonschema.Schema, e *jsonschema.ValidationError, counts func(fault) bool) []fault {
	var kinds []string
	for _, cause := range e.Causes {
		found := collect(root, cause, counts)
		if len(found) == 0 {
			return nil
		}
		wrong, ofAnotherKind := found[0].kind.(*kind.Type)
		if !ofAnotherKind || len(found[0].path) > len(e.InstanceLocation) {
			return found
		}
		kinds = append(kinds, wrong.Want...)
	}
	first := collect(root, e.Causes[0], counts)[0]
	first.what = ofKinds(kinds, first.kind.(*kind.Type).Got)
	return []fault{first}
}

func ofKinds(want []string, got string) string {
	return "must be of type " + or(want) + ", and is of type " + got
}

// schemaAt returns the schema of a place. It is an empty schema if there is none.
func schemaAt(s *jsonschema.Schema, path []string) *jsonschema.Schema {
	for _, name := range path {
		below := s.Properties[name]
		if below == nil {
			below, _ = s.AdditionalProperties.(*jsonschema.Schema)
		}
		if below == nil {
			below = s.Items2020
		}
		if below == nil {
			return &jsonschema.Schema{}
		}
		s = below
	}
	return s
}

var english = message.NewPrinter(language.English)

// describe says in words what is wrong with a value. Each unknown or missing member is a fault of its own.
func describe(s *jsonschema.Schema, e *jsonschema.ValidationError) (found []fault) {
	f := fault{path: e.InstanceLocation, what: e.ErrorKind.LocalizedString(english), kind: e.ErrorKind}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			known := make([]string, 0, len(s.Properties))
			for n := range s.Properties {
				known = append(known, n)
			}
			one := fault{path: append(slices.Clone(f.path), name), what: "is not known", kind: k, meant: closest(name, known)}
			if one.meant != "" {
				one.what += "; is " + one.meant + " meant?"
			}
			found = append(found, one)
		}
		return found
	case *kind.Required:
		for _, name := range k.Missing {
			found = append(found, fault{path: append(slices.Clone(f.path), name), what: "is missing", kind: k})
		}
		return found
	case *kind.Type:
		f.what = ofKinds(k.Want, k.Got)
	case *kind.Enum:
		f.what = fmt.Sprintf("must be %s, and is %q", or(spelled(k.Want)), fmt.Sprint(k.Got))
	case *kind.Const:
		f.what = "must be " + fmt.Sprint(k.Want)
	case *kind.Minimum:
		f.what = "must be at least " + k.Want.RatString() + ", and is " + k.Got.RatString()
	case *kind.Maximum:
		f.what = "must be at most " + k.Want.RatString() + ", and is " + k.Got.RatString()
	case *kind.MinLength:
		f.what = "must not be empty"
	case *kind.Pattern:
		if f.what = fmt.Sprintf("must match %s, and is %q", k.Want, k.Got); s.Title != "" {
			f.what = fmt.Sprintf("must be %s, and is %q", s.Title, k.Got)
		}
	}
	return []fault{f}
}

func spelled(values []any) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
	}
	return all
}

// or returns "a, b or c".
func or(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// orMeant asks whether a similar name was meant. It is empty if no known name is similar.
func orMeant(name string, known []string) string {
	if meant := closest(name, known); meant != "" {
		return "; is " + meant + " meant?"
	}
	return ""
}

// closest returns the most similar known name. It is empty if none is similar.
func closest(name string, known []string) string {
	slices.Sort(known)
	best, distance := "", max(2, len(name)/3)+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}
