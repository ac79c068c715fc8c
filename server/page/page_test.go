package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"nidan/brand"
)

func TestALanguageIsChosenAndTheWayBackStaysHere(t *testing.T) {
	for path, want := range map[string]struct{ to, chosen string }{
		"/language/en?to=/console/settings%3Fa%3Db": {"/console/settings?a=b", "en"},
		"/language/ja":                         {"/", "ja"},
		"/language/xx?to=/console":             {"/console", ""},
		"/language/en?to=https://example.com/": {"/", "en"},
		"/language/en?to=//example.com/":       {"/", "en"},
		"/language/en?to=/%5Cexample.com":      {"/", "en"},
		"/language/en?to=/a%0d%0aSet-Cookie:b": {"/", "en"},
		"/language/en?to=/%09/example.com":     {"/", "en"},
	} {
		e := echo.New()
		Mount(e, brand.Brand{})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		chosen := ""
		for _, c := range w.Result().Cookies() {
			chosen = c.Value
		}
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want.to || chosen != want.chosen {
			t.Errorf("%s: %d to %s with %q, want %+v", path, w.Code, got, chosen, want)
		}
	}
}

func TestAPageThatFailsIsNotHalfSent(t *testing.T) {
	files := fstest.MapFS{
		"texts/ja.json": {Data: []byte(`{"hello": "%s様"}`)}, "texts/en.json": {Data: []byte(`{"hello": "Hello %s"}`)},
		"templates/good.html":   {Data: []byte(`{{define "title"}}<i>{{end}}{{define "main"}}{{.Text "hello" .Data}}{{template "part" .}}{{end}}`)},
		"templates/bad.html":    {Data: []byte(`{{define "main"}}{{.Data.Missing}}{{end}}`)},
		"templates/part_p.html": {Data: []byte(`{{define "part"}}!{{end}}`)},
	}
	texts, err := LoadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := New(files, texts, brand.Brand{Name: "Brand"})
	if err != nil {
		t.Fatal(err)
	}
	render := func(name string) (string, error) {
		w := httptest.NewRecorder()
		err := pages.Render(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), w), 200, name, "<b>")
		return w.Body.String(), err
	}
	if got, err := render("bad"); err == nil || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := render("good"); err != nil || !strings.Contains(got, "&lt;b&gt;様!") {
		t.Errorf("got %q, %v", got, err)
	}
}
