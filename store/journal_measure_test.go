//go:build measure

package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
	"nidan/store"
)

// The test measures what sealing costs sign-ins: units of work per second, the 99th percentile of their time, and the processor time
// of this process for each unit. Runs with a sealer and runs without one alternate. The test prints the results and has no limits.
func TestMeasureSealing(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		for round := range 4 {
			for _, sealing := range []bool{false, true} {
				if round == 0 && sealing { // seal the records of the run without a sealer first, outside of the measured time
					if err := sealerFor(s).Seal(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				before := processorTime(t)
				n, median, p99 := written(t, s, sealing)
				t.Logf("sealing %-5v %6d, median %8v, p99 %8v, processor time %6v each", sealing, n,
					median.Round(time.Microsecond), p99.Round(time.Microsecond), ((processorTime(t) - before) / time.Duration(n)).Round(time.Microsecond))
				if err := sealerFor(s).Seal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func sealerFor(s *store.Store) *journal.Sealer {
	return &journal.Sealer{Store: s, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func written(t *testing.T, s *store.Store, sealing bool) (n int, median, p99 time.Duration) {
	t.Helper()
	const callers, within = 16, 6 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	var all sync.WaitGroup
	if sealing {
		all.Go(func() { _ = sealerFor(s).Run(ctx) })
	}
	detail := []byte(fmt.Sprintf(`{"input":%q}`, make([]byte, 500)))
	took := make([][]time.Duration, callers)
	for c := range callers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				begun := time.Now()
				id := fmt.Sprint(c, "-", begun.UnixNano())
				err := s.Update(context.WithoutCancel(ctx), id, func(tx exchange.Tx) error {
					if _, err := tx.Situation(t.Context(), exchange.Call{Delivery: id, Account: id, Flow: id}); err != nil {
						return err
					}
					if err := tx.AddDelivery(t.Context(), exchange.Delivery{Key: id, Digest: []byte{1}, Status: 204, At: begun}); err != nil {
						return err
					}
					if err := tx.AddSignIn(t.Context(), exchange.SignIn{Account: id, AuthenticatedAt: begun, Channel: "softphone", SecondStep: "not_asked"}); err != nil {
						return err
					}
					return tx.AddRecord(t.Context(), records.Record{At: begun, Kind: "sign_in", Account: id, State: "allowed", Detail: detail})
				})
				if err != nil {
					t.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(begun))
			}
		})
	}
	all.Wait()
	times := slices.Concat(took...)
	slices.Sort(times)
	return len(times), times[len(times)/2], times[len(times)*99/100]
}
