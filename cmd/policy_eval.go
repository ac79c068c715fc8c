package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/challenge"
	"nidan/config"
	"nidan/policies"
)

func policyEvalCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval [DIR] --input FILE",
		Short: "Decide one sign-in",
		Long: `Decide one sign-in, whose facts are in a file (JSON, "-" for standard input), as policies/schema/input.json says. What is not
in it is empty, or false. With --explain it is said which rules fired, and why the others did not.`,
		Args: cobra.MaximumNArgs(1),
	}
	file := c.Flags().String("input", "", "file with the sign-in")
	explain := c.Flags().Bool("explain", false, "say how the decision comes about")
	asJSON := c.Flags().Bool("json", false, "answer in JSON")
	if err := c.MarkFlagRequired("input"); err != nil {
		panic(err) // there is such a flag
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		in, err := readInput(*file, c.InOrStdin())
		if err != nil {
			return err
		}
		e, err := compiled(c, args, config.Policies{TimeLimit: config.Default().Policies.TimeLimit})
		if err != nil {
			return err
		}
		if *explain {
			x, err := e.Explain(c.Context(), in)
			if err != nil {
				return err
			}
			return printExplanation(c.OutOrStdout(), x, *asJSON)
		}
		v, err := e.Login(c.Context(), in)
		if err != nil {
			return fmt.Errorf("nobody is let in: %w", err)
		}
		return writeJSON(c.OutOrStdout(), v.Decision)
	}
	return c
}

func readInput(file string, stdin io.Reader) (in policies.Input, err error) {
	var raw []byte
	if file == "-" {
		raw, err = io.ReadAll(stdin)
	} else {
		raw, err = os.ReadFile(file)
	}
	if err != nil {
		return in, orNotFound(fmt.Errorf("read the sign-in: %w", err))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a misspelt fact would be one that is not there
	if err := dec.Decode(&in); err != nil {
		return in, fmt.Errorf("read the sign-in: %w", err)
	}
	if dec.More() {
		return in, errors.New("read the sign-in: there is more than one")
	}
	return in, nil
}

// compiled are the policies that a command was given, or else those of a configuration.
func compiled(c *cobra.Command, args []string, cfg config.Policies) (*policies.Engine, error) {
	set, err := configuredSet(args, cfg)
	if err != nil {
		return nil, err
	}
	return set.Compile(c.Context(), cfg.TimeLimit)
}

func policyExplainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain RECORD-ID [DIR]",
		Short: "Say how the decision on a recorded sign-in comes about",
		Long: `Say how the decision on a recorded sign-in comes about: what was asked of the policies, which rules fire, and why the others
do not. What was not kept of the sign-in, as records are masked, is not there. Without DIR, it is explained under the set that
decided then, if that was kept, and else under the present one.`,
		Args: cobra.RangeArgs(1, 2),
	}
	load := withConfig(c)
	asJSON := c.Flags().Bool("json", false, "answer in JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || id < 1 {
			return usage(fmt.Errorf("%q is no record's ID: that is a number, as the console's records show it", args[0]))
		}
		cfg, err := load()
		if err != nil {
			return err
		}
		r, kept, then, err := recordedSignIn(c, cfg.Database, id)
		if err != nil {
			return err
		}
		e, err := explaining(c, args[1:], cfg.Policies, then)
		if err != nil {
			return err
		}
		var in map[string]any
		if err := json.Unmarshal(kept.Input, &in); err != nil || in == nil {
			return fmt.Errorf("record %d does not hold what was asked of the policies", id)
		}
		x, err := e.Explain(c.Context(), in)
		if err != nil {
			return err
		}
		if !*asJSON {
			if err := printRecord(c.OutOrStdout(), r, kept, e.Revision()); err != nil {
				return err
			}
		}
		return printExplanation(c.OutOrStdout(), x, *asJSON)
	}
	return c
}

// explaining are the policies that a command was given, or else those that decided then, or else those of the configuration.
func explaining(c *cobra.Command, args []string, cfg config.Policies, then []policies.File) (*policies.Engine, error) {
	if len(args) > 0 || then == nil {
		return compiled(c, args, cfg)
	}
	set, err := policies.FromFiles(then)
	if err != nil {
		return nil, err
	}
	return set.Compile(c.Context(), cfg.TimeLimit)
}

// recordedSignIn is a record, what it holds, and the policies that decided then, if they were kept.
func recordedSignIn(
	c *cobra.Command, database string, id int64,
) (r challenge.Record, k policies.Kept, then []policies.File, err error) {
	st, err := openToRead(c.Context(), database)
	if err != nil {
		return r, k, nil, err
	}
	defer st.Close()
	found, err := st.Records(c.Context(), challenge.RecordFilter{Before: id + 1, Limit: 1})
	switch {
	case err != nil:
		return r, k, nil, err
	case len(found) == 0 || found[0].ID != id:
		return r, k, nil, withStatus{fmt.Errorf("there is no record %d", id), statusNotFound}
	case found[0].Kind != "sign_in":
		return r, k, nil, fmt.Errorf("record %d is of no sign-in, but %s", id, found[0].Kind)
	}
	if err := json.Unmarshal(found[0].Detail, &k); err != nil {
		return r, k, nil, fmt.Errorf("read record %d: %w", id, err)
	}
	switch p, err := st.PolicySet(c.Context(), found[0].Revision); {
	case err == nil:
		then, err = unpacked(p.Files)
		return found[0], k, then, err
	case !errors.Is(err, challenge.ErrNotFound):
		return found[0], k, nil, err
	}
	return found[0], k, nil, nil
}

func printRecord(w io.Writer, r challenge.Record, k policies.Kept, revision string) error {
	fmt.Fprintf(w, "Record %d: %s, %s\nIt ended as %s, for the reason %s.\n", r.ID, plain(r.Name), r.At.UTC().Format(time.RFC3339), r.State, plain(r.Reason))
	if r.Revision == revision {
		fmt.Fprintf(w, "Decided by revision %s then, and below.\n", revision)
	} else {
		fmt.Fprintf(w, "Decided by revision %s then, and by other policies, %s, below.\n", r.Revision, revision)
	}
	if not := append(k.Erased, k.Masked...); len(not) > 0 {
		fmt.Fprintf(w, "Not kept as it was: %s\n", strings.Join(not, ", "))
	}
	fmt.Fprintln(w)
	var indented bytes.Buffer
	if err := json.Indent(&indented, k.Input, "", "  "); err != nil {
		return err
	}
	fmt.Fprint(w, "input = ")
	for line := range strings.Lines(indented.String()) {
		fmt.Fprintln(w, plain(strings.TrimSuffix(line, "\n")))
	}
	_, err := fmt.Fprintln(w)
	return err
}

func printExplanation(w io.Writer, x policies.Explanation, asJSON bool) error {
	if asJSON {
		return writeJSON(w, x)
	}
	for _, r := range x.Rules {
		mark, value := "-  ", ""
		if r.Fired {
			mark = "YES"
		}
		if r.Value != "" {
			value = " = " + r.Value
		}
		fmt.Fprintf(w, "%s %-28s %s%s\n", mark, r.Location, r.Rule, value)
		if r.Because != "" {
			fmt.Fprintf(w, "    not %s\n", plain(r.Because))
		}
	}
	if x.Error != "" {
		_, err := fmt.Fprintf(w, "\nNothing is decided, and nobody is let in: %s\n", x.Error)
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s, %s\n", x.Decision.Action, x.Decision.Reason)
	return err
}
