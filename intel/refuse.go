package intel

import (
	"net/netip"
	"strings"
	"sync"
)

// Reason says why an entry of a feed was not taken.
type Reason string

// Reasons for a refusal.
const (
	ReasonName     Reason = "not a host name"
	ReasonAddress  Reason = "not an address"
	ReasonSuffix   Reason = "public suffix: others' names are below it"
	ReasonShared   Reason = "shared by much of the internet"
	ReasonPrivate  Reason = "private, local or multicast address"
	ReasonBroad    Reason = "address block too large"
	ReasonCoverage Reason = "the list covers too much of the internet"
	ReasonFull     Reason = "too many indicators"
)

// The shortest prefixes that a feed may list.
const (
	minBits4 = 8
	minBits6 = 19
)

// private is what is never an indicator: RFC 6890, RFC 6598, RFC 4193, RFC 4291, RFC 5771, RFC 1112. Documentation and
// benchmark ranges are not here: they reach nobody, and test networks use them.
var private = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0/96"), netip.MustParsePrefix("fc00::/7"),
	netip.MustParsePrefix("fe80::/9"), netip.MustParsePrefix("ff00::/8"),
}

// shared names carry so much that to list one whole breaks homes; what is below them may be listed.
var shared = map[string]bool{
	"akadns.net": true, "akamai.net": true, "akamaiedge.net": true, "akamaized.net": true, "amazon.com": true,
	"amazonaws.com": true, "apple.com": true, "azure.com": true, "azureedge.net": true, "cloudflare.com": true,
	"cloudflare.net": true, "cloudfront.net": true, "edgekey.net": true, "edgesuite.net": true, "fastly.net": true,
	"github.com": true, "githubusercontent.com": true, "google.com": true, "googleapis.com": true,
	"googleusercontent.com": true, "googlevideo.com": true, "gstatic.com": true, "icloud.com": true,
	"in-addr.arpa": true, "ip6.arpa": true, "live.com": true, "microsoft.com": true, "ntp.org": true, "office.com": true,
	"pool.ntp.org": true, "trafficmanager.net": true, "whatsapp.net": true, "windows.com": true, "windows.net": true,
	"windowsupdate.com": true,
}

// sharedHint has a bit for the length and first letter of each shared name: it spares the map.
var sharedHint = func() (hint [32]uint32) {
	for name := range shared {
		hint[len(name)&31] |= 1 << (name[0] & 31)
	}
	return hint
}()

// Refuse says why an indicator is never taken, whoever lists it; "" when it may be. Exceptions are not judged here.
func Refuse(e Entry) Reason {
	if why := malformed(e); why != "" {
		return why
	}
	if e.Name != "" {
		return refuseName(e.Name)
	}
	p := e.Prefix
	for _, x := range private {
		if x.Overlaps(p) {
			return ReasonPrivate
		}
	}
	if e.Port != 443 && e.Port != 853 && holdsResolver(p) {
		return ReasonShared
	}
	if p.Addr().Is4() && p.Bits() < minBits4 || !p.Addr().Is4() && p.Bits() < minBits6 {
		return ReasonBroad
	}
	return ""
}

// resolverAddrs are the public resolvers' addresses: half of the world's devices ask them for names.
var resolverAddrs = sync.OnceValue(func() map[netip.Addr]bool {
	m := map[netip.Addr]bool{}
	for _, r := range resolvers {
		for a := range strings.FieldsSeq(r.addrs) {
			m[netip.MustParseAddr(a)] = true
		}
	}
	return m
})

func holdsResolver(p netip.Prefix) bool {
	if p.IsSingleIP() {
		return resolverAddrs()[p.Addr()]
	}
	for a := range resolverAddrs() {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func malformed(e Entry) Reason {
	if e.Name != "" {
		if strings.IndexByte(e.Name, '.') < 0 {
			return ReasonSuffix
		}
		return ""
	}
	if !e.Prefix.IsValid() || e.Prefix != e.Prefix.Masked() || e.Prefix.Addr().Is4In6() {
		return ReasonAddress
	}
	return ""
}

func refuseName(name string) Reason {
	if sharedHint[len(name)&31]>>(name[0]&31)&1 != 0 && shared[name] {
		return ReasonShared
	}
	if isSuffix(name) {
		return ReasonSuffix
	}
	return ""
}
