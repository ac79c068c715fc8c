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

// csvRecords are records for a spreadsheet, as the console exports them.
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

// syslogRecords are lines of RFC 5424.
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
	// authpriv is the facility of messages about authorization.
	authpriv = 10
	// sdID names the parameters. 32473 is the number that RFC 5612 has for those who have none.
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

// paramValue escapes what would end a value (RFC 5424 section 6.3.3).
var paramValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// word is one of Nidan's own symbols. What else stands there, somebody has put there.
func word(symbol string) string {
	if symbol == "" || strings.ContainsFunc(symbol, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) || len(symbol) > 32 {
		return "-"
	}
	return symbol
}

func (syslogRecords) end(context.Context) error { return nil }

// How what a record is about ended.
const (
	succeeded = "success"
	failed    = "failure"
	goesOn    = "pending"
)

// endOf says how it ended.
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
