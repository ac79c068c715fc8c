package hooks

import (
	"net/http"
	"testing"
	"time"

	"nidan/policies"
)

// A call of nidan doctor decides, records and mails nothing, and lets nobody in, whatever its body is.
func TestACallOfDoctorsDoesNothing(t *testing.T) {
	s := newScene(t, policies.Shipped())
	for _, hook := range []string{
		"/hooks/login", "/hooks/login/after-password", "/hooks/settings?method=password", "/hooks/settings/after-password",
	} {
		for what, body := range map[string][]byte{
			"nothing":                             nil,
			"a sign-in that is asked for a code":  s.body(nil),
			"a sign-in that is asked for no code": s.body(object{"identity/metadata_public/two_factor": nil}),
			"what is no call from Kratos":         []byte("{"),
		} {
			w := s.postTo(hook, body, http.Header{DoctorHeader: {""}})
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s with %s: status %d", hook, what, w.Code)
			}
			if got, err := time.Parse(time.RFC3339Nano, w.Header().Get(DoctorHeader)); err != nil || !got.Equal(s.now) {
				t.Errorf("%s with %s: the answer is marked %q", hook, what, w.Header().Get(DoctorHeader))
			}
			if r := s.read(w); r.state != string(stateUnavailable) {
				t.Errorf("%s with %s: %s", hook, what, r.raw)
			}
		}
	}
	if got := s.recorded(); len(got) > 0 {
		t.Errorf("on record are %q", got)
	}
	s.expectMails(0)
}

func TestACallOfDoctorsNeedsTheToken(t *testing.T) {
	s := newScene(t, policies.Shipped())
	w := s.postTo("/hooks/login", nil, http.Header{DoctorHeader: {""}, "Authorization": {"Bearer another-token"}})
	if w.Code != http.StatusUnauthorized || len(w.Header()[DoctorHeader]) > 0 {
		t.Errorf("status %d, marked %q", w.Code, w.Header()[DoctorHeader])
	}
}

// Only calls of doctor are answered this way. All other calls are decided.
func TestAnAnswerToKratosIsNotMarked(t *testing.T) {
	s := newScene(t, policies.Shipped())
	if w := s.post(s.body(nil), nil); len(w.Header()[DoctorHeader]) > 0 {
		t.Errorf("marked %q", w.Header()[DoctorHeader])
	}
	s.expectMails(1)
}
