package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

// asked returns the message about the last change on a page, and the cookies that the answer sets.
func asked(t *testing.T, h *Handler, method, address string, cookies ...*http.Cookie) (string, []*http.Cookie) {
	t.Helper()
	r, w := httptest.NewRequest(method, address, nil), httptest.NewRecorder()
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return h.justDone(echo.New().NewContext(r, w)), w.Result().Cookies()
}

func TestWhatHasBeenDoneIsSaidOnce(t *testing.T) {
	h := &Handler{Origin: "https://example.com"}
	w := httptest.NewRecorder()
	if err := h.done(echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/console/settings", nil), w), "/console/settings", "saved"); err != nil {
		t.Fatal(err)
	}
	to, kept := w.Header().Get("Location"), w.Result().Cookies()
	if to != "/console/settings?done=saved" || len(kept) != 1 || !kept[0].Secure || !kept[0].HttpOnly || kept[0].Path != "/console" {
		t.Fatalf("it leads to %s with %v", to, kept)
	}
	said, cleared := asked(t, h, http.MethodGet, to, kept...)
	if said != "done_saved" || len(cleared) != 1 || cleared[0].MaxAge >= 0 || cleared[0].Name != kept[0].Name || cleared[0].Path != kept[0].Path {
		t.Errorf("it says %q, and the cookie becomes %v", said, cleared)
	}
	if said, _ := asked(t, h, http.MethodGet, to); said != "" {
		t.Errorf("loaded again, or followed from elsewhere, it says %q", said)
	}
}

func TestNothingIsSaidThatWasNotDone(t *testing.T) {
	h := &Handler{Origin: "http://127.0.0.1:4455"}
	for name, tc := range map[string]struct{ method, address, kept string }{
		"another page, opened meanwhile": {http.MethodGet, "/console/accounts", "saved"},
		"something else":                 {http.MethodGet, "/console/settings?done=device_forgotten", "saved"},
		"what there is no text for":      {http.MethodGet, "/console/settings?done=x", "x"},
		"an answer to a form":            {http.MethodPost, "/console/settings?done=saved", "saved"},
	} {
		if said, cookies := asked(t, h, tc.method, tc.address, &http.Cookie{Name: doneCookie, Value: tc.kept}); said != "" || len(cookies) != 0 {
			t.Errorf("%s: it says %q, and sets %v", name, said, cookies)
		}
	}
}
