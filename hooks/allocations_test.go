package hooks

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"nidan/policies"
)

// Allocated memory has to be collected while other sign-ins wait, so the number of allocations of an allowed sign-in has a bound. The
// database's driver and the JSON parser make most of them.
func TestASignInThatIsLetInAllocatesLittle(t *testing.T) {
	s := newScene(t, policies.Shipped())
	var bodies [][]byte
	for i := range 300 {
		bodies = append(bodies, s.body(object{"flow/id": fmt.Sprint("flow-", i), "identity/metadata_public": object{"role": "user"}}))
	}
	next := 0
	call := func() {
		r := httptest.NewRequest(http.MethodPost, "/hooks/login/after-password", bytes.NewReader(bodies[next]))
		next++
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.echo.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	for range 50 { // fills the caches
		call()
	}
	if got := testing.AllocsPerRun(200, call); got > 420 {
		t.Errorf("%v allocations, of which %d or so are the test's own", got, 25)
	}
}
