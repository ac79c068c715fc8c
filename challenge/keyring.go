package challenge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
)

// MinSecretLength is the least number of bytes of a secret of a [Keyring].
const MinSecretLength = 32

// Keyring holds the keys that protect codes at rest. It is made from one or more secrets: the first is used for all that
// is new, the others still verify and open what was made with them, so that a secret can be rotated while codes are out. It is safe for
// concurrent use.
//
// A six-digit code has only a million values: a plain hash of it could be undone by trying them all. Keyed with a secret
// that is not in the database, the stored value tells a thief of the database nothing.
type Keyring struct {
	keys atomic.Pointer[[]key]
}

type key struct {
	mac  []byte
	aead cipher.AEAD
}

// NewKeyring derives the keys from the secrets, the current one first (HKDF, RFC 5869, one key per use). It refuses an
// empty list and secrets shorter than [MinSecretLength].
func NewKeyring(secrets []string) (*Keyring, error) {
	var ring Keyring
	if err := ring.Replace(secrets); err != nil {
		return nil, err
	}
	return &ring, nil
}

// Replace has the secrets count that are given, and no other, for all that is done from now on. With an error it has changed nothing.
func (r *Keyring) Replace(secrets []string) error {
	if len(secrets) == 0 {
		return errors.New("no secret given")
	}
	var keys []key
	for i, s := range secrets {
		if len(s) < MinSecretLength {
			return fmt.Errorf("secret %d has %d bytes, needs %d", i+1, len(s), MinSecretLength)
		}
		k, err := deriveKey(s)
		if err != nil {
			return fmt.Errorf("secret %d: %w", i+1, err)
		}
		keys = append(keys, k)
	}
	r.keys.Store(&keys)
	return nil
}

// all are the keys that count now, the one for what is new first.
func (r *Keyring) all() []key { return *r.keys.Load() }

func deriveKey(secret string) (key, error) {
	mac, err := hkdf.Key(sha256.New, []byte(secret), nil, "nidan authentication", sha256.Size)
	if err != nil {
		return key{}, fmt.Errorf("derive the authentication key: %w", err)
	}
	enc, err := hkdf.Key(sha256.New, []byte(secret), nil, "nidan encryption", 32)
	if err != nil {
		return key{}, fmt.Errorf("derive the encryption key: %w", err)
	}
	block, err := aes.NewCipher(enc)
	if err != nil {
		return key{}, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, fmt.Errorf("make the cipher: %w", err)
	}
	return key{mac: mac, aead: aead}, nil
}

// MAC is a keyed digest of data for one purpose, under the current secret. A digest made for one purpose is no use for
// another.
func (r *Keyring) MAC(purpose string, data []byte) []byte { return r.all()[0].sum(purpose, data) }

// VerifyMAC says, in constant time per secret, whether mac is the digest of data for that purpose under any secret.
func (r *Keyring) VerifyMAC(mac []byte, purpose string, data []byte) bool {
	ok := false
	for _, k := range r.all() {
		// No early return: how long it takes must not tell which secret matched.
		ok = hmac.Equal(mac, k.sum(purpose, data)) || ok
	}
	return ok
}

func (k key) sum(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(data)
	return h.Sum(nil)
}

// codePurpose ties a code to its challenge: copied into another one's row, its digest is worthless.
func codePurpose(challenge string) string { return "code " + challenge }

// Seal encrypts plain so that only [Keyring.Open] with the same context gets it back (AES-256-GCM, random nonce).
func (r *Keyring) Seal(plain, context string) []byte {
	return r.all()[0].aead.Seal(nil, nil, []byte(plain), []byte(context))
}

// Open decrypts what [Keyring.Seal] made, under any secret. It fails on anything that was altered, was sealed for another
// context, or under a secret that is gone.
func (r *Keyring) Open(sealed []byte, context string) (string, error) {
	for _, k := range r.all() {
		if plain, err := k.aead.Open(nil, nil, sealed, []byte(context)); err == nil {
			return string(plain), nil
		}
	}
	return "", errors.New("open a sealed value: it was altered, or its secret is no longer configured")
}
