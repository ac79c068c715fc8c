package config

import (
	"fmt"
	"log/slog"
	"strings"
)

var (
	_ slog.LogValuer = Config{}
	_ fmt.Stringer   = Config{}
)

// LogValue returns every setting by its key. For a secret, it says only whether the secret is given.
func (c Config) LogValue() slog.Value {
	var all []slog.Attr
	for _, f := range fields() {
		if f.secret {
			all = append(all, slog.String(f.key, shadow(f.value(c))))
			continue
		}
		all = append(all, slog.Any(f.key, f.value(c)))
	}
	return slog.GroupValue(all...)
}

// String returns the settings of [Config.LogValue] on one line, so that an accidental %v prints no secret.
func (c Config) String() string {
	var settings []string
	for _, a := range c.LogValue().Group() {
		settings = append(settings, a.String())
	}
	return strings.Join(settings, " ")
}

func shadow(secret any) string {
	switch s := secret.(type) {
	case []string:
		return fmt.Sprintf("(%d given)", len(s))
	case string:
		if s == "" {
			return "(none)"
		}
	}
	return "(given)"
}
