package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// accounts is how many accounts sign in, in the loads in which an account may sign in again and again.
const accounts = 1000

// The numbers of rows that Nidan writes: for an allowed sign-in (answer, record, sign-in), and for a sign-in with a code (challenge, mail,
// answer and record when the code is sent; answer, record and sign-in when the code comes).
const (
	rowsAllowed  = 3
	rowsWithCode = 7
)

// subject is a server, and the calls that are made to it.
type subject struct {
	name  string
	want  int
	start func(ctx context.Context, dir string) (*server, error)
	calls func() calls // makes the calls of a round
	// seed fills the folder before the start, and returns the calls.
	seed func(ctx context.Context, dir string) (calls, error)
}

// The subjects, by the names of their rows.
const (
	nidanAllowed  = "Nidan, allowed and recorded"
	nidanRight    = "Nidan, code right"
	nidanIssued   = "Nidan, code issued and mail queued"
	nidanTwoCores = "Nidan, allowed, on two cores"
	opaServer     = "`opa run --server`, same policies, decision log to a file"
	echoEach      = "Echo, one durable transaction a call"
	echoGrouped   = "Echo, group commit of the same record"
	echoAllowed   = "Echo, group commit of 3 rows, as an allowed call writes"
	echoWithCode  = "Echo, group commit of 7 rows, as a sign-in with a code writes"
	echoNothing   = "Echo, nothing"
)

func (b *bench) subjects() []subject {
	nowhere := freeAddress() // nobody accepts the mail: it stays in the queue, and is tried again
	hook := func(ctx context.Context, dir string) (*server, error) { return b.nidan(ctx, dir, nowhere, nil) }
	twoCores := func(ctx context.Context, dir string) (*server, error) {
		return b.nidan(ctx, dir, nowhere, func(p *program) { p.cores = "0,1" })
	}
	echo := func(keep string) func(context.Context, string) (*server, error) {
		return func(ctx context.Context, dir string) (*server, error) { return b.echo(ctx, dir, keep) }
	}
	allowed := hookTemplate(false, object{})
	right := hookTemplate(true, object{"code": codeHere})
	asked := func(rows int) func() calls {
		t := formTemplate(fmt.Sprintf("/?rows=%d", rows), kratosSays(false, object{}))
		return func() calls { return t.each(accounts) }
	}
	return []subject{
		{name: nidanAllowed, want: http.StatusNoContent, start: hook, calls: func() calls { return allowed.each(accounts) }},
		{name: nidanRight, want: http.StatusNoContent, start: hook, seed: func(ctx context.Context, dir string) (calls, error) {
			all, err := issued(ctx, dir, 2500*(1+int(3*b.each/time.Second)))
			return right.these(all), err
		}},
		{name: nidanIssued, want: http.StatusBadRequest, start: hook, calls: func() calls { return hookTemplate(true, object{}).each(0) }},
		{name: nidanTwoCores, want: http.StatusNoContent, start: twoCores, calls: func() calls { return allowed.each(accounts) }},
		{name: opaServer, want: http.StatusOK, start: b.opa, calls: func() calls {
			return newTemplate("/v1/data/nidan/login/decision", "application/json", encoded(askOPA())).each(accounts)
		}},
		{name: echoEach, want: http.StatusNoContent, start: echo("each"), calls: asked(1)},
		{name: echoGrouped, want: http.StatusNoContent, start: echo("grouped"), calls: asked(1)},
		{name: echoAllowed, want: http.StatusNoContent, start: echo("grouped"), calls: asked(rowsAllowed)},
		{name: echoWithCode, want: http.StatusNoContent, start: echo("grouped"), calls: asked(rowsWithCode)},
		{name: echoNothing, want: http.StatusNoContent, start: echo("nothing"), calls: asked(1)},
	}
}

// these returns one call of the template for each sign-in.
func (t template) these(all []one) calls {
	next := make(chan one, len(all))
	for _, o := range all {
		next <- o
	}
	close(next)
	return func() []byte {
		o, more := <-next
		if !more {
			return nil
		}
		return t.fill(o)
	}
}

// callers are the numbers of callers at the same time.
var callers = []int{1, 16, 64}

// calls measures the table of the calls.
func (b *bench) calls(ctx context.Context) error {
	t := newTable()
	all := b.subjects()
	for round := range b.rounds {
		for _, s := range all {
			fmt.Printf("%s round %d: %s\n", time.Now().Format("15:04:05"), round+1, s.name)
			if err := b.turn(ctx, s, t); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	b.results.table(t, all)
	return nil
}

// turn is one round of one subject, on a server and a database of its own.
func (b *bench) turn(ctx context.Context, s subject, t *table) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var next calls
	if s.seed != nil {
		if next, err = s.seed(ctx, dir); err != nil {
			return err
		}
	}
	on, err := s.start(ctx, dir)
	if err != nil {
		return err
	}
	defer on.stop()
	if s.calls != nil {
		next = s.calls()
	}
	if _, err := load(on.address, 4, b.each/8, next, s.want); err != nil { // this load makes what is made only once
		return err
	}
	for _, n := range callers {
		before, used := on.allocated(), cpu(on.pid)
		f, err := load(on.address, n, b.each, next, s.want)
		if err != nil {
			return fmt.Errorf("%d callers: %w", n, err)
		}
		t.add(s.name, n, f, (cpu(on.pid)-used)/time.Duration(f.n), (on.allocated()-before)/float64(f.n))
	}
	return nil
}
