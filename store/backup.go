package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes the whole database, as it is at one moment, to a new file that only the file's owner may read, and returns when the
// file is on the disk. Sign-ins go on meanwhile. Backup returns an error if the file exists already, and for PostgreSQL, which has
// backup programs of its own.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("write the backup: %s is there already", path)
	}
	// The backup gets its name only when it is complete, so that nobody takes a half-written file for a backup.
	unfinished, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".unfinished-")
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, unfinished.Close(), os.Remove(unfinished.Name()))
	}()
	if err := s.db.backup(ctx, unfinished.Name()); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := unfinished.Sync(); err != nil {
		return fmt.Errorf("write the backup to the disk: %w", err)
	}
	if err := os.Link(unfinished.Name(), path); err != nil { // os.Link fails if the file exists; os.Rename would replace it
		return fmt.Errorf("give the backup its name: %w", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write the backup's name to the disk: %w", err)
	}
	return nil
}

// backup copies all committed data. VACUUM INTO also reads the write-ahead log; a copy of the database file alone would lack the
// newest commits.
func (s *sqlite) backup(ctx context.Context, path string) error {
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `VACUUM INTO $1`, full); err != nil {
		return err
	}
	return sound(ctx, full)
}

// sound reads a SQLite file from beginning to end, and returns an error if the file is damaged.
func sound(ctx context.Context, path string) error {
	name := &url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return err
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("read it again: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("read it again: %s", verdict)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
