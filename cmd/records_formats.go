package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
	"nidan/server/console"
)

// csvRecords writes records as CSV, in the same form as the console's export.
type csvRecords struct{ console.Table }

func newCSVRecords(w io.Writer) (csvRecords, error) {
	c := csvRecords{console.NewTable(w)}
	return c, c.Begin()
}

func (c csvRecords) record(r records.Record, _ *journal.Leaf) error {
	if err := c.Write(r); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

func (csvRecords) end(context.Context) error { return nil }

// syslogRecords writes records as lines of syslog (RFC 5424).
type syslogRecords struct {
	to   io.Writer
	host string
}

func newSyslogRecords(w io.Writer) syslogRecords {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	return syslogRecords{w, host}
}

const (
	// authpriv is the facility for security and authorization messages (RFC 5424 section 6.2.1).
	authpriv = 10
	// sdID is the ID of the structured data. 32473 is the enterprise number that RFC 5612 reserves for documentation; Nidan has none of
	// its own.
	sdID = "nidan@32473"
)

func (s syslogRecords) record(r records.Record, _ *journal.Leaf) error {
	severity := 6 // informational
	if endOf(r) == failed {
		severity = 4 // warning
	}
	a := r.About()
	params := ""
	for _, p := range [][2]string{
		{"id", strconv.FormatInt(r.ID, 10)}, {"account", r.Name}, {"account_id", r.Account}, {"by", r.By}, {"flow", r.Flow},
		{"challenge", r.Challenge}, {"state", r.State}, {"reason", r.Reason}, {"revision", r.Revision}, {"ip", a.IP},
		{"channel", a.Channel}, {"method", a.Method}, {"user_agent", a.UserAgent},
	} {
		if p[1] != "" {
			params += fmt.Sprintf(` %s="%s"`, p[0], paramValue.Replace(plain(p[1])))
		}
	}
	_, err := fmt.Fprintf(s.to, "<%d>1 %s %s nidan - %s [%s%s] %s %s\n", authpriv*8+severity, r.At.UTC().Format("2006-01-02T15:04:05.000000Z07:00"),
		s.host, word(r.Kind), sdID, params, word(r.Kind), word(r.State))
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// paramValue escapes the characters that would end a parameter value (RFC 5424 section 6.3.3).
var paramValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// word returns a symbol of Nidan, such as "sign_in", or "-" for any other text: somebody who can write to the database may have put it there.
func word(symbol string) string {
	if symbol == "" || strings.ContainsFunc(symbol, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) || len(symbol) > 32 {
		return "-"
	}
	return symbol
}

func (syslogRecords) end(context.Context) error { return nil }

// The results of the event in a record.
const (
	succeeded = "success"
	failed    = "failure"
	goesOn    = "pending"
)

// endOf returns the result of the event in a record.
func endOf(r records.Record) string {
	switch {
	case r.Kind == "sign_in":
		switch r.State {
		case "allowed", string(challenge.Passed):
			return succeeded
		case string(challenge.CodeSent), string(challenge.CodeResent), string(challenge.Cancelled), string(exchange.StepAAL2Needed):
			return goesOn
		}
		return failed
	case strings.HasSuffix(r.Kind, "_refused"), r.Kind == "mail_given_up":
		return failed
	}
	return succeeded
}
