package server

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
)

var quiet = slog.New(slog.DiscardHandler)

func TestServeEndsWithItsContextAndLetsRequestsFinish(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, finish := make(chan struct{}), make(chan struct{})
	e := New(quiet, nil)
	e.GET("/", func(c echo.Context) error {
		close(begun)
		<-finish
		return c.String(http.StatusOK, "done")
	})
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan string, 1)
	go func() { served <- Serve(ctx, l, e) }()
	go func() {
		answer, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		answered <- string(body)
	}()
	<-begun
	stop()
	close(finish)
	if got := <-answered; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// Parsing a header of a megabyte would keep a processor busy.
func TestServeReadsNoMoreOfAHeader(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, http.NotFoundHandler()) }()
	for size, want := range map[int]int{16 << 10: http.StatusNotFound, 48 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", strings.Repeat("_", size))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes: got %d, want %d", size, answer.StatusCode, want)
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServeSaysWhenItCannot(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler()); err == nil {
		t.Error("no error")
	}
}

func TestAPanicEndsItsRequestOnly(t *testing.T) {
	e := New(quiet, nil)
	e.GET("/", func(echo.Context) error { panic("a bug") })
	for range 2 {
		if w := get(e, "/"); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "a bug") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func get(e *echo.Echo, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestHealth(t *testing.T) {
	for name, tc := range map[string]struct {
		ready    error
		stopping bool
		path     string
		want     int
		says     string
	}{
		"alive":                 {nil, false, "/healthz", 200, "alive\n"},
		"alive while not ready": {errors.New("disk full"), false, "/healthz", 200, "alive\n"},
		"alive while stopping":  {nil, true, "/healthz", 200, "alive\n"},
		"ready":                 {nil, false, "/readyz", 200, "ready\n"},
		"not ready":             {errors.New("disk full"), false, "/readyz", 503, "not ready\n"},
		"stopping":              {nil, true, "/readyz", 503, "stopping\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(quiet, nil)
			detail := func() string { return "policies: none yet\n" }
			(&Health{
				Ready: func(context.Context) error { return tc.ready }, Stopping: func() bool { return tc.stopping }, Detail: detail, Log: quiet,
			}).Mount(e)
			w := get(e, tc.path)
			if w.Code != tc.want || !strings.HasPrefix(w.Body.String(), tc.says) || strings.Contains(w.Body.String(), "disk") ||
				strings.Contains(w.Body.String(), "policies: none yet") != (tc.path == "/readyz") {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tc.want)
			}
		})
	}
}

// fakeKratos answers every request, and keeps the last one.
func fakeKratos(t *testing.T) (address string, asked *http.Request) {
	t.Helper()
	asked = &http.Request{}
	kratos := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r.Clone(context.WithoutCancel(r.Context()))
		w.Header().Add("Set-Cookie", "ory_kratos_session=1")
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(kratos.Close)
	return kratos.URL, asked
}

// passThrough returns a handler in front of a fake Kratos, and the request that Kratos got.
func passThrough(t *testing.T) (http.Handler, *http.Request) {
	t.Helper()
	address, asked := fakeKratos(t)
	return passThroughTo(t, address, false), asked
}

func passThroughTo(t *testing.T, kratos string, https bool, networks ...string) *echo.Echo {
	t.Helper()
	proxies, err := ParseProxies(networks)
	if err != nil {
		t.Fatal(err)
	}
	e := New(quiet, proxies)
	(&PassThrough{
		Kratos: mustParse(t, kratos), Bounds: bounds, Proxies: proxies, HTTPS: https, Keys: keyring(t), Now: func() time.Time { return now },
		Devices: &Devices{Remembered: remembers(false, nil), Rand: rand.Reader, Log: quiet}, Log: quiet,
	}).Mount(e)
	return e
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var now = time.Unix(1_775_000_000, 0)

func keyring(t *testing.T) *challenge.Keyring {
	t.Helper()
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// bounds are the defaults of the configuration.
var bounds = Bounds{Body: 8192, Headers: 16384, Header: 4096, Address: 4096, Depth: 32}

func form(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestPassThrough(t *testing.T) {
	h, seen := passThrough(t)
	for path, want := range map[string]int{
		"/self-service/login/api?x=1": 418, "/sessions/whoami": 418, "/sessions": 418, "/schemas/account": 418,
		"/.well-known/ory/webauthn.js": 418, "/admin/identities": 404, "/self-service/../admin/identities": 404, "/self-service/%2e%2e/admin/identities": 404,
		"/self-service//login": 404, "/sessions/./whoami": 404, "/self-service/login/%2fadmin": 404, "/self-service/methods/oidc/": 418, "/identities": 404, "/metrics/prometheus": 404, "/": 404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, form(path, "body=1"))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if want == 418 && (seen.Method != http.MethodPost || seen.URL.RequestURI() != path || w.Header().Get("Set-Cookie") == "") {
			t.Errorf("%s arrived as %s %s", path, seen.Method, seen.URL)
		}
	}
}

func TestWithoutKratosThereIsASentence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	e := passThroughTo(t, "http://"+l.Addr().String(), false)
	if w := get(e, "/sessions/whoami"); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "Try again") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
