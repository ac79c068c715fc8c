package hooks

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"testing"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"flow": {"id": "1", "transient_payload": {"two_factor": {"code": "1"}}}, "identity": {"id": "2"}}`))
	f.Add([]byte(`{"flow": null, "identity": {"traits": [], "metadata_public": {"role": 1}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decode(body)
		if err != nil && !reflect.ValueOf(p).IsZero() {
			t.Errorf("an error came with %+v", p)
		}
		if err == nil && (p.Flow.ID == "" || p.Identity.ID == "") {
			t.Error("accepted without a flow or an identity")
		}
	})
}

// Whatever is sent, the answer is 400 with messages: the policies let nobody in.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"flow": {"id": "1"}, "identity": {"id": "2", "traits": {"email": "a@example.com"}}}`))
	f.Add([]byte(`{"flow": {"id": "1", "transient_payload": {"two_factor": {"action": "cancel", "locale": "en"}}}, "identity": {"id": "2"}}`))
	s := newScene(f, set(`{"action": "refuse"}`))
	s.hook.Log = slog.New(slog.DiscardHandler)
	call := 0
	f.Fuzz(func(t *testing.T, body []byte) {
		call++
		s.t = t
		w := s.post(body, http.Header{"Ory-Webhook-Trigger-Id": {strconv.Itoa(call)}})
		if r := s.read(w); r.status != http.StatusBadRequest {
			t.Errorf("got %d", r.status)
		}
	})
}

// Sent as a form, a call gets the answer that its JSON gets.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"flow": {"id": "1 + 1 = 2 & so on; \u3042 %zz"}}`), "application/x-www-form-urlencoded; charset=utf-8")
	f.Add([]byte(`ctx=1&ctx=2`), "application/x-www-form-urlencoded")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		_, _ = unwrap(contentType, body) // whatever it is, no panic
		got, err := unwrap("application/x-www-form-urlencoded", []byte(url.Values{"ctx": {string(body)}}.Encode()))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("got %q, %v, want %q", got, err, body)
		}
	})
}
