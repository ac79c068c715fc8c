package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/policies"
	"nidan/policies/proof"
	"nidan/policies/replay"
	"nidan/records"
)

// counting has the flags for counting the accounts that the differences affect.
type counting struct {
	days int
	who  bool
}

func (c *counting) flags(of *cobra.Command) {
	of.Flags().IntVar(&c.days, "days", 30, "count the accounts with recorded sign-ins of this many days that would be decided differently; 0: do not count")
	of.Flags().BoolVar(&c.who, "who", false, "name these accounts")
}

// counted is the result of counting the accounts that the differences affect.
type counted struct {
	Days       int      `json:"days"`
	Not        string   `json:"not_counted,omitempty"` // the reason why the accounts were not counted; empty: they were counted
	Records    int      `json:"records"`               // records of sign-ins
	Inexact    int      `json:"inexact"`               // records that lack a fact that the policies read
	Unreadable int      `json:"unreadable"`            // further records, which cannot be read
	Elsewhere  []string `json:"elsewhere,omitempty"`   // accounts whose sign-ins are decided differently, but match none of the differences

	of []map[string]string
}

// count counts the accounts that each difference affects, with the records in the database. It returns nil if there is nothing to count.
// An error of the database goes into the result, because the differences themselves do not need the database.
func (c *counting) count(
	ctx context.Context, database string, noDatabase error, d proof.Comparison, from, to *policies.Engine, progress io.Writer,
) *counted {
	if c.days <= 0 || !slices.ContainsFunc(d.Differences, isOfSignIns) {
		return nil
	}
	found := &counted{Days: c.days}
	err := noDatabase
	if err == nil {
		err = found.read(ctx, database, d, from, to, progress)
	}
	if noDatabase != nil {
		err = fmt.Errorf("give the configuration that names the database with --config: %w", err)
	}
	if err != nil {
		found.Not = strings.Join(strings.Fields(err.Error()), " ")
	}
	return found
}

func isOfSignIns(d proof.Difference) bool { return d.Question == policies.Questions()[0].Name }

func (c *counted) read(ctx context.Context, database string, d proof.Comparison, from, to *policies.Engine, progress io.Writer) error {
	st, err := openToRead(ctx, database)
	if err != nil {
		return err
	}
	defer st.Close()
	since := now().Add(-time.Duration(c.Days) * 24 * time.Hour)
	total, err := st.CountRecords(ctx, records.Filter{Kind: "sign_in", From: since})
	if err != nil {
		return err
	}
	bar := (&replayed{err: func() io.Writer { return progress }}).bar(int64(total))
	defer bar.Close()
	a, err := replay.Concerned(ctx, d, from, to, signIns(ctx, st, since, total), func(n int) { _ = bar.Set(n) })
	if err != nil {
		return err
	}
	c.Records, c.Inexact, c.Unreadable, c.of, c.Elsewhere = a.Records, a.Inexact, a.Unreadable, a.Of, names(a.Elsewhere)
	return nil
}

func names(byID map[string]string) []string { return slices.Sorted(maps.Values(byID)) }

// has reports whether accounts were counted for a difference.
func (c *counted) has(d proof.Difference) bool { return c != nil && c.Not == "" && isOfSignIns(d) }

// line returns the text about the accounts that a difference affects.
func (c *counted) line(i int, d proof.Difference, who bool) string {
	if !c.has(d) {
		return ""
	}
	line := fmt.Sprintf("  last %d days: %s", c.Days, many(len(c.of[i]), "account"))
	switch {
	case who && len(c.of[i]) > 0:
		line += ": " + plain(strings.Join(names(c.of[i]), ", "))
	case len(c.of[i]) > 0:
		line += " (--who)"
	}
	return line
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// print writes how the accounts were counted, once for all differences.
func (c *counted) print(w io.Writer, who bool) {
	switch {
	case c == nil:
		return
	case c.Not != "":
		fmt.Fprintf(w, "\naccounts are not counted: %s\n", plain(c.Not))
		return
	}
	fmt.Fprintf(w, "\naccounts are counted in %s of the last %d days\n", many(c.Records, "recorded sign-in"), c.Days)
	if c.Inexact > 0 {
		fmt.Fprintf(w, "of %d, the policies read what was masked in the record: what they decide may be something else\n", c.Inexact)
	}
	if c.Unreadable > 0 {
		fmt.Fprintf(w, "%s cannot be read, and are not counted\n", many(c.Unreadable, "record"))
	}
	if n := len(c.Elsewhere); n > 0 {
		fmt.Fprintf(w, "%s signed in in ways that are decided differently, and of which no line speaks", many(n, "account"))
		if who {
			fmt.Fprint(w, ": ", plain(strings.Join(c.Elsewhere, ", ")))
		}
		fmt.Fprintln(w)
	}
}

// withAccounts adds to each difference the accounts that it affects, for JSON.
func (c *counted) withAccounts(all []proof.Difference, who bool) []differenceOf {
	of := make([]differenceOf, len(all))
	for i, d := range all {
		of[i].Difference = d
		if c.has(d) {
			n := len(c.of[i])
			of[i].Accounts = &n
			if who {
				of[i].Who = names(c.of[i])
			}
		}
	}
	return of
}

// differenceOf is a difference with the accounts that it affects.
type differenceOf struct {
	proof.Difference
	Accounts *int     `json:"accounts,omitempty"` // number of accounts; nil: not counted
	Who      []string `json:"who,omitempty"`      // names of the accounts, with --who
}
