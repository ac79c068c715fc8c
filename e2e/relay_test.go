package e2e

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
)

// relay is a proxy between Kratos and Nidan. It passes calls on unchanged. If a test tells it to lose answers, Nidan gets the call, and
// Kratos gets a 503 and makes the call again.
type relay struct {
	server *httptest.Server

	mu      sync.Mutex
	to      string // Nidan's hooks; empty: there is no Nidan
	lose    int    // how many answers of each call to lose
	trigger string // put into Ory-Webhook-Trigger-Id, like newer versions of Kratos do
	lost    int    // answers of the current call that were lost
	answers []string
	calls   []string
}

func newRelay() *relay {
	r := &relay{}
	r.server = httptest.NewServer(r)
	return r
}

// set sets where the relay leads, and clears what it has seen.
func (r *relay) set(to string, lose int, trigger string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to, r.lose, r.trigger, r.lost, r.answers, r.calls = to, lose, trigger, 0, nil, nil
}

// seen returns the calls and Nidan's answers since set.
func (r *relay) seen() (calls, answers []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.calls...), append([]string{}, r.answers...)
}

func (r *relay) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r.mu.Lock()
	to, trigger := r.to, r.trigger
	r.mu.Unlock()
	body, err := io.ReadAll(in.Body)
	if err != nil || to == "" {
		panic(http.ErrAbortHandler) // there is no Nidan: the connection breaks
	}
	out, err := http.NewRequestWithContext(in.Context(), in.Method, to+in.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = in.Header.Clone()
	if trigger != "" {
		out.Header.Set("Ory-Webhook-Trigger-Id", trigger)
	}
	answer, err := http.DefaultClient.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if call, err := url.ParseQuery(string(body)); err == nil {
		hidden.came(call.Get("ctx"))
	}
	hidden.came(string(said))
	if r.loses(string(body), answer.Status+" "+string(said)) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	w.Write(said)
}

func (r *relay) loses(call, answer string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.answers = append(r.calls, call), append(r.answers, answer)
	if r.lost < r.lose {
		r.lost++
		return true
	}
	r.lost = 0
	return false
}
