package challenge

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Facts are the facts about the account and the sign-in that a challenge is bound to. If one of them changes before the code is entered,
// the person has to sign in again (contract, section 1). The method is one of them: a code that was sent for a sign-in by one method does
// not complete a sign-in by another method.
type Facts struct {
	Email     string
	Role      string
	State     string // Kratos' identity state
	TwoFactor bool   // the account's own flag

	PasswordChanged time.Time // zero: no change is known

	Method string // the method of the sign-in, as Kratos names it; empty: the password
}

// Digest is a hash of the facts. %q quotes each field, so no value can look like two fields.
func (f Facts) Digest() []byte {
	all := fmt.Appendf(nil, "%q %q %q %t %d", f.Email, f.Role, f.State, f.TwoFactor, f.PasswordChanged.UnixMicro())
	if f.Method != "" { // without a method, the digest is the one of earlier versions: a code stays valid across the upgrade
		all = fmt.Appendf(all, " %q", f.Method)
	}
	sum := sha256.Sum256(all)
	return sum[:]
}
