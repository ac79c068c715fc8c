package challenge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// MinSecretLength is the least number of bytes of a secret of a [Keyring].
const MinSecretLength = 32

// Keyring holds the keys that protect codes at rest. It is made from one or more secrets: the first is used for all that
// is new, the others still verify and open what was made with them, so that a secret can be rotated while codes are out.
//
// A six-digit code has only a million values: a plain hash of it could be undone by trying them all. Keyed with a secret
// that is not in the database, the stored value tells a thief of the database nothing.
type Keyring struct {
	keys []key
}

type key struct {
	mac  []byte
	aead cipher.AEAD
}

// NewKeyring derives the keys from the secrets, the current one first (HKDF, RFC 5869, one key per use). It refuses an
// empty list and secrets shorter than [MinSecretLength].
func NewKeyring(secrets []string) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("no secret given")
	}
	var ring Keyring
	for i, s := range secrets {
		if len(s) < MinSecretLength {
			return nil, fmt.Errorf("secret %d has %d bytes, needs %d", i+1, len(s), MinSecretLength)
		}
		k, err := deriveKey(s)
		if err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
		ring.keys = append(ring.keys, k)
	}
	return &ring, nil
}

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
func (r *Keyring) MAC(purpose string, data []byte) []byte { return r.keys[0].sum(purpose, data) }

// VerifyMAC says, in constant time per secret, whether mac is the digest of data for that purpose under any secret.
func (r *Keyring) VerifyMAC(mac []byte, purpose string, data []byte) bool {
	ok := false
	for _, k := range r.keys {
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
	return r.keys[0].aead.Seal(nil, nil, []byte(plain), []byte(context))
}

// Open decrypts what [Keyring.Seal] made, under any secret. It fails on anything that was altered, was sealed for another
// context, or under a secret that is gone.
func (r *Keyring) Open(sealed []byte, context string) (string, error) {
	for _, k := range r.keys {
		if plain, err := k.aead.Open(nil, nil, sealed, []byte(context)); err == nil {
			return string(plain), nil
		}
	}
	return "", errors.New("open a sealed value: it was altered, or its secret is no longer configured")
}
