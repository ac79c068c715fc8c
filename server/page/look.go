package page

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/brand"
)

// look is a brand as pages show it, with the addresses at which browsers find what belongs to it.
type look struct {
	Name                string
	Logo, LogoDark      string // addresses; empty: there is none
	Style               string // address of its colours; empty: they are those of page.css
	Icon                string // address of what stands in the browser's tab
	HelpURL, PrivacyURL string // empty: there is none
}

// file is one that a brand has browsers load. Its address holds a digest of what is in it: what changes has another address, so that
// browsers may keep it.
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

// lookOf says how pages show a brand, and lists the files for it.
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

// style puts the brand's colours in place of those of page.css.
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

// fileRules are for an image that is opened by itself, and not shown on a page, which would run no script in it: here it runs none
// either, loads nothing, and is of no origin.
const fileRules = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// mountLook serves the files of a brand.
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
	// Browsers look here where no page says where the icon is, as on the page of an image.
	e.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusFound, l.Icon) })
}
