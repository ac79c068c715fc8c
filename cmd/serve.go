package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "serve",
		Annotations: map[string]string{untilStopped: "yes"},
		Short:       "Answer Kratos' hook and serve the pages",
		Long: `Answers Kratos' hook and serves the pages. It makes the tables in an empty database; one that is older than the program it
refuses, unless --migrate is given: "nidan migrate up" is for several processes on one database, --migrate for one alone.`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	migrate := c.Flags().Bool("migrate", false, "bring the database's tables up to date before")
	c.RunE = func(c *cobra.Command, _ []string) error {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP) // from now on: it would end a program that does not ask for it
		defer signal.Stop(hangups)
		cfg, err := load()
		if err != nil {
			return err
		}
		if *migrate {
			if err := migrateUp(c.Context(), cfg); err != nil {
				return err
			}
		}
		log := newLog(cfg.Log)
		if said := cfg.InClear(); said != "" {
			log.WarnContext(c.Context(), said, "todo", "end TLS in a reverse proxy in front of it, and write public.url with https://")
		}
		n, err := newNidan(c.Context(), cfg, "", log)
		if err != nil {
			return err
		}
		defer n.close()
		n.keep = append(n.keep, func(ctx context.Context) error { return n.rotateAt(ctx, hangups, load) })
		return n.run(c.Context())
	}
	return c
}
