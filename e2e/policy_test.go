package e2e

import (
	"strings"
	"testing"
)

func TestSoftphonesThatAreTooOld(t *testing.T) {
	started(t)
	name := account(t, nil)
	for version, refused := range map[string]bool{
		"3.5.0": false, "3.10.0": false, "4": false, "3.4.9": true, "3.5.0-rc1": true, "": true, "nonsense": true,
	} {
		t.Run("version "+version, func(t *testing.T) {
			s := newSignIn(t, name)
			says := map[string]any{"client": map[string]any{"name": "softphone", "version": version}}
			if !refused {
				s.expect("code_sent", 1990001, says)
				return
			}
			if text := s.expect("client_too_old", 4990005, says).UI.Messages[0].Text; text != "Two factor auth key required." {
				t.Errorf("it says %q", text)
			}
		})
	}
	t.Run("one that says nothing", func(t *testing.T) {
		s := newSignIn(t, name)
		if r := s.submitPayload(map[string]any{}); r.state() != "client_too_old" {
			t.Errorf("got %d %s", r.Status, r.state())
		}
	})
}

func TestCancelling(t *testing.T) {
	n := started(t)
	s := newSignIn(t, account(t, nil))
	s.expect("code_sent", 1990001, nil)
	right := n.code(1)
	r := s.expect("cancelled", 1990003, map[string]any{"action": "cancel", "code": right})
	if got := strings.Join(r.UI.Messages[0].Context.Capabilities, " "); got != "phonebook call_history" {
		t.Errorf("it may use %q", got)
	}
	s.expectOut(code(right))
}
