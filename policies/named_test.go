package policies

import (
	"strings"
	"testing"
)

func TestASetNamesTheReasonsAndChannelsThatStandInIt(t *testing.T) {
	e, err := New(t.Context(), Shipped())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"account_locked", "code_required", "device_remembered", "softphone", "admin_console", "unknown"} {
		if !e.Names(text) {
			t.Errorf("%s is not named, and stands there", text)
		}
	}
	for _, text := range []string{"", "agent-1", "code_required for agent-1", strings.Repeat("a", 65)} {
		if e.Names(text) {
			t.Errorf("%q is named, and does not stand there", text)
		}
	}
}
