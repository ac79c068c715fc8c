package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
)

func policyEvalCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval [DIR] --input FILE",
		Short: "Decide one sign-in",
		Long: `Decides one sign-in. The facts are in a file (JSON; "-" for standard input), in the form of policies/schema/input.jsonschema. Facts
that the file does not name are empty or false. With --explain, the command shows which rules fired, and why the others did not.`,
		Args: cobra.MaximumNArgs(1),
	}
	file := c.Flags().String("input", "", "file with the facts of the sign-in")
	explain := c.Flags().Bool("explain", false, "show how the rules lead to the decision")
	asJSON := c.Flags().Bool("json", false, "print JSON")
	if err := c.MarkFlagRequired("input"); err != nil {
		panic(err) // impossible: the flag is defined above
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
			x, err := e.Explain(c.Context(), policies.Questions()[0], in)
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
	return in, readInto(&in, file, stdin)
}

// readInto reads the input of the policies from a file.
func readInto(in any, file string, stdin io.Reader) (err error) {
	var raw []byte
	if file == "-" {
		raw, err = io.ReadAll(stdin)
	} else {
		raw, err = os.ReadFile(file)
	}
	if err != nil {
		return orNotFound(fmt.Errorf("read the input: %w", err))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // otherwise the policies would decide without a misspelt fact
	if err := dec.Decode(in); err != nil {
		return orNotFound(fmt.Errorf("read the input: %w", err))
	}
	if dec.More() {
		return errors.New("read the input: there is more than one")
	}
	return nil
}

// compiled compiles the policies that are given as an argument, else those of the configuration.
func compiled(c *cobra.Command, args []string, cfg config.Policies) (*policies.Engine, error) {
	set, err := configuredSet(args, cfg)
	if err != nil {
		return nil, err
	}
	return set.Compile(c.Context(), cfg.TimeLimit)
}
