package kratos

import (
	"errors"
	"net/http"
	"strings"
)

// ErrTwoProofs is returned for a request that proves a session more than once.
var ErrTwoProofs = errors.New("a request proves a session more than once")

// proof is what a request proves its session with: a browser with its session cookie, a native client with its token. One of the
// two is empty at least.
type proof struct{ cookie, token string }

// proofOf returns the one proof in r, or [ErrTwoProofs]. Kratos takes the token where there is a cookie too, and the first of two
// cookies. Whoever reads the request after Nidan may take the other, which can be another person's: what the one may do would be
// answered, and the other would do it.
//
// So all that anybody may take for a proof is counted: cookies also where a comma parts them (RFC 2965) or case differs, and
// bearer tokens, which Kratos takes last. A bearer token alone proves nothing here (contract, section 2).
func proofOf(r *http.Request, sessionCookie string) (proof, error) {
	var p proof
	n := 0
	for _, token := range r.Header.Values("X-Session-Token") {
		if token != "" {
			p.token = token
			n++
		}
	}
	for _, header := range r.Header.Values("Authorization") {
		if scheme, token, _ := strings.Cut(strings.TrimSpace(header), " "); strings.EqualFold(scheme, "Bearer") && token != "" {
			n++
		}
	}
	for _, header := range r.Header.Values("Cookie") {
		for cookie := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == ';' || c == ',' }) {
			name, value, _ := strings.Cut(cookie, "=")
			if strings.EqualFold(strings.TrimSpace(name), sessionCookie) && strings.TrimSpace(value) != "" {
				n++
			}
		}
	}
	if n > 1 {
		return proof{}, ErrTwoProofs
	}
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" { // as Kratos reads cookies
		p.cookie = (&http.Cookie{Name: c.Name, Value: c.Value}).String()
	}
	return p, nil
}
