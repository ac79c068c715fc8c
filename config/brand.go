package config

import (
	"cmp"
	"net/url"
)

// Brand is the operator's brand on the sign-in pages, in the console and in the mails. Package brand reads the files, and checks the
// contrast of the colours.
type Brand struct {
	// The name on the pages and in the mails. No line breaks.
	Name string `koanf:"name"`
	// The file of the logo: SVG or PNG, at most 256 KB. Mails contain only a PNG, because mail programs do not show SVG. Empty: pages
	// and mails show the name in place of a logo.
	Logo string `koanf:"logo"`
	// The file of the logo for dark pages: SVG or PNG, at most 256 KB. Empty: the same logo.
	LogoDark string `koanf:"logo_dark"`
	// The colour of buttons and links on light pages and in mails, as #rrggbb. It must have a contrast of at least 4.5:1 with the page
	// and with the text on buttons (WCAG 2.2, 1.4.3, level AA). Empty: blue.
	Accent string `koanf:"accent" jsonschema:"pattern=^(#[0-9a-fA-F]{6})?$"`
	// The colour of buttons and links on dark pages. Empty: brand.accent, made lighter until the contrast is enough.
	AccentDark string `koanf:"accent_dark" jsonschema:"pattern=^(#[0-9a-fA-F]{6})?$"`
	// The absolute URL of your help page, linked at the foot of pages and mails. Empty: no link.
	HelpURL string `koanf:"help_url" jsonschema:"pattern=^(https?://.+)?$"`
	// The absolute URL of your privacy policy, linked beside the help page. Empty: no link.
	PrivacyURL string `koanf:"privacy_url" jsonschema:"pattern=^(https?://.+)?$"`
	// A folder with texts that replace Nidan's own: ja.json and en.json, or one of them. Empty: no texts are replaced.
	Texts string `koanf:"texts"`
}

// BrandName returns the name that people see. mail.brand is the older key of the name, and still counts.
func (c Config) BrandName() string { return cmp.Or(c.Mail.Brand, c.Brand.Name) }

// oldBrandProblem refuses two different names in mail.brand and brand.name: Nidan would ignore one of them.
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

// linkProblem refuses an address that is not http or https: a javascript: address would run on the sign-in page.
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
