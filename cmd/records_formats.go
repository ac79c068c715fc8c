package cmd

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"nidan/challenge"
	"nidan/journal"
	"nidan/policies"
)

// about is what the detail of a record says of a sign-in, as far as it was kept. It is empty for other records.
type about struct {
	ip, userAgent, channel, secondStep, method string
}

func aboutOf(r challenge.Record) about {
	var kept policies.Kept
	if r.Kind != "sign_in" || json.Unmarshal(r.Detail, &kept) != nil {
		return about{}
	}
	var in struct {
		Request struct {
			IP        string `json:"ip"`
			UserAgent string `json:"user_agent"`
			Method    string `json:"method"`
		} `json:"request"`
	}
	var d struct {
		Channel    string `json:"channel"`
		SecondStep string `json:"second_step"`
	}
	_ = json.Unmarshal(kept.Input, &in) // what a mask has made something else of is left out
	_ = json.Unmarshal(kept.Decision, &d)
	return about{in.Request.IP, in.Request.UserAgent, d.Channel, d.SecondStep, in.Request.Method}
}

// csvRecords are records for a spreadsheet.
type csvRecords struct{ to *csv.Writer }

func newCSVRecords(w io.Writer) (csvRecords, error) {
	c := csvRecords{csv.NewWriter(w)}
	return c, c.to.Write([]string{
		"id", "at", "kind", "account_id", "account", "by", "flow", "challenge", "state", "reason", "revision", "ip", "channel", "detail",
	})
}

func (c csvRecords) record(r challenge.Record, _ *journal.Leaf) error {
	a := aboutOf(r)
	cells := []string{
		strconv.FormatInt(r.ID, 10), r.At.UTC().Format(time.RFC3339Nano), r.Kind, r.Account, r.Name, r.By, r.Flow, r.Challenge, r.State,
		r.Reason, r.Revision, a.ip, a.channel, string(r.Detail),
	}
	for i := range cells {
		cells[i] = noFormula(cells[i])
	}
	if err := c.to.Write(cells); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

func (c csvRecords) end(context.Context) error {
	c.to.Flush()
	return c.to.Error()
}

// noFormula keeps a spreadsheet from calculating what somebody chose as an account's name: with a formula, it could send away what stands
// in other cells.
func noFormula(cell string) string {
	if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}

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

func (s syslogRecords) record(r challenge.Record, _ *journal.Leaf) error {
	severity := 6 // informational
	if endOf(r) == failed {
		severity = 4 // warning
	}
	a := aboutOf(r)
	params := ""
	for _, p := range [][2]string{
		{"id", strconv.FormatInt(r.ID, 10)}, {"account", r.Name}, {"account_id", r.Account}, {"by", r.By}, {"flow", r.Flow},
		{"challenge", r.Challenge}, {"state", r.State}, {"reason", r.Reason}, {"revision", r.Revision}, {"ip", a.ip},
		{"channel", a.channel}, {"method", a.method}, {"user_agent", a.userAgent},
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
func endOf(r challenge.Record) string {
	switch {
	case r.Kind == "sign_in":
		switch r.State {
		case "allowed", string(challenge.Passed):
			return succeeded
		case string(challenge.CodeSent), string(challenge.CodeResent), string(challenge.Cancelled), string(challenge.StepAAL2Needed):
			return goesOn
		}
		return failed
	case strings.HasSuffix(r.Kind, "_refused"), r.Kind == "mail_given_up":
		return failed
	}
	return succeeded
}
