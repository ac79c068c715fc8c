package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// openPostgres makes the same table in PostgreSQL.
func openPostgres(url string) (*keeper, error) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	made := strings.NewReplacer("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		"INTEGER", "BIGINT", "BLOB", "BYTEA", " STRICT", "").Replace(tables)
	if _, err := pool.Exec(ctx, made); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	return &keeper{pool: pool, waiting: make(chan *record, 1024)}, nil
}

// commitPostgres sends all rows of a group at once, in one transaction.
func (k *keeper) commitPostgres(ctx context.Context, group []*record) error {
	rows := &pgx.Batch{}
	rows.Queue("BEGIN")
	for _, r := range group {
		for range r.rows {
			rows.Queue(insert, time.Now().UnixMicro(), r.account, r.name, r.flow, r.detail)
		}
	}
	rows.Queue("COMMIT")
	return k.pool.SendBatch(ctx, rows).Close()
}
