package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
)

// Clock returns the time of the database's clock. SQLite runs inside the process and uses the clock of this machine.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	query := `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`
	if s.db.dialect().goose == goose.DialectSQLite3 {
		query = `SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000`
	}
	var micros int64
	if err := s.db.row(ctx, query).Scan(&micros); err != nil {
		return time.Time{}, fmt.Errorf("ask the database what time it is: %w", err)
	}
	return time.UnixMicro(micros), nil
}
