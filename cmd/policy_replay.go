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

// recordedThen is the value of --against that stands for the decisions in the records.
const recordedThen = "recorded"

func policyReplayCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "replay [DIR]",
		Short: "Decide the recorded sign-ins again, and show what these policies would change",
		Long: `Decides each recorded sign-in again, with these policies and with the policies that decide now (or those of --against), and counts the
sign-ins that end differently. DIR and --against take a folder of policies, a bundle (.tar.gz), or the revision of a set that has decided
(nidan policy show). With --against recorded, the command compares with the decisions in the records.

The sign-ins come from the database, from an export of the console's records (--file, JSON Lines), or from a decision log
(--decision-log). With --file or --decision-log, the command reads no configuration, unless you give --config or name a revision. Without
a configuration and without --against, it compares with the recorded decisions.

With --set, a parameter of the policies or a setting of the console has another value for the policies on trial.

The command decides the sign-ins in the order of time. Each set knows the devices that it would have remembered itself, not those that
were remembered in fact. If a set would newly ask for a code, the command assumes that the person entered the code and had the device
remembered. If a code was asked for in fact, the command uses what the person did. At the beginning, each set knows the devices that were
remembered when the records begin.

If a record lacks a fact that the policies read, or does not say from which device the sign-in came, the sign-in counts as inexact, and the
command does not compare it.

The exit status is 2 if a limit is exceeded, and 3 if no limit is exceeded, but records cannot be read, sign-ins are inexact, or there are
no sign-ins.`,
		Example: `  nidan policy replay ./policies --since 168h
  nidan policy replay --set remember_days=7 --since 2160h
  nidan policy replay ./policies --file nidan-records.jsonl --max-loosened 0 --max-changed 1%
  nidan policy replay ./policies --decision-log ./decisions --against ./older`,
		Args: cobra.MaximumNArgs(1),
	}
	load := withStore(c)
	r := replayed{out: c.OutOrStdout, err: c.ErrOrStderr}
	c.Flags().StringVar(&r.against, "against", "", `policies to compare with, or "recorded" (default: the policies that decide now)`)
	c.Flags().StringArrayVar(&r.set, "set", nil, "another value of a parameter or a setting, as NAME=JSON; can be repeated")
	c.Flags().DurationVar(&r.since, "since", 0, "how far to go back, such as 168h (default: one day of the database, or all of a file)")
	c.Flags().StringVar(&r.file, "file", "", `export of the records, in place of the database ("-": standard input)`)
	c.Flags().StringVar(&r.log, "decision-log", "", "decision log, in place of the database: a file, or a folder of files")
	c.MarkFlagsMutuallyExclusive("file", "decision-log")
	r.format = newFormats("json", "github", "junit")
	r.format.addTo(c)
	c.Flags().BoolVar(&r.who, "who", false, "name all accounts of each change, not only a few examples")
	c.Flags().StringVar(&r.maxChanged, "max-changed", "", "fail if more sign-ins end differently: a number or a percentage")
	c.Flags().StringVar(&r.maxLoosened, "max-loosened", "", "fail if less is asked at more sign-ins: a number or a percentage")
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

// replayed is one run of the command.
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

// compared is the result of a replay, with the sets that were compared.
type compared struct {
	Tried   string   `json:"tried"`         // revision
	Against string   `json:"against"`       // revision, or "recorded"
	Set     []string `json:"set,omitempty"` // values of --set, for the revision on trial
	replay.Summary
}

func (r *replayed) run(ctx context.Context, dir string, cfg config.Config) error {
	for _, limit := range []string{r.maxChanged, r.maxLoosened} { // a wrong limit fails before the long work begins
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

// trial compiles the policies on trial, and those to compare with.
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

// judge returns an error if a limit is exceeded, or if the records cannot show whether it is.
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

// most returns the number of sign-ins that a limit allows. The limit is a number ("5"), a percentage ("0.5%"), or empty for no limit. Of is
// the number of all sign-ins.
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
