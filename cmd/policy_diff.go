package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
	"nidan/policies/proof"
)

func policyDiffCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff NEW",
		Short: "Show what these policies decide differently, for all possible inputs",
		Long: `Shows what these policies decide differently from the policies that decide now, or from others. The command does not try samples,
but goes through all possible inputs: inputs for which the policies look at the same facts, with the same results, are one class, and both
sets decide each class. The command compares all decisions: sign-ins, the terms of a code, what a session may do, new passwords, the
console, and what is masked in records.

  LOOSENS   the new set asks less of somebody, or allows more
  TIGHTENS  the new set asks more of somebody, or allows less
  TERMS     the new set asks for a code on other terms; terms that are looser are marked "looser"
  FAILS     the new set gives no valid decision, so nobody gets in
  OTHER     any other difference, such as another reason, message or channel

If a policy computes something from a text, such as with a regular expression, not all texts can be tried. The command names these places
as not proven.

NEW and --against take a folder of policies, a bundle (.tar.gz), a layer over the policies that ship, the revision of a set that has decided
(nidan policy show), or "shipped".

The invariants of both sets (the rules in policies/invariants, which say what must never happen) must hold for NEW. For an invariant that
does not hold, the command prints a test that fails.

If the configuration names a database, the command decides the recorded sign-ins of the last 30 days with both sets, and counts the accounts
that each difference affects.

The exit status is 0 if it is proven that nothing is looser and nothing fails; 2 if something is looser or fails, or an invariant does not
hold; and 3 if nothing like this was found, but this is not proven. "nidan policy --help" lists the other statuses.`,
		Example: `  nidan policy diff ./new
  nidan policy diff ./new --against ./old --format json
  nidan policy diff ./new --days 7 --who
  nidan policy diff ./policies --format github`,
		Args: cobra.ExactArgs(1),
	}
	load := withConfig(c)
	against := c.Flags().String("against", "", "policies to compare with (default: the policies that decide now, as the configuration names them)")
	format := newFormats("json", "github", "sarif", "junit")
	format.addTo(c)
	var count counting
	count.flags(c)
	var b proof.Bounds
	c.Flags().DurationVar(&b.Time, "time", 2*time.Minute, "stop after this time, even if not complete; 0: no limit")
	c.Flags().IntVar(&b.Classes, "classes", 1_000_000, "stop after this many classes, even if not complete; 0: no limit")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, noConfig := load()
		switch {
		case noConfig == nil:
		case *against == "" || isRevision(*against) || isRevision(args[0]):
			return fmt.Errorf("find the policies that decide now, or have decided (or give them with --against): %w", noConfig)
		default:
			cfg = config.Default()
		}
		from, err := decidingNow(c.Context(), *against, cfg)
		if err != nil {
			return err
		}
		to, err := named(c.Context(), args[0], cfg)
		if err != nil {
			return errors.Join(err, writeProblems(c, format.chosen, args, err))
		}
		d, err := proof.Compare(c.Context(), from, to, b)
		if err != nil {
			return err
		}
		held, err := proof.ProveBoth(c.Context(), from, to, b)
		if err != nil {
			return err
		}
		accounts := count.count(c.Context(), cfg.Database, noConfig, d, from, to, c.ErrOrStderr())
		if c.Context().Err() != nil {
			return c.Context().Err()
		}
		switch format.chosen {
		case "json":
			err = writeJSON(c.OutOrStdout(), differences{
				from.Revision(), to.Revision(), d.Proven() && held.Certain, d, accounts.withAccounts(d.Differences, count.who), accounts, held,
			})
		case "text":
			err = printDifferences(c.OutOrStdout(), d, accounts, count.who)
			printBroken(c.OutOrStdout(), held)
		default:
			r := report{command: c.CommandPath(), dir: given(args)}
			r.addDifferences(d, to.Set())
			r.addBroken(held)
			r.addMissing(slices.Compact(slices.Sorted(slices.Values(slices.Concat(d.Missing, held.Missing)))))
			err = r.write(c.OutOrStdout(), format.chosen)
		}
		return errors.Join(err, judgeDifferences(d, held))
	}
	return c
}

// differences are a comparison, with the revisions of both sets, for JSON.
type differences struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Proven bool   `json:"proven"`
	proof.Comparison
	Differences []differenceOf `json:"differences"` // replaces the field of proof.Comparison
	Accounts    *counted       `json:"accounts,omitempty"`
	Invariants  proof.Proof    `json:"invariants"`
}

// printBroken writes the invariants that do not hold, each with a test that shows this.
func printBroken(w io.Writer, p proof.Proof) {
	fmt.Fprintf(w, "\n%d invariants, %d do not hold\n", p.Invariants, len(p.Broken))
	if !p.Certain {
		fmt.Fprintf(w, "that the others hold is not proven:\n%s\n", plain(strings.Join(p.Missing, "; ")))
	}
	for _, b := range p.Broken {
		fmt.Fprintf(w, "\nNEVER     %s: %s  (%s)\n\n%s", b.Question, plain(b.Never), plain(b.Where), b.Test)
	}
}

// decidingNow returns the set that is given, else the set that the configuration names. If that is a bundle, decidingNow returns the set
// that began to decide last, from the database.
func decidingNow(ctx context.Context, given string, cfg config.Config) (*policies.Engine, error) {
	if given == "" && cfg.Policies.Bundle.URL != "" {
		st, err := openToRead(ctx, cfg.Database)
		if err != nil {
			return nil, err
		}
		defer st.Close()
		all, err := st.PolicySets(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, withStatus{errors.New("no policies have decided yet: give a set with --against"), statusNotFound}
		}
		given = all[0].Revision
	}
	return named(ctx, given, cfg)
}

// named returns the set of a folder, a bundle or a revision. For an empty name, it returns the set of the configuration's folder or layer,
// else the policies that ship.
func named(ctx context.Context, name string, cfg config.Config) (*policies.Engine, error) {
	if !isRevision(name) {
		set, err := setAt([]string{name}, cfg.Policies)
		if err != nil {
			return nil, err
		}
		return set.Compile(ctx, cfg.Policies.TimeLimit)
	}
	st, err := openToRead(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	files, err := keptFiles(ctx, st, name)
	if err != nil {
		return nil, err
	}
	set, err := policies.FromFiles(files)
	if err != nil {
		return nil, err
	}
	return set.Compile(ctx, cfg.Policies.TimeLimit)
}

// isRevision reports whether a name has the form of a revision, and no folder or file has this name.
func isRevision(name string) bool {
	_, err := os.Stat(name)
	return err != nil && regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(name)
}

func printDifferences(w io.Writer, d proof.Comparison, accounts *counted, who bool) error {
	printWalked(w, d.Walked, d.Took)
	if len(d.Alike) > 0 {
		fmt.Fprintf(w, "by the same rules and data: %s\n", strings.Join(d.Alike, ", "))
	}
	fmt.Fprintln(w)
	count := map[proof.Kind]int{}
	for i, one := range d.Differences {
		count[one.Kind]++
		looser := ""
		if one.Looser && one.Kind != proof.Loosens {
			looser = " (looser)"
		}
		fmt.Fprintf(w, "%-8s %2d  %s: %s%s  (%s)%s\n             %s\n", one.Kind, count[one.Kind], one.Question,
			plain(cmp.Or(one.Error, one.Said())), looser, plain(one.Where), accounts.line(i, one, who), plain(one.Condition()))
	}
	for _, kind := range []proof.Kind{proof.Loosens, proof.Fails} {
		if count[kind] == 0 {
			fmt.Fprintf(w, "%-8s  0\n", kind)
		}
	}
	accounts.print(w, who)
	return nil
}

// printWalked writes how many classes were decided, and what is not proven.
func printWalked(w io.Writer, walked proof.Walked, took time.Duration) {
	said, complete := "NOT PROVEN", "complete"
	if walked.Proven() {
		said = "PROVEN"
	}
	if !walked.Complete {
		complete = "not complete"
	}
	fmt.Fprintf(w, "%s over %d classes (%s, %v)\n", said, walked.Classes, complete, took.Round(100*time.Millisecond))
	for _, m := range walked.Missing {
		fmt.Fprintf(w, "not proven: %s\n", plain(m))
	}
}

func judgeDifferences(d proof.Comparison, held proof.Proof) error {
	switch {
	case len(held.Broken) > 0:
		return withStatus{errors.New("an invariant does not hold"), statusPastLimit}
	case d.Looser():
		return withStatus{errors.New("something is looser, or fails"), statusPastLimit}
	case !d.Complete:
		return withStatus{errors.New("not complete: it is not proven that nothing is looser"), statusNotProven}
	case !d.Proven():
		return withStatus{errors.New("it is not proven that nothing is looser"), statusNotProven}
	case !held.Certain:
		return withStatus{errors.New("it is not proven that the invariants hold"), statusNotProven}
	}
	return nil
}
