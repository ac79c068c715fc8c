package live

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// clocksApart is how far the clock of the signer may be ahead of this one.
const clocksApart = 5 * time.Minute

// signedAt returns the time when a bundle was signed, in seconds: the claim "iat" of its signature (RFC 7519 §4.1.6), which OPA's
// signature format has. Zero: there is no claim. The signature must have been verified before.
//
// Of all signed data, only this time has an order: revisions and digests have none. The signature binds the time to the digests of
// the files. The signer can set a newer time without changing a file.
func signedAt(b *bundle.Bundle) (time.Time, error) {
	if len(b.Signatures.Signatures) == 0 {
		return time.Time{}, nil
	}
	parts := strings.Split(b.Signatures.Signatures[0], ".")
	if len(parts) != 3 {
		return time.Time{}, errors.New("its signature is no JWS")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, fmt.Errorf("read its signature: %w", err)
	}
	var claims bundle.DecodedSignature // decoded as OPA decodes it
	if err := json.Unmarshal(payload, &claims); err != nil {
		return time.Time{}, fmt.Errorf("read its signature: %w", err)
	}
	if claims.IssuedAt == 0 {
		return time.Time{}, nil
	}
	return time.Unix(claims.IssuedAt, 0).UTC(), nil
}

// checkAge refuses a bundle that is older than a bundle that has decided. Attack: an attacker with access to the bundle server can
// put an older signed bundle there without the key, and the older policies may ask less. A bundle without a signing time counts as
// older than each bundle with one. While no bundle had a signing time, none is refused.
//
// A bundle from the future would stay the newest for a long time, and all others would be refused. So it is refused until its time
// has come.
func (b *Bundle) checkAge(signed time.Time) error {
	switch {
	case signed.After(b.newest) && signed.After(b.policies.now().Add(clocksApart)):
		return fmt.Errorf("it was signed at %s, which is yet to come: a clock is wrong", signed.Format(time.RFC3339))
	case b.config.AllowOlder || !signed.Before(b.newest):
		return nil
	case signed.IsZero():
		return fmt.Errorf("it does not say when it was signed (iat), and one that was signed at %s has decided", b.newest.Format(time.RFC3339))
	}
	return fmt.Errorf("it is older (signed at %s) than one that has decided (signed at %s)",
		signed.Format(time.RFC3339), b.newest.Format(time.RFC3339))
}

func (b *Bundle) newestFile() string { return filepath.Join(b.config.KeepDir, "newest") }

// recall reads when the newest bundle that decided before this start was signed. Zero: not known. An unreadable file is an error.
// Otherwise an attacker could damage the file and go back to an older bundle.
func (b *Bundle) recall() error {
	if b.config.KeepDir == "" {
		return nil
	}
	text, err := os.ReadFile(b.newestFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		b.newest, err = time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	}
	if err != nil {
		return fmt.Errorf("read when the newest bundle of policies was signed (to forget that, remove %s): %w", b.newestFile(), err)
	}
	return nil
}

func (b *Bundle) writeNewest() error {
	if b.newest.IsZero() {
		return nil
	}
	return b.write(b.newestFile(), strings.NewReader(b.newest.Format(time.RFC3339)+"\n"))
}
