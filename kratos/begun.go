package kratos

import "net/http"

// Begun returns a request that proves the session that an answer of Kratos' begins, nil where it begins none. The header is the answer's.
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
