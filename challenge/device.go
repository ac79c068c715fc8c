package challenge

import (
	"crypto/sha256"
	"time"
)

// Device is one that an account has asked to be remembered, with a code that was right.
type Device struct {
	Account    string
	TokenHash  []byte // see [HashDeviceToken]
	Channel    string // the one it was remembered on
	VerifiedAt time.Time
	IP         string // where it was, for its holder to know it by
	UserAgent  string // what it was, likewise
}

// AgeDays is how many whole periods of 24 hours have passed since the code was entered.
func (d *Device) AgeDays(now time.Time) int { return int(now.Sub(d.VerifiedAt) / (24 * time.Hour)) }

// minDeviceToken is the least length of a device's token. The tokens given out have 256 random bits; what is shorter was
// made up.
const minDeviceToken = 32

// HashDeviceToken is the form in which a token is kept: whoever reads the database cannot pose as a device. The token is
// random, so that a plain hash is enough. It is nil for what cannot be a token.
func HashDeviceToken(token string) []byte {
	if len(token) < minDeviceToken {
		return nil
	}
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
