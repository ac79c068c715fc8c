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

// clocksApart is how far the clock of whoever signs may be ahead of this one.
const clocksApart = 5 * time.Minute

// signedAt is when a bundle says that it was signed, to the second: the claim "iat" of its signature (RFC 7519 §4.1.6), which OPA's
// signature format has. Zero: it does not say. The signature has been verified before.
//
// Of what is signed, this alone has an order: revisions and digests have none. It binds what it stands beside, the files' digests,
// and who signs can set it without changing a file.
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
	var claims bundle.DecodedSignature // read as OPA reads it
	if err := json.Unmarshal(payload, &claims); err != nil {
		return time.Time{}, fmt.Errorf("read its signature: %w", err)
	}
	if claims.IssuedAt == 0 {
		return time.Time{}, nil
	}
	return time.Unix(claims.IssuedAt, 0).UTC(), nil
}

// checkAge refuses a bundle that is older than one that has decided: who can put it on the server needs no key for that, and it may
// ask less. One that does not say when it was signed is older than each that does. So is none, as long as none has said so.
//
// One from the future would be the newest for as long, and every other one refused: it waits until its time has come.
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

// recall reads when the newest bundle was signed that has decided before this start. Zero: that is not known. A file that cannot be
// read is an error, and not nothing: otherwise to spoil it would be a way back.
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
