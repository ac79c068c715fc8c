package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"nidan/store"
)

func backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database to a new file while people sign in",
		Long: `Copies an SQLite database to a new file that only its owner can read. Sign-ins continue meanwhile. For PostgreSQL, use pg_dump.
docs/operating.md explains how, and what is lost when you go back to a backup.`,
		Args: cobra.ExactArgs(1),
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := store.OpenExisting(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		if err := st.Backup(c.Context(), args[0]); err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "the database is in %s\n", args[0])
		return nil
	}
	return c
}
