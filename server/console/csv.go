package console

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"nidan/records"
)

// byteOrderMark makes spreadsheet programs read the file as UTF-8, and not in the system's encoding.
const byteOrderMark = "\uFEFF"

// Table writes records as CSV (RFC 4180), with a header.
type Table struct {
	to  io.Writer
	csv *csv.Writer
}

// NewTable returns a table that writes to w. It writes nothing yet.
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
	t.csv.Flush() // send each record at once
	return t.csv.Error()
}

// formula has the characters that make a spreadsheet program read a cell as a formula. Some programs also accept the full-width signs
// of Japanese keyboards.
const formula = "=+-@\t\r\n＝＋－＠"

// harmless prevents CSV injection (a spreadsheet program runs a cell as a formula). Attackers choose a part of the data in a record,
// for example their account name, and a formula can send the other cells to them. With an apostrophe before it, the cell is shown as
// text.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune(formula, []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
