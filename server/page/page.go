package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/brand"
)

//go:embed templates assets texts
var files embed.FS

// Texts are texts by language and name.
type Texts map[string]map[string]string

// LoadTexts reads texts/ja.json and texts/en.json.
func LoadTexts(from fs.FS) (Texts, error) {
	all := make(Texts)
	for _, locale := range Locales {
		raw, err := fs.ReadFile(from, "texts/"+locale+".json")
		if err != nil {
			return nil, fmt.Errorf("read the pages' texts: %w", err)
		}
		texts := make(map[string]string)
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("read the pages' texts: %w", err)
		}
		all[locale] = texts
	}
	return all, nil
}

// FrameTexts are the texts of the frame that all pages have.
func FrameTexts() (Texts, error) { return LoadTexts(files) }

// With returns these texts together with others. If both have a text of the same name, the result has the one of others.
func (t Texts) With(others Texts) Texts {
	all := make(Texts)
	for _, texts := range []Texts{t, others} {
		for locale, byName := range texts {
			if all[locale] == nil {
				all[locale] = make(map[string]string)
			}
			maps.Copy(all[locale], byName)
		}
	}
	return all
}

// Pages are the pages of one part of the site, for example of the console.
type Pages struct {
	texts Texts
	look  look
	pages map[string]*template.Template
}

// New reads all templates in templates/. The texts must include those of [FrameTexts]. Each template defines "title" and "main".
// Templates whose names begin with "part_" are parts that every page may use.
func New(from fs.FS, texts Texts, b brand.Brand) (*Pages, error) {
	p := &Pages{texts: texts, pages: make(map[string]*template.Template)}
	p.look, _ = lookOf(b)
	names, err := fs.Glob(from, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("look for pages: %w", err)
	}
	frame, err := template.ParseFS(files, "templates/base.html")
	if err != nil {
		return nil, fmt.Errorf("read the frame of the pages: %w", err)
	}
	var parts []string
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "part_") {
			parts = append(parts, name)
		}
	}
	for _, name := range names {
		t, err := frame.Clone()
		if err == nil {
			t, err = t.ParseFS(from, append([]string{name}, parts...)...)
		}
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		p.pages[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return p, nil
}

// Page is the data of a template.
type Page struct {
	Locale  string
	Locales []string
	Brand   look
	Path    string // path and query of the request
	All     Texts
	Data    any
}

// Text returns a text in the page's language, with the arguments formatted as by fmt.Sprintf.
func (p Page) Text(name string, args ...any) string {
	text := p.All[p.Locale][name]
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	return text
}

// TextOr returns the text of a name that comes from elsewhere, such as from Kratos or a policy. If there is no such text, it returns
// the name.
func (p Page) TextOr(name string) string {
	if text, ok := p.All[p.Locale][name]; ok {
		return text
	}
	return name
}

// Has says whether there is a text of this name.
func (p Page) Has(name string) bool {
	_, ok := p.All[p.Locale][name]
	return ok
}

// With returns the page with other data, for a part of the page.
func (p Page) With(data any) Page {
	p.Data = data
	return p
}

// Render writes a page. It builds the whole page before it sends anything, so that an error does not leave half a page.
func (p *Pages) Render(c echo.Context, status int, name string, data any) error {
	page := Page{
		Locale: LocaleOf(c.Request()), Locales: Locales, Brand: p.look, Path: c.Request().URL.RequestURI(), All: p.texts, Data: data,
	}
	var made strings.Builder
	if err := p.pages[name].ExecuteTemplate(&made, "base.html", page); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	return c.HTML(status, made.String())
}

// Rules returns the Content-Security-Policy of a page. The argument is the img-src directive.
func Rules(images string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; " + images + "; connect-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'"
}

// Headers sets headers so that a page can load and send only to its own origin, and nobody caches the page.
func Headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", Rules("img-src 'self'"))
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}
