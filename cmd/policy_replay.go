package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
	"nidan/policies/replay"
)

// recordedThen stands for what was decided then, in the place of a set's name.
const recordedThen = "recorded"

func policyReplayCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "replay [DIR]",
		Short: "Say what these policies would change: decide the recorded sign-ins again",
		Long: `Say what these policies would change: each recorded sign-in is decided again under them and under those that decide now, or others
(--against), and what comes out differently is counted. DIR and what is given with --against are folders of policies, or bundles (.tar.gz)
of them, or revisions of sets that have decided (nidan policy show). With --against recorded, they are compared with what was decided then.

The sign-ins are those of the database, or of an export of the console's records (--file, JSON Lines), or of a decision log
(--decision-log). For the latter two no configuration is read, unless --config is given or a revision is named; without one, they are
compared with what was recorded.

With --set a parameter of the policies, or a setting of the console, has another value for the policies that are tried.

Sign-ins are decided in the order of time, and each set knows the devices that it would have remembered by then, not those that were: whoever
would be asked anew is taken to have entered the code and to be remembered on that device from then on. Of those who were asked, what they
did counts. It begins with the devices that were remembered when the records begin.

A sign-in whose record lacks a fact that is read, or of which it cannot be told from which device it came, is counted as inexact, and not
compared.

The status is 2 where a limit is passed, and 3 where none is but records cannot be read, sign-ins are inexact, or there are none.`,
		Example: `  nidan policy replay ./policies --since 168h
  nidan policy replay --set remember_days=7 --since 2160h
  nidan policy replay ./policies --file nidan-records.jsonl --max-loosened 0 --max-changed 1%
  nidan policy replay ./policies --decision-log ./decisions --against ./older`,
		Args: cobra.MaximumNArgs(1),
	}
	load := withStore(c)
	r := replayed{out: c.OutOrStdout, err: c.ErrOrStderr}
	c.Flags().StringVar(&r.against, "against", "", `the policies to compare with, or "recorded"; without it, those that decide now`)
	c.Flags().StringArrayVar(&r.set, "set", nil, "another value of a parameter or a setting, NAME=JSON; may be given again")
	c.Flags().DurationVar(&r.since, "since", 0, "how far back; without it a day, and all of a file")
	c.Flags().StringVar(&r.file, "file", "", `an export of the records, instead of the database ("-": standard input)`)
	c.Flags().StringVar(&r.log, "decision-log", "", "a decision log, instead of the database: a file, or a folder of them")
	c.MarkFlagsMutuallyExclusive("file", "decision-log")
	r.format = newFormats("json", "github", "junit")
	r.format.addTo(c)
	c.Flags().BoolVar(&r.who, "who", false, "name all accounts of each change, and not a few examples alone")
	c.Flags().StringVar(&r.maxChanged, "max-changed", "", "fail where more end otherwise, a number or a percentage")
	c.Flags().StringVar(&r.maxLoosened, "max-loosened", "", "fail where more are asked less, a number or a percentage")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg := config.Default()
		dir := cmp.Or(append(args, "")...)
		fromFile := r.file != "" || r.log != ""
		if !fromFile || c.Flags().Changed("config") || isRevision(r.against) || isRevision(dir) {
			var err error
			if cfg, err = load(); err != nil {
				return err
			}
		} else {
			r.against = cmp.Or(r.against, recordedThen)
		}
		return r.run(c.Context(), dir, cfg)
	}
	return c
}

// replayed is one run.
type replayed struct {
	against                 string
	set                     []string
	since                   time.Duration
	file, log               string
	format                  *formats
	who                     bool
	maxChanged, maxLoosened string
	out, err                func() io.Writer
}

// compared are counts, and what was compared.
type compared struct {
	Tried   string   `json:"tried"`         // revision
	Against string   `json:"against"`       // revision, or "recorded"
	Set     []string `json:"set,omitempty"` // values in place of others, for the revision that is tried
	replay.Summary
}

func (r *replayed) run(ctx context.Context, dir string, cfg config.Config) error {
	for _, limit := range []string{r.maxChanged, r.maxLoosened} { // before anything long is begun
		if _, err := most(limit, 0); err != nil {
			return err
		}
	}
	trial, about, err := r.trial(ctx, dir, cfg)
	if err != nil {
		return err
	}
	start := time.Now()
	d := &replay.Differences{Who: r.who}
	var since time.Time
	if r.since != 0 {
		since = start.Add(-r.since)
	}
	switch {
	case r.file != "":
		err = r.ofFile(ctx, trial, d, since)
	case r.log != "":
		err = r.ofLog(ctx, trial, d, since)
	default:
		err = r.ofDatabase(ctx, trial, d, cfg.Database, start.Add(-cmp.Or(r.since, 24*time.Hour)))
	}
	if err != nil {
		return err
	}
	about.Summary = d.Summary()
	passed := r.judge(about.Summary)
	switch r.format.chosen {
	case "json":
		err = writeJSON(r.out(), about)
	case "text":
		err = printSummary(r.out(), about, time.Since(start))
	default:
		found := report{command: "nidan policy replay"}
		found.addReplayed(about.Summary, passed)
		err = found.write(r.out(), r.format.chosen)
	}
	return errors.Join(err, passed)
}

// trial is what is tried.
func (r *replayed) trial(ctx context.Context, dir string, cfg config.Config) (t replay.Trial, about compared, err error) {
	if t.TimeZone, err = time.LoadLocation(cfg.Policies.TimeZone); err != nil {
		return t, about, fmt.Errorf("read policies.time_zone: %w", err)
	}
	if t.Tried, err = decidingNow(ctx, dir, cfg); err != nil {
		return t, about, err
	}
	about = compared{Tried: t.Tried.Revision(), Against: recordedThen, Set: r.set}
	if len(r.set) > 0 {
		var set *policies.Set
		if set, t.Settings, err = t.Tried.Set().With(r.set); err != nil {
			return t, about, usage(err)
		}
		if t.Tried, err = set.Compile(ctx, cfg.Policies.TimeLimit); err != nil {
			return t, about, err
		}
	}
	if r.against == recordedThen {
		return t, about, nil
	}
	if t.Against, err = decidingNow(ctx, r.against, cfg); err != nil {
		return t, about, err
	}
	about.Against = t.Against.Revision()
	return t, about, nil
}

// judge fails where a limit is passed, or where that cannot be said.
func (r *replayed) judge(s replay.Summary) error {
	if r.maxChanged == "" && r.maxLoosened == "" {
		return nil
	}
	if s.Decided == 0 {
		return withStatus{errors.New("there are no recorded sign-ins to judge by"), statusNotProven}
	}
	var passed []error
	status := statusNotProven
	if s.Unreadable > 0 {
		passed = append(passed, fmt.Errorf("%d records cannot be read", s.Unreadable))
	}
	if s.Inexact > 0 {
		passed = append(passed, fmt.Errorf("of %d sign-ins it cannot be said: their records lack facts that are read", s.Inexact))
	}
	for _, t := range []struct {
		n           int
		limit, what string
	}{
		{s.Changed, r.maxChanged, "would end otherwise"}, {s.Loosened, r.maxLoosened, "would be asked less"},
	} {
		if most, err := most(t.limit, s.Decided); err != nil || t.n > most {
			status = statusPastLimit
			passed = append(passed, errors.Join(err, fmt.Errorf("%d sign-ins %s, and at most %s may", t.n, t.what, t.limit)))
		}
	}
	if len(passed) == 0 {
		return nil
	}
	return withStatus{errors.Join(passed...), status}
}

// most is how many of all a limit allows: "5", "0.5%", or without one any number.
func most(limit string, of int) (int, error) {
	if limit == "" {
		return of, nil
	}
	percent, isPercent := strings.CutSuffix(limit, "%")
	n, err := strconv.ParseFloat(percent, 64)
	if err != nil || !(n >= 0 && n <= 1e9) || !isPercent && n != float64(int(n)) || isPercent && n > 100 {
		return 0, usage(fmt.Errorf("%q is no limit; give a number, or a percentage such as 0.5%%", limit))
	}
	if isPercent {
		n = n * float64(of) / 100
	}
	return int(n), nil
}
