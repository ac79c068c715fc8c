package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"nidan/brand"
)

var (
	svg = &brand.Image{Type: brand.SVG, Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)}
	png = &brand.Image{Type: brand.PNG, Content: []byte("a picture")}
)

// shown returns a page with a brand.
func shown(t *testing.T, b brand.Brand, locale string) string {
	t.Helper()
	texts, err := FrameTexts()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := New(fstest.MapFS{"templates/a.html": {Data: []byte(`{{define "title"}}A{{end}}`)}}, texts, b)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	r.Header.Set("Accept-Language", locale)
	if err := pages.Render(echo.New().NewContext(r, w), 200, "a", nil); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// loaded returns what a browser gets at an address of the page.
func loaded(b brand.Brand, address string) *httptest.ResponseRecorder {
	e := echo.New()
	Mount(e, b)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

func match(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return m[1]
}

func TestAPageWithoutABrandShowsItsName(t *testing.T) {
	b := brand.Brand{Name: "Nidan & Co"}
	page := shown(t, b, "ja")
	if !strings.Contains(page, `<p class="brand">Nidan &amp; Co</p>`) || !strings.Contains(page, "<title>A · Nidan &amp; Co</title>") ||
		strings.Contains(page, "<footer>") || strings.Contains(page, brandFolder) {
		t.Errorf("got %s", page)
	}
	icon := loaded(b, match(t, `<link rel="icon" href="([^"]+)">`, page))
	if icon.Code != http.StatusOK || !strings.HasPrefix(icon.Header().Get("Content-Type"), "image/svg+xml") {
		t.Errorf("the icon: %d %v", icon.Code, icon.Header())
	}
}

func TestAPageInABrand(t *testing.T) {
	b := brand.Brand{
		Name: "Minamo", Logo: svg, LogoDark: png, Accent: &brand.Colour{1, 2, 3}, AccentDark: &brand.Colour{0xfa, 0xfb, 0xfc},
		HelpURL: "https://m.example.com/help?a=1", PrivacyURL: "https://m.example.com/privacy",
	}
	page := shown(t, b, "en")
	for pattern, want := range map[string]struct {
		kind    string
		content []byte
	}{
		`<img src="([^"]+)" alt="Minamo">`:                                                                      {"image/svg+xml", svg.Content},
		`<source srcset="([^"]+)" media="\(prefers-color-scheme: dark\)">`:                                      {"image/png", png.Content},
		`<link rel="icon" href="([^"]+)">`:                                                                      {"image/svg+xml", svg.Content},
		`<link rel="icon" href="([^"]+)" media="\(prefers-color-scheme: dark\)">`:                               {"image/png", png.Content},
		`<link rel="stylesheet" href="/assets/page/page.css">\s*<link rel="stylesheet" href="(/assets/[^"]+)">`: {"text/css; charset=utf-8", []byte(style(b))},
	} {
		address := match(t, pattern, page)
		w := loaded(b, address)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want.kind || w.Body.String() != string(want.content) {
			t.Errorf("%s: %d %v %q", address, w.Code, w.Header(), w.Body)
		}
	}
	for _, want := range []string{`<a href="https://m.example.com/help?a=1" data-text="help">Help</a>`, `<a href="https://m.example.com/privacy" data-text="privacy">Privacy policy</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if page := shown(t, b, "ja"); !strings.Contains(page, ">ヘルプ</a>") || !strings.Contains(page, ">プライバシーポリシー</a>") {
		t.Errorf("in Japanese: %s", page)
	}
}

func TestTheFilesOfABrandAreKeptAndRunNothing(t *testing.T) {
	b := brand.Brand{Logo: svg}
	look, files := lookOf(b)
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	h := loaded(b, look.Logo).Header()
	if h.Get("Content-Security-Policy") != "default-src 'none'; style-src 'unsafe-inline'; sandbox" || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("got %v", h)
	}
	other, _ := lookOf(brand.Brand{Logo: &brand.Image{Type: brand.SVG, Content: []byte("another")}})
	if other.Logo == look.Logo {
		t.Error("another logo has the same address, at which the first one is kept")
	}
	if w := loaded(b, other.Logo); w.Code != http.StatusNotFound {
		t.Errorf("a file of another brand: %d", w.Code)
	}
	if w := loaded(b, "/favicon.ico"); w.Code != http.StatusFound || w.Header().Get("Location") != look.Logo {
		t.Errorf("the icon where browsers look for it: %d %v", w.Code, w.Header())
	}
}

// The program checks the accent's contrast against a list of colours when it starts. They must be the colours of page.css.
func TestThePagesHaveTheColoursThatAnAccentIsTriedAgainst(t *testing.T) {
	css, err := fs.ReadFile(files, "assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there are no colours for dark pages")
	}
	for part, s := range map[string]brand.Surroundings{light: brand.Light, dark: brand.Dark} {
		for property, want := range map[string]brand.Colour{"ground": s.Ground, "sheet": s.Sheet, "on-accent": s.OnAccent} {
			if got := match(t, `--`+property+`: (#[0-9a-f]{6});`, part); got != want.String() {
				t.Errorf("--%s is %s, and package brand has %v", property, got, want)
			}
		}
	}
}

func TestTheFramesTextsAreThereInBothLanguages(t *testing.T) {
	texts, err := FrameTexts()
	if err != nil {
		t.Fatal(err)
	}
	for name := range texts["ja"] {
		if texts["en"][name] == "" {
			t.Errorf("%s is not there in English", name)
		}
	}
	if len(texts["ja"]) != len(texts["en"]) {
		t.Errorf("Japanese has %d, English %d", len(texts["ja"]), len(texts["en"]))
	}
}
