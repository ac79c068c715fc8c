package challenge

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"
	"unicode"
)

// newCode draws a code of n decimal digits, each code as likely as any other (NIST SP 800-63B-4 §3.1.3.2).
func newCode(random io.Reader, n int) (string, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(random, limit)
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%0*d", n, v), nil
}

func newID(random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("draw an id: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// NormalizeCode reads a code as a person types or pastes it: full-width digits become ASCII digits, and white space is removed. All other
// characters stay, and make the code a wrong one.
func NormalizeCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r >= '\uFF10' && r <= '\uFF19':
			return r - '\uFF10' + '0'
		}
		return r
	}, s)
}

// MaskEmail hides all but the first character before the "@": "s***@example.com". The holder recognises the address, and a stranger
// cannot use it. Text without an "@" becomes "***".
func MaskEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "***"
	}
	first := []rune(address[:at])[0]
	return string(first) + "***" + address[at:]
}
