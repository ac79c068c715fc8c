package hooks

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"nidan/policies"
)

// What is allocated has to be collected, while others wait: a sign-in that is let in must not take much more than it does. Most of it
// is what the database's driver and the parser of the call allocate.
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
	for range 50 { // what is done once is done
		call()
	}
	if got := testing.AllocsPerRun(200, call); got > 420 {
		t.Errorf("%v allocations, of which %d or so are the test's own", got, 25)
	}
}
