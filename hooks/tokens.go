package hooks

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
)

// Tokens are the valid bearer tokens of Kratos: one, or two during a rotation. They can be replaced while the program runs. Without a token,
// every call is refused.
type Tokens struct {
	digests atomic.Pointer[[][sha256.Size]byte]
}

// NewTokens returns Tokens with these tokens.
func NewTokens(tokens []string) *Tokens {
	t := &Tokens{}
	t.Replace(tokens)
	return t
}

// Replace replaces all tokens. Later calls are compared with the new ones only.
func (t *Tokens) Replace(tokens []string) {
	var digests [][sha256.Size]byte
	for _, token := range tokens {
		digests = append(digests, sha256.Sum256([]byte(token)))
	}
	t.digests.Store(&digests)
}

// accepts compares the token in constant time. It compares hashes, which all have one length, so that the time does not reveal the length
// of a token.
func (t *Tokens) accepts(token string) bool {
	given := sha256.Sum256([]byte(token))
	known := 0
	for _, want := range *t.digests.Load() {
		known |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return known == 1
}
