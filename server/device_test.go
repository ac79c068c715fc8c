package server

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
)

// remembers is a store in which every device is remembered, or no device is.
func remembers(every bool, err error) func(context.Context, []byte) (bool, error) {
	return func(context.Context, []byte) (bool, error) { return every, err }
}

func TestABrowserGetsANewTokenWhenACodePasses(t *testing.T) {
	const cookie, submit = "nidan_device=planted", "/self-service/login?flow=1"
	for name, tc := range map[string]struct {
		method, path, cookie string
		remembered           func(context.Context, []byte) (bool, error)
		offered, set         bool
	}{
		"a browser that is remembered then":              {"POST", submit, cookie, remembers(true, nil), true, true},
		"one that is not":                                {"POST", submit, cookie, remembers(false, nil), true, false},
		"one of which that cannot be told":               {"POST", submit, cookie, remembers(false, errors.New("broken")), true, false},
		"one without a token, as native clients are":     {"POST", submit, "", remembers(true, nil), false, false},
		"one that submits something else":                {"POST", "/self-service/settings", cookie, remembers(true, nil), false, false},
		"one that reads":                                 {"GET", submit, cookie, remembers(true, nil), false, false},
		"one that says itself what it is to be known by": {"POST", submit, cookie + "; nidan_device_next=mine; a=b", remembers(true, nil), true, true},
		"one that says so without a token":               {"POST", submit, "nidan_device_next =mine", remembers(true, nil), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var arrived *http.Request
			kratos := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived = r }))
			defer kratos.Close()
			e := New(quiet, Proxies{})
			(&PassThrough{
				Kratos: mustParse(t, kratos.URL), Bounds: bounds, Keys: keyring(t), Now: time.Now, Log: quiet,
				Devices: &Devices{Remembered: tc.remembered, Rand: rand.Reader, Log: quiet},
			}).Mount(e)
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Cookie", tc.cookie)
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			next, err := arrived.Cookie("nidan_device_next")
			if (err == nil) != tc.offered || strings.Contains(arrived.Header.Get("Cookie"), "mine") {
				t.Fatalf("it arrived with %q", arrived.Header["Cookie"])
			}
			if strings.Contains(tc.cookie, "a=b") && !strings.Contains(arrived.Header.Get("Cookie"), "a=b") {
				t.Errorf("other cookies are lost: %q", arrived.Header["Cookie"])
			}
			got := w.Result().Cookies()
			if (len(got) == 1) != tc.set {
				t.Fatalf("it is given %v", got)
			}
			if tc.set && (got[0].Name != "nidan_device" || got[0].Value != next.Value || challenge.HashDeviceToken(next.Value) == nil || !got[0].HttpOnly) {
				t.Errorf("it is given %v, and %v was offered", got[0], next)
			}
		})
	}
}
