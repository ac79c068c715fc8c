package cmd

import (
	"context"
	"encoding/xml"
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
		Short: "Say whether Nidan would let these policies decide",
		Long: `Say whether Nidan would let these policies decide: it is the gate that each set has to pass before. A set is refused that does
not parse, is not strict, reads input or data that there is not, uses what reaches the network, the clock or chance, lacks a decision,
has parameters or answers that the schemas do not allow, has a test that fails, or gives no valid decision in time for the sign-ins of
its tests and for usual ones.`,
		Args: cobra.MaximumNArgs(1),
	}
	limit := c.Flags().Duration("time-limit", config.Default().Policies.TimeLimit, "how long a decision may take")
	prove := c.Flags().Bool("prove", false, "prove for all inputs there can be that something valid is decided, and that the invariants hold")
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := setAt(args, config.Policies{})
		if err != nil {
			return err
		}
		start := time.Now()
		e, r, err := policies.Check(c.Context(), set, *limit)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), `accepted: revision %s, %d files
%d tests hold, coverage %.1f %%
%d sign-ins of the tests and the usual ones are decided, each within %v
(%v)
`, r.Revision, len(set.Files()), len(r.Tests), r.Coverage, r.Cases, *limit, time.Since(start).Round(time.Millisecond))
		if *prove {
			return proveSet(c.Context(), c.OutOrStdout(), e)
		}
		return nil
	}
	return c
}

// proveSet says what holds of a set for all inputs there can be.
func proveSet(ctx context.Context, w io.Writer, e *policies.Engine) error {
	p, err := proof.Prove(ctx, e, proof.Bounds{Time: 2 * time.Minute})
	if err != nil {
		return err
	}
	printWalked(w, p.Walked, p.Took)
	for _, f := range p.Fails {
		fmt.Fprintf(w, "FAILS     %s: %s\n             %s\n", f.Question, plain(f.Error), plain(f.Condition()))
	}
	printBroken(w, p)
	switch {
	case !p.Holds():
		return withStatus{errors.New("something fails, or must never be"), statusLooser}
	case !p.Certain:
		return withStatus{errors.New("it is not proven that the invariants hold"), statusNotProven}
	}
	return nil
}

func policyTestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests that come with these policies, and say what they do not reach",
		Args:  cobra.MaximumNArgs(1),
	}
	junit := c.Flags().String("junit", "", "write the results to this file, in JUnit's XML")
	verbose := c.Flags().BoolP("verbose", "v", false, "name each test")
	least := c.Flags().Float64("coverage", 0, "fail below this coverage, in percent")
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := setAt(args, config.Policies{})
		if err != nil {
			return err
		}
		r, err := policies.RunTests(c.Context(), set)
		if err != nil {
			return err
		}
		if *junit != "" {
			if err := writeJUnit(*junit, r); err != nil {
				return fmt.Errorf("write the results: %w", err)
			}
		}
		printTests(c.OutOrStdout(), r, *verbose)
		switch failed := len(r.Failed()); {
		case len(r.Tests) == 0:
			return errors.New("there are no tests")
		case failed > 0:
			return fmt.Errorf("%d of %d tests fail", failed, len(r.Tests))
		case r.Coverage < *least:
			return fmt.Errorf("the coverage is %.1f %%, below %.1f %%", r.Coverage, *least)
		}
		return nil
	}
	return c
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

// The parts of JUnit's XML that those who show test results read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Seconds float64       `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Seen    string `xml:",chardata"`
	}
)

func writeJUnit(file string, r policies.Report) error {
	suite := junitSuite{Name: "policies " + r.Revision, Tests: len(r.Tests), Failures: len(r.Failed())}
	for _, t := range r.Tests {
		one := junitCase{Class: t.Package, Name: t.Name, File: t.Location, Seconds: t.Duration.Seconds()}
		if t.Failure != "" {
			one.Failure = &junitFailure{Message: t.Failure, Seen: t.Seen}
		}
		suite.Cases = append(suite.Cases, one)
	}
	out, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), append(out, '\n')...), 0o644)
}
