package console

import "time"

// MailTrouble says what keeps codes from being delivered. The console shows it to administrators on each page, because people who
// wait for a code mostly do not tell them.
type MailTrouble struct {
	Since  time.Time
	Reason string // symbol: unreachable, tls, auth or refused
	Error  string // the error, without a receiver's address or a code
}
