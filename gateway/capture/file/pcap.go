package file

import (
	"encoding/binary"

	"cardea/gateway/capture/dissect"
)

// pcap reads the classic format (draft-ietf-opsawg-pcap), in both byte orders, with micro- or nanoseconds, and Alexey
// Kuznetzov's variant, whose record headers are 8 bytes longer.
type pcap struct {
	*source
	order  binary.ByteOrder
	nanos  bool
	header int // bytes of a record header
	link   dissect.LinkType
	body   int64 // bytes of the current record that are still to be skipped
}

// Magic numbers in the writer's byte order.
const (
	magicMicro     = 0xa1b2c3d4
	magicNano      = 0xa1b23c4d
	magicKuznetzov = 0xa1b2cd34
)

func openPcap(s *source) (format, error) {
	b, err := s.need(4, "the file header")
	if err != nil {
		return nil, err
	}
	p := &pcap{source: s, header: 16}
	for _, p.order = range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch p.order.Uint32(b) {
		case magicNano:
			p.nanos = true
		case magicKuznetzov:
			p.header = 24
		case magicMicro:
		default:
			continue
		}
		b, err = s.need(24, "the file header")
		if err != nil {
			return nil, err
		}
		p.link = dissect.LinkType(p.order.Uint32(b[20:]) & 0xffff) // above are the FCS length and reserved bits
		return p, s.skip(24, "the file header")
	}
	return nil, s.fail("neither pcap nor pcapng: begins with % x", b)
}

func (p *pcap) next(f *frame) error {
	if err := p.skip(p.body, "a packet"); err != nil {
		return err
	}
	p.body = 0
	b, err := p.need(p.header, "a packet's header")
	if err != nil {
		return err
	}
	sec, frac := p.order.Uint32(b), p.order.Uint32(b[4:])
	n, wire := p.order.Uint32(b[8:]), p.order.Uint32(b[12:])
	if n > maxRecord {
		return p.fail("a packet of %d bytes cannot be: the file is damaged here", n)
	}
	total := p.header + int(n)
	b, err = p.need(min(total, p.header+maxFrame), "a packet")
	if err != nil {
		return err
	}
	if !p.nanos {
		frac = frac % 1e6 * 1000
	}
	f.time, f.wire, f.link, f.data = unix(uint64(sec), frac), max(wire, n), p.link, b[p.header:]
	p.body = int64(total)
	return nil
}
