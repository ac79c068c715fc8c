package storetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
)

// Run runs all tests. It calls open for each test, to get an empty, migrated database.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *store.Store){
		"a challenge comes back as it was kept":                       challengeComesBack,
		"the latest challenge is the open one":                        latestIsOpen,
		"a flow has one open challenge":                               oneOpen,
		"a try is counted up to the last":                             countToTheLast,
		"a challenge is closed once, however many try":                closedOnce,
		"tries are counted, however many at once":                     countedAtOnce,
		"what fails is undone, its message with it":                   undone,
		"of many that are made durable at once, each is undone alone": undoneAlone,
		"whoever waits no longer is left out":                         whoLeavesIsLeftOut,
		"a store that is closed takes no work":                        closedStore,
		"a message is there with its challenge":                       sentTogether,
		"a message is taken by one, and again when its time is over":  takenByOne,
		"a message is put off, and ends with a record":                putOffAndEnded,
		"a message that failed takes its challenge with it":           failedWithItsChallenge,
		"one that somebody else has ended does not":                   failedAfterItsEnd,
		"a challenge says whether its message waits":                  challengeSaysItWaits,
		"messages that wait are counted, with the oldest":             waitingCounted,
		"messages are taken in the order in which they came":          takenInOrder,
		"a message put off before the clock was set back is taken":    takenAfterTheClockWasSetBack,
		"a message that cannot be read does not hold others up":       spoiltDoesNotHoldUp,
		"of policies that are activated, whoever watches is told":     policiesWatched,
		"a situation holds all that a decision rests on":              situationHoldsAll,
		"an answer is kept once":                                      answerKeptOnce,
		"a sign-in is found by its account and instant":               signInFound,
		"the newest sign-in with a second step is found":              secondStepFound,
		"the codes of an account are counted from then on":            codesCounted,
		"wrong codes are counted for each account":                    wrongCodesCounted,
		"a device is known to the account that remembered it":         deviceKnown,
		"a device gets a new token, for each of its accounts":         deviceRenewed,
		"the devices of an account are forgotten":                     devicesForgotten,
		"the date of a password is kept":                              passwordDated,
		"of two who save the settings, the second is told":            settingsSavedOnce,
		"records are found by account, kind and time":                 recordsFound,
		"records are found by what became of a sign-in":               recordsFoundByResult,
		"a sign-in is one row":                                        signInIsOneRow,
		"a search ends where it is told to, and goes on from there":   searchGoesOn,
		"records are counted once, whoever counts them":               recordsCounted,
		"counts are whole when all records are counted":               countedInTheEnd,
		"counts go with the records that they are of":                 countsPurged,
		"those with the most wrong codes are found":                   mostWrongCodes,
		"what a shadow would do is counted together":                  talliesAdded,
		"what a shadow would do is counted by time":                   shadowCounted,
		"sets of policies that decided are kept":                      policySetsKept,
		"a set of policies waits until it has an answer":              approvalWaits,
		"of many who answer, one is heard":                            approvalAnsweredOnce,
		"of policies that are answered, whoever watches is told":      approvalTold,
		"a set of policies that was rejected is rejected as it is":    approvalRejected,
		"an approval ends with the set that it was for":               approvalEnds,
		"each record is sealed, and verifies":                         recordsSealed,
		"a leaf is added once":                                        leavesAddedOnce,
		"of each hour, the last checkpoint is kept":                   checkpointsKept,
		"records are sealed while they are written":                   sealedWhileWritten,
		"records that are too old are forgotten":                      recordsPurged,
		"an account's devices are listed and forgotten":               devicesListed,
		"initial settings are only initial":                           initialSettings,
		"what is old is forgotten, records are not":                   purged,
		"a database that takes no writes is not ready":                notReady,
		"nothing is kept where a record cannot be":                    noRecordNothing,
		"an update gives up when its time is over":                    givesUp,
		"times come back as they were, to the microsecond":            timesComeBack,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var at = time.Date(2026, 4, 1, 9, 0, 0, 123456000, time.UTC)

func sample(id string) *challenge.Challenge {
	return &challenge.Challenge{
		ID: id, Account: "agent", Flow: "flow", Channel: "softphone", SentTo: "a***@example.com", Facts: []byte{1, 2},
		CodeMAC: []byte{3, 4}, CodeLength: 6, MaxAttempts: 10, RememberDays: 30,
		IssuedAt: at, ExpiresAt: at.Add(10 * time.Minute), ResendAt: at.Add(30 * time.Second),
	}
}

func update(t *testing.T, s *store.Store, fn func(ctx context.Context, tx exchange.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, s *store.Store, c *challenge.Challenge) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx exchange.Tx) error { return tx.AddChallenge(ctx, c) })
}

func latest(t *testing.T, s *store.Store) (c *challenge.Challenge, err error) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		c, err = tx.LatestChallenge(ctx, "agent", "flow")
		return nil
	})
	return c, err
}

func challengeComesBack(t *testing.T, s *store.Store) {
	if _, err := latest(t, s); !errors.Is(err, challenge.ErrNotFound) {
		t.Errorf("in an empty database: %v", err)
	}
	want := sample("1")
	add(t, s, want)
	got, err := latest(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Facts, want.Facts) || !bytes.Equal(got.CodeMAC, want.CodeMAC) {
		t.Errorf("digests: got %x %x", got.Facts, got.CodeMAC)
	}
	got.Facts, got.CodeMAC, want.Facts, want.CodeMAC = nil, nil, nil, nil
	if g, w := *got, *want; g.ID != w.ID || g.Channel != w.Channel || g.SentTo != w.SentTo || g.CodeLength != w.CodeLength ||
		g.Attempts != w.Attempts || g.MaxAttempts != w.MaxAttempts || g.RememberDays != w.RememberDays || g.Closed != w.Closed {
		t.Errorf("got %+v, want %+v", g, w)
	}
}

func timesComeBack(t *testing.T, s *store.Store) {
	want := sample("1")
	add(t, s, want)
	got, err := latest(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]time.Time{
		{got.IssuedAt, want.IssuedAt}, {got.ExpiresAt, want.ExpiresAt}, {got.ResendAt, want.ResendAt},
	} {
		if !pair[0].Equal(pair[1]) || pair[0].Location() != time.UTC {
			t.Errorf("got %v, want %v", pair[0], pair[1])
		}
	}
}

func latestIsOpen(t *testing.T, s *store.Store) {
	add(t, s, sample("1"))
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		_, err := tx.CloseChallenge(ctx, "1", challenge.ClosedSuperseded, at)
		return err
	})
	add(t, s, sample("2")) // at the same time as the challenge before
	if got, err := latest(t, s); err != nil || got.ID != "2" {
		t.Errorf("got %+v, %v", got, err)
	}
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for _, of := range [][2]string{{"other", "flow"}, {"agent", "other"}} {
			if _, err := tx.LatestChallenge(ctx, of[0], of[1]); !errors.Is(err, challenge.ErrNotFound) {
				t.Errorf("account %s, flow %s: %v", of[0], of[1], err)
			}
		}
		return nil
	})
}

func oneOpen(t *testing.T, s *store.Store) {
	add(t, s, sample("1"))
	err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error { return tx.AddChallenge(t.Context(), sample("2")) })
	if err == nil {
		t.Error("a second open challenge was taken")
	}
}

func countToTheLast(t *testing.T, s *store.Store) {
	c := sample("1")
	c.MaxAttempts = 2
	add(t, s, c)
	for i, want := range []bool{true, true, false} {
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			if ok, err := tx.CountAttempt(ctx, "1"); err != nil || ok != want {
				t.Errorf("try %d: got %v, %v", i+1, ok, err)
			}
			return nil
		})
	}
	if got, err := latest(t, s); err != nil || got.AttemptsLeft() != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func closedOnce(t *testing.T, s *store.Store) {
	add(t, s, sample("1"))
	if won := race(t, s, func(tx exchange.Tx) (bool, error) {
		return tx.CloseChallenge(t.Context(), "1", challenge.ClosedPassed, at)
	}); won != 1 {
		t.Errorf("%d callers closed it, want 1", won)
	}
	if got, err := latest(t, s); err != nil || got.Closed != challenge.ClosedPassed {
		t.Errorf("got %+v, %v", got, err)
	}
}

func countedAtOnce(t *testing.T, s *store.Store) {
	add(t, s, sample("1"))
	if won := race(t, s, func(tx exchange.Tx) (bool, error) { return tx.CountAttempt(t.Context(), "1") }); won != 10 {
		t.Errorf("%d tries were counted, want 10", won)
	}
}

// race makes 16 calls at once, and returns how many of them returned true.
func race(t *testing.T, s *store.Store, call func(exchange.Tx) (bool, error)) int64 {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error {
				ok, err := call(tx)
				if ok {
					won.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return won.Load()
}

func count(t *testing.T, s *store.Store, table string) (n int) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func undone(t *testing.T, s *store.Store) {
	broken := errors.New("broken")
	err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		if err := tx.AddChallenge(t.Context(), sample("1")); err != nil {
			return err
		}
		if err := tx.Send(t.Context(), message("1", at)); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	for _, table := range []string{"challenges", "mails"} {
		if n := count(t, s, table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

func answerKeptOnce(t *testing.T, s *store.Store) {
	for _, want := range []exchange.Delivery{
		{Key: "a", Digest: []byte{1}, Status: 400, Body: []byte(`{"messages":[]}`), At: at},
		{Key: "b", Digest: []byte{2}, Status: 204, At: at},
	} {
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			if _, err := tx.Delivery(ctx, want.Key); !errors.Is(err, challenge.ErrNotFound) {
				t.Errorf("before: %v", err)
			}
			return tx.AddDelivery(ctx, want)
		})
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			got, err := tx.Delivery(ctx, want.Key)
			if err != nil || got.Status != want.Status || !bytes.Equal(got.Body, want.Body) ||
				!bytes.Equal(got.Digest, want.Digest) || !got.At.Equal(want.At) {
				t.Errorf("got %+v, %v", got, err)
			}
			return nil
		})
		err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error { return tx.AddDelivery(t.Context(), want) })
		if err == nil {
			t.Error("a second answer to the same call was taken")
		}
	}
}

func initialSettings(t *testing.T, s *store.Store) {
	read := func() (got settings.Settings) {
		update(t, s, func(ctx context.Context, tx exchange.Tx) (err error) { got, err = tx.Settings(ctx); return err })
		return got
	}
	before := read()
	if err := s.Migrate(t.Context(), settings.Settings{RememberDays: 1}); err != nil {
		t.Fatal(err)
	}
	if after := read(); !after.Equal(before) {
		t.Errorf("migrating again changed the settings from %+v to %+v", before, after)
	}
}

func purged(t *testing.T, s *store.Store) {
	add(t, s, sample("1"))
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		return errors.Join(
			tx.AddDelivery(ctx, exchange.Delivery{Key: "a", Digest: []byte{1}, Status: 204, At: at}),
			tx.AddRecord(ctx, records.Record{At: at, Kind: "sign_in", Account: "agent"}))
	})
	for _, step := range []struct {
		before                          time.Time
		deliveries, challenges, records int
	}{
		{at, 1, 1, 1},
		{at.Add(time.Microsecond), 0, 1, 1},
		{at.Add(time.Hour), 0, 0, 1},
	} {
		if err := s.Purge(t.Context(), step.before); err != nil {
			t.Fatal(err)
		}
		d, c, r := count(t, s, "deliveries"), count(t, s, "challenges"), count(t, s, "records")
		if d != step.deliveries || c != step.challenges || r != step.records {
			t.Errorf("purged up to %v: %d answers, %d challenges, %d records", step.before, d, c, r)
		}
	}
}

func notReady(t *testing.T, s *store.Store) {
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("a closed database is ready")
	}
}

func noRecordNothing(t *testing.T, s *store.Store) {
	if _, err := s.DB().ExecContext(t.Context(), `DROP TABLE records`); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), "agent", func(tx exchange.Tx) error {
		if err := tx.AddChallenge(t.Context(), sample("1")); err != nil {
			return err
		}
		return tx.AddRecord(t.Context(), records.Record{At: at})
	})
	if err == nil {
		t.Error("no error")
	}
	if n := count(t, s, "challenges"); n != 0 {
		t.Errorf("%d challenges without a record", n)
	}
}

func givesUp(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, "agent", func(exchange.Tx) error { t.Error("it began"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
