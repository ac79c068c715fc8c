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
		Short:       "Run Nidan: answer Kratos' hook and serve the pages",
		Long: `Runs Nidan: answers Kratos' hook and serves the pages. The command creates the tables in an empty database. It refuses a database that is
older than the program, unless you give --migrate. Use --migrate if one process uses the database, and "nidan migrate up" if several do.`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	migrate := c.Flags().Bool("migrate", false, "first update the database's tables to the version of this program")
	c.RunE = func(c *cobra.Command, _ []string) error {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP) // before anything else: without a handler, SIGHUP ends the program
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
			log.WarnContext(c.Context(), said, "todo", "put a reverse proxy that does TLS in front of public.listen, and write public.url with https://")
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
