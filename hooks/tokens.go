package hooks

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
)

// Tokens are the bearer tokens by which Kratos is known: one, or two while one is being rotated. They can be replaced while calls come.
// Without any, nobody is let through.
type Tokens struct {
	digests atomic.Pointer[[][sha256.Size]byte]
}

// NewTokens returns those tokens.
func NewTokens(tokens []string) *Tokens {
	t := &Tokens{}
	t.Replace(tokens)
	return t
}

// Replace has those tokens count, and no other, for every call that comes from now on.
func (t *Tokens) Replace(tokens []string) {
	var digests [][sha256.Size]byte
	for _, token := range tokens {
		digests = append(digests, sha256.Sum256([]byte(token)))
	}
	t.digests.Store(&digests)
}

// accepts compares in constant time. Digests are compared, not tokens: their lengths are equal, so that not even a token's length can
// be measured.
func (t *Tokens) accepts(token string) bool {
	given := sha256.Sum256([]byte(token))
	known := 0
	for _, want := range *t.digests.Load() {
		known |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return known == 1
}
