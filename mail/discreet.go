package mail

import (
	"regexp"
	"strings"
)

// discreet is an error whose text names neither the receiver nor the code. Mail servers like to repeat the address that they
// refuse, a filter may quote what it objects to, and so does the SMTP library: none of that belongs in a log. The domain
// stays, because it is what an operator needs to find the fault.
type discreet struct {
	err      error
	to, code string
}

// Error implements error. It rather blanks too much than too little.
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
	if e.code != "" {
		said = strings.ReplaceAll(said, e.code, "***")
	}
	return said
}

// Unwrap gives the cause, for errors.Is and errors.As.
func (e discreet) Unwrap() error { return e.err }
