package challenge

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Facts are what a challenge is issued on. When one of them changes while a code is out, the code proves something about
// an account that no longer is, and the person has to sign in again.
type Facts struct {
	Email     string
	Role      string
	State     string // Kratos' identity state
	TwoFactor bool   // the account's own flag

	PasswordChanged time.Time // zero: never, as far as is known
}

// Digest tells one set of facts from another. %q keeps the fields apart, so that no value can pose as two.
func (f Facts) Digest() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %t %d", f.Email, f.Role, f.State, f.TwoFactor, f.PasswordChanged.UnixMicro()))
	return sum[:]
}
