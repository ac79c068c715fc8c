package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"

	"nidan/settings"
)

//go:embed migrations
var migrations embed.FS

// Schema says which version the tables of a database have, and which versions of the program can use them.
type Schema struct {
	Version int64 `json:"version"` // version of the tables; 0: there are no tables
	Known   int64 `json:"known"`   // newest version that this program has a migration for
	Oldest  int64 `json:"oldest"`  // a program that knows at least this version can use the tables
}

// Check returns nil if this program can use the tables. Otherwise its error says what to do. A program can use tables that are newer
// than the program if the migrations allow it: during an update, old and new programs run side by side.
func (s Schema) Check() error {
	switch {
	case s.Version == 0:
		return errors.New("the database has no tables yet: run nidan migrate up")
	case s.Version < s.Known:
		return fmt.Errorf("the database has version %d, and this program needs %d: run nidan migrate up", s.Version, s.Known)
	case s.Oldest > s.Known:
		return fmt.Errorf("the database has version %d, which takes a program that knows version %d; this one knows %d: start a newer one",
			s.Version, s.Oldest, s.Known)
	}
	return nil
}

// Schema reads the version of the database's tables. It changes nothing.
func (s *Store) Schema(ctx context.Context) (Schema, error) {
	found := Schema{}
	p, err := provider(s.db.dialect(), s.db.plain(), migrations)
	if err != nil {
		return found, err
	}
	sources := p.ListSources()
	found.Known = sources[len(sources)-1].Version
	tables, err := s.tables(ctx)
	if err != nil {
		return found, fmt.Errorf("read which tables there are: %w", err)
	}
	if slices.Contains(tables, goose.DefaultTablename) {
		err = s.db.row(ctx, `SELECT max(version_id) FROM `+goose.DefaultTablename).Scan(&found.Version)
	}
	if err == nil && slices.Contains(tables, "compatibility") {
		err = s.db.row(ctx, `SELECT oldest FROM compatibility`).Scan(&found.Oldest)
	}
	if err != nil {
		return found, fmt.Errorf("read the version of the database: %w", err)
	}
	return found, nil
}

func (s *Store) tables(ctx context.Context) (names []string, err error) {
	err = each(ctx, s.db, func(r row) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	}, s.db.dialect().tables)
	return names, err
}

// Prepare creates the tables in an empty database, like [Store.Migrate]. In every other database it changes no table, and returns the
// error of [Schema.Check].
func (s *Store) Prepare(ctx context.Context, initial settings.Settings) error {
	return s.db.alone(ctx, func(db *sql.DB) error {
		found, err := s.Schema(ctx)
		if err != nil {
			return err
		}
		if found.Version == 0 {
			return s.up(ctx, db, initial)
		}
		return found.Check()
	})
}

// Check returns the error of [Schema.Check].
func (s *Store) Check(ctx context.Context) error {
	found, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	return found.Check()
}

// Migrate brings the tables up to date. In a new database, it also writes initial as the settings. It does not change settings that
// exist, or tables that are newer than the program. Several processes may call it at once.
func (s *Store) Migrate(ctx context.Context, initial settings.Settings) error {
	return s.db.alone(ctx, func(db *sql.DB) error { return s.up(ctx, db, initial) })
}

func (s *Store) up(ctx context.Context, db *sql.DB, initial settings.Settings) error {
	p, err := provider(s.db.dialect(), db, migrations)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	more, err := moreSwitches(initial)
	if err != nil {
		return err
	}
	err = s.db.add(ctx, `INSERT INTO settings (id, two_factor, admin_console, softphone, channels, remember, remember_days)
		VALUES (1, $1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		initial.TwoFactor, initial.On(adminConsole), initial.On(softphone), more, initial.Remember, initial.RememberDays)
	if err != nil {
		return fmt.Errorf("write the initial settings: %w", err)
	}
	return nil
}

// MigrateDown undoes the newest migration. Data that only that version keeps is lost. It returns an error for a migration that this
// program does not have, and for the first migration, because without it no table would be left.
func (s *Store) MigrateDown(ctx context.Context) error {
	return s.db.alone(ctx, func(db *sql.DB) error {
		p, err := provider(s.db.dialect(), db, migrations)
		if err != nil {
			return err
		}
		found, err := s.Schema(ctx)
		if err != nil {
			return err
		}
		switch first := p.ListSources()[0].Version; {
		case found.Version > found.Known:
			return fmt.Errorf("the database has version %d, and this program knows %d: only a newer one can undo it", found.Version, found.Known)
		case found.Version <= first:
			return fmt.Errorf("the database has version %d, and there is nothing before version %d", found.Version, first)
		}
		if _, err := p.Down(ctx); err != nil {
			return fmt.Errorf("undo the migration to version %d: %w", found.Version, err)
		}
		return nil
	})
}

// provider returns a goose provider for the migrations of the dialect. The file system all has one folder for each dialect.
func provider(d dialect, db *sql.DB, all fs.FS) (*goose.Provider, error) {
	folder, err := fs.Sub(all, d.migrations)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	p, err := goose.NewProvider(d.goose, db, folder)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
