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

// Texts are texts by name, by language.
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

// With are these texts and others. Of two with one name, the other counts.
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

// Pages are the pages of one part of the site.
type Pages struct {
	texts Texts
	look  look
	pages map[string]*template.Template
}

// New reads every page of templates/; texts have to hold those of [FrameTexts]. Each defines "title" and "main"; those whose names begin
// with "part_" are parts that any of them may use.
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

// Page is what a template is given.
type Page struct {
	Locale  string
	Locales []string
	Brand   look
	Path    string // of the request, with its query
	All     Texts
	Data    any
}

// Text is a text in the page's language, with the arguments put into it as fmt does.
func (p Page) Text(name string, args ...any) string {
	text := p.All[p.Locale][name]
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	return text
}

// TextOr is a text whose name comes from elsewhere; where there is none of that name, the name has to do.
func (p Page) TextOr(name string) string {
	if text, ok := p.All[p.Locale][name]; ok {
		return text
	}
	return name
}

// Has says whether there is a text of that name.
func (p Page) Has(name string) bool {
	_, ok := p.All[p.Locale][name]
	return ok
}

// With is the page with other data, for the parts of it.
func (p Page) With(data any) Page {
	p.Data = data
	return p
}

// Render writes a page. It is made whole before anything is sent, so that an error in it is not half a page.
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

// Rules are a Content-Security-Policy for a page that shows images from there.
func Rules(images string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; " + images + "; connect-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'"
}

// Headers let a page load and send nothing but what is its own, and be kept by nobody.
func Headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", Rules("img-src 'self'"))
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}
