package server

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"
)

// Proxies are the networks of the reverse proxies in front of a listener. Nidan trusts the client address in X-Forwarded-For only if
// one of these proxies sends it.
type Proxies []*net.IPNet

// ParseProxies reads networks in CIDR notation (RFC 4632).
func ParseProxies(networks []string) (Proxies, error) {
	var all Proxies
	for _, s := range networks {
		_, network, err := net.ParseCIDR(s)
		if err != nil {
			return nil, fmt.Errorf("read a proxy's network: %w", err)
		}
		all = append(all, network)
	}
	return all, nil
}

// clientAddress finds the client's address: the first address, seen from this program, that is not a proxy's. Echo by default trusts
// all private networks as proxies; this is switched off, because clients may be in private networks.
func (p Proxies) clientAddress() echo.IPExtractor {
	if len(p) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range p {
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

func (p Proxies) has(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network *net.IPNet) bool { return network.Contains(a.AsSlice()) })
}
