package console

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"nidan/records"
)

// byteOrderMark has spreadsheets read the file as UTF-8, and not in the encoding of the system.
const byteOrderMark = "\uFEFF"

// Table writes records as CSV (RFC 4180), with a header.
type Table struct {
	to  io.Writer
	csv *csv.Writer
}

// NewTable is a table of which nothing is written yet.
func NewTable(w io.Writer) Table {
	t := Table{w, csv.NewWriter(w)}
	t.csv.UseCRLF = true
	return t
}

// Begin writes the header.
func (t Table) Begin() error {
	if _, err := io.WriteString(t.to, byteOrderMark); err != nil {
		return err
	}
	return t.line([]string{
		"id", "at", "kind", "state", "result", "reason", "account", "account_id", "channel", "ip", "by", "flow", "challenge", "revision", "detail",
	})
}

// Write writes a record.
func (t Table) Write(r records.Record) error {
	about, result := r.About(), ""
	if r.Kind == "sign_in" {
		result = string(records.ResultOf(r.State))
	}
	return t.line([]string{
		strconv.FormatInt(r.ID, 10), r.At.UTC().Format(time.RFC3339Nano), r.Kind, r.State, result, r.Reason, r.Name, r.Account, about.Channel, about.IP,
		r.By, r.Flow, r.Challenge, r.Revision, string(r.Detail),
	})
}

func (t Table) line(cells []string) error {
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	if err := t.csv.Write(cells); err != nil {
		return err
	}
	t.csv.Flush() // a record that is written has been sent
	return t.csv.Error()
}

// formula is what a cell begins with that spreadsheets take for a formula; some take the wide signs of Japanese keyboards for the same.
const formula = "=+-@\t\r\n＝＋－＠"

// harmless keeps a spreadsheet from running a cell. Whoever signs in chooses some of what is in a record, and a formula can send what
// else is in the table elsewhere. An apostrophe has it shown as text.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune(formula, []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
