package store

import (
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are the migrations of this program.
var Migrations fs.FS = migrations

// MigrationsFolder returns the folder of the migrations for this kind of database.
func (s *Store) MigrationsFolder() string { return s.db.dialect().migrations }

// Provider returns a goose provider that runs the migrations in all on this database.
func (s *Store) Provider(all fs.FS) (*goose.Provider, error) {
	return provider(s.db.dialect(), s.db.plain(), all)
}
