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
		Use:   "serve",
		Short: "Answer Kratos' hook and serve the pages",
		Args:  cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP) // from now on: it would end a program that does not ask for it
		defer signal.Stop(hangups)
		cfg, err := load()
		if err != nil {
			return err
		}
		n, err := newNidan(c.Context(), cfg, "", newLog(cfg.Log))
		if err != nil {
			return err
		}
		defer n.close()
		n.keep = append(n.keep, func(ctx context.Context) error { return n.rotateAt(ctx, hangups, load) })
		return n.run(c.Context())
	}
	return c
}
