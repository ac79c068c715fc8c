package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nidan/config"
	"nidan/hooks"
)

// Another program may answer in place of Nidan. If it answers with a status below 400, Kratos lets everybody in.
func TestWhatAnswersInThePlaceOfNidanIsFound(t *testing.T) {
	for what, tc := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"a proxy that sends on":              {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "lets everybody in"},
		"a server that takes everything":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "lets everybody in"},
		"a server that knows nothing":        {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "status 404"},
		"an older Nidan, which decides this": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, "status 400"},
		"one that repeats all headers, with the wrong status": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(hooks.DoctorHeader, time.Now().Format(time.RFC3339Nano))
			w.WriteHeader(http.StatusOK)
		}, "lets everybody in"},
		"one that does not take the token": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "does not accept the token"},
	} {
		t.Run(what, func(t *testing.T) {
			other := httptest.NewServer(tc.answer)
			defer other.Close()
			s := newScene(t)
			s.loginHook()["url"] = other.URL + "/hooks/login"
			found := s.look()
			expect(t, found, "problem hooks_call")
			for _, f := range found {
				if f.Check == "hooks_call" && !strings.Contains(f.Found, tc.says) {
					t.Errorf("says %q", f.Found)
				}
			}
		})
	}
}

// If the server redirects the call, the token must not go to the second server.
func TestTheTokenGoesNoFurther(t *testing.T) {
	arrived := false
	further := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived = true }))
	defer further.Close()
	proxy := httptest.NewServer(http.RedirectHandler(further.URL, http.StatusTemporaryRedirect))
	defer proxy.Close()
	s := newScene(t)
	s.loginHook()["url"] = proxy.URL + "/hooks/login"
	expect(t, s.look(), "problem hooks_call")
	if arrived {
		t.Error("the call went on")
	}
}

func TestAPasswordInAnAddressIsNotShown(t *testing.T) {
	s := newScene(t)
	s.loginHook()["url"] = "http://kratos:" + token + "@127.0.0.1:1/hooks/login?key=" + token
	expect(t, s.look(), "problem hooks_call")
}

func TestWithoutKratosConfigurationNidanItselfIsCalled(t *testing.T) {
	s := newScene(t)
	expect(t, Run(t.Context(), Nidan(s.cfg), WithoutKratosConfig), "not_checked kratos_config")
	s.cfg.Hooks.Listen = "127.0.0.1:1"
	expect(t, Run(t.Context(), Nidan(s.cfg)), "problem hooks_call")
}

// answering returns the addresses of a server that answers like a Kratos of this version.
func answering(t *testing.T, version string) config.Kratos {
	t.Helper()
	theirs := http.NewServeMux()
	ready := func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"status":"ok"}`)) }
	theirs.HandleFunc("/health/ready", ready)
	theirs.HandleFunc("/admin/health/ready", ready)
	theirs.HandleFunc("/admin/version", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(version)) })
	server := httptest.NewServer(theirs)
	t.Cleanup(server.Close)
	return config.Kratos{PublicURL: server.URL + "/", AdminURL: server.URL}
}

func TestTheVersionsOfKratos(t *testing.T) {
	for version, want := range map[string]string{
		`{"version":"v1.3.1"}`: "", `{"version":"v26.2.0"}`: "", `{"version":"v1.2.0"}`: "warning kratos_version",
		`{"version":"v27.1.0"}`: "warning kratos_version", `{"version":"master"}`: "not_checked kratos_version",
	} {
		var wants []string
		if want != "" {
			wants = append(wants, want)
		}
		expect(t, Run(t.Context(), Kratos(answering(t, version))), wants...)
	}
	expect(t, Run(t.Context(), Kratos(answering(t, `<html>`))), "problem kratos_admin", "not_checked kratos_version")
	nowhere := config.Kratos{PublicURL: "http://127.0.0.1:1", AdminURL: "http://127.0.0.1:1"}
	expect(t, Run(t.Context(), Kratos(nowhere)), "problem kratos_public", "problem kratos_admin", "not_checked kratos_version")
}
