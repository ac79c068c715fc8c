package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/store"
)

// message returns a message that was sent at that time.
func message(id string, sent time.Time) challenge.Message {
	return challenge.Message{
		Challenge: id, Account: "agent", Name: "Agent", Flow: "flow", To: "agent@example.com", Locale: "ja", Sealed: []byte{1, 2, 3},
		ValidFor: 10 * time.Minute, ExpiresAt: sent.Add(10 * time.Minute), WrongCodes: challenge.WrongCodes{Count: 3, Since: sent},
	}
}

func send(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for i, id := range ids {
		sent := at.Add(time.Duration(i) * time.Second)
		update(t, s, func(ctx context.Context, tx exchange.Tx) error {
			c := sample(id)
			c.Flow = "flow of " + id
			return errors.Join(tx.AddChallenge(ctx, c), tx.Send(ctx, message(id, sent)))
		})
	}
}

// take takes the messages that are due at a time, and returns the IDs of their challenges.
func take(t *testing.T, s *store.Store, now time.Time, n int) (ids []string) {
	t.Helper()
	taken, err := s.TakeMessages(t.Context(), now, now.Add(time.Minute), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range taken {
		ids = append(ids, o.Challenge)
	}
	return ids
}

func expectTaken(t *testing.T, s *store.Store, now time.Time, want ...string) {
	t.Helper()
	if got := take(t, s, now, 10); !slices.Equal(got, want) {
		t.Errorf("at %v: took %v, want %v", now, got, want)
	}
}

func sentTogether(t *testing.T, s *store.Store) {
	send(t, s, "1")
	select {
	case <-s.Queued():
	default:
		t.Error("nobody was told of the message")
	}
	taken, err := s.TakeMessages(t.Context(), at, at.Add(time.Minute), 10)
	if err != nil || len(taken) != 1 {
		t.Fatalf("took %v, %v", taken, err)
	}
	want := challenge.Outgoing{Message: message("1", at), Tries: 1, Wanted: true}
	if !reflect.DeepEqual(taken[0], want) {
		t.Errorf("got %+v, want %+v", taken[0], want)
	}
}

func takenByOne(t *testing.T, s *store.Store) {
	send(t, s, "1")
	expectTaken(t, s, at.Add(-time.Microsecond))
	expectTaken(t, s, at, "1")
	expectTaken(t, s, at.Add(time.Minute-time.Microsecond))
	expectTaken(t, s, at.Add(time.Minute), "1")

	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		_, err := tx.CloseChallenge(ctx, "1", challenge.ClosedCancelled, at)
		return err
	})
	taken, err := s.TakeMessages(t.Context(), at.Add(2*time.Minute), at.Add(3*time.Minute), 10)
	if err != nil || len(taken) != 1 || taken[0].Wanted || taken[0].Tries != 3 {
		t.Errorf("took %+v, %v: want one that is not wanted any more, for the third time", taken, err)
	}
}

func putOffAndEnded(t *testing.T, s *store.Store) {
	send(t, s, "1", "2", "3")
	if err := s.PutOffMessages(t.Context(), at.Add(time.Minute), "1", "3", "not there"); err != nil {
		t.Fatal(err)
	}
	expectTaken(t, s, at.Add(10*time.Second), "2")
	if err := s.EndMessage(t.Context(), records.Record{At: at, Kind: "mail_sent", Account: "agent", Challenge: "1"}); err != nil {
		t.Fatal(err)
	}
	expectTaken(t, s, at.Add(time.Minute), "3")
	found, err := s.Records(t.Context(), records.Filter{})
	if err != nil || len(found) != 1 || found[0].Kind != "mail_sent" || found[0].Challenge != "1" {
		t.Errorf("recorded %+v, %v", found, err)
	}
}

// of returns the latest challenge of the flow that send used for this ID.
func of(t *testing.T, s *store.Store, id string) (c *challenge.Challenge) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx exchange.Tx) (err error) {
		c, err = tx.LatestChallenge(ctx, "agent", "flow of "+id)
		return err
	})
	return c
}

func fail(t *testing.T, s *store.Store, id string, when time.Time) {
	t.Helper()
	err := s.FailMessage(t.Context(), records.Record{At: when, Kind: "mail_refused", Account: "agent", Challenge: id, Reason: "smtp_550"})
	if err != nil {
		t.Fatal(err)
	}
}

func failedWithItsChallenge(t *testing.T, s *store.Store) {
	send(t, s, "1", "2", "3")
	soon, late := at.Add(time.Second), at.Add(time.Hour)
	fail(t, s, "1", soon)
	fail(t, s, "2", late)
	for id, want := range map[string][2]time.Time{
		"1": {soon, soon},                                         // expired from now on, and a new code may be sent now
		"2": {at.Add(10 * time.Minute), at.Add(30 * time.Second)}, // unchanged
	} {
		if got := of(t, s, id); got.Mail != challenge.MailFailed || !got.ExpiresAt.Equal(want[0]) || !got.ResendAt.Equal(want[1]) || !got.Open() {
			t.Errorf("the challenge is %+v, want it to expire at %v, and another code from %v on", got, want[0], want[1])
		}
	}
	if got := of(t, s, "3"); got.Mail != challenge.MailWaiting || !got.ExpiresAt.Equal(at.Add(10*time.Minute)) {
		t.Errorf("another challenge is %+v", got)
	}
	expectTaken(t, s, at.Add(10*time.Second), "3")
	found, err := s.Records(t.Context(), records.Filter{})
	if err != nil || len(found) != 2 || found[1].Kind != "mail_refused" || found[1].Challenge != "1" || found[1].Reason != "smtp_550" {
		t.Errorf("recorded %+v, %v", found, err)
	}
}

// The worker that ended the message may have sent it, and the person may be reading the code.
func failedAfterItsEnd(t *testing.T, s *store.Store) {
	send(t, s, "1")
	if err := s.EndMessage(t.Context(), records.Record{At: at, Kind: "mail_sent", Account: "agent", Challenge: "1"}); err != nil {
		t.Fatal(err)
	}
	fail(t, s, "1", at.Add(time.Second))
	if got := of(t, s, "1"); got.Mail != "" || !got.ExpiresAt.Equal(at.Add(10*time.Minute)) {
		t.Errorf("the challenge is %+v", got)
	}
	if n := count(t, s, "records"); n != 2 {
		t.Errorf("%d records", n)
	}
}

func challengeSaysItWaits(t *testing.T, s *store.Store) {
	send(t, s, "1", "2")
	if err := s.EndMessage(t.Context(), records.Record{At: at, Kind: "mail_sent", Account: "agent", Challenge: "1"}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]challenge.MailState{"1": "", "2": challenge.MailWaiting} {
		if got := of(t, s, id); got.Mail != want {
			t.Errorf("the mail of %s is %q, want %q", id, got.Mail, want)
		}
	}
}

func waitingCounted(t *testing.T, s *store.Store) {
	expect := func(want int, oldest time.Time) {
		t.Helper()
		if n, since, err := s.WaitingMessages(t.Context()); err != nil || n != want || !since.Equal(oldest) {
			t.Errorf("%d wait, the oldest since %v, %v, want %d and %v", n, since, err, want, oldest)
		}
	}
	expect(0, time.Time{})
	send(t, s, "1")
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		c := sample("2")
		c.Flow, c.IssuedAt = "flow of 2", at.Add(-time.Minute)
		return errors.Join(tx.AddChallenge(ctx, c), tx.Send(ctx, message("2", at)), tx.Send(ctx, message("of no challenge", at)))
	})
	expect(3, at.Add(-time.Minute))
}

func takenInOrder(t *testing.T, s *store.Store) {
	send(t, s, "b", "c", "a")
	now := at.Add(10 * time.Second)
	if got := append(take(t, s, now, 2), take(t, s, now, 2)...); !slices.Equal(got, []string{"b", "c", "a"}) {
		t.Errorf("took %v", got)
	}
}

func takenAfterTheClockWasSetBack(t *testing.T, s *store.Store) {
	send(t, s, "1")
	expectTaken(t, s, at.Add(-4*time.Minute))
	expectTaken(t, s, at.Add(-time.Hour), "1")
}

func spoiltDoesNotHoldUp(t *testing.T, s *store.Store) {
	send(t, s, "1", "2")
	if _, err := s.DB().ExecContext(t.Context(), `UPDATE mails SET message = 'no JSON' WHERE challenge_id = '1'`); err != nil {
		t.Fatal(err)
	}
	expectTaken(t, s, at.Add(10*time.Second), "1", "2")
}
