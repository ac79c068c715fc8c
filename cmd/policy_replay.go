package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nidan/challenge"
	"nidan/config"
	"nidan/policies"
	"nidan/policies/replay"
	"nidan/store"
)

func policyReplayCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "replay [DIR]",
		Short: "Say what these policies would change: decide the recorded sign-ins again",
		Long: `Say what these policies would change: each recorded sign-in is decided again under them, and what comes out differently is
counted. The sign-ins are those of the database, or of an export of the console's records (JSON Lines). Past a threshold that is
given the command fails, so that a merge can be kept from what it should not do.`,
		Example: `  nidan policy replay ./policies --since 168h
  nidan policy replay ./policies --file nidan-records.jsonl --max-loosened 0 --max-changed 1%`,
		Args: cobra.MaximumNArgs(1),
	}
	load := withConfig(c)
	r := replayed{out: c.OutOrStdout, err: c.ErrOrStderr}
	c.Flags().DurationVar(&r.since, "since", 0, "how far back; without it a day, and all of an export")
	c.Flags().StringVar(&r.file, "file", "", `an export of the records, instead of the database ("-": standard input); the configuration is not read then`)
	c.Flags().BoolVar(&r.json, "json", false, "answer in JSON")
	c.Flags().BoolVar(&r.who, "who", false, "name all accounts of each change, and not a few examples alone")
	c.Flags().StringVar(&r.maxChanged, "max-changed", "", "fail where more end otherwise, a number or a percentage")
	c.Flags().StringVar(&r.maxLoosened, "max-loosened", "", "fail where more are asked less, a number or a percentage")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg := config.Default()
		if r.file == "" {
			var err error
			if cfg, err = load(); err != nil {
				return err
			}
		}
		e, err := compiled(c, args, cfg.Policies)
		if err != nil {
			return err
		}
		return r.run(c.Context(), e, cfg.Database)
	}
	return c
}

// replayed is one run.
type replayed struct {
	since                   time.Duration
	file                    string
	json, who               bool
	maxChanged, maxLoosened string
	out, err                func() io.Writer
}

func (r *replayed) run(ctx context.Context, e *policies.Engine, database string) error {
	for _, limit := range []string{r.maxChanged, r.maxLoosened} { // before anything long is begun
		if _, err := most(limit, 0); err != nil {
			return err
		}
	}
	start := time.Now()
	d := &replay.Differences{Who: r.who}
	var err error
	switch {
	case r.file != "" && r.since == 0:
		err = r.ofFile(ctx, e, d, time.Time{})
	case r.file != "":
		err = r.ofFile(ctx, e, d, start.Add(-r.since))
	default:
		err = r.ofDatabase(ctx, e, d, database, start.Add(-cmp.Or(r.since, 24*time.Hour)))
	}
	if err != nil {
		return err
	}
	s := d.Summary()
	if r.json {
		err = writeJSON(r.out(), s)
	} else {
		err = printSummary(r.out(), s, e.Revision(), time.Since(start))
	}
	return errors.Join(err, r.judge(s))
}

// bar shows how far it is, on a terminal, and nothing elsewhere.
func (r *replayed) bar(total int64, options ...progressbar.Option) *progressbar.ProgressBar {
	if f, ok := r.err().(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return progressbar.DefaultSilent(total)
	}
	return progressbar.NewOptions64(total, append(options, progressbar.OptionSetWriter(r.err()), progressbar.OptionSetDescription("deciding again"),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))...)
}

func (r *replayed) ofFile(ctx context.Context, e *policies.Engine, d *replay.Differences, since time.Time) error {
	f, size := os.Stdin, int64(-1)
	if r.file != "-" {
		var err error
		if f, err = os.Open(r.file); err != nil {
			return fmt.Errorf("read the records: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
	}
	bar := r.bar(size, progressbar.OptionShowBytes(true))
	defer bar.Close()
	return replay.Run(ctx, e, replay.Lines(io.TeeReader(f, bar), since), d, nil)
}

func (r *replayed) ofDatabase(
	ctx context.Context, e *policies.Engine, d *replay.Differences, database string, since time.Time,
) error {
	st, err := openToRead(ctx, database)
	if err != nil {
		return err
	}
	defer st.Close()
	total, err := st.CountRecords(ctx, challenge.RecordFilter{Kind: "sign_in", From: since})
	if err != nil {
		return err
	}
	bar := r.bar(int64(total))
	defer bar.Close()
	return replay.Run(ctx, e, signIns(ctx, st, since), d, func(n int) { _ = bar.Set(n) })
}

// readAtOnce is how many records are read in one go: a long read keeps SQLite from tidying up behind those who write.
const readAtOnce = 2000

// signIns are the recorded sign-ins since then, the newest first.
func signIns(ctx context.Context, st *store.Store, since time.Time) iter.Seq2[replay.Recorded, error] {
	return func(yield func(replay.Recorded, error) bool) {
		f := challenge.RecordFilter{Kind: "sign_in", From: since, Limit: readAtOnce}
		for {
			found, err := st.Records(ctx, f)
			if err != nil {
				yield(replay.Recorded{}, err)
				return
			}
			for _, r := range found {
				if !yield(replay.Recorded{ID: r.ID, Account: r.Account, Name: r.Name, Flow: r.Flow, Detail: r.Detail}, nil) {
					return
				}
				f.Before = r.ID
			}
			if len(found) < readAtOnce {
				return
			}
		}
	}
}

func printSummary(w io.Writer, s replay.Summary, revision string, took time.Duration) error {
	fmt.Fprintf(w, "%d recorded sign-ins, decided again under revision %s (%v)\n%d would end otherwise: %d of them asked less, %d not decided at all\n",
		s.Decided, revision, took.Round(10*time.Millisecond), s.Changed, s.Loosened, s.Failed)
	if s.Inexact > 0 {
		fmt.Fprintf(w, "of %d, these policies read what was masked in the record: what they would have done may be something else\n", s.Inexact)
	}
	for _, left := range []struct {
		n    int
		what string
	}{
		{s.Further, "further records are of the same sign-ins, with a code or without: a sign-in counts once"},
		{s.Duplicates, "records were there twice, and count once"},
		{s.Unreadable, "records cannot be read, and are not counted"},
	} {
		if left.n > 0 {
			fmt.Fprintf(w, "%d %s\n", left.n, left.what)
		}
	}
	if len(s.Changes) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\n\tHOW MANY\tFROM\tTO\tCHANNEL\tROLE\tEXAMPLES")
	for _, c := range s.Changes {
		to := plain(c.ToReason)
		if c.Differs != "" {
			to += " (" + c.Differs + ")"
		}
		fmt.Fprintf(t, "%s\t%d\t%s %s\t%s %s\t%s\t%s\t%s\n",
			mark(c.Change), c.Count, c.From, plain(c.FromReason), c.To, to, plain(c.Channel), plain(c.Role), examples(c.Examples))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, c := range s.Changes {
		if len(c.Accounts) > 0 {
			fmt.Fprintf(w, "\nchange %d, %d accounts:\n", i+1, len(c.Accounts))
		}
		for _, name := range c.Accounts {
			fmt.Fprintf(w, "  %s\n", plain(name))
		}
	}
	_, err := fmt.Fprintln(w, "\n! asked less   = ends the same, for another reason   Examples are records: nidan policy explain ID")
	return err
}

func mark(c replay.Change) string {
	switch {
	case c.Loosens():
		return "!"
	case !c.EndsOtherwise():
		return "="
	}
	return ""
}

func examples(of []replay.Example) string {
	var shown []string
	for _, e := range of {
		one := fmt.Sprintf("%d (%s)", e.Record, plain(e.Account))
		if e.Error != "" {
			one += ": " + plain(strings.ReplaceAll(e.Error, "\n", " "))
		}
		shown = append(shown, one)
	}
	return strings.Join(shown, ", ")
}

// judge fails where a threshold is passed.
func (r *replayed) judge(s replay.Summary) error {
	if r.maxChanged == "" && r.maxLoosened == "" {
		return nil
	}
	if s.Decided == 0 {
		return errors.New("there are no recorded sign-ins to judge by")
	}
	var passed []error
	if s.Unreadable > 0 {
		passed = append(passed, fmt.Errorf("%d records cannot be read", s.Unreadable))
	}
	if s.Inexact > 0 {
		passed = append(passed, fmt.Errorf("of %d sign-ins it cannot be said: the policies read what was masked", s.Inexact))
	}
	for _, t := range []struct {
		n           int
		limit, what string
	}{
		{s.Changed, r.maxChanged, "would end otherwise"}, {s.Loosened, r.maxLoosened, "would be asked less"},
	} {
		if most, err := most(t.limit, s.Decided); err != nil || t.n > most {
			passed = append(passed, errors.Join(err, fmt.Errorf("%d sign-ins %s, and at most %s may", t.n, t.what, t.limit)))
		}
	}
	return errors.Join(passed...)
}

// most is how many of all a limit allows: "5", "0.5%", or without one any number.
func most(limit string, of int) (int, error) {
	if limit == "" {
		return of, nil
	}
	percent, isPercent := strings.CutSuffix(limit, "%")
	n, err := strconv.ParseFloat(percent, 64)
	if err != nil || !(n >= 0 && n <= 1e9) || !isPercent && n != float64(int(n)) || isPercent && n > 100 {
		return 0, fmt.Errorf("%q is no limit; give a number, or a percentage such as 0.5%%", limit)
	}
	if isPercent {
		n = n * float64(of) / 100
	}
	return int(n), nil
}
