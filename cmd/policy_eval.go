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
		Long: `Decide one sign-in, whose facts are in a file (JSON, "-" for standard input), as policies/schema/input.jsonschema says. What is not
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

// readInto reads what policies are asked from a file.
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
	dec.DisallowUnknownFields() // a misspelt fact would be one that is not there
	if err := dec.Decode(in); err != nil {
		return orNotFound(fmt.Errorf("read the input: %w", err))
	}
	if dec.More() {
		return errors.New("read the input: there is more than one")
	}
	return nil
}

// compiled are the policies that a command was given, or else those of a configuration.
func compiled(c *cobra.Command, args []string, cfg config.Policies) (*policies.Engine, error) {
	set, err := configuredSet(args, cfg)
	if err != nil {
		return nil, err
	}
	return set.Compile(c.Context(), cfg.TimeLimit)
}
