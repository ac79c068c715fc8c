package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/settings"
	"nidan/store"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date, or say how far they are",
		Long: `Brings the database's tables up to date, or says how far they are.

serve makes the tables in an empty database, and changes none in any other: it refuses one that is older than the program, or too
new for it. So that a new program can be started beside old ones, run "migrate up" with the new one first.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(migrateUpCommand(), migrateDownCommand(), migrateStatusCommand())
	return c
}

func migrateUpCommand() *cobra.Command {
	c := &cobra.Command{Use: "up", Short: "Bring the database's tables up to date", Args: cobra.NoArgs}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return migrating(c, load, func(st *store.Store, cfg config.Config) error {
			return st.Migrate(c.Context(), initialSettings(cfg.Settings))
		})
	}
	return c
}

func migrateDownCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "down",
		Short: "Undo the newest migration: what only it kept is lost",
		Long: `Undoes the newest migration: what only it kept is lost. Stop the programs that need it before, and make a backup
(docs/operating.md).`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return migrating(c, load, func(st *store.Store, _ config.Config) error { return st.MigrateDown(c.Context()) })
	}
	return c
}

// migrating changes the tables, and says from which version to which.
func migrating(c *cobra.Command, load func() (config.Config, error), change func(*store.Store, config.Config) error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	st, err := store.Open(c.Context(), cfg.Database)
	if err != nil {
		return err
	}
	defer st.Close()
	before, err := st.Schema(c.Context())
	if err != nil {
		return err
	}
	if err := change(st, cfg); err != nil {
		return err
	}
	after, err := st.Schema(c.Context())
	if err != nil {
		return err
	}
	if after.Version == before.Version {
		fmt.Fprintf(c.OutOrStdout(), "the database is up to date: version %d\n", after.Version)
		return nil
	}
	fmt.Fprintf(c.OutOrStdout(), "the database has version %d now, and had %d\n", after.Version, before.Version)
	return nil
}

func migrateStatusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Say which version the database has, and whether this program can use it",
		Long: `Says which version the database has, which one this program needs, and whether it can use the database; it ends with
status 1 if it cannot. It changes nothing, and may be run beside a Nidan that serves.`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	asJSON := c.Flags().Bool("json", false, "write it as JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := store.OpenExisting(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		found, err := st.Schema(c.Context())
		if err != nil {
			return err
		}
		fit := found.Check()
		if *asJSON {
			return errors.Join(printSchema(c, found, fit), fit)
		}
		fmt.Fprintf(c.OutOrStdout(), "the database has version %d, and this program has %d\n", found.Version, found.Known)
		return fit
	}
	return c
}

func printSchema(c *cobra.Command, found store.Schema, fit error) error {
	line := struct {
		store.Schema
		Usable bool   `json:"usable"`
		Todo   string `json:"todo,omitempty"`
	}{found, fit == nil, ""}
	if fit != nil {
		line.Todo = fit.Error()
	}
	return json.NewEncoder(c.OutOrStdout()).Encode(line)
}

func migrateUp(ctx context.Context, cfg config.Config) error {
	st, err := store.Open(ctx, cfg.Database)
	if err != nil {
		return err
	}
	return errors.Join(st.Migrate(ctx, initialSettings(cfg.Settings)), st.Close())
}

// openToRead opens a database that another process may have open, if this program understands it.
func openToRead(ctx context.Context, database string) (*store.Store, error) {
	st, err := store.OpenExisting(ctx, database)
	if err != nil {
		return nil, err
	}
	if err := st.Check(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// initialSettings are the switches that a new database begins with. A channel that a team's own policies list begins switched on.
func initialSettings(s config.Settings) settings.Settings {
	return settings.Settings{
		TwoFactor: s.TwoFactor, Channels: map[string]bool{"admin_console": s.AdminConsole, "softphone": s.Softphone},
		Remember: s.Remember, RememberDays: s.RememberDays,
	}
}
