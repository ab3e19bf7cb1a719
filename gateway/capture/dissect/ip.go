package dissect

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// maxExtensions bounds the IPv6 extension headers that are followed; real packets have one or two (RFC 8504 section 5.3
// lets a host refuse long chains).
const maxExtensions = 8

// IPv6 next-header values that are extension headers (IANA ipv6-parameters).
const (
	extHopByHop  = 0
	extRouting   = 43
	extFragment  = 44
	extAuth      = 51
	extOptions   = 60
	extMobility  = 135
	extHIP       = 139
	extShim6     = 140
	minICMPQuote = 8 // bytes of transport header that an error quotes at least
)

// ParseIP parses from the IP header on, as NFLOG delivers packets of the inet family. Meta must be set before.
func ParseIP(p *Packet, ip []byte) error {
	p.reset()
	p.Truncated = int64(p.Wire) > int64(len(ip))
	return p.ip(ip)
}

func (p *Packet) ip(b []byte) error {
	if len(b) == 0 {
		return p.short()
	}
	switch b[0] >> 4 {
	case 4:
		p.EtherType = etherIPv4
		return p.ipv4(b)
	case 6:
		p.EtherType = etherIPv6
		return p.ipv6(b)
	}
	return ErrMalformed
}

// ipv4 parses RFC 791 section 3.1. A total length beyond the captured bytes is a cut capture, one of 0 is segmentation
// offload; padding behind it is dropped.
func (p *Packet) ipv4(b []byte) error {
	if len(b) < 20 {
		return p.short()
	}
	hl, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if hl < 20 || total != 0 && total < hl {
		return ErrMalformed
	}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.IsIP, p.Proto, p.Hops = true, b[9], b[8]
	p.Src, p.Dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
	switch {
	case total > len(b):
		p.Truncated = true
	case total != 0:
		b = b[:total]
	}
	if hl > len(b) {
		return p.short()
	}
	if frag := binary.BigEndian.Uint16(b[6:]); frag&0x3fff != 0 {
		p.FragID = uint32(binary.BigEndian.Uint16(b[4:]))
		p.More, p.Fragment = frag&0x1fff == 0, frag&0x1fff != 0
	}
	return p.transport(b[hl:])
}

// ipv6 parses RFC 8200 section 3 and the extension headers.
func (p *Packet) ipv6(b []byte) error {
	if len(b) < 40 {
		return p.short()
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	src, dst := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p.IsIP, p.Proto, p.Hops = true, b[6], b[7]
	p.Src, p.Dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
	b = b[40:]
	switch {
	case n > len(b):
		p.Truncated = true
	case n != 0: // 0 is a jumbogram or segmentation offload
		b = b[:n]
	}
	b, err := p.extensions(b)
	if err != nil {
		return err
	}
	return p.transport(b)
}

// extensions skips IPv6 extension headers (RFC 8200 section 4) and leaves the upper protocol in p.Proto.
func (p *Packet) extensions(b []byte) ([]byte, error) {
	for range maxExtensions {
		var n int
		switch p.Proto {
		case extHopByHop, extRouting, extOptions, extMobility, extHIP, extShim6:
			if len(b) < 8 {
				return nil, p.short()
			}
			n = int(b[1])*8 + 8
		case extAuth: // RFC 4302 section 2.2: in 4-byte units, minus 2
			if len(b) < 8 {
				return nil, p.short()
			}
			n = int(b[1])*4 + 8
		case extFragment:
			if len(b) < 8 {
				return nil, p.short()
			}
			n = 8
			off := binary.BigEndian.Uint16(b[2:])
			p.FragID = binary.BigEndian.Uint32(b[4:])
			p.Fragment, p.More = off>>3 != 0, off>>3 == 0 && off&1 != 0
		default:
			return b, nil
		}
		p.Proto = b[0]
		if n > len(b) {
			return nil, p.short()
		}
		b = b[n:]
		if p.Fragment {
			return b, nil // what follows is the middle of something
		}
	}
	return nil, ErrMalformed
}

// transport parses what is behind the IP header. A header that the IP length says is there in full but is not is
// malformed; one that the capture cut leaves ports as far as they are known.
func (p *Packet) transport(b []byte) error {
	if p.Fragment {
		p.Payload = b
		return nil
	}
	switch p.Proto {
	case home.ProtoTCP:
		return p.tcp(b)
	case home.ProtoUDP:
		if len(b) < 8 {
			p.ports(b)
			return p.cut()
		}
		p.ports(b)
		n := int(binary.BigEndian.Uint16(b[4:]))
		if n >= 8 && n < len(b) {
			b = b[:n]
		}
		p.Payload = b[8:]
	case home.ProtoICMP, home.ProtoICMPv6:
		if len(b) < 4 {
			return p.cut()
		}
		p.Type, p.Code, p.Payload = b[0], b[1], b[4:]
		p.quoted()
	default:
		p.Payload = b
	}
	return nil
}

func (p *Packet) tcp(b []byte) error {
	p.ports(b)
	if len(b) < 14 {
		return p.cut()
	}
	p.Seq, p.TCPFlags = binary.BigEndian.Uint32(b[4:]), b[13]
	hl := int(b[12]>>4) * 4
	if hl < 20 {
		return ErrMalformed
	}
	if hl > len(b) {
		return p.cut()
	}
	p.Payload = b[hl:]
	if p.TCPFlags&SYN != 0 {
		p.Window, p.Options = binary.BigEndian.Uint16(b[14:]), b[20:hl]
	}
	return nil
}

// ports reads source and destination port where they were captured.
func (p *Packet) ports(b []byte) {
	if len(b) < 4 {
		return
	}
	p.Src = netip.AddrPortFrom(p.Src.Addr(), binary.BigEndian.Uint16(b))
	p.Dst = netip.AddrPortFrom(p.Dst.Addr(), binary.BigEndian.Uint16(b[2:]))
}

// cut judges an unfinished transport header: a cut capture is tolerated, and so is a first fragment (tiny fragments are
// an old trick against filters, RFC 1858, and still a packet of that flow).
func (p *Packet) cut() error {
	if p.Truncated || p.More {
		return nil
	}
	return ErrMalformed
}

// quoted reads the tuple of the packet that an ICMP error quotes.
func (p *Packet) quoted() {
	v6 := p.Proto == home.ProtoICMPv6
	switch {
	case !v6 && (p.Type == 3 || p.Type == 4 || p.Type == 5 || p.Type == 11 || p.Type == 12):
	case v6 && p.Type >= 1 && p.Type <= 4:
	default:
		return
	}
	if len(p.Payload) < 4 {
		return
	}
	b := p.Payload[4:] // unused, MTU, pointer or gateway address
	var in Inner
	var src, dst netip.Addr
	switch {
	case !v6 && len(b) >= 20 && b[0]>>4 == 4 && b[0]&15 >= 5:
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		in.Proto = b[9]
		if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
			return // quotes a later fragment: no ports
		}
		b = b[min(int(b[0]&15)*4, len(b)):]
	case v6 && len(b) >= 40 && b[0]>>4 == 6: // extension headers in quotes are rare: not followed
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		in.Proto, b = b[6], b[40:]
	default:
		return
	}
	var sport, dport uint16
	if in.Proto == home.ProtoTCP || in.Proto == home.ProtoUDP {
		if len(b) < minICMPQuote {
			return
		}
		sport, dport = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	}
	in.Src, in.Dst = netip.AddrPortFrom(src, sport), netip.AddrPortFrom(dst, dport)
	p.Inner = in
}
