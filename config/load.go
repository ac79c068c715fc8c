package config

import (
	"errors"
	"fmt"
	"os"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Load reads the configuration. It takes each value from environ ("NAME=value", as in [os.Environ]), else from the file at path, else
// from the defaults. An empty path means that there is no file. A configuration without an error is valid. The error names every key
// that is wrong, and contains no secret.
func Load(path string, environ []string) (Config, error) {
	content, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return load(path, content, environ, Config.Validate)
}

// LoadWithoutSecrets is [Load] for commands that only read the database. Missing secrets, tokens and passwords are no error: a person who
// runs such a command need not know them. LoadWithoutSecrets checks those that are given as [Load] does.
func LoadWithoutSecrets(path string, environ []string) (Config, error) {
	content, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return load(path, content, environ, Config.validateWithoutSecrets)
}

// read reads the file. An empty path means that there is no file.
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

// loadFile checks the values of a file and puts them over the values in k.
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
