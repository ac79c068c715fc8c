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

// Keyring holds the keys that protect stored codes. It is made from one or more secrets. The first secret is used for everything new. The
// other secrets still verify and open older values, so a secret can be rotated while challenges are open. A Keyring is safe for concurrent
// use.
//
// A six-digit code has only a million values: with a hash without a key, a thief of the database could try them all. The secret is not in
// the database.
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

// Replace replaces all secrets. On an error, the old secrets stay.
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

// all returns the current keys; the first is for new values.
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

// MAC is the HMAC-SHA-256 of data for one purpose, with the first secret. A MAC for one purpose is not accepted for another purpose.
func (r *Keyring) MAC(purpose string, data []byte) []byte { return r.all()[0].sum(purpose, data) }

// VerifyMAC says whether mac is the MAC of data for that purpose with any of the secrets. Each comparison takes constant time.
func (r *Keyring) VerifyMAC(mac []byte, purpose string, data []byte) bool {
	ok := false
	for _, k := range r.all() {
		// No early return: the time must not reveal which secret matched.
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

// codePurpose binds a code to its challenge: a MAC that was copied into the row of another challenge does not verify.
func codePurpose(challenge string) string { return "code " + challenge }

// Seal encrypts plain with the first secret (AES-256-GCM, random nonce). [Keyring.Open] needs the same context.
func (r *Keyring) Seal(plain, context string) []byte {
	return r.all()[0].aead.Seal(nil, nil, []byte(plain), []byte(context))
}

// Open decrypts a value of [Keyring.Seal]. It fails if the value was altered, was sealed for another context, or was sealed with a secret
// that is no longer configured.
func (r *Keyring) Open(sealed []byte, context string) (string, error) {
	for _, k := range r.all() {
		if plain, err := k.aead.Open(nil, nil, sealed, []byte(context)); err == nil {
			return string(plain), nil
		}
	}
	return "", errors.New("open a sealed value: it was altered, or its secret is no longer configured")
}
