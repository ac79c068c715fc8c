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

// Device is a device that an account is remembered on: a right code was entered there, and the person asked to skip the code next time. A
// browser has a token from the sign-in page. A client without cookies gets a token with its challenge ([Challenger.DeviceToken]).
type Device struct {
	Account    string
	TokenHash  []byte // see [HashDeviceToken]; nil in a [Submission]: the token that came with the challenge
	Replaces   []byte // hash of the browser's older token, which is no longer accepted; nil: there is none
	Channel    string // the channel of the sign-in
	VerifiedAt time.Time
	IP         string // so that the holder recognises the device in the console
	UserAgent  string // for the same reason
}

// DeviceName is a name for a device in records. It is computed from the hash of the device's token, and neither the token nor the hash can
// be computed from the name. It is empty for a nil hash.
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

// DeviceToken is the token that a client without cookies gets with a challenge. It has an effect after the challenge was passed with
// "remember". It is a MAC of the challenge's id (256 bits): a client cannot compute it, and Nidan computes it again instead of storing it.
func (c *Challenger) DeviceToken(challenge string) string {
	return base64.RawURLEncoding.EncodeToString(c.Keys.MAC("device", []byte(challenge)))
}

// minDeviceToken is the least length of a device's token in bytes. Nidan's tokens are longer; a shorter one did not come from Nidan.
const minDeviceToken = 32

// HashDeviceToken is the SHA-256 of a token. Only the hash is stored: a thief of the database cannot use it as a token. The token has 256
// random bits, so a hash without a key is enough. The result is nil for text that cannot be a token.
func HashDeviceToken(token string) []byte {
	if len(token) < minDeviceToken {
		return nil
	}
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Devices reads and writes remembered devices.
type Devices interface {
	// RememberDevice stores a device. It replaces what was stored of this account and this device.
	RememberDevice(ctx context.Context, d Device) error
	// RenewDevice replaces one token by another, for all accounts that are remembered on the device.
	RenewDevice(ctx context.Context, from, to []byte) error
	// ForgetDevice deletes one device of an account. It returns false if there was none.
	ForgetDevice(ctx context.Context, account string, tokenHash []byte) (bool, error)
	// ForgetDevices deletes all devices of an account and returns their number.
	ForgetDevices(ctx context.Context, account string) (int, error)
	// ForgetEveryDevice deletes all devices of all accounts and returns their number.
	ForgetEveryDevice(ctx context.Context) (int, error)
}
