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

// cause is why a mail could not be handed over.
type cause struct {
	reason string // a symbol, for the records: one of Reasons, "smtp_550" and the like, "no_answer", "no_address" or "not_made"
	final  bool   // to try again would not help
	others bool   // what is wrong is not the receiver: other mails fare alike
	err    error  // names neither a receiver nor a code
}

// causeOf reads an error of [sender.send].
//
// An answer that begins with 5 is final: RFC 5321 §4.2.1 has a client not repeat the request. That goes for a sender's address that is
// refused, too. Somebody has to change something at the server or in the configuration first, and by then the code has mostly expired;
// meanwhile a person would be told that a code was sent. So the mail ends, the person is told to have another one sent, and the
// trouble is shown to those who can end it.
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

// detail is the cause for a record.
func (c cause) detail() []byte {
	if c.err == nil {
		return nil
	}
	raw, err := json.Marshal(map[string]string{"error": c.err.Error()})
	if err != nil {
		return nil // there is no text that cannot be encoded
	}
	return raw
}

// receiverStatus are the enhanced codes (RFC 3463) that are about the receiver: there is no such address, or its mailbox takes nothing.
var receiverStatus = regexp.MustCompile(`^[45]\.(1\.([12346]|10)|2\.\d+)$`)

// receiverCodes are the codes (RFC 5321 §4.2.3) that are about the receiver, in answer to RCPT and without an enhanced code.
var receiverCodes = map[int]bool{450: true, 452: true, 550: true, 551: true, 552: true, 553: true}

// aboutReceiver says whether an answer is about the receiver of the mail alone. The command does not tell: many servers refuse a sender, a
// HELO and whoever may not use them only in answer to RCPT.
func aboutReceiver(answer *gomail.SendError) bool {
	if status := answer.EnhancedStatusCode(); status != "" {
		return receiverStatus.MatchString(status)
	}
	return answer.Reason == gomail.ErrSMTPRcptTo && receiverCodes[answer.ErrorCode()]
}

// The reasons of a [Trouble].
const (
	ReasonUnreachable = "unreachable" // the server does not answer, or not as one does that takes mails
	ReasonTLS         = "tls"         // no connection can be protected: mostly a certificate that nobody here vouches for
	ReasonAuth        = "auth"        // the server does not take the name and password
	ReasonRefused     = "refused"     // the server takes no mails, whoever they are for
)

// Reasons are all of them.
var Reasons = []string{ReasonUnreachable, ReasonTLS, ReasonAuth, ReasonRefused}

// whyAway is the reason of a conversation that could not be begun. Some errors of the library are told by their text alone.
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
