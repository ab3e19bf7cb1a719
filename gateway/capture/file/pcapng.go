package file

import (
	"encoding/binary"
	"math/bits"
	"time"

	"cardea/gateway/capture/dissect"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng section 4 and, for the old packet block, appendix A).
const (
	blockInterface = 1
	blockOldPacket = 2
	blockSimple    = 3
	blockPacket    = 6
	blockSection   = 0x0a0d0d0a

	byteOrderMagic = 0x1a2b3c4d
	maxInterfaces  = 4096      // per section
	maxIDB         = 512 << 10 // bytes of an interface block that are looked at: its options are few
)

// pcapng reads sections one after the other, each with its own byte order and interfaces.
type pcapng struct {
	*source
	order  binary.ByteOrder
	ifaces []iface
	body   int64     // bytes of the current block that are still to be skipped
	alien  bool      // the section is of another major version: its blocks are passed over (section 4.1)
	last   time.Time // of the last packet: simple packets have none of their own
}

// iface is what an interface description block says about the packets that refer to it.
type iface struct {
	link   dissect.LinkType
	snap   uint32 // 0: unlimited
	res    byte   // if_tsresol: 10^-n, or 2^-n with the top bit set
	offset int64  // if_tsoffset, seconds
}

func (p *pcapng) next(f *frame) error {
	for {
		if err := p.skip(p.body, "a block"); err != nil {
			return err
		}
		p.body = 0
		b, err := p.need(12, "a block's header")
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(b) == blockSection {
			if err := p.section(b); err != nil {
				return err
			}
			continue
		}
		typ, n := p.order.Uint32(b), p.order.Uint32(b[4:])
		if n < 12 || n%4 != 0 {
			return p.fail("a block's length of %d bytes cannot be", n)
		}
		if p.body = int64(n); p.alien {
			continue
		}
		switch typ {
		case blockInterface:
			err = p.iface(int(min(n, maxIDB)))
		case blockPacket, blockOldPacket, blockSimple:
			if n > maxRecord+64 {
				return p.fail("a packet block of %d bytes cannot be", n)
			}
			return p.packet(f, typ, n)
		}
		if err != nil {
			return err
		}
	}
}

// section starts a section: its byte order is found from the magic number behind the length.
func (p *pcapng) section(b []byte) error {
	if len(b) < 12 {
		return p.fail("the section header is cut")
	}
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(b[8:]):
		p.order = binary.LittleEndian
	case binary.BigEndian.Uint32(b[8:]):
		p.order = binary.BigEndian
	default:
		return p.fail("a section header without byte-order magic: % x", b[8:12])
	}
	n := p.order.Uint32(b[4:])
	if n < 28 || n%4 != 0 {
		return p.fail("a section header of %d bytes cannot be", n)
	}
	b, err := p.need(16, "a section header")
	if err != nil {
		return err
	}
	p.alien = p.order.Uint16(b[12:]) != 1
	p.ifaces, p.body = p.ifaces[:0], int64(n)
	return nil
}

// iface reads an interface description block of which n bytes are looked at.
func (p *pcapng) iface(n int) error {
	b, err := p.need(n, "an interface block")
	if err != nil {
		return err
	}
	if n < 20 {
		return p.fail("an interface block of %d bytes cannot be", n)
	}
	if len(p.ifaces) == maxInterfaces {
		return p.fail("more than %d interfaces in a section", maxInterfaces)
	}
	i := iface{link: dissect.LinkType(p.order.Uint16(b[8:])), snap: p.order.Uint32(b[12:]), res: 6}
	for o := b[16:]; len(o) >= 4; {
		code, size := p.order.Uint16(o), int(p.order.Uint16(o[2:]))
		if o = o[4:]; code == 0 || size > len(o) {
			break
		}
		switch {
		case code == 9 && size == 1:
			i.res = o[0]
		case code == 14 && size == 8:
			i.offset = int64(p.order.Uint64(o))
		}
		o = o[min((size+3)&^3, len(o)):]
	}
	p.ifaces = append(p.ifaces, i)
	return nil
}

// packet reads one of the three packet blocks, n bytes long in all.
func (p *pcapng) packet(f *frame, typ, n uint32) error {
	head := uint32(28)
	if typ == blockSimple {
		head = 12
	}
	if n < head+4 {
		return p.fail("a packet block of %d bytes cannot be", n)
	}
	b, err := p.need(int(min(n, head+maxFrame)), "a packet block")
	if err != nil {
		return err
	}
	id, caplen, wire := uint32(0), uint32(0), uint32(0)
	switch typ {
	case blockSimple:
		wire = p.order.Uint32(b[8:])
		caplen = min(wire, n-head-4)
	case blockOldPacket:
		id, caplen, wire = uint32(p.order.Uint16(b[8:])), p.order.Uint32(b[20:]), p.order.Uint32(b[24:])
	default:
		id, caplen, wire = p.order.Uint32(b[8:]), p.order.Uint32(b[20:]), p.order.Uint32(b[24:])
	}
	if uint64(id) >= uint64(len(p.ifaces)) {
		return p.fail("a packet of interface %d, which was not described", id)
	}
	i := &p.ifaces[id]
	if typ == blockSimple {
		if i.snap != 0 {
			caplen = min(caplen, i.snap)
		}
	} else {
		p.last = i.time(uint64(p.order.Uint32(b[12:]))<<32 | uint64(p.order.Uint32(b[16:])))
	}
	if caplen > n-head-4 {
		return p.fail("a packet of %d bytes in a block of %d", caplen, n)
	}
	f.time, f.wire, f.link = p.last, max(wire, caplen), i.link
	f.data = b[head : head+min(caplen, maxFrame)]
	return nil
}

// time makes a timestamp of the interface's units since 1970. What no calendar has is clamped.
func (i *iface) time(units uint64) time.Time {
	var sec, nanos uint64
	switch exp := i.res & 0x7f; {
	case i.res&0x80 != 0 && exp == 0:
		sec = units
	case i.res&0x80 != 0 && exp < 64:
		sec = units >> exp
		hi, lo := bits.Mul64(units&(1<<exp-1), 1e9)
		nanos = hi<<(64-exp) | lo>>exp
	case i.res&0x80 != 0 || exp > 19: // everything is within the first second
	default:
		scale := pow10(exp)
		sec = units / scale
		if exp <= 9 {
			nanos = units % scale * (1e9 / scale)
		} else {
			nanos = units % scale / (scale / 1e9)
		}
	}
	if i.offset != 0 {
		moved := int64(min(sec, maxSecond)) + max(min(i.offset, maxSecond), -maxSecond)
		sec = uint64(max(moved, 0))
	}
	return unix(sec, uint32(nanos))
}

func pow10(n byte) uint64 {
	v := uint64(1)
	for range n {
		v *= 10
	}
	return v
}
