package cmd

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthcheckCommand asks a running Nidan whether it is ready. A container image without a shell has no other program for its health
// check.
func healthcheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running Nidan whether it is ready; exit status 0 means yes",
		Args:  cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(c.Context(), http.MethodGet, "http://"+cfg.Hooks.Listen+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("ask whether it is ready: %w", err)
		}
		answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(r)
		if err != nil {
			return fmt.Errorf("ask whether it is ready: %w", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("it is not ready: status %d", answer.StatusCode)
		}
		return nil
	}
	return c
}
