package hooks

import (
	"testing"

	"nidan/challenge"
	"nidan/policies"
)

// A sign-in mostly waits for the disk and for its SQL statements. These numbers may fall. A change that raises one needs a reason.
func TestHowManyStatementsASignInTakes(t *testing.T) {
	s := newScene(t, policies.Shipped())
	count := func(what string, want int64, do func()) {
		t.Helper()
		before := s.store.Statements()
		do()
		if got := s.store.Statements() - before; got != want {
			t.Errorf("%s takes %d statements, want %d", what, got, want)
		}
	}
	notAsked := object{"identity/metadata_public": object{"role": "user"}, "flow/id": "flow-0"}
	count("let in without a code", 4, func() { s.expectIn(notAsked) })
	count("a code sent", 8, func() { s.expect(challenge.CodeSent, nil) })
	count("the code shown again", 5, func() { s.expect(challenge.CodeSent, nil) })
	count("a wrong code", 7, func() { s.expect(challenge.CodeMismatch, object{codeAt: s.wrong()}) })
	count("a right code", 12, func() { s.expectIn(object{codeAt: s.mailed()}) })
}
