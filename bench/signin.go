package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// atOnce is how many sign-ins run at once. Kratos keeps a transaction open while it calls the hook, and on SQLite it has one transaction at a
// time: more sign-ins at once would wait for each other.
const atOnce = 1

// way is a way to sign in at a door.
type way struct {
	name string
	door *door
	n    int64 // sign-ins in a round
	one  func(ctx context.Context, i int64) (waited time.Duration, err error)
}

// The ways, by the names of their rows.
const (
	wayAllowed = "allowed by Nidan"
	wayCode    = "with a code from Nidan's mail: two submissions"
	wayAlone   = "the same Kratos without the hook: password alone"
	wayOwnCode = "the same Kratos with its own `code` as a second factor"
)

// wholeSignIns measures sign-ins through the real Kratos: how much CPU time they cost Kratos and Nidan, and how long they take.
func (b *bench) wholeSignIns(ctx context.Context) error {
	var doors []*door
	defer func() {
		for _, d := range doors {
			d.close()
		}
	}()
	for _, open := range []func(context.Context, *door) error{b.nidanDoor, b.bareDoor, b.ownCodeDoor} {
		d, err := b.newDoor()
		if err != nil {
			return err
		}
		doors = append(doors, d)
		if err := open(ctx, d); err != nil {
			return err
		}
	}
	nidan, bare, own := doors[0], doors[1], doors[2]
	// Nidan sends an account at most five codes in ten minutes: four in the rounds, and one in the warm-up.
	codes := int64(min(people, 4*people/b.rounds))
	all := []way{
		{wayAllowed, nidan, 400, nidan.allowed},
		{wayCode, nidan, codes, nidan.withCode},
		{wayAlone, bare, 400, bare.allowed},
		{wayOwnCode, own, 20, own.withOwnCode}, // each takes a second
	}
	measured := make(map[string]*costs)
	for round := range int64(b.rounds) {
		for _, w := range all {
			fmt.Printf("%s round %d: %s\n", time.Now().Format("15:04:05"), round+1, w.name)
			if err := w.turn(ctx, round, measured); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	b.results.wholeSignIns(all, measured)
	return nil
}

// costs are the costs of one sign-in, for each round.
type costs struct {
	n             int64     // sign-ins in all rounds
	perSec        []float64 // sign-ins
	waited, rest  []float64 // milliseconds: the median wait for the mail, and the median of all other time
	kratos, nidan []float64 // milliseconds of CPU time
}

// turn makes a round of sign-ins.
func (w way) turn(ctx context.Context, round int64, measured map[string]*costs) error {
	if round == 0 {
		measured[w.name] = &costs{}
		if _, _, err := w.signIns(ctx, 0, 1+w.n/20); err != nil {
			return err
		}
	}
	used := func() (kratos, nidan time.Duration) {
		if w.door.nidan != nil {
			nidan = cpu(w.door.nidan.pid)
		}
		return cpu(w.door.kratos.pid), nidan
	}
	kratos, nidan := used()
	begin := time.Now()
	waited, rest, err := w.signIns(ctx, round*w.n, w.n)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	kratosThen, nidanThen := used()
	c, n := measured[w.name], time.Duration(w.n)
	c.n += w.n
	c.perSec = append(c.perSec, float64(w.n)/took.Seconds())
	c.waited, c.rest = append(c.waited, ms(of(waited).p50)), append(c.rest, ms(of(rest).p50))
	c.kratos, c.nidan = append(c.kratos, ms((kratosThen-kratos)/n)), append(c.nidan, ms((nidanThen-nidan)/n))
	return nil
}

// signIns makes n sign-ins, atOnce of them at a time. It returns how long each one waited for its mail, and how long the rest of it took.
func (w way) signIns(ctx context.Context, first, n int64) (waited, rest []time.Duration, err error) {
	waited, rest = make([]time.Duration, n), make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, atOnce)
	for at := range errs {
		all.Go(func() {
			for i := next.Add(1) - 1; i < n && errs[at] == nil; i = next.Add(1) - 1 {
				begin := time.Now()
				waited[i], errs[at] = w.one(ctx, first+i)
				rest[i] = time.Since(begin) - waited[i]
			}
		})
	}
	all.Wait()
	return waited, rest, errors.Join(errs...)
}
