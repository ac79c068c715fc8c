package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"nidan/journal"
	"nidan/records"
	"nidan/store"
)

func recordsExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export",
		Short: "Write records to standard output, the oldest first",
		Long: `Writes records to standard output, the oldest first. You can run the command while Nidan serves.

   jsonl   JSON Lines, as the console exports them. At the end are a checkpoint and the proof that it covers the records, so
           "nidan records verify --export" needs no database
   csv     for a spreadsheet. A cell that a spreadsheet would take for a formula begins with an apostrophe
   ocsf    events of OCSF 1.4.0, one a line. Sign-ins have the class Authentication (3002)
   syslog  lines of RFC 5424

--since and --until take a time (2026-04-01 or RFC 3339), or the time that has passed since then (168h).`,
		Example: `  nidan records export --since 2026-04-01 --until 2026-05-01 > april.jsonl
  nidan records export --format ocsf --since 24h`,
		Args: cobra.NoArgs,
	}
	x := exporting{}
	load := recordsFrom(c)
	c.Flags().StringVar(&x.format, "format", "jsonl", "format of the output: jsonl, csv, ocsf or syslog")
	c.Flags().StringVar(&x.since, "since", "", "only records from this time on (default: all)")
	c.Flags().StringVar(&x.until, "until", "", "only records before this time (default: up to now)")
	c.Flags().StringVar(&x.filter.Account, "account", "", "only records of this account: its name, or its ID in Kratos")
	c.Flags().StringVar(&x.filter.Kind, "kind", "", "only records of this kind, such as sign_in")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := x.times(now()); err != nil {
			return usage(err)
		}
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := openToRead(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		out := bufio.NewWriter(c.OutOrStdout())
		to, err := newRecordWriter(x.format, out, st)
		if err != nil {
			return usage(err)
		}
		return errors.Join(x.run(c.Context(), st, to), out.Flush())
	}
	return c
}

// exporting is one call of the command.
type exporting struct {
	format, since, until string
	filter               records.Filter
}

func (x *exporting) times(at time.Time) (err error) {
	if x.filter.From, err = moment(x.since, at); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if x.filter.To, err = moment(x.until, at); err != nil {
		return fmt.Errorf("--until: %w", err)
	}
	return nil
}

// moment reads a time, or a duration before now. It returns the zero time for an empty text.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-04-01, 2026-04-01T09:00:00+09:00, or 168h for a week ago", text)
}

// recordWriter writes records in one of the formats. The leaf is nil if the record is not sealed yet.
type recordWriter interface {
	record(r records.Record, l *journal.Leaf) error
	end(ctx context.Context) error
}

func newRecordWriter(format string, w io.Writer, st *store.Store) (recordWriter, error) {
	switch format {
	case "jsonl":
		return jsonLines{journal.NewExport(w), st}, nil
	case "csv":
		return newCSVRecords(w)
	case "ocsf":
		return newOCSFRecords(w), nil
	case "syslog":
		return newSyslogRecords(w), nil
	}
	return nil, fmt.Errorf("--format %s: choose one of jsonl, csv, ocsf, syslog", format)
}

// jsonLines writes an export that ends with a proof of its records.
type jsonLines struct {
	*journal.Export
	store *store.Store
}

func (j jsonLines) record(r records.Record, l *journal.Leaf) error { return j.Record(r, l) }

func (j jsonLines) end(ctx context.Context) error { return j.End(ctx, j.store) }

func (x *exporting) run(ctx context.Context, st *store.Store, to recordWriter) error {
	at, id := time.UnixMicro(math.MinInt64), int64(0)
	for {
		found, err := st.RecordsInOrder(ctx, x.filter, at, id, readAtOnce)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return to.end(ctx)
		}
		last := found[len(found)-1]
		leaves, err := st.LeavesOf(ctx, found)
		if err != nil {
			return err
		}
		for _, r := range found {
			of, sealed := leaves[r.ID]
			one := &of
			if !sealed {
				one = nil
			}
			if err := to.record(r, one); err != nil {
				return err
			}
		}
		at, id = last.At, last.ID
	}
}
