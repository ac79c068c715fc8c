package server

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"
)

// Proxies are the networks of the reverse proxies in front of a listener. What one of them says of where a request comes from, in
// X-Forwarded-For, is believed.
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

// clientAddress finds where a request comes from: the address nearest to this program that is no proxy's. Echo's own list of
// networks to believe, which holds every private one, is switched off: a client may well be in one of them.
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

// has says whether an address is a proxy's.
func (p Proxies) has(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network *net.IPNet) bool { return network.Contains(a.AsSlice()) })
}
