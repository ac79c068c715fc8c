package proof

import (
	"fmt"
	"net/netip"
)

// addresses returns the first and the last address of each network that policies name, and the addresses beside these. All
// addresses between two neighbours of this list are in the same networks. Single addresses are included, because policies may
// compare an address for equality.
func addresses(a about) (all, missing []string) {
	if len(a.fresh) > 1 {
		missing = append(missing, "addresses of several facts are compared")
	}
	var networks []netip.Prefix
	for _, u := range a.uses {
		if u.builtin != "net.cidr_contains" {
			continue
		}
		known, _ := u.known()
		for _, t := range known {
			if p, err := netip.ParsePrefix(t); err == nil {
				networks = append(networks, p)
			} else {
				missing = append(missing, fmt.Sprintf("net.cidr_contains of %q", t))
			}
		}
	}
	for t := range a.texts {
		if ip, err := netip.ParseAddr(t); err == nil {
			networks = append(networks, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	for _, always := range []string{"192.0.2.1/32", "2001:db8::1/128"} {
		networks = append(networks, netip.MustParsePrefix(always))
	}
	for _, p := range networks {
		all = append(all, bounds(p)...)
	}
	return all, missing
}

// bounds returns the first and the last address of a network, and the addresses beside these.
func bounds(p netip.Prefix) (all []string) {
	first := p.Masked().Addr()
	last := first.AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	end, _ := netip.AddrFromSlice(last)
	for _, a := range []netip.Addr{first.Prev(), first, end, end.Next()} {
		if a.IsValid() {
			all = append(all, a.String())
		}
	}
	return all
}
