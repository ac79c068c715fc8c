package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"nidan/store/postgrestest"
)

// cluster is the PostgreSQL server of one round.
type cluster struct {
	*postgrestest.Server
	ends []func()
}

// Helper implements [postgrestest.TB].
func (*cluster) Helper() {}

// Fatal implements [postgrestest.TB].
func (*cluster) Fatal(args ...any) { panic(errors.New(fmt.Sprint(args...))) }

// Fatalf implements [postgrestest.TB].
func (*cluster) Fatalf(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// Cleanup implements [postgrestest.TB].
func (c *cluster) Cleanup(end func()) { c.ends = append(c.ends, end) }

func (c *cluster) stop() {
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
}

// startCluster starts a PostgreSQL with its own defaults: each commit is on the disk.
func startCluster() (c *cluster, err error) {
	defer func() {
		if failed, ok := recover().(error); ok {
			err = fmt.Errorf("start PostgreSQL: %w", failed)
		}
	}()
	c = &cluster{}
	c.Server = postgrestest.StartDurable(c)
	return c, nil
}

// replicated measures several Nidan processes on one PostgreSQL, beside what PostgreSQL alone can do with the same rows.
func (b *bench) replicated(ctx context.Context) error {
	t := newTable()
	peer := "Echo, group commit of 3 rows"
	var names []string
	for n := 1; n <= 3; n++ {
		names = append(names, fmt.Sprintf("%d × Nidan", n))
	}
	for round := range b.rounds {
		for i, name := range append(names, peer) {
			fmt.Printf("%s round %d: %s\n", time.Now().Format("15:04:05"), round+1, name)
			if err := b.turnOnPostgres(ctx, name, i+1, name == peer, t); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	b.results.add("## Replicas on PostgreSQL\n\n")
	b.results.add("Allowed calls, spread over as many processes on one PostgreSQL (fsync on). All of them, PostgreSQL and what asks share the machine's cores: what more processes bring on more machines is not seen here.\n\n")
	b.results.add("| subject | 1 caller | 16 | 64 | p50 / p99 at 64 | at 64 ÷ Echo |\n|---|---|---|---|---|---|\n")
	for _, name := range append(names, peer) {
		c := t.at(name, 64)
		b.results.add("| %s | %s | %s | %s | %.1f / %.1f ms | %s |\n", name, spread(t.at(name, 1).perSec, "%.0f"), spread(t.at(name, 16).perSec, "%.0f"),
			spread(c.perSec, "%.0f"), median(c.p50), median(c.p99), spread(quotients(c.perSec, t.at(peer, 64).perSec), "%.2f"))
	}
	b.results.add("\n")
	return nil
}

// turnOnPostgres is one round of one subject, on a PostgreSQL of its own.
func (b *bench) turnOnPostgres(ctx context.Context, name string, replicas int, peer bool, t *table) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := startCluster()
	if err != nil {
		return err
	}
	defer c.stop()
	url := c.URL("postgres")
	allowed := hookTemplate(false, object{})
	if peer {
		replicas = 1
		allowed = formTemplate(fmt.Sprintf("/?rows=%d", rowsAllowed), kratosSays(false, object{}))
	}
	var addresses []string
	for range replicas {
		on, err := b.onPostgres(ctx, dir, url, peer)
		if err != nil {
			return err
		}
		defer on.stop()
		addresses = append(addresses, on.address)
	}
	if _, err := loadAll(addresses, 4, b.each/8, allowed.each(accounts)); err != nil {
		return err
	}
	for _, n := range callers {
		f, err := loadAll(addresses, n, b.each, allowed.each(accounts))
		if err != nil {
			return fmt.Errorf("%d callers: %w", n, err)
		}
		t.add(name, n, f, 0, 0)
	}
	return nil
}

func (b *bench) onPostgres(ctx context.Context, dir, url string, peer bool) (*server, error) {
	if peer {
		return b.echo(ctx, dir, "grouped", "--postgres", url)
	}
	return b.nidan(ctx, dir, freeAddress(), func(p *program) {
		p.cores, p.env = allCores, append(p.env, "NIDAN_DATABASE="+url)
	})
}

// loadAll is load with several servers, which share the callers.
func loadAll(addresses []string, callers int, lasting time.Duration, next calls) (figures, error) {
	var all sync.WaitGroup
	parts, errs := make([]figures, len(addresses)), make([]error, len(addresses))
	for i, address := range addresses {
		share := callers / len(addresses)
		if i < callers%len(addresses) {
			share++
		}
		if share == 0 {
			continue
		}
		all.Go(func() { parts[i], errs[i] = load(address, share, lasting, next, http.StatusNoContent) })
	}
	all.Wait()
	var sum figures
	for _, f := range parts {
		sum.n, sum.perSec = sum.n+f.n, sum.perSec+f.perSec
		sum.p50, sum.p99 = max(sum.p50, f.p50), max(sum.p99, f.p99) // of the slowest server
	}
	return sum, errors.Join(errs...)
}
