package cmd

import "github.com/spf13/cobra"

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer Kratos' hook and serve the pages",
		Long: `Answers Kratos' hook and serves the pages. It makes the tables in an empty database; one that is older than the program it
refuses, unless --migrate is given: "nidan migrate up" is for several processes on one database, --migrate for one alone.`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	migrate := c.Flags().Bool("migrate", false, "bring the database's tables up to date before")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if *migrate {
			if err := migrateUp(c.Context(), cfg); err != nil {
				return err
			}
		}
		n, err := newNidan(c.Context(), cfg, "", newLog(cfg.Log))
		if err != nil {
			return err
		}
		defer n.close()
		return n.run(c.Context())
	}
	return c
}
