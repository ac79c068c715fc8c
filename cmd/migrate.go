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
		Short: "Update the database's tables, or show their version",
		Long: `Updates the database's tables, or shows their version.

serve creates the tables in an empty database, but does not change existing tables: it refuses a database that is older than the program,
or too new for it. To start a new program beside old ones, run "migrate up" with the new program first.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(migrateUpCommand(), migrateDownCommand(), migrateStatusCommand())
	return c
}

func migrateUpCommand() *cobra.Command {
	c := &cobra.Command{Use: "up", Short: "Update the database's tables to the version of this program", Args: cobra.NoArgs}
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
		Short: "Undo the newest migration, and lose the data that only it stores",
		Long: `Undoes the newest migration. The data in the tables and columns of this migration is lost. Before, stop the programs that need the
migration, and make a backup (docs/operating.md).`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return migrating(c, load, func(st *store.Store, _ config.Config) error { return st.MigrateDown(c.Context()) })
	}
	return c
}

// migrating changes the tables and prints the old and the new version.
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
		Short: "Show the version of the database, and whether this program can use it",
		Long: `Shows which version the database has and which version this program has. The exit status is 1 if this program cannot use the
database. The command changes nothing, and you can run it while Nidan serves.`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
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

// openToRead opens an existing database if this program can use its tables. Another process may have the database open.
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

// initialSettings returns the switches with which a new database starts. Channels that only a team's own policies list start switched on.
func initialSettings(s config.Settings) settings.Settings {
	return settings.Settings{
		TwoFactor: s.TwoFactor, Channels: map[string]bool{"admin_console": s.AdminConsole, "softphone": s.Softphone},
		Remember: s.Remember, RememberDays: s.RememberDays,
	}
}
