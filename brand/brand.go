package brand

import (
	"errors"
	"fmt"
)

// Config names the parts of a brand. All fields but the name may be empty.
type Config struct {
	Name       string
	Logo       string // file
	LogoDark   string // file
	Accent     string // #rrggbb
	AccentDark string // #rrggbb
	HelpURL    string
	PrivacyURL string
	Texts      string // folder
}

// Brand contains the operator's name, logo, colours and links, as people see them.
type Brand struct {
	Name       string
	Logo       *Image  // nil: the pages show the name instead
	LogoDark   *Image  // for dark pages; nil: Logo
	Accent     *Colour // of buttons and links; nil: the pages' own colour
	AccentDark *Colour // for dark pages; nil: the pages' own colour
	HelpURL    string  // empty: no link
	PrivacyURL string  // empty: no link
}

// Load makes the brand. The error names every key of the configuration that is wrong.
func Load(c Config) (Brand, error) {
	b := Brand{Name: c.Name, HelpURL: c.HelpURL, PrivacyURL: c.PrivacyURL}
	var problems []error
	try := func(key string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("brand.%s: %w", key, err))
		}
	}
	var err error
	b.Logo, err = loadImage(c.Logo)
	try("logo", err)
	b.LogoDark, err = loadImage(c.LogoDark)
	try("logo_dark", err)
	b.Accent, err = Light.accent(c.Accent)
	try("accent", err)
	b.AccentDark, err = Dark.accent(c.AccentDark)
	try("accent_dark", err)
	if b.AccentDark == nil && b.Accent != nil {
		dark := Dark.nearest(*b.Accent)
		b.AccentDark = &dark
	}
	return b, errors.Join(problems...)
}
