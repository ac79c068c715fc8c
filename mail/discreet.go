package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// discreet is an error whose text contains neither the receiver's address nor the code. Mail servers often repeat an address that
// they refuse, a filter may quote the text that it objects to, and the SMTP library repeats addresses too. Addresses and codes must
// not get into a log or a record. The domain stays, because an operator needs it to find the fault.
type discreet struct {
	err      error
	to, code string
	password string // for the mail server
}

// mostSaid is the maximum number of bytes of an error that are kept, because the length of a server's answer has no limit.
const mostSaid = 500

// addressed matches the local part of an e-mail address, also of another address than the one that Nidan used: the server may know
// the receiver by another one.
var addressed = regexp.MustCompile(`[^\s<>()\[\],;:"']+@`)

// Error implements error. The text is one line. In doubt, Error masks more than necessary.
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

// Unwrap returns the original error, for errors.Is and errors.As.
func (e discreet) Unwrap() error { return e.err }
