package console

import "time"

// MailTrouble is what keeps codes from being delivered. The console shows it to administrators on each of its pages: they do not hear
// of it from people who wait for a code that does not come.
type MailTrouble struct {
	Since  time.Time
	Reason string // a symbol: unreachable, tls, auth or refused
	Error  string // what was met; it names neither a receiver nor a code
}
