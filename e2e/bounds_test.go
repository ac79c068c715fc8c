package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"nidan/kratos"
)

// attack is one request that an account holder sends to Kratos by way of Nidan.
type attack struct {
	body, query string
	header      http.Header
	status      int // Nidan's answer; 0: Nidan passes the request on
}

// signInWith returns the body of a right sign-in with a payload in JSON, which is not checked here.
func signInWith(account, payload string) string {
	return `{"method": "password", "identifier": "` + account + `", "password": "` + password + `", "transient_payload": ` + payload + `}`
}

// A request that is longer or deeper than Kratos' Jsonnet interpreter accepts ends the interpreter, and then the sign-ins of other people
// fail. No such request gets to Kratos.
func TestWhatOneClientSendsKeepsNobodyElseOut(t *testing.T) {
	n := started(t)
	attacker := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	plain := signInWith(attacker, "{}")
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	long := func(n int) string { return `{"a": "` + strings.Repeat("x", n) + `"}` }
	for name, a := range map[string]attack{
		"a payload of 70 KB":         {body: signInWith(attacker, long(70<<10)), status: http.StatusRequestEntityTooLarge},
		"a payload 4000 levels deep": {body: signInWith(attacker, nested(4000)), status: http.StatusRequestEntityTooLarge},
		"a payload 9000 levels deep": {body: signInWith(attacker, nested(9000)), status: http.StatusRequestEntityTooLarge},
		"a header of 30 KB":          {body: plain, header: http.Header{"User-Agent": {strings.Repeat("x", 30<<10)}}, status: http.StatusRequestHeaderFieldsTooLarge},
		"a header of 70 KB":          {body: plain, header: http.Header{"User-Agent": {strings.Repeat("x", 70<<10)}}, status: http.StatusRequestHeaderFieldsTooLarge},
		"an address of 20 KB":        {body: plain, query: "&a=" + strings.Repeat("x", 20<<10), status: http.StatusRequestURITooLong},
		"the longest that is handed on": {
			body: signInWith(attacker, nested(28)+strings.Repeat(" ", 7<<10)), query: "&a=" + strings.Repeat("x", 3<<10),
			header: http.Header{
				"User-Agent": {strings.Repeat("x", 4000)}, "Accept-Language": {strings.Repeat("<", 500)},
				"Referer": {"http://x/" + strings.Repeat("y", 3900)},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n.t = t
			var attackers sync.WaitGroup
			for range 4 {
				attackers.Go(func() {
					for range 3 {
						a.on(t, n)
					}
				})
			}
			for range 10 {
				newSignIn(t, account(t, func(a *kratos.Account) { a.TwoFactor = false })).expectIn(nil)
			}
			attackers.Wait()
		})
	}
}

// on sends the attack in a flow of its own through Nidan, and checks the status. It accepts any answer of Kratos to a request that Nidan
// passes on.
func (a attack) on(t *testing.T, n *nidan) {
	var flow struct{ ID string }
	status, said, err := ask(t.Context(), http.MethodGet, n.public+"/self-service/login/api", "", nil)
	if err != nil || status != http.StatusOK {
		t.Errorf("no flow: %d %v", status, err)
		return
	}
	_ = json.Unmarshal(said, &flow)
	status, said, err = ask(t.Context(), http.MethodPost, n.public+"/self-service/login?flow="+flow.ID+a.query, a.body, a.header)
	refused := status == http.StatusRequestEntityTooLarge || status == http.StatusRequestURITooLong ||
		status == http.StatusRequestHeaderFieldsTooLarge
	if err != nil || refused != (a.status != 0) || refused && status != a.status {
		t.Errorf("got %d %v, want %d: %.200s", status, err, a.status, said)
	}
}
