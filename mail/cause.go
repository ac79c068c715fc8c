package mail

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// cause says why a mail could not be handed to the server.
type cause struct {
	reason string // symbol for the records: one of Reasons, "smtp_550" and the like, "no_answer", "no_address" or "not_made"
	final  bool   // another try would not help
	others bool   // the failure is not about the receiver: mails to other receivers fail too
	err    error  // contains neither the receiver's address nor the code
}

// causeOf returns the cause of an error of [sender.send].
//
// An SMTP answer that begins with 5 is final: by RFC 5321 §4.2.1, a client should not repeat the request. This is so for a refused
// sender address too. Such a problem ends only when somebody changes the server or the configuration, and mostly the code has expired
// by then. If Nidan tried again until then, the person would be told all the time that a code was sent. So the mail ends at once, the
// person is told to ask for another code, and the trouble is shown to administrators, who can solve it.
func causeOf(err error) cause {
	c := cause{reason: "not_made", err: err}
	var answer *gomail.SendError
	switch {
	case errors.Is(err, errAway):
		c.reason, c.others = whyAway(err), true
	case errors.Is(err, errNoAddress):
		c.reason, c.final = "no_address", true
	case errors.As(err, &answer) && answer.ErrorCode() == 0:
		c.reason, c.others = "no_answer", true
	case answer != nil:
		c.reason = fmt.Sprintf("smtp_%d", answer.ErrorCode())
		c.final = answer.ErrorCode() >= 500
		c.others = !aboutReceiver(answer)
	}
	return c
}

func (c cause) detail() []byte {
	if c.err == nil {
		return nil
	}
	raw, err := json.Marshal(map[string]string{"error": c.err.Error()})
	if err != nil {
		return nil // a string can always be encoded
	}
	return raw
}

// receiverStatus matches the enhanced status codes (RFC 3463) that are about the receiver: the address does not exist, or its mailbox
// accepts no mail.
var receiverStatus = regexp.MustCompile(`^[45]\.(1\.([12346]|10)|2\.\d+)$`)

// receiverCodes are the reply codes (RFC 5321 §4.2.3) that are about the receiver, if they answer RCPT and have no enhanced status
// code.
var receiverCodes = map[int]bool{450: true, 452: true, 550: true, 551: true, 552: true, 553: true}

// aboutReceiver says whether an answer is only about the receiver of the mail. The SMTP command alone does not show this: many
// servers answer RCPT when they refuse the sender, the HELO name or the client.
func aboutReceiver(answer *gomail.SendError) bool {
	if status := answer.EnhancedStatusCode(); status != "" {
		return receiverStatus.MatchString(status)
	}
	return answer.Reason == gomail.ErrSMTPRcptTo && receiverCodes[answer.ErrorCode()]
}

// The reasons of a [Trouble].
const (
	ReasonUnreachable = "unreachable" // the server does not answer, or does not answer as an SMTP server that accepts mail
	ReasonTLS         = "tls"         // no TLS connection is possible: mostly because the certificate is not trusted here
	ReasonAuth        = "auth"        // the server does not accept the user name and password
	ReasonRefused     = "refused"     // the server accepts no mail, for any receiver
)

// Reasons are all reasons of a [Trouble].
var Reasons = []string{ReasonUnreachable, ReasonTLS, ReasonAuth, ReasonRefused}

// whyAway returns the reason why a connection to the server could not be set up. Some errors of the SMTP library can only be
// recognised by their text.
func whyAway(err error) string {
	var certificate *tls.CertificateVerificationError
	var hostname x509.HostnameError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch said := err.Error(); {
	case errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), strings.Contains(said, "SMTP AUTH"):
		return ReasonAuth
	case errors.As(err, &certificate), errors.As(err, &hostname), errors.As(err, &record), errors.As(err, &alert),
		strings.Contains(said, "STARTTLS"):
		return ReasonTLS
	}
	return ReasonUnreachable
}
