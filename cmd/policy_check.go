package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
	"nidan/policies/proof"
)

func policyCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check whether Nidan would accept these policies",
		Long: `Checks whether Nidan would accept these policies. It runs the gate that each set of policies has to pass before it decides. The gate
refuses a set that

  - does not parse, or does not compile in strict mode
  - reads input or data that does not exist
  - uses the network, the clock or random numbers
  - lacks a decision
  - has parameters or answers that the schemas do not allow
  - has a test that fails
  - gives no valid decision within --time-limit for a sign-in of its tests, or for a usual sign-in

The formats github, sarif and junit are for merge checks: they name each problem with its file and line.`,
		Example: `  nidan policy check ./policies
  nidan policy check ./policies --format github
  nidan policy check ./policies --format sarif > policies.sarif`,
		Args: cobra.MaximumNArgs(1),
	}
	limit := c.Flags().Duration("time-limit", config.Default().Policies.TimeLimit, "timeout of one decision")
	prove := c.Flags().Bool("prove", false, "prove that all possible inputs get a valid decision, and that the invariants hold")
	format := newFormats("json", "github", "sarif", "junit")
	format.addTo(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		k := checked{Problems: []policies.Problem{}}
		err := k.check(c.Context(), args, *limit, *prove)
		k.Accepted = err == nil
		k.Problems = append(k.Problems, problemsOf(err)...)
		if statusOf(err) == statusNotFound {
			return err // there is no set to report about
		}
		return errors.Join(err, k.write(c, format.chosen, args, *limit))
	}
	return c
}

// checked is the result of the check of a set.
type checked struct {
	Accepted bool               `json:"accepted"` // by the gate and, with --prove, by the proof
	Revision string             `json:"revision,omitempty"`
	Files    int                `json:"files"`
	Tests    int                `json:"tests"`
	Coverage float64            `json:"coverage"`
	Cases    int                `json:"cases"` // sign-ins of the tests, which the gate decides again
	Problems []policies.Problem `json:"problems"`
	Proof    *proof.Proof       `json:"proof,omitempty"`

	took time.Duration
}

func (k *checked) check(ctx context.Context, args []string, limit time.Duration, prove bool) error {
	set, err := setAt(args, config.Policies{})
	if err != nil {
		return err
	}
	start := time.Now()
	e, r, err := policies.Check(ctx, set, limit)
	k.Revision, k.Files, k.Tests, k.Coverage, k.Cases, k.took = r.Revision, len(set.Files()), len(r.Tests), r.Coverage, r.Cases, time.Since(start)
	if err != nil || !prove {
		return err
	}
	p, err := proof.Prove(ctx, e, proof.Bounds{Time: 2 * time.Minute})
	if err != nil {
		return err
	}
	k.Proof = &p
	return judgeProof(p)
}

// problemsOf returns the problems of a set that an error contains.
func problemsOf(err error) []policies.Problem {
	all := policies.Problems(err)
	if len(all) == 0 && statusOf(err) == statusRefused {
		return []policies.Problem{{Rule: "refused", Text: err.Error()}}
	}
	return all
}

func (k *checked) write(c *cobra.Command, format string, args []string, limit time.Duration) error {
	switch format {
	case "json":
		return writeJSON(c.OutOrStdout(), k)
	case "text":
		k.print(c.OutOrStdout(), limit)
		return nil
	}
	r := report{command: c.CommandPath(), dir: given(args)}
	r.add(k.Problems...)
	if len(k.Problems) == 0 {
		r.results = append(r.results, result{name: "the gate"})
	}
	if k.Proof != nil {
		r.addProof(*k.Proof)
	}
	return r.write(c.OutOrStdout(), format)
}

// print writes the result as text. In this format, the command's error names the problems, so print does not.
func (k *checked) print(w io.Writer, limit time.Duration) {
	if len(k.Problems) > 0 || k.Revision == "" {
		return
	}
	fmt.Fprintf(w, `accepted: revision %s, %d files
%d tests hold, coverage %.1f %%
%d sign-ins of the tests and the usual ones are decided, each within %v
(%v)
`, k.Revision, k.Files, k.Tests, k.Coverage, k.Cases, limit, k.took.Round(time.Millisecond))
	if k.Proof == nil {
		return
	}
	printWalked(w, k.Proof.Walked, k.Proof.Took)
	for _, f := range k.Proof.Fails {
		fmt.Fprintf(w, "FAILS     %s: %s\n             %s\n", f.Question, plain(f.Error), plain(f.Condition()))
	}
	printBroken(w, *k.Proof)
}

// given returns the folder that is given as an argument. It returns "" for a file: the files in a bundle have no path outside of it.
func given(args []string) string {
	if len(args) == 0 {
		return ""
	}
	if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
		return ""
	}
	return args[0]
}

// judgeProof returns an error if a proof fails or is not certain.
func judgeProof(p proof.Proof) error {
	switch {
	case !p.Holds():
		return withStatus{errors.New("something fails, or must never be"), statusPastLimit}
	case !p.Certain:
		return withStatus{errors.New("it is not proven that the invariants hold"), statusNotProven}
	}
	return nil
}

func policyTestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of these policies, and show the lines that no test reaches",
		Args:  cobra.MaximumNArgs(1),
	}
	junit := c.Flags().String("junit", "", "also write the results to this file, as JUnit XML")
	verbose := c.Flags().BoolP("verbose", "v", false, "name each test")
	least := c.Flags().Float64("coverage", 0, "fail if the coverage is lower, in percent")
	format := newFormats("json", "github", "sarif", "junit")
	format.addTo(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := setAt(args, config.Policies{})
		var r policies.Report
		if err == nil {
			r, err = policies.RunTests(c.Context(), set)
		}
		if err != nil {
			return errors.Join(err, writeProblems(c, format.chosen, args, err))
		}
		found := report{command: c.CommandPath(), dir: given(args)}
		found.addTests(r, *least)
		if *junit != "" {
			if err := writeJUnit(*junit, found); err != nil {
				return fmt.Errorf("write the results: %w", err)
			}
		}
		switch format.chosen {
		case "text":
			printTests(c.OutOrStdout(), r, *verbose)
		case "json":
			err = writeJSON(c.OutOrStdout(), r)
		default:
			err = found.write(c.OutOrStdout(), format.chosen)
		}
		return cmp.Or(err, judgeTests(r, *least))
	}
	return c
}

// writeProblems writes the problems of a set with which a command cannot work. It writes nothing for the format text, because the
// command's error then names the problems.
func writeProblems(c *cobra.Command, format string, args []string, err error) error {
	problems := problemsOf(err)
	switch {
	case len(problems) == 0 || format == "text":
		return nil
	case format == "json":
		return writeJSON(c.OutOrStdout(), checked{Problems: problems})
	}
	r := report{command: c.CommandPath(), dir: given(args)}
	r.add(problems...)
	return r.write(c.OutOrStdout(), format)
}

// judgeTests returns an error if a test fails, if there is no test, or if the coverage is too low.
func judgeTests(r policies.Report, least float64) error {
	switch failed := len(r.Failed()); {
	case len(r.Tests) == 0:
		return withStatus{errors.New("there are no tests"), statusPastLimit}
	case failed > 0:
		return withStatus{fmt.Errorf("%d of %d tests fail", failed, len(r.Tests)), statusPastLimit}
	case r.Coverage < least:
		return withStatus{fmt.Errorf("the coverage is %.1f %%, below %.1f %%", r.Coverage, least), statusPastLimit}
	}
	return nil
}

func printTests(w io.Writer, r policies.Report, verbose bool) {
	for _, t := range r.Tests {
		switch {
		case t.Failure != "":
			fmt.Fprintf(w, "FAIL  %s  %s.%s: %s\n", t.Location, t.Package, t.Name, t.Failure)
			if t.Seen != "" {
				fmt.Fprintf(w, "      %s\n", plain(t.Seen))
			}
		case verbose:
			fmt.Fprintf(w, "ok    %s  %s.%s\n", t.Location, t.Package, t.Name)
		}
	}
	for _, at := range r.Uncovered {
		fmt.Fprintf(w, "no test reaches %s\n", at)
	}
	fmt.Fprintf(w, "%d tests, %d fail, coverage %.1f %%, revision %s\n", len(r.Tests), len(r.Failed()), r.Coverage, r.Revision)
}

// addTests adds the tests, and the lines that no test reaches. Such a line is a notice; only a coverage below the limit is an error.
func (r *report) addTests(of policies.Report, least float64) {
	for _, t := range of.Tests {
		one := result{class: t.Package, name: t.Name, seconds: t.Duration.Seconds()}
		one.file, one.line = splitPlace(t.Location)
		if t.Failure != "" {
			one.level, one.rule, one.text, one.details = levelError, "failing-test", t.Name+": "+t.Failure, t.Seen
		}
		r.results = append(r.results, one)
	}
	for _, at := range of.Uncovered {
		one := result{level: levelNotice, rule: "coverage", name: at, text: "no test reaches " + at}
		one.file, one.line = splitPlace(at)
		r.results = append(r.results, one)
	}
	if err := judgeTests(of, least); err != nil && len(of.Failed()) == 0 {
		r.results = append(r.results, result{level: levelError, rule: "limit", name: "the tests", text: err.Error()})
	}
}

func writeJUnit(file string, r report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(r.junit(f), f.Close())
}
