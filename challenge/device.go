package challenge

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// Device is one that an account has asked to be remembered, with a code that was right. A browser brings a token of its own;
// a client without cookies has none, and is given one with its challenge ([Challenger.DeviceToken]).
type Device struct {
	Account    string
	TokenHash  []byte // see [HashDeviceToken]; nil in a [Submission]: the challenge's own
	Replaces   []byte // hash of the browser's token before, which is worth nothing from then on; nil: none
	Channel    string // the one it was remembered on
	VerifiedAt time.Time
	IP         string // where it was, for its holder to know it by
	UserAgent  string // what it was, likewise
}

// DeviceName is a name for the device of a token's hash, by which records tell devices apart. Neither the token nor its hash can be
// found from it. It is empty where there is no token.
func DeviceName(tokenHash []byte) string {
	if tokenHash == nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte("device name "), tokenHash...))
	return hex.EncodeToString(sum[:8])
}

// NewDeviceToken draws a token for a browser: 256 bits in base64.
func NewDeviceToken(rand io.Reader) (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(rand, raw); err != nil {
		return "", fmt.Errorf("draw a device token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// DeviceToken is the token that a client without cookies is given with a challenge, and that is worth something once the
// challenge has been passed with the wish to be remembered. It has 256 bits, is told by nothing that a client knows, and is
// computed anew whenever it is shown: it need not be kept.
func (c *Challenger) DeviceToken(challenge string) string {
	return base64.RawURLEncoding.EncodeToString(c.Keys.MAC("device", []byte(challenge)))
}

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

// Devices are the devices of a [Tx].
type Devices interface {
	// RememberDevice keeps a device, in place of what was kept of this account on it.
	RememberDevice(ctx context.Context, d Device) error
	// RenewDevice puts a token in the place of another, for all accounts that are remembered by it.
	RenewDevice(ctx context.Context, from, to []byte) error
	// ForgetDevice forgets one, and says whether there was one to forget.
	ForgetDevice(ctx context.Context, account string, tokenHash []byte) (bool, error)
	// ForgetDevices forgets all of an account, and says how many there were.
	ForgetDevices(ctx context.Context, account string) (int, error)
	// ForgetEveryDevice forgets all of all accounts, and says how many there were.
	ForgetEveryDevice(ctx context.Context) (int, error)
}
