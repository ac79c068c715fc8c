package console

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestWhatAnotherSiteSendsIsRefused(t *testing.T) {
	const own = "https://console.example.com"
	for name, tc := range map[string]struct {
		method, origin, site string
		want                 int
	}{
		"the console's own page":                        {"POST", own, "same-origin", 200},
		"its own page, in a browser that says no more":  {"POST", own, "", 200},
		"its own page, whose address is not to be told": {"POST", "null", "same-origin", 200},
		"no browser":                                        {"POST", "", "", 200},
		"the same host without TLS":                         {"POST", "http://console.example.com", "", 403},
		"the same host without TLS, by DELETE":              {"DELETE", "http://console.example.com", "", 403},
		"the same host without TLS, called the same origin": {"POST", "http://console.example.com", "same-origin", 403},
		"another port of the same host":                     {"POST", own + ":8443", "", 403},
		"another host":                                      {"POST", "https://example.com", "", 403},
		"another host, called the same origin":              {"POST", "https://example.com", "same-origin", 403},
		"a page whose address is not to be told":            {"POST", "null", "", 403},
		"another site":                                      {"POST", "", "cross-site", 403},
		"a neighbour":                                       {"POST", "", "same-site", 403},
		"another site that only looks":                      {"GET", "https://example.com", "cross-site", 200},
		"the same host without TLS, which only looks":       {"GET", "http://console.example.com", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sentTo(t, own, tc.method, tc.origin, tc.site); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestTheConsolesOriginIsReadAsBrowsersWriteIt(t *testing.T) {
	for address, origin := range map[string]string{
		"https://Console.Example.com:443": "https://console.example.com",
		"http://console.example.com:80":   "http://console.example.com",
		"http://127.0.0.1:4455":           "http://127.0.0.1:4455",
		"http://[::1]:4455":               "http://[::1]:4455",
		"https://[::1]":                   "https://[::1]",
		"https://my_host":                 "https://my_host",
		"https://認証.example:8443":         "https://xn--p12a5f.example:8443",
	} {
		if got := sentTo(t, address, "POST", origin, ""); got != http.StatusOK {
			got, err := originOf(address)
			t.Errorf("%s is taken for %s, %v; want %s", address, got, err, origin)
		}
	}
}

// sentTo returns the status of a request to a console at this address.
func sentTo(t *testing.T, address, method, origin, site string) int {
	t.Helper()
	own, err := FromHereOnly(address)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Any("/console", func(c echo.Context) error { return c.NoContent(http.StatusOK) }, own)
	r := httptest.NewRequest(method, "/console", nil)
	r.Host = "console.example.com"
	for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Code
}
