package hooks

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestThePageOfTheStatesHasEachStateAndEachText(t *testing.T) {
	content, err := os.ReadFile("../docs/reference/states.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	sentences, err := Sentences()
	if err != nil {
		t.Fatal(err)
	}
	for state, symbol := range symbols {
		if row := fmt.Sprintf("\n| %d | `%s` | %s | ", symbol.id, state, symbol.kind); strings.Count(page, row) != 1 {
			t.Errorf("the page does not have the row %q once", row)
		}
		row := fmt.Sprintf("\n| `%s` | %s | %s |\n", state, sentences["en"][string(state)], sentences["ja"][string(state)])
		if strings.Count(page, row) != 1 {
			t.Errorf("the page does not have the row %q once", row)
		}
	}
	if got := strings.Count(page, "\n| 1990") + strings.Count(page, "\n| 4990"); got != len(symbols) {
		t.Errorf("the page has %d states, and there are %d", got, len(symbols))
	}
	for _, name := range []string{"code_waiting", "code_undelivered"} {
		if !strings.Contains(page, " | "+sentences["en"][name]+" | "+sentences["ja"][name]+" |\n") {
			t.Errorf("the page does not have the texts of %s", name)
		}
	}
}
