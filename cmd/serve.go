package cmd

import "github.com/spf13/cobra"

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer Kratos' hook and serve the pages",
		Args:  cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
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
