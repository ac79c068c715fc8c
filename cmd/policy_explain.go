package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
)

// latest is the value of --revision that stands for the set that began to decide last.
const latest = "latest"

func policyExplainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain RECORD-ID [DIR]",
		Short: "Explain the decision on a recorded sign-in, or on an input in a file",
		Long: `Explains a decision: which rules fired, the conditions of each rule, and the values that were found.

The input is that of a recorded sign-in, or comes from a file. For a recorded sign-in, give the ID that the console's records show. Facts
that are masked in the record are missing. For a file, give --input (JSON; "-" for standard input), in the form of policies/schema.

--question names another question than the sign-in. For capabilities and settings, the command can also use the session that a recorded
sign-in opened; console and records need --input.

DIR is a folder of policies, or a bundle. --revision names a set that has decided ("nidan policy show" lists them); "latest" is the set that
began to decide last. Without DIR and --revision, the command explains a record with the set that decided at that time, if the database
has it, or else with the latest set. It explains an input in a file with the set that the configuration names; without a configuration,
with the set that ships. An input in a file needs no database, unless --revision is given.`,
		Example: `  nidan policy explain 4711
  nidan policy explain 4711 ./policies --question capabilities
  nidan policy explain --question console --input may-they.json --revision latest`,
		Args: cobra.MaximumNArgs(2),
	}
	x := explaining{cmd: c, load: withStore(c)}
	c.Flags().StringVar(&x.file, "input", "", "file with the input, in place of a record")
	c.Flags().StringVar(&x.question, "question", "login", "question to the policies: login, capabilities, settings, console or records")
	c.Flags().StringVar(&x.revision, "revision", "", `revision of a set of policies that has decided, or "latest"`)
	c.Flags().BoolVar(&x.asJSON, "json", false, "print JSON")
	c.RunE = func(_ *cobra.Command, args []string) error { return x.run(args) }
	return c
}

// explaining is one call of the command.
type explaining struct {
	cmd                      *cobra.Command
	load                     func() (config.Config, error)
	file, question, revision string
	asJSON                   bool
}

func (x *explaining) run(args []string) error {
	q, err := questionOf(x.question)
	if err != nil {
		return err
	}
	if x.file == "" {
		if len(args) == 0 {
			return usage(errors.New("give the ID of a record, or a file with --input"))
		}
		return x.ofRecord(q, args[0], args[1:])
	}
	if len(args) > 1 {
		return usage(errors.New("with --input there is no record: give a folder or a bundle, or nothing"))
	}
	in := reflect.New(q.Input)
	if err := readInto(in.Interface(), x.file, x.cmd.InOrStdin()); err != nil {
		return err
	}
	e, err := x.policies(args, nil)
	if err != nil {
		return err
	}
	return x.print(e, q, in.Interface())
}

func questionOf(name string) (policies.Question, error) {
	for _, q := range policies.Questions() {
		if q.Name == name {
			return q, nil
		}
	}
	return policies.Question{}, usage(fmt.Errorf("--question %s: there is none of that name; choose one of login, capabilities, settings, console, records", name))
}

func (x *explaining) ofRecord(q policies.Question, arg string, args []string) error {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id < 1 {
		return usage(fmt.Errorf("%q is no record's ID: that is a number, as the console's records show it", arg))
	}
	cfg, err := x.load()
	if err != nil {
		return err
	}
	r, kept, then, err := recordedSignIn(x.cmd, cfg.Database, id)
	if err != nil {
		return err
	}
	e, err := x.policies(args, then)
	if err != nil {
		return err
	}
	in, err := askedOf(q, r, kept)
	if err != nil {
		return err
	}
	if !x.asJSON {
		if err := printRecord(x.cmd.OutOrStdout(), r, kept, e.Revision()); err != nil {
			return err
		}
	}
	return x.print(e, q, in)
}

// policies returns the policies that are given as an argument or by their revision. Without these, it returns the set that decided then,
// else the set that began to decide last, else the set of the configuration.
func (x *explaining) policies(args []string, then []policies.File) (*policies.Engine, error) {
	if len(args) > 0 && x.revision != "" {
		return nil, usage(errors.New("give a folder or a bundle, or --revision, and not both"))
	}
	if len(args) > 0 {
		return compiled(x.cmd, args, config.Policies{TimeLimit: config.Default().Policies.TimeLimit})
	}
	cfg, err := x.load()
	if err != nil {
		return nil, err
	}
	if x.file != "" && x.revision == "" {
		return compiled(x.cmd, nil, cfg.Policies)
	}
	files := then
	if x.revision != "" || then == nil {
		if files, err = setOf(x.cmd, cfg.Database, cmp.Or(x.revision, latest)); err != nil {
			return nil, err
		}
	}
	switch {
	case files == nil && x.revision == latest:
		return nil, withStatus{errors.New("no set of policies has decided here yet"), statusNotFound}
	case files == nil:
		return compiled(x.cmd, nil, cfg.Policies)
	}
	set, err := policies.FromFiles(files)
	if err != nil {
		return nil, err
	}
	return set.Compile(x.cmd.Context(), cfg.Policies.TimeLimit)
}

// setOf returns the files of a set that has decided. It returns nil for "latest" if no set has decided yet.
func setOf(c *cobra.Command, database, revision string) ([]policies.File, error) {
	st, err := openToRead(c.Context(), database)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if revision == latest {
		all, err := st.PolicySets(c.Context())
		if err != nil || len(all) == 0 {
			return nil, err
		}
		revision = all[0].Revision
	}
	return keptFiles(c.Context(), st, revision)
}

func (x *explaining) print(e *policies.Engine, q policies.Question, in any) error {
	found, err := e.Explain(x.cmd.Context(), q, in)
	if err != nil {
		return err
	}
	return printExplanation(x.cmd.OutOrStdout(), found, x.asJSON)
}
