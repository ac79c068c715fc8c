package signin

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

const (
	fromBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" // Accept header of Chromium when it opens a page
	fromScript  = "application/json"
)

// asked sends a request to a server on which some paths return an error.
func asked(t *testing.T, method, path, accept, language string) (*http.Response, string) {
	t.Helper()
	e := mounted(t, false)
	for at, err := range map[string]error{
		"/kratos": echo.NewHTTPError(http.StatusBadGateway, "it does not answer"), "/broken": errors.New("a cause"), "/check": echo.ErrNotFound,
		"/console/api/x": echo.ErrNotFound,
	} {
		e.GET(at, func(echo.Context) error { return err })
	}
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestTroublesArePagesInTheReadersLanguage(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path string
		status       int
		ja, en       string
	}{
		"an address that there is not":     {"GET", "/no/such", 404, "ページが見つかりません", "There is no such page"},
		"below the console":                {"GET", "/console/no/such", 404, "ページが見つかりません", "There is no such page"},
		"an address that is for something": {"POST", "/second-factor", 405, "ページが見つかりません", "There is no such page"},
		"Kratos away":                      {"GET", "/kratos", 502, "現在ログインを受け付けられません", "Signing in is not possible at the moment"},
		"something broken":                 {"GET", "/broken", 500, "問題が発生しました", "Something went wrong"},
		"an error of Kratos' by no number": {"GET", "/error", 200, "管理者にお問い合わせください。", "contact your administrator."},
	} {
		t.Run(name, func(t *testing.T) {
			for language, want := range map[string]string{"ja": tc.ja, "en-GB,en;q=0.9": tc.en} {
				answer, body := asked(t, tc.method, tc.path, fromBrowser, language)
				if answer.StatusCode != tc.status || !strings.Contains(body, want) || strings.Contains(body, "a cause") ||
					!strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
					t.Errorf("%s: %d %s, want %q:\n%s", language, answer.StatusCode, answer.Header.Get("Content-Type"), want, body)
				}
				if !strings.Contains(body, `<html lang="`+language[:2]+`">`) || strings.Contains(body, "<code>") || strings.Contains(body, "番号") {
					t.Errorf("%s: the page is not in that language, or speaks of a number that there is not:\n%s", language, body)
				}
				if !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") || answer.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: the page has no rules: %v", language, answer.Header)
				}
			}
		})
	}
}

func TestTroublesAreJSONForPrograms(t *testing.T) {
	for name, tc := range map[string]struct {
		path, accept string
		status       int
	}{
		"a script's":                {"/no/such", fromScript, 404},
		"a script's that can both":  {"/no/such", fromScript + ", text/html", 404},
		"one that does not say":     {"/no/such", "*/*", 404},
		"Kratos away":               {"/kratos", fromScript, 502},
		"the console's interface":   {"/console/api/x", fromBrowser, 404},
		"a proxy's question":        {"/check", fromBrowser, 404},
		"something broken":          {"/broken", fromScript, 500},
		"without any word about it": {"/broken", "", 500},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := asked(t, http.MethodGet, tc.path, tc.accept, "ja")
			if answer.StatusCode != tc.status || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") || strings.Contains(body, "a cause") {
				t.Errorf("%d %s: %s", answer.StatusCode, answer.Header.Get("Content-Type"), body)
			}
		})
	}
}

func TestANumberOfKratosIsShown(t *testing.T) {
	_, body := asked(t, http.MethodGet, "/error?id=%3Cb%3E7", fromBrowser, "ja")
	if !strings.Contains(body, "<code>&lt;b&gt;7</code>") || !strings.Contains(body, "この番号") {
		t.Errorf("got %s", body)
	}
}
