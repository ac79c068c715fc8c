package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"nidan/exchange"
	"nidan/journal"
	"nidan/records"
)

// Half an export that looks complete would hide records.
func TestAnExportThatBreaksOffDoesNotLookWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		records int // records in the store
		fail    int // number of the read that fails; 0: none
		status  int // status of the answer; 0: any
		lines   int
		whole   bool
	}{
		"the store fails before the first line":   {1500, 1, http.StatusInternalServerError, 0, true},
		"the store fails after the first lines":   {1500, 2, 0, 1000, false},
		"the store fails where no more may be":    {1000, 2, 0, 1000, false},
		"nothing fails":                           {1500, 0, http.StatusOK, 1500, true},
		"nothing fails, and there is nothing":     {0, 0, http.StatusOK, 0, true},
		"it fails where nothing is left to fetch": {999, 2, http.StatusOK, 999, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			who := s.visitor(t)
			s.write(t, tc.records)
			s.store.recordsFrom = tc.fail
			e := echo.New()
			e.Use(middleware.Recover()) // the server uses this middleware too
			e.GET("/", func(c echo.Context) error {
				return WriteRecords(c, s.Console, who, records.Filter{})
			})
			server := httptest.NewServer(e)
			defer server.Close()

			answer, err := http.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if whole := err == nil; whole != tc.whole || !whole && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after %d bytes: %v", len(body), err)
			}
			if tc.status != 0 && answer.StatusCode != tc.status {
				t.Errorf("got %d, want %d", answer.StatusCode, tc.status)
			}
			got := bytes.Count(body, []byte(`"kind":"sign_in"`))
			if tc.whole && got != tc.lines || got > tc.lines {
				t.Errorf("%d lines, want %d", got, tc.lines)
			}
			exported := answer.Header.Get("Content-Type") == "application/x-ndjson"
			if exported != (tc.status != http.StatusInternalServerError) {
				t.Errorf("it comes as %s", answer.Header.Get("Content-Type"))
			}
		})
	}
}

func (s *scene) write(t *testing.T, n int) {
	t.Helper()
	err := s.store.Store.Update(t.Context(), "", func(tx exchange.Tx) error {
		for i := range n {
			r := records.Record{At: s.clock, Kind: "sign_in", Name: fmt.Sprint("account-", i), State: "allowed"}
			if err := tx.AddRecord(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnExportWithAProofIsVerified(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.write(t, 1500)
	sealer := &journal.Sealer{Store: s.store.Store, Now: func() time.Time { return s.clock }, Log: slog.New(slog.DiscardHandler)}
	if err := sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.write(t, 2)
	for query, proven := range map[string]bool{"/?proof=1": true, "/": false} {
		w := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, query, nil), w)
		if err := WriteRecords(c, s.Console, who, records.Filter{Kind: "sign_in"}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(w.Body.String(), "leaf") || strings.Contains(w.Body.String(), "journal"); got != proven {
			t.Errorf("%s speaks of the journal: %v", query, got)
		}
		r, err := (&journal.Verifier{Now: func() time.Time { return s.clock }}).VerifyExport(w.Body)
		if err != nil || proven && (r.Found != 0 || r.Records != 1500 || r.NotSealed != 2 || r.Checkpoints != 1) || !proven && r.Found == 0 {
			t.Errorf("%s: %+v, %v", query, r, err)
		}
	}
}
