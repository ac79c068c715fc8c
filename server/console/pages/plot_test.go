package pages

import (
	"fmt"
	"testing"
	"time"
)

func TestThePlotIsAsHighAsItsHighestBar(t *testing.T) {
	for highest, want := range map[int64][2]int64{
		0: {1, 1}, 1: {1, 1}, 4: {4, 1}, 5: {6, 2}, 9: {10, 5}, 21: {30, 10}, 480: {600, 200}, 1_000_000: {1_000_000, 500_000},
	} {
		top, step := scale(highest)
		if [2]int64{top, step} != want || top < highest {
			t.Errorf("%d: up to %d by %d, want %v", highest, top, step, want)
		}
	}
	p := plot{Columns: []column{{Parts: []part{{Count: 3}, {Count: 1}}}, {}}}
	p.draw()
	lower, upper := p.Columns[0].Parts[0], p.Columns[0].Parts[1]
	if p.Columns[0].X != "5.00%" || p.Columns[1].Middle != "75.00%" || lower.Height != 3*upper.Height || upper.Y+upper.Height != lower.Y ||
		lower.Y+lower.Height != float64(p.Bottom()) || lower.Height+upper.Height != barsHeight {
		t.Errorf("drawn is %+v", p.Columns)
	}
}

func TestMarksOfOneMomentDoNotHideEachOther(t *testing.T) {
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	p := plot{}
	for _, at := range []time.Duration{-time.Hour, time.Hour, time.Hour, time.Hour, 12 * time.Hour, 24 * time.Hour} {
		p.mark(begin.Add(at), begin, begin.Add(24*time.Hour), mark{})
	}
	got := ""
	for _, m := range p.Marks {
		got += fmt.Sprint(m.X, " ", m.Row, "; ")
	}
	if got != "4.17% 0; 4.17% 1; 4.17% 2; 50.00% 0; " {
		t.Errorf("the marks are at %s", got)
	}
}

func TestNumbersAreReadable(t *testing.T) {
	for n, want := range map[int64][2]string{0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1,000", "1000"}, 12_345: {"12,345", "12k"}, 12_345_678: {"12,345,678", "12M"}} {
		if got := [2]string{grouped(n), short(n)}; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestAMomentIsSoLongAgo(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 4, 10, 9, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration][2]string{
		0:                  {"just now", "たった今"},
		59 * time.Second:   {"just now", "たった今"},
		5 * time.Minute:    {"5 min ago", "5分前"},
		3 * time.Hour:      {"3 h ago", "3時間前"},
		25 * time.Hour:     {"1 day ago", "1日前"},
		6 * 24 * time.Hour: {"6 days ago", "6日前"},
		8 * 24 * time.Hour: {"2026-04-02", "2026-04-02"},
		-2 * time.Hour:     {"2026-04-10", "2026-04-10"},
	} {
		for i, locale := range []string{"en", "ja"} {
			m := frame{now: now, zone: time.UTC, texts: texts[locale]}.Moment(now.Add(-ago))
			if m.Relative != want[i] || m.Absolute != now.Add(-ago).Format("2006-01-02 15:04:05") {
				t.Errorf("%v ago is %q, want %q", ago, m, want[i])
			}
		}
	}
}
