// Package main is a server that does as little as a server can for POST /: it answers at once, or when a record of the call is durable in
// SQLite or PostgreSQL. make bench measures Nidan beside it: it has the same router and the same database with the same settings, and none
// of Nidan's work.
//
// --keep says what it does with a call: "nothing" (only the answer), "each" (one transaction for each call) or "grouped" (one transaction
// for all calls that wait). With ?rows=3, a call writes three records.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// tables makes Nidan's table of records and its indexes.
const tables = `CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, account_id TEXT NOT NULL, flow_id TEXT NOT NULL,
    challenge_id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, revision TEXT NOT NULL, detail BLOB,
    account_name TEXT NOT NULL DEFAULT '', changed_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX records_by_account ON records (account_id, at);
CREATE INDEX records_by_time ON records (at);
CREATE INDEX records_by_name ON records (account_name, id);
CREATE INDEX records_by_kind ON records (kind, id);`

const insert = `INSERT INTO records (at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail)
	VALUES ($1, 'sign_in', $2, $3, '', $4, '', 'allowed', 'account_off', '0123456789abcdef', $5)`

// record is the record of one call.
type record struct {
	account, name, flow string
	detail              []byte
	rows                int
	done                chan error
}

// keeper makes records durable. On SQLite, it has one connection.
type keeper struct {
	db      *sql.DB
	insert  *sql.Stmt
	pool    *pgxpool.Pool // instead, on PostgreSQL
	waiting chan *record
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	keep := flag.String("keep", "nothing", "nothing, each or grouped")
	path := flag.String("database", "peer.db", "the SQLite file, which must not be there")
	postgres := flag.String("postgres", "", "URL of an empty PostgreSQL to keep records in instead")
	flag.Parse()
	if err := run(*address, *keep, *path, *postgres); err != nil {
		log.Fatal(err)
	}
}

func run(address, keep, path, postgres string) error {
	if keep != "nothing" && keep != "each" && keep != "grouped" {
		return errors.New("--keep is neither nothing, each nor grouped")
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/readyz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	answer := func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	if keep != "nothing" {
		k, err := open(path)
		if postgres != "" {
			k, err = openPostgres(postgres)
		}
		if err != nil {
			return err
		}
		go k.run(keep == "grouped")
		answer = k.answer
	}
	e.POST("/", answer)
	return e.Start(address)
}

func open(path string) (*keeper, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(2000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(tables); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	stmt, err := db.Prepare(insert)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return &keeper{db: db, insert: stmt, waiting: make(chan *record, 1024)}, nil
}

// answer reads a call as Nidan's hook gets it, and answers when its record is durable.
func (k *keeper) answer(c echo.Context) error {
	said := []byte(c.FormValue("ctx"))
	var call struct {
		Flow     struct{ ID string } `json:"flow"`
		Identity struct {
			ID     string
			Traits struct{ Account string }
		} `json:"identity"`
	}
	if err := json.Unmarshal(said, &call); err != nil {
		return c.NoContent(http.StatusBadRequest)
	}
	rows, _ := strconv.Atoi(c.QueryParam("rows"))
	r := &record{
		account: call.Identity.ID, name: call.Identity.Traits.Account, flow: call.Flow.ID, detail: said,
		rows: max(1, rows), done: make(chan error, 1),
	}
	k.waiting <- r
	if err := <-r.done; err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// run commits the calls that wait: one at a time, or all of them together.
func (k *keeper) run(together bool) {
	for r := range k.waiting {
		group := []*record{r}
		if together {
			// Goroutines that are about to queue a call get a turn first. If Go has only one processor, no other would run before the commit.
			runtime.Gosched()
		}
		for more := together; more && len(group) < 128; {
			select {
			case r := <-k.waiting:
				group = append(group, r)
			default:
				more = false
			}
		}
		err := k.commit(group)
		for _, r := range group {
			r.done <- err
		}
	}
}

func (k *keeper) commit(group []*record) error {
	ctx := context.Background()
	if k.pool != nil {
		return k.commitPostgres(ctx, group)
	}
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert := tx.StmtContext(ctx, k.insert)
	for _, r := range group {
		for range r.rows {
			if _, err := insert.ExecContext(ctx, time.Now().UnixMicro(), r.account, r.name, r.flow, r.detail); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
