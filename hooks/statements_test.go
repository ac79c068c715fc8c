package hooks

import (
	"testing"

	"nidan/challenge"
	"nidan/policies"
)

// What a sign-in waits for, beside the disk, are its statements. These numbers may fall; where one has to grow, that is worth a
// second look.
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
