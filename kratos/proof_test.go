package kratos

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// The tests of server/session say which requests have two proofs.
func TestNothingButTheProofGoesToKratos(t *testing.T) {
	for name, tc := range map[string]struct{ sent, want http.Header }{
		"a token": {
			http.Header{"X-Session-Token": {"t"}, "Cookie": {"csrf=1; another=2"}, "User-Agent": {"x"}},
			http.Header{"X-Session-Token": {"t"}},
		},
		"the cookie of the name that is configured": {
			http.Header{"Cookie": {"csrf=1; ory_kratos_session=2; renamed=3=; another=4"}},
			http.Header{"Cookie": {"renamed=3="}},
		},
		"a cookie in a second header": {
			http.Header{"Cookie": {"csrf=1", "renamed=3"}},
			http.Header{"Cookie": {"renamed=3"}},
		},
		"nothing that proves": {http.Header{"Authorization": {"Bearer t"}, "Cookie": {"ory_kratos_session=2"}}, http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Header
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer k.Close()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header = tc.sent
			if _, err := NewFrontend(k.URL, "renamed").Whoami(t.Context(), r); !errors.Is(err, ErrGone) {
				t.Errorf("got %v", err)
			}
			for _, header := range []string{"Cookie", "X-Session-Token", "Authorization"} {
				if got.Get(header) != tc.want.Get(header) || len(got.Values(header)) > 1 {
					t.Errorf("%s: %q was sent, want %q", header, got.Values(header), tc.want.Get(header))
				}
			}
		})
	}
}

func TestASessionThatNamesNoAccountIsNobodys(t *testing.T) {
	k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id": "s", "active": true, "authenticated_at": "2026-04-01T09:00:00Z"}`))
	}))
	defer k.Close()
	if got, err := NewFrontend(k.URL, "s").Whoami(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil)); err == nil {
		t.Errorf("got %+v", got)
	}
}
