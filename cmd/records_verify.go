package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/journal"
)

func recordsVerifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Find records that were altered, removed or inserted after they were sealed",
		Long: `Finds records that were altered, removed or inserted after they were sealed. The command reads the database, and you can run it while
Nidan serves. It needs the configuration, or only --database and the public key.

The command compares each record with its hash and the hashes with each checkpoint in the database, and checks the signatures of the
checkpoints with the keys. When Nidan deletes old records, it keeps their hashes. The command reads from records.keep_days or --keep-days
how long records are kept: if you have changed this time, give the shortest one. Without --key, the command uses the key of the
configuration; without that, it does not check signatures.

An attacker who can write to the database can alter records and make Nidan seal them again at its next start. You find this only with a
checkpoint that you have kept elsewhere (--checkpoint). "nidan records checkpoint" prints a checkpoint; each export contains one, and Nidan
logs one every hour.

With --export, the command verifies an export of the records (JSON Lines, from the console or from "nidan records export") without a
database. This proves that each record in the export is as it was sealed. It does not prove that the export contains all records.`,
		Example: `  nidan records verify --config nidan.yml
  nidan records verify --database sqlite:copy.db --key checkpoint.pub --checkpoint kept-in-april.txt
  nidan records verify --export nidan-records.jsonl --key old.pub --key new.pub`,
		Args: cobra.NoArgs,
	}
	v := verifying{load: recordsFrom(c)}
	c.Flags().StringArrayVar(&v.keys, "key", nil, "public key, or file with public keys, one a line; can be repeated")
	c.Flags().StringArrayVar(&v.checkpoints, "checkpoint", nil, `file with a checkpoint that was kept elsewhere; can be repeated`)
	c.Flags().StringVar(&v.export, "export", "", `export of the records, in place of the database ("-": standard input)`)
	c.Flags().IntVar(&v.keepDays, "keep-days", 0, "number of days for which records are kept; 0: forever")
	c.Flags().BoolVar(&v.asJSON, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("export", "database")
	c.RunE = func(c *cobra.Command, _ []string) error {
		v.keepDaysGiven, v.configGiven = c.Flags().Changed("keep-days"), c.Flags().Changed("config")
		return v.run(c)
	}
	return c
}

// verifying is one call of the command.
type verifying struct {
	load                       func() (config.Config, error)
	keys, checkpoints          []string
	export                     string
	keepDays                   int
	keepDaysGiven, configGiven bool
	asJSON                     bool
}

func (v *verifying) run(c *cobra.Command) error {
	cfg := config.Default()
	if v.export == "" || v.configGiven {
		var err error
		if cfg, err = v.load(); err != nil {
			return err
		}
	}
	verifier, err := v.verifier(cfg)
	if err != nil {
		return err
	}
	var found journal.Report
	if v.export != "" {
		found, err = v.ofExport(c, verifier)
	} else {
		found, err = v.ofDatabase(c.Context(), c.ErrOrStderr(), verifier, cfg.Database)
	}
	if err != nil {
		return err
	}
	if v.asJSON {
		err = writeJSON(c.OutOrStdout(), found)
	} else {
		err = v.print(c.OutOrStdout(), found, len(verifier.Keys) > 0)
	}
	return errors.Join(err, judgeVerified(found))
}

// judgeVerified returns the error for a report, with its exit status.
func judgeVerified(found journal.Report) error {
	switch {
	case found.Found == 1:
		return withStatus{errors.New("one thing is not as it was sealed"), statusPastLimit}
	case found.Found > 0:
		return withStatus{fmt.Errorf("%d things are not as they were sealed", found.Found), statusPastLimit}
	case found.Checkpoints == 0:
		return withStatus{errors.New("nothing has been sealed yet: serve does that, some seconds after it has started"), statusNotProven}
	}
	return nil
}

func (v *verifying) verifier(cfg config.Config) (*journal.Verifier, error) {
	keys := v.keys
	if len(keys) == 0 && cfg.Records.CheckpointKey != "" {
		public, err := journal.PublicKey(cfg.Records.CheckpointKey)
		if err != nil {
			return nil, err
		}
		keys = []string{public}
	}
	verifier := &journal.Verifier{KeepDays: cfg.Records.KeepDays, Now: now}
	if v.keepDaysGiven {
		verifier.KeepDays = v.keepDays
	}
	for _, key := range keys {
		read, err := keysIn(key)
		if err != nil {
			return nil, err
		}
		verifier.Keys = append(verifier.Keys, read...)
	}
	for _, file := range v.checkpoints {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, orNotFound(fmt.Errorf("read a checkpoint: %w", err))
		}
		verifier.Elsewhere = append(verifier.Elsewhere, string(text))
	}
	return verifier, nil
}

// keysIn returns the public key that is given, or the public keys in the file that is given.
func keysIn(given string) (journal.Keys, error) {
	if strings.HasPrefix(given, "PRIVATE") {
		return nil, usage(errors.New("read a public key: that is a private one; give what nidan records key has printed"))
	}
	if one, err := journal.ReadKeys(given); err == nil {
		return one, nil
	}
	text, err := os.ReadFile(given)
	if err != nil {
		return nil, orNotFound(fmt.Errorf("read a public key: it is neither one nor a file with one: %w", err))
	}
	keys, err := journal.ReadKeys(strings.Fields(string(text))...)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("there is no key in %s", given)
	}
	if err != nil {
		return nil, usage(err)
	}
	return keys, nil
}

func (v *verifying) ofDatabase(ctx context.Context, progress io.Writer, verifier *journal.Verifier, database string) (journal.Report, error) {
	st, err := openToRead(ctx, database)
	if err != nil {
		return journal.Report{}, err
	}
	defer st.Close()
	var total int64
	if kept, err := st.NewestCheckpoint(ctx); err == nil && kept != nil {
		total = kept.Size
	}
	bar := newBar(progress, "verifying", total)
	defer bar.Close()
	verifier.Progress = func(n int64) { _ = bar.Set64(n) }
	return verifier.Verify(ctx, st)
}

func (v *verifying) ofExport(c *cobra.Command, verifier *journal.Verifier) (journal.Report, error) {
	from := c.InOrStdin()
	if v.export != "-" {
		f, err := os.Open(v.export)
		if err != nil {
			return journal.Report{}, orNotFound(fmt.Errorf("read the export: %w", err))
		}
		defer f.Close()
		from = f
	}
	bar := newBar(c.ErrOrStderr(), "verifying", -1)
	defer bar.Close()
	verifier.Progress = func(n int64) { _ = bar.Set64(n) }
	return verifier.VerifyExport(from)
}

func (v *verifying) print(w io.Writer, r journal.Report, keys bool) error {
	fmt.Fprintf(w, "as they were sealed: %s\n", many(int(r.Records), "record"))
	if r.Past > 0 {
		fmt.Fprintf(w, "past retention: %s; their hashes are in the journal\n", many(int(r.Past), "record"))
	}
	if r.NotSealed > 0 {
		fmt.Fprintf(w, "not sealed yet: %s\n", many(int(r.NotSealed), "record"))
	}
	fmt.Fprintf(w, "checkpoints that agree with them: %d", r.Checkpoints)
	if r.Newest != nil {
		fmt.Fprintf(w, "; the newest one is of %s, and of %s", r.Newest.UTC().Format(time.RFC3339), many(int(r.Covered), "record"))
	}
	fmt.Fprintln(w)
	if keys {
		fmt.Fprintf(w, "signed with a key that was given: %d of them\n", r.Signed)
	} else {
		fmt.Fprintln(w, "signatures were not looked at: give the public key with --key")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s: %s\n", p.Kind, plain(p.Text))
	}
	if more := r.Found - len(r.Problems); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	return nil
}
