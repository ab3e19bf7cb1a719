package dissect

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// Offsets in a DHCPv4 message (RFC 2131 section 2).
const (
	dhcpCiaddr  = 12
	dhcpYiaddr  = 16
	dhcpChaddr  = 28
	dhcpSname   = 44
	dhcpFile    = 108
	dhcpMagic   = 236
	dhcpOptions = 240
)

// parseDHCP reads a DHCPv4 message into l; false if it is none. The slices in l point into b.
func parseDHCP(b []byte, l *home.Lease) bool {
	if len(b) < dhcpOptions || b[0] < 1 || b[0] > 2 || binary.BigEndian.Uint32(b[dhcpMagic:]) != 0x63825363 {
		return false
	}
	*l = home.Lease{Server: b[0] == 2, DNS: l.DNS[:0], Options: l.Options[:0]}
	if b[1] == 1 && b[2] == 6 {
		l.Client = home.MACOf(b[dhcpChaddr:])
	}
	var o dhcpFields
	overload := o.options(b[dhcpOptions:], l)
	if overload&1 != 0 { // RFC 2132 section 9.3: options go on in "file", then in "sname"
		o.options(b[dhcpFile:dhcpMagic], l)
	}
	if overload&2 != 0 {
		o.options(b[dhcpSname:dhcpFile], l)
	}
	if l.Op == 0 {
		return false // BOOTP
	}
	l.Hostname = hostname(o.host, o.fqdn)
	l.Vendor = text(o.vendor, maxText)
	for _, a := range [][]byte{b[dhcpYiaddr : dhcpYiaddr+4], b[dhcpCiaddr : dhcpCiaddr+4], o.requested} {
		if a4, ok := address4(a); ok {
			l.Addr = a4
			break
		}
	}
	return true
}

// dhcpFields are options that need others to be known before they mean something.
type dhcpFields struct{ host, fqdn, vendor, requested []byte }

// options walks through one options field and returns option 52, "overload". The first of equal options counts.
func (o *dhcpFields) options(b []byte, l *home.Lease) (overload byte) {
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return overload
		}
		v := b[2 : 2+b[1]]
		if len(l.Options) < maxOptions {
			l.Options = append(l.Options, b[0])
		}
		if b[0] == 52 && len(v) == 1 {
			overload = v[0]
		}
		o.option(b[0], v, l)
		b = b[2+b[1]:]
	}
	return overload
}

func (o *dhcpFields) option(code byte, v []byte, l *home.Lease) {
	switch code {
	case 3:
		if !l.Router.IsValid() {
			l.Router, _ = address4(v)
		}
	case 6:
		for ; len(v) >= 4 && len(l.DNS) < maxPieces; v = v[4:] {
			l.DNS = append(l.DNS, netip.AddrFrom4([4]byte(v)))
		}
	case 12:
		first(&o.host, v)
	case 50:
		first(&o.requested, v)
	case 53:
		if len(v) == 1 && l.Op == 0 {
			l.Op = v[0]
		}
	case 54:
		if !l.ServerID.IsValid() {
			l.ServerID, _ = address4(v)
		}
	case 55:
		first(&l.Params, v)
	case 57:
		if len(v) == 2 && l.MaxSize == 0 {
			l.MaxSize = binary.BigEndian.Uint16(v)
		}
	case 60:
		first(&o.vendor, v)
	case 61:
		first(&l.ClientID, v)
	case 81:
		first(&o.fqdn, v)
	}
}

func first(at *[]byte, v []byte) {
	if *at == nil && len(v) > 0 {
		*at = v
	}
}

// hostname prefers the plain option 12; option 81 (RFC 4702) is flags, two return codes and a name, in wire format if
// the E bit is set.
func hostname(host, fqdn []byte) string {
	if s := text(host, maxText); s != "" || len(fqdn) <= 3 {
		return s
	}
	if fqdn[0]&4 != 0 {
		return dottedName(fqdn[3:])
	}
	return text(fqdn[3:], maxText)
}

// address4 reads an IPv4 address; none is 0.0.0.0.
func address4(b []byte) (netip.Addr, bool) {
	if len(b) < 4 || b[0]|b[1]|b[2]|b[3] == 0 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b)), true
}
