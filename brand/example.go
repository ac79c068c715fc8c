package brand

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed example
var example embed.FS

// WriteExample writes the files of an invented brand into a folder, and returns the configuration for them.
func WriteExample(folder string) (Config, error) {
	if err := os.CopyFS(folder, example); err != nil {
		return Config{}, fmt.Errorf("write the example of a brand: %w", err)
	}
	at := func(name string) string { return filepath.Join(folder, "example", name) }
	return Config{
		Name: "Minamo", Logo: at("logo.svg"), LogoDark: at("logo-dark.svg"), Accent: "#0f766e", AccentDark: "#5eead4",
		HelpURL: "https://minamo.example.com/help", PrivacyURL: "https://minamo.example.com/privacy", Texts: at("texts"),
	}, nil
}
