package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestTheDescriptionIsThatOfTheRoutes(t *testing.T) {
	e := echo.New()
	if err := (&Handler{Origin: "http://127.0.0.1:4455", Log: slog.New(slog.DiscardHandler)}).Mount(e); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, base+"/openapi.json", nil))
	var d struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.1.") {
		t.Fatalf("%v: %s", err, w.Body)
	}
	var described, served []string
	for path, methods := range d.Paths {
		for method := range methods {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	for _, r := range e.Routes() {
		if path, ours := strings.CutPrefix(r.Path, base); ours && r.Method != echo.RouteNotFound {
			served = append(served, r.Method+" "+parameter.ReplaceAllString(path, "{$1}"))
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described are\n%s\nserved are\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

func TestIfMatch(t *testing.T) {
	for header, want := range map[string]int64{`"7"`: 7, `"-1"`: -1} {
		if got, err := ifMatch(header); err != nil || got != want {
			t.Errorf("%s: %d, %v", header, got, err)
		}
	}
	for _, header := range []string{"", "*", "7", `"7`, `7"`, `W/"7"`, `"x"`, `"7", "8"`, `"`} {
		if got, err := ifMatch(header); err == nil {
			t.Errorf("%s is taken for %d", header, got)
		}
	}
}
