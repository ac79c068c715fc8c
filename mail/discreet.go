package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// discreet is an error whose text names neither the receiver nor the code. Mail servers like to repeat the address that they
// refuse, a filter may quote what it objects to, and so does the SMTP library: none of that belongs in a log or a record. The domain
// stays, because it is what an operator needs to find the fault.
type discreet struct {
	err      error
	to, code string
	password string // for the mail server
}

// mostSaid is how many bytes of an error are kept: the server may say as much as it likes.
const mostSaid = 500

// addressed is the local part of an e-mail address, such as one that the server knows the receiver by.
var addressed = regexp.MustCompile(`[^\s<>()\[\],;:"']+@`)

// Error implements error. It rather blanks too much than too little, and is one line.
func (e discreet) Error() string {
	said := e.err.Error()
	local := e.to
	if i := strings.LastIndexByte(local, '@'); i >= 0 {
		local = local[:i]
	}
	if local != "" {
		quoted := regexp.QuoteMeta(local)
		said = regexp.MustCompile(`(?i)`+quoted+`(@)|\b`+quoted+`\b`).ReplaceAllString(said, "***$1")
	}
	said = addressed.ReplaceAllString(said, "***@")
	for _, secret := range []string{e.code, e.password} {
		if secret != "" {
			said = strings.ReplaceAll(said, secret, "***")
		}
	}
	said = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(said, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(said) > mostSaid {
		said = strings.ToValidUTF8(said[:mostSaid], "") + "…"
	}
	return said
}

// Unwrap gives the cause, for errors.Is and errors.As.
func (e discreet) Unwrap() error { return e.err }
