package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/logs"
)

// Main runs the program and exits: with status 0, or with an error on standard error and status 1 or a status that the command documents.
// The first signal stops the program in order, the second signal ends it at once.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := execute(ctx, root())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "nidan:", err)
		os.Exit(statusOf(err))
	}
}

// untilStopped is the annotation of a command that runs until somebody stops it.
const untilStopped = "until stopped"

// execute runs a command. A command that runs until it is stopped ends without an error then. Any other command has not done its work when
// it is stopped, and a script must not take this for success.
func execute(ctx context.Context, c *cobra.Command) error {
	ran, err := c.ExecuteContextC(ctx)
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case ran.Annotations[untilStopped] != "":
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case errors.Is(err, context.Canceled):
		return withStatus{errors.New("it was interrupted"), statusInterrupted}
	case statusOf(err) == 1: // for example a database, whose error does not wrap context.Canceled
		return withStatus{fmt.Errorf("it was interrupted: %w", err), statusInterrupted}
	}
	return err
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "nidan",
		Short: "Two-step verification for Ory Kratos, decided by policies",
		Long: `Two-step verification for Ory Kratos, decided by policies.

A command ends with status 0 if it did its work. If it is interrupted (SIGINT or SIGTERM) before, it ends with 130; doctor has a status
of its own for that. serve, demo and mailcatcher go on until they are stopped, and end with 0 then.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetVersionTemplate("{{.Version}}")
	c.AddCommand(serveCommand(), demoCommand(), migrateCommand(), backupCommand(), healthcheckCommand(), doctorCommand(), mailcatcherCommand(),
		policyCommand(), recordsCommand(), versionCommand())
	return c
}

// withConfig adds the flag --config, and returns a function that loads the configuration.
func withConfig(c *cobra.Command) func() (config.Config, error) {
	file := c.Flags().String("config", "", "configuration file (YAML); the environment can set every key too, as NIDAN_…")
	return func() (config.Config, error) { return config.Load(*file, os.Environ()) }
}

// withStore is withConfig for a command that only reads the database: the configuration need not have secrets, tokens and passwords.
func withStore(c *cobra.Command) func() (config.Config, error) {
	file := c.Flags().String("config", "", "configuration file (YAML); the environment can set every key too, as NIDAN_…; secrets are not needed")
	return func() (config.Config, error) { return config.LoadWithoutSecrets(*file, os.Environ()) }
}

func newLog(c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // impossible: Validate allows only the names of levels
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(logs.Handler{Handler: slog.NewJSONHandler(os.Stderr, options)})
	}
	return slog.New(logs.Handler{Handler: slog.NewTextHandler(os.Stderr, options)})
}
