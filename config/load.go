package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

// prefix is that of every variable in the environment.
const prefix = "NIDAN_"

// secretKeys may stand in files of their own.
var secretKeys = []string{"secrets", "hooks.tokens", "mail.smtp.password"}

// Load reads the configuration: the defaults, then the file at path unless path is empty, then the environment, given as
// "NAME=value". It returns all that is wrong at once, in an error of several lines.
func Load(path string, environ []string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(Default(), "koanf"), nil); err != nil {
		return Config{}, fmt.Errorf("read the default configuration: %w", err)
	}
	defaults := k.All()
	if path != "" {
		if err := loadFile(k, path, defaults); err != nil {
			return Config{}, fmt.Errorf("configuration file %s: %w", path, err)
		}
	}
	if err := loadEnvironment(k, environ, defaults); err != nil {
		return Config{}, fmt.Errorf("configuration in the environment: %w", err)
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, errors.New("read the configuration: a value has the wrong type")
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, nil
}

func loadFile(k *koanf.Koanf, path string, defaults map[string]any) error {
	f := koanf.New(".")
	if err := f.Load(file.Provider(path), yaml.Parser()); err != nil {
		return err
	}
	var errs []error
	for key, value := range f.All() {
		def, known := defaults[key]
		if !known {
			errs = append(errs, fmt.Errorf("%s: there is no such key", key))
			continue
		}
		typed, err := asFileValue(def, value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
			continue
		}
		errs = append(errs, k.Set(key, typed))
	}
	return inOrder(errs)
}

// asFileValue checks that a value read from YAML has the type of the default it replaces. The error says what is expected
// and not what was found: it may be a secret.
func asFileValue(def, value any) (any, error) {
	switch def.(type) {
	case bool:
		if v, ok := value.(bool); ok {
			return v, nil
		}
		return nil, errors.New("must be true or false")
	case int:
		if v, ok := value.(int); ok {
			return v, nil
		}
		return nil, errors.New("must be a whole number")
	case time.Duration:
		if v, ok := value.(string); ok {
			return asDuration(v)
		}
		return nil, errors.New("must be a time such as 10s")
	case []string:
		return asList(value)
	}
	if v, ok := value.(string); ok {
		return v, nil
	}
	return nil, errors.New("must be a text; put it in quotation marks if it looks like something else")
}

func asDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, errors.New("must be a time such as 10s")
	}
	return d, nil
}

func asList(value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, errors.New("must be a list")
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil, errors.New("must be a list of texts; put those that look like something else in quotation marks")
		}
		list = append(list, s)
	}
	return list, nil
}

func loadEnvironment(k *koanf.Koanf, environ []string, defaults map[string]any) error {
	byName := make(map[string]string, len(defaults))
	for key := range defaults {
		byName[prefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
	}
	given := make(map[string]bool)
	var errs []error
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		key, known := byName[name]
		if !known {
			if key = byName[strings.TrimSuffix(name, "_FILE")]; !slices.Contains(secretKeys, key) {
				errs = append(errs, fmt.Errorf("%s: there is no such key", name))
				continue
			}
			content, err := os.ReadFile(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				continue
			}
			value = strings.TrimRight(string(content), "\r\n")
		}
		if given[key] {
			errs = append(errs, fmt.Errorf("%s: %s is given twice, once by a file of its own", name, key))
		}
		given[key] = true
		typed, err := asVariable(defaults[key], value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		errs = append(errs, k.Set(key, typed))
	}
	return inOrder(errs)
}

// asVariable reads a variable as the type of the default it replaces.
func asVariable(def any, value string) (any, error) {
	switch def.(type) {
	case bool:
		v, err := strconv.ParseBool(value)
		if err != nil {
			return nil, errors.New("must be true or false")
		}
		return v, nil
	case int:
		v, err := strconv.Atoi(value)
		if err != nil {
			return nil, errors.New("must be a whole number")
		}
		return v, nil
	case time.Duration:
		return asDuration(value)
	case []string:
		list := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
		for i, item := range list {
			list[i] = strings.TrimSpace(item)
		}
		return list, nil
	}
	return value, nil
}

// inOrder joins errors in the order of their texts: maps have none of their own.
func inOrder(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
