package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date (serve does so too when it starts)",
		Args:  cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := openStore(c.Context(), cfg)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.OutOrStdout(), "the database is up to date")
		return st.Close()
	}
	return c
}
