package pages

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/brand"
	"nidan/challenge"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/records"
	"nidan/server/console"
	"nidan/server/page"
	"nidan/server/session"
)

// counting is a store that says how far the counting of records is.
type counting struct {
	console.Store
	whole bool
}

func (c *counting) Counts(context.Context, time.Time, time.Time) (records.Counts, error) {
	return records.Counts{Whole: c.whole}, nil
}

func (c *counting) Records(context.Context, records.Filter) ([]records.Record, error) {
	return nil, nil
}

func (c *counting) MostWrongCodes(context.Context, int) ([]challenge.WrongCodesOf, error) {
	return nil, nil
}

// overviewOnly allows everybody to see the overview and nothing else.
type overviewOnly struct{ console.Judge }

func (overviewOnly) Channels() ([]policies.ListedChannel, error) { return nil, nil }

func (overviewOnly) Console(_ context.Context, in policies.ConsoleInput) (policies.ConsoleDecision, error) {
	return policies.ConsoleDecision{Allow: in.Action == policies.ViewOverview}, nil
}

func (overviewOnly) Everywhere(context.Context) (live.Status, error) { return live.Status{}, nil }

func TestAnOverviewThatIsStillBeingCountedSaysSoAndLooksAgain(t *testing.T) {
	own, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	frame, err := page.FrameTexts()
	if err != nil {
		t.Fatal(err)
	}
	kept := &counting{}
	h := &Handler{
		Console: &console.Console{
			Store: kept, Policies: overviewOnly{}, TimeZone: time.UTC, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC) },
		},
		Texts: frame.With(own), TimeZone: time.UTC, Log: slog.New(slog.DiscardHandler),
	}
	if h.pages, err = page.New(files, h.Texts, brand.Brand{}); err != nil {
		t.Fatal(err)
	}
	for _, kept.whole = range []bool{false, true} {
		w := httptest.NewRecorder()
		if err := h.overview(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/console", nil), w), session.Visitor{}); err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(w.Body.String(), `role="status" id="counting"`)
		if again := w.Header().Get("Refresh") != ""; w.Code != http.StatusOK || said == kept.whole || again == kept.whole {
			t.Errorf("whole: %v: it answers %d, says that it counts: %v, and looks again: %v", kept.whole, w.Code, said, again)
		}
	}
}
