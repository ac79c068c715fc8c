package hooks

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
)

// table returns the rows of the first table in docs/native-clients.md whose first column has this heading.
func table(t *testing.T, head string) (rows [][]string) {
	t.Helper()
	page, err := os.ReadFile("../docs/native-clients.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "\n| "+head+" |")
	if !found {
		t.Fatalf("there is no table headed %s", head)
	}
	for i, line := range strings.Split(after, "\n") {
		if i < 2 {
			continue // the rest of the head, and the rule
		}
		if !strings.HasPrefix(line, "|") {
			break
		}
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "| "), " | ") {
			row = append(row, strings.Trim(cell, "`"))
		}
		rows = append(rows, row)
	}
	return rows
}

// members are the JSON names of the fields of a struct.
func members(v any) (names []string) {
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func firstColumn(rows [][]string) (column []string) {
	for _, row := range rows {
		column = append(column, row[0])
	}
	return column
}

// The documentation for native clients must agree with the program.
func TestTheDocumentedStatesAreTheProgramsOwn(t *testing.T) {
	rows := table(t, "`id`")
	if len(rows) != len(symbols) {
		t.Errorf("%d states are documented, and there are %d", len(rows), len(symbols))
	}
	now := time.Now()
	out := &challenge.Challenge{MaxAttempts: 1, ExpiresAt: now.Add(time.Minute)}
	for _, row := range rows {
		state := challenge.State(row[1])
		symbol, known := symbols[state]
		if !known || row[0] != strconv.FormatInt(symbol.id, 10) || row[2] != symbol.kind {
			t.Errorf("documented is %v, and it is %+v", row[:3], symbol)
		}
		field := map[[2]bool]string{{true, true}: "yes", {false, false}: "no", {true, false}: "if one is out"}[[2]bool{
			interruption{state: state, challenge: out, now: now}.codeExpected(), interruption{state: state, now: now}.codeExpected(),
		}]
		if row[3] != field {
			t.Errorf("%s: documented is %q for the field for the code, and it is %q", state, row[3], field)
		}
	}
}

func TestTheDocumentedFieldsAreTheProgramsOwn(t *testing.T) {
	for head, v := range map[string]any{"in `transient_payload.two_factor`": twoFactor{}, "in `challenge`": shown{}} {
		got, want := firstColumn(table(t, head)), members(v)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("documented %s are %q, and there are %q", head, got, want)
		}
	}
}
