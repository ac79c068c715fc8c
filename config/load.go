package config

import (
	"errors"
	"fmt"
	"os"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Load reads the configuration: what environ ("NAME=value", as [os.Environ] has it) says, else what the file at path
// says, else the defaults. An empty path means that there is no file. What it returns without an error is valid; the
// error otherwise names every key that is wrong, and no secret.
func Load(path string, environ []string) (Config, error) {
	content, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return load(path, content, environ, Config.Validate)
}

// LoadWithoutSecrets is [Load] for whoever only reads what is kept: that secrets, tokens and passwords are not given is no error, so that
// nobody needs them where nothing is signed, sent or answered. Those that are given are checked as always.
func LoadWithoutSecrets(path string, environ []string) (Config, error) {
	content, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return load(path, content, environ, Config.validateWithoutSecrets)
}

// read reads the file; an empty path means that there is none.
func read(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return content, nil
}

func load(path string, content []byte, environ []string, validate func(Config) error) (Config, error) {
	k := koanf.New(".")
	cfg := Default()
	err := errors.Join(loadFile(k, path, content), loadEnvironment(k, environ))
	if err == nil {
		err = k.Unmarshal("", &cfg)
	}
	if err == nil {
		err = validate(cfg)
	}
	if err != nil {
		return Config{}, fmt.Errorf("the configuration cannot be used:\n%w", err)
	}
	return cfg, nil
}

// loadFile lays the values of a file, already checked, over what k holds.
func loadFile(k *koanf.Koanf, path string, content []byte) error {
	values, err := parseFile(path, content)
	if err != nil {
		return err
	}
	if err := k.Load(confmap.Provider(values, k.Delim()), nil); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
