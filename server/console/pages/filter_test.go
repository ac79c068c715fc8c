package pages

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"nidan/kratos"
	"nidan/server/console"
)

func TestWhatCannotBeSearchedForIsSaidOfItsField(t *testing.T) {
	for name, tc := range map[string]struct {
		given accountList
		want  map[string]string // names of texts by field
	}{
		"nothing":                {accountList{}, nil},
		"all that there is":      {accountList{Search: "山田 a%_", In: "text", Role: "user", State: "inactive", Factor: "mail"}, nil},
		"the other place":        {accountList{In: "account"}, nil},
		"an unknown place":       {accountList{In: "password"}, map[string]string{"in": "filter_unknown"}},
		"an unknown role":        {accountList{Role: "boss"}, map[string]string{"role": "filter_unknown"}},
		"an unknown state":       {accountList{State: "Active"}, map[string]string{"state": "filter_unknown"}},
		"an unknown factor":      {accountList{Factor: "sms"}, map[string]string{"factor": "filter_unknown"}},
		"no text at all":         {accountList{Search: "a\x00b"}, map[string]string{"q": "filter_characters"}},
		"no UTF-8":               {accountList{Search: "a\xff"}, map[string]string{"q": "filter_characters"}},
		"two of them, each said": {accountList{Role: "boss", State: "x"}, map[string]string{"role": "filter_unknown", "state": "filter_unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := tc.given
			l.Roles, l.Factors = kratos.Roles, []string{console.NoFactor, "totp"}
			l.check()
			if len(l.Problems) != len(tc.want) {
				t.Errorf("got %v", l.Problems)
			}
			for _, field := range []string{"q", "in", "role", "state", "factor"} {
				if got := l.Problem(field).Text; got != tc.want[field] {
					t.Errorf("%s: %q, want %q", field, got, tc.want[field])
				}
			}
		})
	}
}

func TestASearchThatTakesTooLongKeepsItsForm(t *testing.T) {
	l := accountList{Search: "a"}
	if status := l.searchFailed(errors.New("another")); status != 0 || len(l.Problems) != 0 {
		t.Errorf("another error: %d, %v", status, l.Problems)
	}
	if status := l.searchFailed(fmt.Errorf("list: %w", kratos.ErrSlow)); status != http.StatusServiceUnavailable || l.Problem("q").Text != "too_slow" {
		t.Errorf("got %d, %v", status, l.Problems)
	}
}
