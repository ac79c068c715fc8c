package kratos

import "net/http"

// Begun returns a request that carries the session cookie of an answer of Kratos, or nil if the answer begins no session. The header is
// the answer's header.
func (f *Frontend) Begun(header http.Header) *http.Request {
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.Name == f.sessionCookie && c.Value != "" && c.MaxAge >= 0 {
			r := &http.Request{Header: http.Header{}}
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			return r
		}
	}
	return nil
}
