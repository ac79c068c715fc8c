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

// A client's address goes from Nidan's public listener by way of Kratos to the hook, in two headers. Whoever reaches Kratos' own
// public API can send both, but no signature that holds.
const (
	// AddressHeader holds the address. It is the first of those in which Kratos looks for one, for its own sessions.
	AddressHeader = "True-Client-Ip"
	// SignatureHeader holds the signature. Of the few headers that Kratos hands on to a hook (a fixed list up to v1.3.1), it is
	// one that Kratos has no use for. To others, what Nidan writes there means the usual priority (RFC 9218).
	SignatureHeader = "Priority"
)

const (
	addressPurpose = "client address"
	// signatureHolds is how far from now the time of a signature may be, before or after: clocks differ, and Kratos makes its last
	// try to call the hook a minute and a half after the first.
	signatureHolds = 5 * time.Minute

	signatureBefore, signatureAfter = `u=3, nidan="`, `"`
)

// SignAddress returns the value of [SignatureHeader] for a request in a flow of Kratos that came from an address. It holds for
// that flow, that address and a few minutes alone: whoever reads it in a log of Kratos cannot use it in another sign-in.
func SignAddress(keys *challenge.Keyring, address netip.Addr, flow string, at time.Time) string {
	mac := keys.MAC(addressPurpose, signedAddress(address, flow, at))
	return signatureBefore + strconv.FormatInt(at.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(mac) + signatureAfter
}

// signedAddress is what is signed. The flow comes last: it is the only part that a client can write.
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

// origin is where a call's client is.
type origin struct {
	ip      string // without a port; empty where nobody says, or says something else
	trusted bool   // Nidan's public listener saw the client there; otherwise it can be the client's own word
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

// addressIn is the address in what Kratos has for one, which is the connection's with its port, or what a header said. It is not
// valid where there is none: what is no address must not reach a policy, where it would be an error.
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
