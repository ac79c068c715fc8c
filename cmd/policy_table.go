package cmd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
	"nidan/policies/proof"
)

func policyTableCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "table [DIR]",
		Short: "Show the decisions of these policies as a table, for all possible inputs",
		Long: `Shows the decisions of these policies as a table. The command does not read the table from the rules, but decides all possible inputs,
like "nidan policy diff". In each table, the first line that matches an input gives its decision.

The exit status is 0 if it is proven that the tables are complete, and 3 if it is not.`,
		Args: cobra.MaximumNArgs(1),
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	of := c.Flags().StringSlice("of", []string{"login", "capabilities", "settings", "console"}, "questions, one table for each; records is also possible")
	b := proof.Bounds{}
	c.Flags().DurationVar(&b.Time, "time", 2*time.Minute, "stop each table after this time, even if not complete; 0: no limit")
	c.RunE = func(c *cobra.Command, args []string) error {
		e, err := compiled(c, args, config.Policies{TimeLimit: config.Default().Policies.TimeLimit})
		if err != nil {
			return err
		}
		var tables []proof.Table
		for _, name := range *of {
			i := slices.IndexFunc(policies.Questions(), func(q policies.Question) bool { return q.Name == name })
			if i < 0 {
				return usage(fmt.Errorf("%q is not decided by policies: give login, capabilities, settings, console or records", name))
			}
			t, err := proof.TableOf(c.Context(), e, policies.Questions()[i], b)
			if err != nil {
				return err
			}
			tables = append(tables, t)
		}
		if *asJSON {
			err = writeJSON(c.OutOrStdout(), tables)
		} else {
			err = printTables(c.OutOrStdout(), tables)
		}
		if slices.ContainsFunc(tables, func(t proof.Table) bool { return !t.Proven() }) {
			err = errors.Join(err, withStatus{errors.New("it is not proven that the tables are complete"), statusNotProven})
		}
		return err
	}
	return c
}

func printTables(w io.Writer, tables []proof.Table) error {
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: ", t.Question)
		printWalked(w, t.Walked, t.Took)
		columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for n, r := range t.Rows {
			fmt.Fprintf(columns, "%3d\t%s\t%s\t%s\n", n+1, plain(r.Decided), plain(r.Where), plain(r.Condition()))
		}
		if err := columns.Flush(); err != nil {
			return err
		}
	}
	return nil
}
