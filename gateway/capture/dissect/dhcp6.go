package dissect

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// DHCPv6 message types that are not a client's (RFC 8415 section 7.3).
const (
	dhcp6Advertise   = 2
	dhcp6Reply       = 7
	dhcp6Reconfigure = 10
	dhcp6RelayForw   = 12
	dhcp6RelayRepl   = 13
)

// parseDHCP6 reads a DHCPv6 message into l, false if it is none. Relayed messages are unwrapped, depth times at most. The
// slices in l point into b. Client is taken from the DUID where that holds an Ethernet address.
func parseDHCP6(b []byte, l *home.Lease, depth int) bool {
	if len(b) < 4 {
		return false
	}
	op := b[0]
	if op == dhcp6RelayForw || op == dhcp6RelayRepl {
		if len(b) < 34 || depth == 0 {
			return false
		}
		for o := b[34:]; ; {
			code, v, rest, ok := option6(o)
			if !ok {
				return false
			}
			if code == 9 {
				return parseDHCP6(v, l, depth-1)
			}
			o = rest
		}
	}
	if op == 0 || op > 11 {
		return false
	}
	*l = home.Lease{V6: true, Op: op, DNS: l.DNS[:0]}
	l.Server = op == dhcp6Advertise || op == dhcp6Reply || op == dhcp6Reconfigure
	options6(b[4:], l)
	l.Client = duidMAC(l.ClientID)
	return true
}

// option6 cuts the first option off (RFC 8415 section 21.1).
func option6(b []byte) (code uint16, v, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if len(b) < 4+n {
		return 0, nil, nil, false
	}
	return binary.BigEndian.Uint16(b), b[4 : 4+n], b[4+n:], true
}

func options6(b []byte, l *home.Lease) {
	for {
		code, v, rest, ok := option6(b)
		if !ok {
			return
		}
		b = rest
		switch code {
		case 1:
			first(&l.ClientID, v[:min(len(v), maxBinary)])
		case 3, 4: // IA_NA: IAID, T1, T2, options; IA_TA: IAID, options
			skip := 12
			if code == 4 {
				skip = 4
			}
			if len(v) >= skip {
				options6IA(v[skip:], l)
			}
		case 6:
			if l.Params == nil {
				l.Params = requested6(v)
			}
		case 16: // enterprise number, then length and text (RFC 8415 section 21.16)
			if len(v) > 6 && l.Vendor == "" {
				n := int(binary.BigEndian.Uint16(v[4:]))
				l.Vendor = text(v[6:min(6+n, len(v))], maxText)
			}
		case 23:
			for ; len(v) >= 16 && len(l.DNS) < maxPieces; v = v[16:] {
				l.DNS = append(l.DNS, netip.AddrFrom16([16]byte(v)))
			}
		case 39: // RFC 4704: flags, name
			if len(v) > 1 && l.Hostname == "" {
				l.Hostname = dottedName(v[1:])
			}
		}
	}
}

// requested6 is a list of options asked for (RFC 8415 section 21.7) as their low bytes: no option in use has another high
// byte that matters.
func requested6(v []byte) []byte {
	out := make([]byte, 0, maxOptions)
	for ; len(v) >= 2 && len(out) < maxOptions; v = v[2:] {
		out = append(out, v[1])
	}
	return out
}

// options6IA takes the first address of an identity association (RFC 8415 section 21.6).
func options6IA(b []byte, l *home.Lease) {
	for {
		code, v, rest, ok := option6(b)
		if !ok {
			return
		}
		if code == 5 && len(v) >= 24 && !l.Addr.IsValid() {
			l.Addr = netip.AddrFrom16([16]byte(v))
		}
		b = rest
	}
}

// duidMAC reads the Ethernet address in a DUID-LLT or DUID-LL (RFC 8415 section 11).
func duidMAC(d []byte) home.MAC {
	switch {
	case len(d) == 14 && d[0] == 0 && d[1] == 1 && d[2] == 0 && d[3] == 1:
		return home.MACOf(d[8:])
	case len(d) == 10 && d[0] == 0 && d[1] == 3 && d[2] == 0 && d[3] == 1:
		return home.MACOf(d[4:])
	}
	return home.MAC{}
}
