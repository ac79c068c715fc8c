package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// With returns the set with other parameters, and the settings to ask it with in place of those of a sign-in. Each is given as a
// name and a JSON value, "remember_days=7", and a part of a parameter with its path, "code.length=8". A name that is neither a
// parameter nor a setting is an error, and so is a value that is not allowed.
func (s *Set) With(given []string) (*Set, map[string]any, error) {
	data, err := s.copiedData()
	if err != nil {
		return nil, nil, err
	}
	settings := map[string]any{}
	for _, one := range given {
		name, raw, ok := strings.Cut(one, "=")
		value, err := decodedNumber(raw)
		if !ok || err != nil {
			return nil, nil, fmt.Errorf("%q cannot be tried: write NAME=VALUE, with a value in JSON, as in remember_days=7 or no_email='\"refuse\"'", one)
		}
		switch first, _, _ := strings.Cut(name, "."); {
		case isSwitch(name, value):
			err = put(settings, []string{"channels", strings.TrimPrefix(name, "channels.")}, value)
			if slices.Contains(namesOf[Settings](), name) {
				settings[name] = value
			}
		case name != "channels" && slices.Contains(namesOf[Settings](), name):
			settings[name] = value
		case slices.Contains(namesOf[Parameters](), first):
			err = put(data, append([]string{"parameters"}, strings.Split(name, ".")...), value)
		default:
			err = fmt.Errorf("there is no parameter and no setting %q: there are the parameters %s, and the settings %s",
				name, strings.Join(namesOf[Parameters](), ", "), strings.Join(namesOf[Settings](), ", "))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if err := checkSettings(settings); err != nil {
		return nil, nil, err
	}
	changed, err := s.withData(data)
	return changed, settings, err
}

// isSwitch says whether the switch of a channel is given: "channels.kiosk=false", or one of the two that have a field of their own.
// A value that is not a boolean belongs to the parameter "channels".
func isSwitch(name string, value any) bool {
	id, of := strings.CutPrefix(name, "channels.")
	_, isTruth := value.(bool)
	return isTruth && (of && !strings.Contains(id, ".") || name == "admin_console" || name == "softphone")
}

// namesOf returns the JSON names of a struct's fields.
func namesOf[T any]() (names []string) {
	for _, m := range membersOf(reflect.TypeFor[T]()) {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}

func (s *Set) copiedData() (map[string]any, error) {
	raw, err := json.Marshal(s.data)
	if err != nil {
		return nil, fmt.Errorf("copy the data: %w", err)
	}
	copied, err := decodedNumber(string(raw))
	if err != nil {
		return nil, fmt.Errorf("copy the data: %w", err)
	}
	data, _ := copied.(map[string]any)
	return data, nil
}

// decodedNumber decodes JSON with numbers as json.Number, as OPA does.
func decodedNumber(raw string) (value any, err error) {
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("there is more than one value")
	}
	return value, nil
}

// put sets the value at a path of names in an object.
func put(in map[string]any, names []string, value any) error {
	for i, name := range names[:len(names)-1] {
		below, ok := in[name].(map[string]any)
		if _, there := in[name]; there && !ok {
			return fmt.Errorf("%s has no parts: give a value for all of it", strings.Join(names[1:i+1], "."))
		}
		if below == nil {
			below = map[string]any{}
		}
		in[name], in = below, below
	}
	in[names[len(names)-1]] = value
	return nil
}

// checkSettings checks that a sign-in could have these settings. It makes their numbers float64, as in decoded records.
func checkSettings(given map[string]any) error {
	var of Settings
	if err := decodeStrictly(given, &of); err != nil {
		return fmt.Errorf("a setting cannot be tried: %w", err)
	}
	if _, days := given["remember_days"]; days && (of.RememberDays < 1 || of.RememberDays > 365) {
		return errors.New("remember_days cannot be tried: write a number from 1 to 365")
	}
	for name, v := range given {
		if v == nil {
			return fmt.Errorf("%s cannot be tried: null is no value for it", name)
		}
		if n, ok := v.(json.Number); ok {
			f, err := n.Float64()
			if err != nil {
				return fmt.Errorf("%s cannot be tried: %w", name, err)
			}
			given[name] = f
		}
	}
	return nil
}

func (s *Set) withData(data map[string]any) (*Set, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode the data: %w", err)
	}
	var files []File
	for _, f := range s.files {
		if f.Path != dataFiles[0] {
			files = append(files, f)
		}
	}
	changed, err := FromFiles(append(files, File{dataFiles[0], string(text)}))
	if err != nil {
		return nil, err
	}
	wrong, err := changed.wrongParameters()
	if err != nil || len(wrong) == 0 {
		return changed, err
	}
	return nil, together(wrong)
}
