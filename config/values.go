package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// The errors about a value of the wrong type do not contain the value: it may be a secret that the operator put in the wrong place.
var (
	errText     = errors.New("expected text; put it between quotes")
	errList     = errors.New("expected a list of texts, such as [\"a\", \"b\"]")
	errNumber   = errors.New("expected a whole number")
	errSwitch   = errors.New("expected true or false")
	errDuration = errors.New("expected a duration, such as 10s")
)

// fromYAML checks the type of a value from the YAML parser. It does not convert values: a port in quotes is an error, and so is a
// number without quotes where text is expected.
func (f field) fromYAML(v any) (any, error) {
	switch f.kind {
	case listType:
		return listFromYAML(v)
	case numberType:
		return typed[int](v, errNumber)
	case switchType:
		return typed[bool](v, errSwitch)
	case durationType:
		s, err := typed[string](v, errDuration)
		if err != nil {
			return nil, err
		}
		return f.fromText(s)
	}
	return typed[string](v, errText)
}

func typed[T any](v any, otherwise error) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, otherwise
	}
	return t, nil
}

func listFromYAML(v any) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, errList
	}
	list := []string{}
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil, errList
		}
		list = append(list, s)
	}
	return list, nil
}

// fromText reads a value from an environment variable.
func (f field) fromText(s string) (any, error) {
	switch f.kind {
	case listType:
		return split(s, ","), nil
	case numberType:
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, errNumber
		}
		return n, nil
	case switchType:
		// Not strconv.ParseBool: it accepts "1" and "T", which are no booleans in the YAML file.
		if s != "true" && s != "false" {
			return nil, errSwitch
		}
		return s == "true", nil
	case durationType:
		d, err := time.ParseDuration(s)
		if err != nil {
			return nil, errDuration
		}
		return d, nil
	}
	return s, nil
}

// fromFile reads the value from the content of a file that contains only this value.
func (f field) fromFile(content string) (any, error) {
	content = strings.TrimSuffix(strings.TrimSuffix(content, "\n"), "\r")
	if f.kind == listType {
		return split(content, "\n"), nil
	}
	return f.fromText(content)
}

// split leaves out empty items: otherwise an extra comma or a blank line would be an empty secret.
func split(s, separator string) []string {
	list := []string{}
	for item := range strings.SplitSeq(s, separator) {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
