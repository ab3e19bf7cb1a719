package resolve

import (
	"net/netip"
	"strings"
)

// special are address blocks that no public name may lead a browser to (RFC 1918, 6598, 3927, 4193, 1122 and loopback).
// 0.0.0.0 and :: alone are let through: it is what filtering upstreams answer for what they block.
var special = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("::/127"),
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are an IPv4 address

// private says whether an address belongs to the home or the machine itself.
func private(a netip.Addr) bool {
	if a = a.Unmap(); a.IsUnspecified() {
		return false
	}
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// rebinds gives the first private address in an answer to a public name.
func (r *Resolver) rebinds(name string, addrs []netip.Addr) (netip.Addr, bool) {
	if r.cfg.AllowRebind {
		return netip.Addr{}, false
	}
	for _, a := range addrs {
		if !private(a) {
			continue
		}
		for _, allowed := range r.cfg.RebindAllow {
			if below(name, allowed) {
				return netip.Addr{}, false
			}
		}
		return a, true
	}
	return netip.Addr{}, false
}

func below(name, domain string) bool {
	rest, ok := strings.CutSuffix(name, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}
