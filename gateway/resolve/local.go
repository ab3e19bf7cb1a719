package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"cardea/gateway/resolve/message"
)

// localTTL is how long a local answer may be kept, in seconds.
const localTTL = 60

// local answers what never leaves the home. It does not change after New.
type local struct {
	exact map[string]localName
	zones map[string]zoneRule
	lasts map[string]struct{} // last labels of zones: most names need one look-up only
}

type localName struct {
	addrs   []netip.Addr
	pointer string // PTR target
	missing bool   // the name does not exist
}

type zoneRule uint8

const (
	zoneNone     zoneRule = iota
	zoneEmpty             // nothing exists in it (RFC 6303 section 3)
	zoneLoopback          // localhost and below (RFC 6761 section 6.3)
	zoneRouter            // asked of the router's own server when there is one, else empty
)

func newLocal(c *Config) *local {
	l := &local{exact: map[string]localName{}, zones: map[string]zoneRule{}, lasts: map[string]struct{}{}}
	for _, z := range []string{
		"local", "onion", "invalid", "test", "alt", "internal", // RFC 6762, 7686, 6761, 9476; ICANN 2024-07-29
		"resolver.arpa",                                  // RFC 9462 section 6.4: no designated resolver here
		"255.255.255.255.in-addr.arpa", "0.in-addr.arpa", // RFC 6303 section 4 from here on
		"127.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
		"8.b.d.0.1.0.0.2.ip6.arpa", strings.Repeat("0.", 32) + "ip6.arpa", "1." + strings.Repeat("0.", 31) + "ip6.arpa",
	} {
		l.zone(z, zoneEmpty)
	}
	l.zone("localhost", zoneLoopback)
	private := []string{"10.in-addr.arpa", "168.192.in-addr.arpa", "254.169.in-addr.arpa", "d.f.ip6.arpa", "8.e.f.ip6.arpa",
		"9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "home.arpa"}
	for i := 16; i < 32; i++ {
		private = append(private, fmt.Sprintf("%d.172.in-addr.arpa", i))
	}
	for i := 64; i < 128; i++ {
		private = append(private, fmt.Sprintf("%d.100.in-addr.arpa", i)) // RFC 7793
	}
	for _, z := range append(private, c.LocalDomains...) {
		l.zone(z, zoneRouter)
	}
	for name, addrs := range c.LocalNames {
		l.exact[name] = localName{addrs: addrs}
		for _, a := range addrs {
			l.exact[reverse(a)] = localName{pointer: name}
		}
	}
	if !c.AllowBrowserDoH {
		l.exact["use-application-dns.net"] = localName{missing: true}
	}
	if !c.AllowPrivateRelay {
		l.exact["mask.icloud.com"] = localName{missing: true}
		l.exact["mask-h2.icloud.com"] = localName{missing: true}
	}
	return l
}

func (l *local) zone(name string, rule zoneRule) {
	l.zones[name] = rule
	l.lasts[name[strings.LastIndexByte(name, '.')+1:]] = struct{}{}
}

// find says by which rule a name is local; apex means that it is the zone's own name.
func (l *local) find(name string) (rule zoneRule, apex bool) {
	if _, ok := l.lasts[name[strings.LastIndexByte(name, '.')+1:]]; !ok {
		return zoneNone, false
	}
	for rest := name; ; {
		if rule := l.zones[rest]; rule != zoneNone {
			return rule, len(rest) == len(name)
		}
		i := strings.IndexByte(rest, '.')
		if i < 0 {
			return zoneNone, false
		}
		rest = rest[i+1:]
	}
}

// answer writes the local answer to q. forward means that the router's own server is to be asked; a nil reply without it
// that the name is not local.
func (l *local) answer(out []byte, q *message.Question, router bool) (reply []byte, forward bool) {
	name := q.Name()
	if n, ok := l.exact[name]; ok {
		return n.answer(out, q), false
	}
	switch rule, apex := l.find(name); {
	case rule == zoneNone:
		return nil, false
	case rule == zoneRouter && router:
		return nil, true
	case rule == zoneLoopback:
		n := localName{addrs: loopback[:]}
		return n.answer(out, q), false
	default:
		n := localName{missing: !apex}
		return n.answer(out, q), false
	}
}

var loopback = [2]netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

func (n *localName) answer(out []byte, q *message.Question) []byte {
	if n.missing {
		return message.AppendSOA(message.Begin(out, q, message.NXDomain, message.FlagAA), localTTL)
	}
	out = message.Begin(out, q, message.NoError, message.FlagAA)
	for _, a := range n.addrs {
		if q.Type == message.TypeA && a.Is4() || q.Type == message.TypeAAAA && a.Is6() {
			out = message.AppendAddr(out, a, localTTL)
		}
	}
	if q.Type == message.TypePTR && n.pointer != "" {
		out = message.AppendName(out, message.TypePTR, n.pointer, localTTL)
	}
	if out[7] == 0 {
		out = message.AppendSOA(out, localTTL)
	}
	return out
}

// reverse is the name by which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5).
func reverse(a netip.Addr) string {
	if a.Is4() {
		b := a.As4()
		return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0])
	}
	var s strings.Builder
	b := a.As16()
	for i := 15; i >= 0; i-- {
		fmt.Fprintf(&s, "%x.%x.", b[i]&15, b[i]>>4)
	}
	return s.String() + "ip6.arpa"
}
