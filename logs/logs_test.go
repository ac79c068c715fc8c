package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// written returns the lines that use logs.
func written(t *testing.T, use func(*slog.Logger)) (lines []map[string]any) {
	t.Helper()
	var out bytes.Buffer
	use(slog.New(Handler{slog.NewJSONHandler(&out, nil)}))
	for line := range strings.Lines(out.String()) {
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatalf("no JSON: %v: %s", err, line)
		}
		lines = append(lines, read)
	}
	return lines
}

func TestEachLineOfARequestSaysWhatIsKnownOfTheRequest(t *testing.T) {
	ctx := With(t.Context(), slog.String("request_id", "r1"))
	lines := written(t, func(log *slog.Logger) {
		log.InfoContext(ctx, "first")
		inner := With(ctx, slog.String("flow", "f1"))
		log.With("account", "a1").WarnContext(inner, "second")
		log.ErrorContext(ctx, "third, by who has the older context")
	})
	for i, want := range []map[string]any{{"request_id": "r1", "flow": nil}, {"request_id": "r1", "flow": "f1", "account": "a1"}, {"request_id": "r1", "flow": "f1"}} {
		for name, value := range want {
			if lines[i][name] != value {
				t.Errorf("line %d has %s %v, want %v", i+1, name, lines[i][name], value)
			}
		}
	}
}

func TestALineOutsideOfARequestSaysNothingOfOne(t *testing.T) {
	lines := written(t, func(log *slog.Logger) { log.InfoContext(context.Background(), "up", "port", 1) })
	if len(lines) != 1 || lines[0]["request_id"] != nil || lines[0]["port"] != 1.0 {
		t.Errorf("got %v", lines)
	}
}

func TestRequestsDoNotKnowOfEachOther(t *testing.T) {
	a, b := With(t.Context(), slog.String("request_id", "a")), With(t.Context(), slog.String("request_id", "b"))
	With(a, slog.String("flow", "fa"))
	lines := written(t, func(log *slog.Logger) { log.InfoContext(b, "b's") })
	if lines[0]["request_id"] != "b" || lines[0]["flow"] != nil {
		t.Errorf("got %v", lines[0])
	}
}

func TestAnAttributeTakesThePlaceOfAnotherOfItsName(t *testing.T) {
	ctx := With(t.Context(), slog.String("flow", "claimed"))
	With(ctx, slog.String("flow", "known"))
	var out bytes.Buffer
	slog.New(Handler{slog.NewJSONHandler(&out, nil)}).InfoContext(ctx, "line")
	if strings.Count(out.String(), `"flow"`) != 1 || !strings.Contains(out.String(), `"flow":"known"`) {
		t.Errorf("got %s", out.String())
	}
}

// The race detector fails this test if concurrent use is not safe.
func TestARequestMayBeLoggedFromSeveralPlacesAtOnce(t *testing.T) {
	ctx := With(t.Context(), slog.String("request_id", "r1"))
	lines := written(t, func(log *slog.Logger) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				With(ctx, slog.String("flow", "f"))
				log.InfoContext(ctx, "line")
			})
		}
		all.Wait()
	})
	for _, line := range lines {
		if line["flow"] != "f" {
			t.Errorf("got %v", line)
		}
	}
}
