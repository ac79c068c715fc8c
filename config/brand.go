package config

import (
	"cmp"
	"net/url"
)

// Brand is what people see of whose sign-in this is: on the sign-in pages, in the console and in the mails. What is in the files, and
// whether a colour can be read, is found out by package brand.
type Brand struct {
	// The name on the pages and in the mails. No line breaks.
	Name string `koanf:"name"`
	// File of the logo: SVG or PNG, at most 256 KB. A PNG is in the mails too; an SVG is not, because mail programs do not show it.
	// Empty: the name stands in its place.
	Logo string `koanf:"logo"`
	// File of the logo for dark pages: SVG or PNG, at most 256 KB. Empty: the same logo.
	LogoDark string `koanf:"logo_dark"`
	// Colour of buttons and links on light pages and in mails, as #rrggbb. It has to have a contrast of 4.5:1 with the page and with
	// the text on buttons (WCAG 2.2, 1.4.3, level AA). Empty: blue.
	Accent string `koanf:"accent" jsonschema:"pattern=^(#[0-9a-fA-F]{6})?$"`
	// The same for dark pages. Empty: the accent, as light as it has to be.
	AccentDark string `koanf:"accent_dark" jsonschema:"pattern=^(#[0-9a-fA-F]{6})?$"`
	// Where people find help: an absolute URL, linked at the foot of pages and mails. Empty: no link.
	HelpURL string `koanf:"help_url" jsonschema:"pattern=^(https?://.+)?$"`
	// Where it is said what becomes of people's data: an absolute URL, linked beside the help. Empty: no link.
	PrivacyURL string `koanf:"privacy_url" jsonschema:"pattern=^(https?://.+)?$"`
	// Folder with texts that replace Nidan's own: ja.json and en.json, or one of them. Empty: none are replaced.
	Texts string `koanf:"texts"`
}

// BrandName is the name that people see. mail.brand is where it stood before there was a brand, and still counts.
func (c Config) BrandName() string { return cmp.Or(c.Mail.Brand, c.Brand.Name) }

// oldBrandProblem refuses a name that is given in two places, and not the same: one of them would be passed over.
func oldBrandProblem(c Config) string {
	switch {
	case c.Mail.Brand == "":
		return ""
	case c.Brand.Name != Default().Brand.Name && c.Brand.Name != c.Mail.Brand:
		return "is given, and brand.name too; leave it out"
	}
	return brandProblem(c.Mail.Brand)
}

func darkLogoProblem(b Brand) string {
	if b.LogoDark != "" && b.Logo == "" {
		return "is given without brand.logo; give both, or brand.logo alone for all pages"
	}
	return ""
}

// linkProblem refuses what is no page: a javascript: address would run on the sign-in page.
func linkProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return ""
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "is no absolute URL; write it with https:// and a host"
	case u.User != nil:
		return "holds a user or password, which everybody would see; leave them out"
	}
	return ""
}
