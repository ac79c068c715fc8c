package cmd

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/journal"
	"nidan/store"
)

// recordsCommand has the commands for people who must be able to rely on the records, such as auditors.
func recordsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "records",
		Short: "Verify and export the records",
		Long: `Verifies and exports the records. Nidan seals each record a moment after it was written: docs/operating.md says what this protects
against, and docs/threat-model.md what it does not protect against.

The exit status of each command is one of these:

   0  all is as it should be
   2  records or checkpoints are not as they were sealed
   3  no such record or checkpoint was found, but nothing has been sealed yet
   5  a file does not exist
  64  the command line is wrong
 130  it was interrupted
   1  anything else, such as a database that cannot be opened`,
	}
	c.AddCommand(recordsVerifyCommand(), recordsExportCommand(), recordsCheckpointCommand(), recordsKeyCommand())
	endWithStatuses(c)
	return c
}

// newSealer seals the records of a database.
func newSealer(cfg config.Records, st *store.Store, log *slog.Logger) (*journal.Sealer, error) {
	key, err := journal.NewKey(cfg.CheckpointKey)
	if err != nil {
		return nil, fmt.Errorf("read records.checkpoint_key: %w", err)
	}
	return &journal.Sealer{Store: st, Key: key, Now: now, Log: log}, nil
}

// recordsFrom adds the flags that name the database, and returns a function that loads the configuration. With --database, no
// configuration is needed: a person who verifies records need not know its secrets.
func recordsFrom(c *cobra.Command) func() (config.Config, error) {
	load := withConfig(c)
	database := c.Flags().String("database", "", "database (sqlite:PATH or postgres://…), in place of a configuration")
	c.MarkFlagsMutuallyExclusive("database", "config")
	return func() (config.Config, error) {
		if *database == "" {
			return load()
		}
		cfg := config.Default()
		cfg.Database = *database
		return cfg, nil
	}
}

func recordsCheckpointCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the newest checkpoint, so that you can keep it elsewhere",
		Long: `Prints the newest checkpoint. Keep it in a place that nobody who can write to the database can change. Later,
"nidan records verify --checkpoint" shows with it whether somebody has rewritten the whole database.`,
		Args: cobra.NoArgs,
	}
	load := recordsFrom(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := openToRead(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		kept, err := st.NewestCheckpoint(c.Context())
		if err != nil {
			return err
		}
		if kept == nil {
			return withStatus{errors.New("nothing has been sealed yet"), statusNotProven}
		}
		_, err = fmt.Fprint(c.OutOrStdout(), kept.Text)
		return err
	}
	return c
}

func recordsKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "key NAME FILE",
		Short: "Make a key pair that signs checkpoints",
		Long: `Makes a key pair that signs checkpoints. The private key goes to a new FILE: use it for records.checkpoint_key or
NIDAN_RECORDS_CHECKPOINT_KEY_FILE. The public key goes to standard output: use it for "nidan records verify --key". NAME is part of each
checkpoint and says whose records they are, such as the host name of your sign-in.`,
		Example: "  nidan records key login.example.com checkpoint.key > checkpoint.pub",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			private, public, err := journal.GenerateKey(rand.Reader, args[0])
			if err != nil {
				return usage(err)
			}
			f, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: a key that has signed is not to be lost", args[1])
			}
			if err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			_, err = fmt.Fprintln(f, private)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), public)
			return err
		},
	}
}
