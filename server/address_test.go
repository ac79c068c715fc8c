package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nidan/hooks"
)

// lying writes a wrong address into every header in which a program may look for a client's address. Its Connection header asks for
// the correct headers to be removed.
func lying(r *http.Request) *http.Request {
	for _, name := range append([]string{"X-Client-Ip", "X-Forwarded", "Fastly-Client-Ip"}, addressHeaders...) {
		r.Header[http.CanonicalHeaderKey(name)] = []string{"198.51.100.66", "198.51.100.67"}
	}
	r.Header.Set("Forwarded", "for=198.51.100.66;proto=https")
	r.Header.Set("Priority", `u=3, nidan="1775000000.AAAA"`)
	r.Header.Set("Connection", "True-Client-Ip, Priority, X-Forwarded-For")
	return r
}

// Kratos reads a client's address from headers, and passes some of them on to the hook.
func TestKratosIsToldWhereTheClientIs(t *testing.T) {
	const seen, private = "192.0.2.7:1234", "10.0.0.5:1234"
	for name, tc := range map[string]struct {
		proxies []string
		from    string // the address that connects
		via     []string
		want    string
		signed  bool
		https   bool
	}{
		"it connects itself":                           {nil, seen, nil, "192.0.2.7", true, false},
		"it connects itself, by IPv6":                  {nil, "[2001:db8::1]:1234", nil, "2001:db8::1", true, false},
		"it connects itself, on this link":             {nil, "[fe80::1%eth0]:1234", nil, "fe80::1", true, false},
		"it connects itself, as IPv4 is in IPv6":       {nil, "[::ffff:192.0.2.7]:1234", nil, "192.0.2.7", true, false},
		"it connects itself and says otherwise":        {nil, seen, []string{"203.0.113.9"}, "192.0.2.7", true, false},
		"it connects itself beside a proxy":            {[]string{"10.0.0.5/32"}, seen, []string{"203.0.113.9"}, "192.0.2.7", true, false},
		"it is on the proxy's network, and no proxy":   {[]string{"10.0.0.5/32"}, "10.0.0.6:1", []string{"203.0.113.9"}, "10.0.0.6", true, false},
		"it is on loopback, and that is no proxy":      {[]string{"10.0.0.5/32"}, "127.0.0.1:1", []string{"203.0.113.9"}, "127.0.0.1", true, false},
		"behind a proxy":                               {[]string{"10.0.0.5/32"}, private, []string{"203.0.113.9"}, "203.0.113.9", true, false},
		"behind a proxy, by IPv6":                      {[]string{"2001:db8:1::/64"}, "[2001:db8:1::5]:1", []string{"2001:db8::1"}, "2001:db8::1", true, false},
		"behind a proxy, on a private network":         {[]string{"10.0.0.5/32"}, private, []string{"10.1.2.3"}, "10.1.2.3", true, false},
		"behind a proxy that adds to a lie":            {[]string{"10.0.0.5/32"}, private, []string{"198.51.100.66, 203.0.113.9"}, "203.0.113.9", true, false},
		"behind a proxy that adds a line to a lie":     {[]string{"10.0.0.5/32"}, private, []string{"198.51.100.66", "203.0.113.9"}, "203.0.113.9", true, false},
		"behind a proxy that adds to nonsense":         {[]string{"10.0.0.5/32"}, private, []string{"<script>, 203.0.113.9"}, "203.0.113.9", true, false},
		"behind two proxies":                           {[]string{"10.0.0.0/24", "192.0.2.0/24"}, private, []string{"203.0.113.9, 192.0.2.1"}, "203.0.113.9", true, false},
		"behind a proxy that does not say for whom":    {[]string{"10.0.0.5/32"}, private, nil, "10.0.0.5", false, false},
		"behind a proxy that says nonsense":            {[]string{"10.0.0.5/32"}, private, []string{"unknown"}, "10.0.0.5", false, false},
		"behind a proxy that says a port too":          {[]string{"10.0.0.5/32"}, private, []string{"203.0.113.9:1234"}, "10.0.0.5", false, false},
		"it is itself where only proxies are":          {[]string{"10.0.0.0/8"}, private, []string{"10.1.2.3"}, "10.1.2.3", false, false},
		"it does not come by TCP":                      {nil, "@", []string{"203.0.113.9"}, "", false, false},
		"over HTTPS, behind a proxy":                   {[]string{"10.0.0.5/32"}, private, []string{"203.0.113.9"}, "203.0.113.9", true, true},
		"over HTTPS, behind a proxy that is not named": {nil, private, []string{"203.0.113.9"}, "10.0.0.5", false, true},
		"over HTTPS, behind another proxy than named":  {[]string{"10.0.0.6/32"}, private, []string{"203.0.113.9"}, "10.0.0.5", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			kratos, at := fakeKratos(t)
			h := passThroughTo(t, kratos, tc.https, tc.proxies...)
			r := lying(httptest.NewRequest(http.MethodGet, "/self-service/login?flow=the-flow&flow=another", nil))
			r.RemoteAddr = tc.from
			if r.Header["X-Forwarded-For"] = tc.via; tc.via == nil {
				r.Header.Del("X-Forwarded-For")
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got := at.Header.Get("True-Client-Ip"); got != tc.want {
				t.Errorf("Kratos is told %q, want %q", got, tc.want)
			}
			signature := ""
			if tc.signed {
				signature = hooks.SignAddress(keyring(t), netip.MustParseAddr(tc.want), "the-flow", now)
			}
			if got := at.Header.Get("Priority"); got != signature {
				t.Errorf("the signature is %q, want %q", got, signature)
			}
			for _, name := range addressHeaders {
				said := at.Header[http.CanonicalHeaderKey(name)]
				if len(said) > 1 || !slices.Contains([]string{"", tc.want, signature}, strings.Join(said, "")) {
					t.Errorf("%s: %q", name, said)
				}
			}
		})
	}
}

// The other handlers of a listener use Echo's IP extractor.
func TestAListenerBelievesItsProxiesAlone(t *testing.T) {
	for name, tc := range map[string]struct{ networks, want string }{
		"its proxy's word":        {"192.0.2.0/24", "203.0.113.9"},
		"nobody's, without proxy": {"", "192.0.2.7"},
		"no other's":              {"10.0.0.0/8", "192.0.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			proxies, err := ParseProxies(strings.Fields(tc.networks))
			if err != nil {
				t.Fatal(err)
			}
			e := New(quiet, proxies)
			e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, c.RealIP()) })
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = "192.0.2.7:1234"
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			r.Header.Set("X-Real-Ip", "198.51.100.66")
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if got := w.Body.String(); got != tc.want {
				t.Errorf("it comes from %s, want %s", got, tc.want)
			}
		})
	}
	if _, err := ParseProxies([]string{"proxy"}); err == nil {
		t.Error("a name is taken for a network")
	}
}
