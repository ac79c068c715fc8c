package page

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/brand"
)

// look is a brand as the pages show it, with the addresses of its files.
type look struct {
	Name                string
	Logo, LogoDark      string // addresses; empty: no such logo
	Style               string // address of the style sheet with the brand's colours; empty: the colours of page.css
	Icon                string // address of the icon in the browser's tab
	HelpURL, PrivacyURL string // empty: no such link
}

// file is a file of the brand that browsers load. Its address contains a digest of its content. A changed file has another address,
// so browsers may cache a file without end.
type file struct {
	address, kind string
	content       []byte
}

const brandFolder = "/assets/brand/"

func newFile(name, extension, kind string, content []byte) file {
	digest := sha256.Sum256(content)
	return file{fmt.Sprintf("%s%s-%x.%s", brandFolder, name, digest[:8], extension), kind, content}
}

func imageFile(name string, i *brand.Image) file {
	extension := "png"
	if i.Type == brand.SVG {
		extension = "svg"
	}
	return newFile(name, extension, i.Type, i.Content)
}

// lookOf returns how the pages show a brand, and the files for this.
func lookOf(b brand.Brand) (l look, files []file) {
	l = look{Name: b.Name, Icon: "/assets/page/icon.svg", HelpURL: b.HelpURL, PrivacyURL: b.PrivacyURL}
	add := func(f file) string {
		files = append(files, f)
		return f.address
	}
	if b.Logo != nil {
		l.Logo = add(imageFile("logo", b.Logo))
		l.Icon = l.Logo
	}
	if b.LogoDark != nil {
		l.LogoDark = add(imageFile("logo-dark", b.LogoDark))
	}
	if css := style(b); css != "" {
		l.Style = add(newFile("style", "css", "text/css; charset=utf-8", []byte(css)))
	}
	return l, files
}

// style returns a style sheet that replaces the colours of page.css by the brand's colours.
func style(b brand.Brand) string {
	var css strings.Builder
	if b.Accent != nil {
		fmt.Fprintf(&css, ":root { --accent: %v }\n", b.Accent)
	}
	if b.AccentDark != nil {
		fmt.Fprintf(&css, "@media (prefers-color-scheme: dark) { :root { --accent: %v } }\n", b.AccentDark)
	}
	return css.String()
}

// fileRules is the Content-Security-Policy for an image that is opened by itself. On a page, an SVG image runs no scripts. With these
// rules, it runs no scripts when it is opened by itself either, loads nothing, and has no origin.
const fileRules = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

func mountLook(e *echo.Echo, b brand.Brand) {
	l, all := lookOf(b)
	byAddress := map[string]file{}
	for _, f := range all {
		byAddress[f.address] = f
	}
	e.GET(brandFolder+":file", func(c echo.Context) error {
		f, found := byAddress[brandFolder+c.Param("file")]
		if !found {
			return echo.ErrNotFound
		}
		h := c.Response().Header()
		h.Set("Content-Security-Policy", fileRules)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		return c.Blob(http.StatusOK, f.kind, f.content)
	})
	// Browsers request this address where no page names an icon, for example when an image is opened by itself.
	e.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusFound, l.Icon) })
}
