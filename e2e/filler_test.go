package e2e

import (
	"fmt"
	"math"
	"time"
)

// filled is a kind of sign-in of the made-up month, and how often it happens.
type filled struct {
	times           int // of a hundred sign-ins
	channel, reason string
	states          []string
}

var fillings = []filled{
	{38, "admin_console", "device_remembered", []string{"allowed"}},
	{22, "softphone", "code_required", []string{"code_sent", "passed"}},
	{12, "admin_console", "code_required", []string{"code_sent", "passed"}},
	{9, "softphone", "account_off", []string{"allowed"}},
	{6, "desk_phone", "channel_exempt", []string{"allowed"}},
	{4, "softphone", "code_required", []string{"code_sent", "code_mismatch", "passed"}},
	{3, "admin_console", "code_required", []string{"code_sent"}},
	{2, "softphone", "client_too_old", []string{"client_too_old"}},
	{2, "admin_console", "account_locked", []string{"sign_in_again"}},
	{1, "softphone", "code_required", []string{"code_sent", "code_mismatch", "code_mismatch"}},
	{1, "softphone", "too_many_wrong_codes", []string{"refused"}},
}

var changesOfTheMonth = []struct {
	ago  time.Duration
	kind string
}{
	{26 * day, "policies_activated"}, {17 * day, "settings_changed"}, {9 * day, "policies_approved"}, {9*day - time.Minute, "policies_activated"},
	{3 * day, "settings_changed"}, {5 * time.Hour, "settings_changed"},
}

// monthOfSignIns fills the records with a month of made-up sign-ins up to now, the same each time. People work on weekdays, and less at
// night. On the tenth day before now, an attacker tries passwords for a few hours. Policies on trial are compared for the last nine days.
func (n *nidan) monthOfSignIns(now time.Time) {
	n.t.Helper()
	db := n.database()
	tx, err := db.BeginTx(n.t.Context(), nil)
	if err != nil {
		n.t.Fatal(err)
	}
	insert, err := tx.PrepareContext(n.t.Context(), `INSERT INTO records (at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10)`)
	if err != nil {
		n.t.Fatal(err)
	}
	add := func(at time.Time, kind, account, by, flow, state, reason string, detail any) {
		if _, err := insert.ExecContext(n.t.Context(), at.UnixMicro(), kind, account, account, by, flow, state, reason, "f3a1c0de", detail); err != nil {
			n.t.Fatal(err)
		}
	}
	count := 0
	begin := now.AddDate(0, 0, -29).Truncate(24 * time.Hour)
	for at := begin; at.Before(now); at = at.Add(time.Hour) {
		for _, c := range changesOfTheMonth {
			if when := now.Add(-c.ago); !when.Before(at) && when.Before(at.Add(time.Hour)) {
				add(when, c.kind, "", "admin", "", "changed", "", []byte("{}"))
			}
		}
		busy := 1 + 9*math.Max(0, math.Sin(float64(at.Hour()-6)/14*math.Pi))
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			busy /= 3
		}
		if attack := now.AddDate(0, 0, -10).Truncate(24 * time.Hour); at.After(attack) && at.Before(attack.Add(5*time.Hour)) {
			busy += 30
		}
		if at.After(now.AddDate(0, 0, -9)) {
			if _, err := tx.ExecContext(n.t.Context(), `INSERT INTO shadow_counts (at, sets, compared, loosened, failed, otherwise)
				VALUES ($1, 'f3a1c0de b7e2d1fa', $2, $3, $4, $5)`, at.UnixMicro(), int(busy), int(busy)/8, int(busy)%10/9, int(busy)/3); err != nil {
				n.t.Fatal(err)
			}
		}
		for i := range int(busy) {
			count++
			f := pick(count * 37 % 100)
			if busy > 30 && i > 8 {
				f = filled{0, "admin_console", "account_locked", []string{"sign_in_again"}}
			}
			n.filled(add, at.Add(time.Duration(i)*time.Hour/time.Duration(busy)), now, fmt.Sprintf("user-%02d", count*7%40), fmt.Sprint("flow-", count), f)
		}
	}
	if err := tx.Commit(); err != nil {
		n.t.Fatal(err)
	}
}

// manyChanges records a dozen made-up changes of the settings in the last twelve hours.
func (n *nidan) manyChanges(now time.Time) {
	n.t.Helper()
	for i := range 12 {
		_, err := n.database().ExecContext(n.t.Context(), `INSERT INTO records (at, kind, account_id, account_name, changed_by, flow_id, challenge_id, state, reason, revision, detail)
			VALUES ($1, 'settings_changed', '', '', 'admin', '', '', 'changed', '', '', $2)`, now.Add(-time.Duration(i)*time.Hour).UnixMicro(), []byte("{}"))
		if err != nil {
			n.t.Fatal(err)
		}
	}
}

func pick(of int) filled {
	for _, f := range fillings {
		if of -= f.times; of < 0 {
			return f
		}
	}
	return fillings[0]
}

// filled writes the records of one sign-in that are not later than now.
func (n *nidan) filled(add func(at time.Time, kind, account, by, flow, state, reason string, detail any), at, now time.Time, account, flow string, f filled) {
	action := map[string]string{"allowed": "allow", "code_sent": "challenge"}[f.states[0]]
	detail := fmt.Appendf(nil, `{"input":{"request":{"ip":"192.0.2.%d","method":"password","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}},`+
		`"decision":{"action":%q,"reason":%q,"channel":%q}}`, len(flow)*17%250, action, f.reason, f.channel)
	for i, state := range f.states {
		if at = at.Add(time.Duration(i) * 20 * time.Second); !at.Before(now) {
			return
		}
		add(at, "sign_in", account, "", flow, state, f.reason, detail)
		if state == "code_sent" {
			if len(flow)%2 == 0 && account == "user-14" {
				add(at.Add(time.Second), "mail_refused", account, "", flow, "", "smtp_550", nil)
			} else {
				add(at.Add(time.Second), "mail_sent", account, "", flow, "", "", nil)
			}
		}
	}
}
