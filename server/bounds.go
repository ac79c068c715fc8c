package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds limit a client's request to Kratos.
//
// Kratos passes the client's input to its Jsonnet interpreter before a snippet can shorten it. An input of 64 KB, or one that is
// nested some thousand levels deep, ends the interpreter, and the next interpreter fails the sign-ins of other people (measured on
// Kratos v1.3.1 and v26.2.0). So the four sizes count the bytes that arrive at the interpreter: Kratos encodes the input as JSON
// twice, so that one "<" becomes seven bytes. Together, the sizes stay below 64 KB, even if the address of the flow's beginning is
// contained three times.
type Bounds struct {
	Body    int // bytes of the body
	Headers int // bytes of all headers, with their names
	Header  int // bytes of the value of one header
	Address int // bytes of path and query
	Depth   int // levels of nested objects and arrays in a JSON body, or in a form field
}

// refusal is the error for a request that is not passed on to Kratos.
type refusal struct {
	status int
	says   string
}

func (r refusal) Error() string { return r.says }

// check returns why a request is not passed on to Kratos, or nil if it may be. The body can still be read afterwards.
func (b Bounds) check(w http.ResponseWriter, r *http.Request) error {
	if cost(r.URL.RequestURI()) > b.Address {
		return refusal{http.StatusRequestURITooLong, fmt.Sprintf("The address is longer than %d bytes.", b.Address)}
	}
	if err := b.checkHeaders(r.Header); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(b.Body)))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return b.bodyTooLarge()
	}
	if err != nil {
		return refusal{http.StatusBadRequest, "The body could not be read."}
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return b.checkBody(r.Header.Get("Content-Type"), body)
}

func (b Bounds) checkHeaders(h http.Header) error {
	sum := 0
	for name, values := range h {
		for _, v := range values {
			n := cost(v)
			if n > b.Header {
				return refusal{http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("The header %s is longer than %d bytes.", name, b.Header)}
			}
			sum += len(name) + n
		}
	}
	if sum > b.Headers {
		return refusal{http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("The headers are longer than %d bytes together.", b.Headers)}
	}
	return nil
}

func (b Bounds) bodyTooLarge() error {
	return refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is longer than %d bytes.", b.Body)}
}

// checkBody accepts the two content types that Kratos' own pages and clients send. For other content types, the depth cannot be
// checked.
func (b Bounds) checkBody(contentType string, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && media == "application/json":
		if cost(string(body)) > b.Body {
			return b.bodyTooLarge()
		}
		return b.checkDepth(body)
	case err == nil && media == "application/x-www-form-urlencoded":
		return b.checkForm(string(body))
	}
	return refusal{http.StatusUnsupportedMediaType, "Send the body as application/json or application/x-www-form-urlencoded."}
}

func (b Bounds) checkForm(body string) error {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return refusal{http.StatusBadRequest, "The body is not a form."}
	}
	sum := 0
	for name, values := range fields {
		if strings.Count(name, ".") >= b.Depth { // Kratos makes nested objects from the parts of a name
			return b.tooDeep()
		}
		for _, v := range values {
			sum += cost(name) + cost(v)
			if name != "transient_payload" { // the only field that Kratos parses as JSON
				continue
			}
			if err := b.checkDepth([]byte(v)); err != nil {
				return err
			}
		}
	}
	if sum > b.Body {
		return b.bodyTooLarge()
	}
	return nil
}

func (b Bounds) checkDepth(body []byte) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // a number may be too large for a float
	for depth := 0; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return refusal{http.StatusBadRequest, "The body is not valid JSON."}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > b.Depth {
				return b.tooDeep()
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

func (b Bounds) tooDeep() error {
	return refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is nested more than %d levels deep.", b.Depth)}
}

// cost returns how many bytes s has in Kratos, which encodes s as JSON, and then encodes the result as JSON once more.
func cost(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			n += len(`\\\"`)
		case r < ' ' || r == '<' || r == '>' || r == '&' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == utf8.RuneError:
			n += len(`\\u003c`)
		default:
			n += utf8.RuneLen(r)
		}
	}
	return n
}
