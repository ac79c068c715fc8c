package store

import (
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are those of this program.
var Migrations fs.FS = migrations

// MigrationsFolder is where those for this kind of database are.
func (s *Store) MigrationsFolder() string { return s.db.dialect().migrations }

// Provider carries out migrations, on the database as it is.
func (s *Store) Provider(all fs.FS) (*goose.Provider, error) {
	return provider(s.db.dialect(), s.db.plain(), all)
}
