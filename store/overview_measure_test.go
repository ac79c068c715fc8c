//go:build measure

package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"nidan/records"
)

// TestTheOverviewOfAMillionRecords measures how long the console's queries take on SQLite, with a million records of the last month.
// A third of the sign-ins need a code, and each record has a detail of the usual length.
func TestTheOverviewOfAMillionRecords(t *testing.T) {
	s := opened(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"))
	if err := s.Migrate(t.Context(), initial); err != nil {
		t.Fatal(err)
	}
	const million, atOnce = 1_000_000, 50_000
	now := time.Now()
	step := 30 * 24 * time.Hour.Microseconds() / million
	begun := time.Now()
	for from := 0; from < million; from += atOnce {
		exec(t, s, `INSERT INTO records (at, kind, account_id, account_name, flow_id, challenge_id, state, reason, revision, detail)
		WITH RECURSIVE n (i) AS (SELECT $4 UNION ALL SELECT i + 1 FROM n WHERE i < $4 + $1 - 1),
		one AS (SELECT i, i % 4 AS part, i / 4 AS signin FROM n)
		SELECT $2 + i * $3, CASE part WHEN 1 THEN 'mail_sent' ELSE 'sign_in' END, 'account-' || (signin % 5000), 'user' || (signin % 5000),
			CASE WHEN part = 3 THEN 'alone' || i ELSE 'flow' || signin END, '',
			CASE part WHEN 0 THEN 'code_sent' WHEN 1 THEN '' WHEN 2 THEN CASE WHEN signin % 50 = 0 THEN 'refused' ELSE 'passed' END ELSE 'allowed' END,
			CASE part WHEN 1 THEN '' WHEN 3 THEN 'account_off' ELSE 'code_required' END, 'revision',
			CASE part WHEN 1 THEN NULL ELSE CAST('{"input":{"request":{"ip":"192.0.2.1","user_agent":"' || substr(hex(zeroblob(600)), 1, 1100) ||
				'"}},"decision":{"action":"challenge","reason":"code_required","channel":"' ||
				CASE WHEN signin % 10000 = 0 THEN 'kiosk' WHEN signin % 3 = 0 THEN 'softphone' ELSE 'admin_console' END || '"}}' AS BLOB) END
		FROM one`, atOnce, now.Add(-30*24*time.Hour).UnixMicro(), step, from)
	}
	t.Logf("filled after %v", time.Since(begun))
	timed := func(what string, do func() error) {
		t.Helper()
		begun := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-70s %v", what, time.Since(begun).Round(time.Millisecond/10))
	}
	month := func() error {
		c, err := s.Counts(t.Context(), now.AddDate(0, 0, -30).Truncate(records.CountedFor), now)
		t.Logf("%d rows, whole: %v", len(c.All), c.Whole)
		return err
	}
	timed("the month, with nothing counted yet (not whole)", month)
	timed("all of them counted once", func() error {
		for done := false; !done; {
			var err error
			if done, err = s.CountRecordsUntil(t.Context(), now.Add(-2*time.Minute)); err != nil {
				return err
			}
		}
		return nil
	})
	timed("the month", month)
	timed("the month, again", month)
	timed("the day", func() error {
		_, err := s.Counts(t.Context(), now.AddDate(0, 0, -1), now)
		return err
	})
	timed("those with the most wrong codes", func() error { _, err := s.MostWrongCodes(t.Context(), 5); return err })
	timed("changes of the settings", func() error {
		_, err := s.Records(t.Context(), records.Filter{Kind: "settings_changed", From: now.AddDate(0, 0, -30), Limit: 50})
		return err
	})
	for what, f := range map[string]records.Filter{
		"the newest rows": {},
		"rows that are let in with a code, of a day three weeks ago": {
			States: records.ResultWithCode.States(), From: now.AddDate(0, 0, -21), To: now.AddDate(0, 0, -20)},
		"rows that are refused, of a day three weeks ago": {
			States: records.ResultRefused.States(), From: now.AddDate(0, 0, -21), To: now.AddDate(0, 0, -20)},
		"rows of a channel that is rare, of a day": {Channel: "kiosk", From: now.AddDate(0, 0, -21), To: now.AddDate(0, 0, -20)},
		"rows with a reason that there is not":     {Reason: "none"},
		"rows of a channel that there is not":      {Channel: "none"},
		"rows of an account":                       {Account: "user7"},
	} {
		f.Rows, f.Limit = true, 101
		if what != "the newest rows" { // the console's page sets the kind in these cases
			f.Kind = "sign_in"
		}
		timed(what, func() error {
			all, next, err := s.SearchRecords(t.Context(), f, 20_000)
			t.Logf("%d found, next %d", len(all), next)
			return err
		})
	}
	timed("the story of a sign-in", func() error {
		_, err := s.Records(t.Context(), records.Filter{Account: "account-7", Flow: "flow7", Limit: 50})
		return err
	})
}
