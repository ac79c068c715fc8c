package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/records"
	"nidan/store"
)

// told is a record of a sign-in, the given number of minutes after the first record.
func told(minutes int, account, flow, state, reason, channel string) records.Record {
	return records.Record{
		At: at.Add(time.Duration(minutes) * time.Minute), Kind: "sign_in", Account: account, Name: account, Flow: flow, State: state, Reason: reason,
		Detail: fmt.Appendf(nil, `{"input":{"device":{"channel":"softphone"}},"decision":{"channel":%q}}`, channel),
	}
}

func write(t *testing.T, s *store.Store, all ...records.Record) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx exchange.Tx) (err error) {
		for _, r := range all {
			err = errors.Join(err, tx.AddRecord(ctx, r))
		}
		return err
	})
}

// signIns writes some records: agent is asked for a code, types a wrong one, and gets in; other is let in; a third account is
// refused, and comes back much later with the same flow ID.
func signIns(t *testing.T, s *store.Store) {
	t.Helper()
	write(t, s,
		told(0, "agent", "f1", "code_sent", "code_required", "softphone"),
		records.Record{At: at, Kind: "mail_sent", Account: "agent", Name: "agent", Flow: "f1"},
		told(1, "agent", "f1", "code_mismatch", "code_required", "softphone"),
		told(1, "other", "f2", "allowed", "account_off", "kiosk"),
		told(2, "agent", "f1", "passed", "code_required", "softphone"),
		records.Record{At: at.Add(3 * time.Minute), Kind: "settings_changed", State: "changed", By: "admin"},
		told(4, "third", "f3", "refused", "account_locked", "admin_console"),
		told(300, "third", "f3", "allowed", "account_off", "admin_console"),
	)
}

// found returns the states of the records that match a filter, the newest first.
func found(t *testing.T, s *store.Store, f records.Filter) string {
	t.Helper()
	all, _, err := s.SearchRecords(t.Context(), f, 0)
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	var states []string
	for _, r := range all {
		states = append(states, r.State)
	}
	return strings.Join(states, " ")
}

func recordsFoundByResult(t *testing.T, s *store.Store) {
	signIns(t, s)
	for _, tc := range []struct {
		f    records.Filter
		want string
	}{
		{records.Filter{States: []string{"passed", "refused"}}, "refused passed"},
		{records.Filter{Reason: "code_required"}, "passed code_mismatch code_sent"},
		{records.Filter{Channel: "kiosk"}, "allowed"},
		{records.Filter{Channel: "softphone", States: []string{"passed", "allowed"}}, "passed"},
		{records.Filter{Channel: `soft"phone`}, ""},
		{records.Filter{Flow: "f1", Kind: "sign_in"}, "passed code_mismatch code_sent"},
		{records.Filter{From: at.Add(time.Minute), To: at.Add(2 * time.Minute), Kind: "sign_in"}, "allowed code_mismatch"},
		{records.Filter{Channel: "admin_console", From: at, To: at.Add(time.Hour)}, "refused"},
		{records.Filter{Channel: "softphone", Limit: 2}, "passed code_mismatch"},
	} {
		if got := found(t, s, tc.f); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.f, got, tc.want)
		}
	}
}

func signInIsOneRow(t *testing.T, s *store.Store) {
	signIns(t, s)
	for _, tc := range []struct {
		f    records.Filter
		want string
	}{
		{records.Filter{}, "allowed refused changed passed allowed"},
		{records.Filter{Kind: "sign_in"}, "allowed refused passed allowed"},
		{records.Filter{States: []string{"code_mismatch"}}, ""},
		{records.Filter{Account: "agent"}, "passed"},
		{records.Filter{To: at.Add(2 * time.Minute)}, "allowed"},
		{records.Filter{Kind: "settings_changed"}, "changed"},
		{records.Filter{Kind: "mail_sent"}, ""},
	} {
		tc.f.Rows = true
		if got := found(t, s, tc.f); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.f, got, tc.want)
		}
	}
	if all, err := s.Records(t.Context(), records.Filter{Kind: "mail_sent", Rows: true}); err != nil || len(all) != 1 {
		t.Errorf("mails that are asked for are rows: got %v, %v", all, err)
	}
}

// Every fifth of twenty sign-ins is refused. A search looks at six records.
func searchGoesOn(t *testing.T, s *store.Store) {
	for i := range 20 {
		state := "allowed"
		if i%5 == 0 {
			state = "refused"
		}
		write(t, s, told(i, fmt.Sprint(i), fmt.Sprint(i), state, "r", "softphone"))
	}
	for name, f := range map[string]records.Filter{
		"everything": {States: []string{"refused"}, Limit: 1}, "a time": {States: []string{"refused"}, Limit: 1, From: at, To: at.Add(time.Hour)},
		"a channel of a time": {States: []string{"refused"}, Channel: "softphone", Limit: 1, From: at, To: at.Add(time.Hour)},
	} {
		var accounts []string
		for searches := 0; ; searches++ {
			all, next, err := s.SearchRecords(t.Context(), f, 6)
			if err != nil || searches > 20 {
				t.Fatalf("%s: after %d searches: %v", name, searches, err)
			}
			for _, r := range all {
				accounts = append(accounts, r.Account)
			}
			if f.Before = next; next == 0 {
				break
			}
		}
		if got := strings.Join(accounts, " "); got != "15 10 5 0" {
			t.Errorf("%s: found %s", name, got)
		}
	}
	all, next, err := s.SearchRecords(t.Context(), records.Filter{Reason: "none"}, 6)
	if err != nil || len(all) != 0 || next == 0 {
		t.Errorf("nothing is found so far: got %v, %d, %v", all, next, err)
	}
	if all, next, err = s.SearchRecords(t.Context(), records.Filter{}, 6); err != nil || len(all) != 20 || next != 0 {
		t.Errorf("what needs no search ends nowhere: got %d, %d, %v", len(all), next, err)
	}
}

// counts returns the counts of one day as text.
func counts(t *testing.T, s *store.Store) string {
	t.Helper()
	c, err := s.Counts(t.Context(), at.Truncate(records.CountedFor), at.Add(24*time.Hour))
	if err != nil || !c.Whole {
		t.Fatalf("whole: %v, %v", c.Whole, err)
	}
	var all []string
	for _, n := range c.All {
		all = append(all, fmt.Sprintf("%s %s %s %s %s: %d, %d", n.At.Format("15:04"), n.Kind, n.State, n.Reason, n.Channel, n.Records, n.Last))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

const countedSignIns = `09:00 mail_sent   : 1, 0
09:00 settings_changed changed  : 1, 0
09:00 sign_in allowed account_off kiosk: 1, 1
09:00 sign_in code_mismatch code_required softphone: 1, 0
09:00 sign_in code_sent code_required softphone: 1, 0
09:00 sign_in passed code_required softphone: 1, 1
09:00 sign_in refused account_locked admin_console: 1, 1
14:00 sign_in allowed account_off admin_console: 1, 1`

func recordsCounted(t *testing.T, s *store.Store) {
	signIns(t, s)
	if got := counts(t, s); got != countedSignIns {
		t.Errorf("before they are counted beside the sign-ins:\n%s", got)
	}
	// A sign-in may go on after some of its records were counted.
	for _, settled := range []int{1, 2, 4, 500, 500} {
		var together sync.WaitGroup
		for range 4 {
			together.Go(func() {
				if done, err := s.CountRecordsUntil(t.Context(), at.Add(time.Duration(settled)*time.Minute)); err != nil || !done {
					t.Errorf("until %d: %v, %v", settled, done, err)
				}
			})
		}
		together.Wait()
		if got := counts(t, s); got != countedSignIns {
			t.Errorf("counted until %d:\n%s", settled, got)
		}
	}
	write(t, s, told(301, "third", "f3", "refused", "account_locked", "admin_console"))
	want := strings.Replace(countedSignIns, "14:00 sign_in allowed account_off admin_console: 1, 1",
		"14:00 sign_in allowed account_off admin_console: 1, 0\n14:00 sign_in refused account_locked admin_console: 1, 1", 1)
	if got := counts(t, s); got != want {
		t.Errorf("after another one:\n%s", got)
	}
}

func countsPurged(t *testing.T, s *store.Store) {
	signIns(t, s)
	if _, err := s.CountRecordsUntil(t.Context(), at.Add(500*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.PurgeRecords(t.Context(), at.Add(200*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, s); got != "14:00 sign_in allowed account_off admin_console: 1, 1" {
		t.Errorf("left are\n%s", got)
	}
}

func mostWrongCodes(t *testing.T, s *store.Store) {
	signIns(t, s)
	for account, n := range map[string]int{"agent": 2, "other": 3, "nobody": 1} {
		update(t, s, func(ctx context.Context, tx exchange.Tx) (err error) {
			for range n {
				err = errors.Join(err, tx.AddWrongCode(ctx, account, "f", at))
			}
			return err
		})
	}
	got, err := s.MostWrongCodes(t.Context(), 2)
	want := []challenge.WrongCodesOf{{Account: "other", Name: "other", Count: 3}, {Account: "agent", Name: "agent", Count: 2}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

// Who asks in the meantime is told that not all is counted yet.
func countedInTheEnd(t *testing.T, s *store.Store) {
	const many = 5001 // more than are counted while somebody waits
	update(t, s, func(ctx context.Context, tx exchange.Tx) error {
		for range many {
			if err := tx.AddRecord(ctx, records.Record{At: at, Kind: "mail_sent", Account: "agent"}); err != nil {
				return err
			}
		}
		return nil
	})
	got := func() (records int64, whole bool) {
		t.Helper()
		c, err := s.Counts(t.Context(), at.Add(-time.Hour), at.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range c.All {
			records += n.Records
		}
		return records, c.Whole
	}
	if n, whole := got(); whole || n >= many {
		t.Errorf("before they are counted: %d of %d, whole: %v", n, many, whole)
	}
	for done := false; !done; {
		var err error
		if done, err = s.CountRecordsUntil(t.Context(), at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if n, whole := got(); !whole || n != many {
		t.Errorf("when they are counted: %d of %d, whole: %v", n, many, whole)
	}
}
