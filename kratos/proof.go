package kratos

import (
	"errors"
	"net/http"
	"strings"
)

// ErrTwoProofs is returned for a request that proves a session more than once.
var ErrTwoProofs = errors.New("a request proves a session more than once")

// proof is the proof of a session in a request: the session cookie of a browser, or the session token of a native client. At least one of
// the two is empty.
type proof struct{ cookie, token string }

// proofOf returns the one proof in r, or [ErrTwoProofs]. If a request has a token and a cookie, Kratos takes the token; of two cookies, it
// takes the first. Another program that reads the request after Nidan may take the other proof, which can belong to another person. Nidan
// would then answer what the first person may do, and the second person would do it.
//
// So proofOf counts everything that a program may take for a proof: also cookies that are separated by a comma (RFC 2965) or whose names
// differ only in case, and bearer tokens, which Kratos takes last. A bearer token alone proves nothing here (contract, section 2).
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
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" { // Kratos reads cookies in the same way
		p.cookie = (&http.Cookie{Name: c.Name, Value: c.Value}).String()
	}
	return p, nil
}
