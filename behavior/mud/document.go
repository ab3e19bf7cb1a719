package mud

import (
	"net/netip"

	"cardea/home"
)

// document is a file as RFC 8520 and RFC 8519 lay it out, as far as it is used here.
type document struct {
	MUD   *description `json:"ietf-mud:mud"`
	Lists lists        `json:"ietf-access-control-list:access-lists"`
}

type description struct {
	Version   int    `json:"mud-version"`
	URL       string `json:"mud-url"`
	Updated   string `json:"last-update"`
	Validity  int    `json:"cache-validity,omitempty"` // hours
	Supported bool   `json:"is-supported"`
	Info      string `json:"systeminfo,omitempty"`
	Maker     string `json:"mfg-name,omitempty"`
	Model     string `json:"model-name,omitempty"`
	From      policy `json:"from-device-policy"`
	To        policy `json:"to-device-policy"`
}

type policy struct {
	Lists struct {
		List []named `json:"access-list"`
	} `json:"access-lists"`
}

type named struct {
	Name string `json:"name"`
}

func (p *policy) names() []string {
	var names []string
	for _, n := range p.Lists.List {
		names = append(names, n.Name)
	}
	return names
}

type lists struct {
	ACL []list `json:"acl"`
}

type list struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Entries struct {
		ACE []entry `json:"ace"`
	} `json:"aces"`
}

type entry struct {
	Name    string  `json:"name"`
	Matches matches `json:"matches"`
	Actions struct {
		Forwarding string `json:"forwarding"`
	} `json:"actions"`
}

type matches struct {
	MUD  *abstraction `json:"ietf-mud:mud,omitempty"`
	IPv4 *network     `json:"ipv4,omitempty"`
	IPv6 *network     `json:"ipv6,omitempty"`
	TCP  *transport   `json:"tcp,omitempty"`
	UDP  *transport   `json:"udp,omitempty"`
}

// abstraction says whom a rule is about, where that differs between homes.
type abstraction struct {
	Controller       string `json:"controller,omitempty"`
	Mine             []any  `json:"my-controller,omitempty"`
	Local            []any  `json:"local-networks,omitempty"`
	SameManufacturer []any  `json:"same-manufacturer,omitempty"`
	Manufacturer     string `json:"manufacturer,omitempty"`
	Model            string `json:"model,omitempty"`
}

type network struct {
	Protocol *uint8 `json:"protocol,omitempty"`
	ToName   string `json:"ietf-acldns:dst-dnsname,omitempty"`
	FromName string `json:"ietf-acldns:src-dnsname,omitempty"`
	To4      string `json:"destination-ipv4-network,omitempty"`
	From4    string `json:"source-ipv4-network,omitempty"`
	To6      string `json:"destination-ipv6-network,omitempty"`
	From6    string `json:"source-ipv6-network,omitempty"`
}

type transport struct {
	Direction string `json:"ietf-mud:direction-initiated,omitempty"`
	Source    *ports `json:"source-port,omitempty"`
	Target    *ports `json:"destination-port,omitempty"`
}

type ports struct {
	Operator string `json:"operator,omitempty"`
	Port     uint16 `json:"port,omitempty"`
	Lower    uint16 `json:"lower-port,omitempty"`
	Upper    uint16 `json:"upper-port,omitempty"`
}

// kind says what an entry turned out to be.
type kind uint8

const (
	allows  kind = iota
	answer       // lets the answers to something else pass
	unclear      // is not understood, or names nothing
)

const (
	tcp = 6
	udp = 17
)

// rule reads an entry of a list from the device (outward) or to it.
func (m *matches) rule(outward bool) (Rule, kind) {
	n := m.IPv4
	if n == nil {
		n = m.IPv6
	}
	if n == nil {
		return Rule{}, unclear // below IP nothing is contacted
	}
	r := Rule{Inbound: !outward}
	if n.Protocol != nil {
		r.Proto = *n.Protocol
	}
	proto, t := uint8(tcp), m.TCP
	if t == nil {
		proto, t = udp, m.UDP
	} else if m.UDP != nil {
		return r, unclear
	}
	if t != nil {
		if n.Protocol == nil {
			r.Proto = proto
		}
		if t.Source != nil && t.Target == nil || t.Direction == "to-device" && outward || t.Direction == "from-device" && !outward {
			return r, answer
		}
		var ok bool
		if r.Port, r.Last, ok = t.Target.span(); !ok || r.Proto != proto {
			return r, unclear
		}
	}
	return r, m.about(&r, n, outward)
}

// about says whom a rule is about.
func (m *matches) about(r *Rule, n *network, outward bool) kind {
	name, net := n.ToName, n.To4+n.To6
	if !outward {
		name, net = n.FromName, n.From4+n.From6
	}
	a := m.MUD
	switch {
	case a != nil && (a.Manufacturer != "" || a.Model != "" || a.SameManufacturer != nil || a.Local != nil):
		r.Scope = Local
	case a != nil && (a.Controller != "" || a.Mine != nil):
		r.Scope, r.Class = Controller, a.Controller
	case name != "":
		clean, ok := home.CleanName(name)
		if !ok {
			return unclear
		}
		r.Name = clean
		return allows
	}
	if net == "" {
		if r.Scope == Internet && r.Port == 0 {
			return unclear // anything anywhere
		}
		return allows
	}
	p, err := netip.ParsePrefix(net)
	if err != nil {
		addr, err := netip.ParseAddr(net)
		if err != nil || addr.Zone() != "" {
			return unclear
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	if p.Addr().Is4() != (m.IPv4 != nil) || p.Addr().Is4In6() {
		return unclear
	}
	r.Net = p.Masked()
	if a := p.Addr(); r.Scope == Internet && (a.IsMulticast() || a.IsPrivate() || a.IsLinkLocalUnicast() || a == broadcast) {
		r.Scope = Local
	}
	return allows
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// span is from which port to which.
func (p *ports) span() (from, to uint16, ok bool) {
	switch {
	case p == nil:
		return 0, 0, true
	case p.Lower != 0 || p.Upper != 0:
		return p.Lower, p.Upper, p.Lower <= p.Upper
	case p.Operator == "eq" || p.Operator == "":
		return p.Port, p.Port, p.Port != 0
	case p.Operator == "lte":
		return 1, p.Port, p.Port != 0
	case p.Operator == "gte":
		return p.Port, 65535, p.Port != 0
	}
	return 0, 0, false
}
