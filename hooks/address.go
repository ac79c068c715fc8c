package hooks

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nidan/challenge"
)

// Nidan's public listener sends the client's address to the hook in two headers, through Kratos. A client that reaches Kratos' public API
// directly can send both headers, but cannot make a valid signature.
const (
	// AddressHeader holds the address. It is the first header in which Kratos looks for the client's address.
	AddressHeader = "True-Client-Ip"
	// SignatureHeader holds the signature. Kratos passes only a fixed list of headers to a hook (v1.3.1). This header is on the list, and
	// Kratos does not use it. For other programs, the value means the default priority (RFC 9218).
	SignatureHeader = "Priority"
)

const (
	addressPurpose = "client address"
	// signatureHolds is the largest accepted difference between the signature's time and now, in both directions. Clocks differ, and Kratos
	// calls the hook for the last time a minute and a half after the first call.
	signatureHolds = 5 * time.Minute

	signatureBefore, signatureAfter = `u=3, nidan="`, `"`
)

// SignAddress returns the value of [SignatureHeader] for a request from an address in a flow. The signature is valid for this flow, this
// address and a few minutes: a reader of Kratos' log cannot use it for another sign-in.
func SignAddress(keys *challenge.Keyring, address netip.Addr, flow string, at time.Time) string {
	mac := keys.MAC(addressPurpose, signedAddress(address, flow, at))
	return signatureBefore + strconv.FormatInt(at.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(mac) + signatureAfter
}

// signedAddress is the signed text. The flow comes last because it is the only part that a client can write.
func signedAddress(address netip.Addr, flow string, at time.Time) []byte {
	return fmt.Appendf(nil, "%d %s %s", at.Unix(), address, flow)
}

func addressIsSigned(keys *challenge.Keyring, signature string, address netip.Addr, flow string, now time.Time) bool {
	said, before := strings.CutPrefix(signature, signatureBefore)
	said, after := strings.CutSuffix(said, signatureAfter)
	seconds, sum, dot := strings.Cut(said, ".")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if !before || !after || !dot || err != nil {
		return false
	}
	mac, err := base64.RawURLEncoding.DecodeString(sum)
	at := time.Unix(unix, 0)
	return err == nil && now.Sub(at).Abs() <= signatureHolds && keys.VerifyMAC(mac, addressPurpose, signedAddress(address, flow, at))
}

// origin is the address of a client.
type origin struct {
	ip      string // without a port; empty: unknown, or not an address
	trusted bool   // Nidan's public listener saw this address; otherwise the client may have written it
}

func (h *Handler) originOf(p payload) origin {
	seen := addressIn(p.RequestHeaders.Get(AddressHeader))
	if seen.IsValid() && addressIsSigned(h.Keys, p.RequestHeaders.Get(SignatureHeader), seen, p.Flow.ID, h.Now()) {
		return origin{ip: seen.String(), trusted: true}
	}
	if said := addressIn(p.Session.device().IPAddress); said.IsValid() {
		return origin{ip: said.String()}
	}
	return origin{}
}

// addressIn parses Kratos' ip_address: the peer's address with its port, or the value of a header. For anything else the result is not valid:
// a policy would fail on text that is not an address.
func addressIn(said string) netip.Addr {
	said = strings.TrimSpace(said)
	if both, err := netip.ParseAddrPort(said); err == nil {
		return plainAddress(both.Addr())
	}
	said = strings.TrimSuffix(strings.TrimPrefix(said, "["), "]")
	alone, err := netip.ParseAddr(said)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddress(alone)
}

func plainAddress(a netip.Addr) netip.Addr { return a.WithZone("").Unmap() }
