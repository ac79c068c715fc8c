package challenge

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Facts are what a challenge is issued on. When one of them changes while a code is out, the code proves something about
// an account that no longer is, and the person has to sign in again. A code that was sent for a sign-in by one method completes none by
// another: it was asked for on other grounds.
type Facts struct {
	Email     string
	Role      string
	State     string // Kratos' identity state
	TwoFactor bool   // the account's own flag

	PasswordChanged time.Time // zero: never, as far as is known

	Method string // by which somebody signs in; empty: the password
}

// Digest tells one set of facts from another. %q keeps the fields apart, so that no value can pose as two.
func (f Facts) Digest() []byte {
	all := fmt.Appendf(nil, "%q %q %q %t %d", f.Email, f.Role, f.State, f.TwoFactor, f.PasswordChanged.UnixMicro())
	if f.Method != "" { // without it, the digest is that of earlier versions: codes that they sent stay good
		all = fmt.Appendf(all, " %q", f.Method)
	}
	sum := sha256.Sum256(all)
	return sum[:]
}
