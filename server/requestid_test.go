package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nidan/logs"
)

// logging handles requests, and returns the log line and the answer of each.
func logging(t *testing.T, requests ...*http.Request) (lines []map[string]any, answers []*httptest.ResponseRecorder) {
	t.Helper()
	var out bytes.Buffer
	log := slog.New(logs.Handler{Handler: slog.NewJSONHandler(&out, nil)})
	e := New(log, nil)
	e.GET("/", func(c echo.Context) error {
		log.InfoContext(c.Request().Context(), "a line")
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/bug", func(echo.Context) error { panic("a bug") })
	for _, r := range requests {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		answers = append(answers, w)
	}
	for line := range strings.Lines(out.String()) {
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, read)
	}
	return lines, answers
}

func TestEachRequestHasAnIDOfItsOwnOnItsLinesAndInItsAnswer(t *testing.T) {
	lines, answers := logging(t, httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRequest(http.MethodGet, "/bug", nil))
	seen := map[any]bool{}
	for i, line := range lines {
		id, _ := line["request_id"].(string)
		if len(id) < 20 || seen[id] || answers[i].Header().Get("X-Request-Id") != id {
			t.Errorf("line %d has the id %q, the answer %q", i+1, id, answers[i].Header().Get("X-Request-Id"))
		}
		seen[id] = true
	}
	if len(lines) != 2 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestAClientDoesNotChooseTheIDOfItsRequest(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Request-Id", "somebody-elses")
	if lines, _ := logging(t, r); lines[0]["request_id"] == "somebody-elses" {
		t.Error("it does")
	}
}

func TestTheFlowOfAPageStandsOnItsLinesIfItIsOne(t *testing.T) {
	const flow = "6a3f2c1e-0b7d-4c55-9f11-2b3c4d5e6f70"
	for query, want := range map[string]any{
		"?flow=" + flow: flow, "?a=b&flow=" + flow: flow, "": nil, "?flow=agent@example.com": nil, "?workflow=" + flow: nil,
		"?flow=" + flow + "%0Amsg=forged": nil,
	} {
		if lines, _ := logging(t, httptest.NewRequest(http.MethodGet, "/"+query, nil)); lines[0]["flow"] != want {
			t.Errorf("%s: got %v, want %v", query, lines[0]["flow"], want)
		}
	}
}
