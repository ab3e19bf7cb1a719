package hello

import "encoding/binary"

// maxDatagram is the longest QUIC packet that is decrypted, in bytes; longer ones are read up to here.
const maxDatagram = 16 << 10

// longPacket is a QUIC packet with a long header (RFC 9000 section 17.2); slices point into the datagram.
type longPacket struct {
	scheme  *scheme
	version uint32
	initial bool
	dcid    []byte
	raw     []byte // the packet, from its first byte on
	pn      int    // offset of the packet number in raw; 0 when the packet is no Initial
	cut     bool   // the packet goes on beyond the captured bytes
}

// looksQUIC says whether a datagram starts with a long header of a known version.
func looksQUIC(b []byte) bool {
	return len(b) >= 7 && b[0]&0x80 != 0 && schemeOf(binary.BigEndian.Uint32(b[1:])) != nil
}

// parseLong takes the first packet off a datagram, which may hold several (RFC 9000 section 12.2).
func parseLong(b []byte) (p longPacket, rest []byte, ok bool) {
	if !looksQUIC(b) {
		return p, nil, false
	}
	p.version = binary.BigEndian.Uint32(b[1:])
	p.scheme = schemeOf(p.version)
	typ := b[0] >> 4 & 3
	p.initial = typ == p.scheme.initial
	if retry := (p.scheme.initial + 3) & 3; typ == retry { // v1: 3, v2: 0; it has no length and comes from servers
		return p, nil, false
	}
	r := reader{b: b[5:]}
	if !p.ids(&r) {
		return p, nil, false
	}
	size, ok := r.varint()
	if !ok {
		return p, nil, false
	}
	p.pn = len(b) - len(r.b)
	if size > uint64(len(r.b)) {
		p.cut, size = true, uint64(len(r.b))
	}
	p.raw = b[:p.pn+int(size)]
	return p, r.b[size:], true
}

// ids reads the connection IDs and, in an Initial, the token.
func (p *longPacket) ids(r *reader) bool {
	n, ok := r.u8()
	if !ok || n > 20 || n > len(r.b) {
		return false
	}
	p.dcid = r.b[:n]
	if !r.skip(n) || !r.vec8() {
		return false
	}
	if !p.initial {
		return true
	}
	token, ok := r.varint()
	return ok && token <= uint64(len(r.b)) && r.skip(int(token))
}

// opener removes the protection of Initial packets; its buffers make that free of allocation.
type opener struct {
	keys   keys
	packet []byte // header and payload of the packet in work, maxDatagram bytes
	mask   [16]byte
	nonce  [12]byte
}

// open gives the frames of an Initial packet under the keys of version and dcid (RFC 9001 sections 5.3 and 5.4). A
// packet whose tag is not there is decrypted without proof; the caller must judge whether the frames make sense.
func (o *opener) open(p *longPacket, dcid connID) (frames []byte, ok bool) {
	if len(p.raw) < p.pn+4+16 || p.pn+4 > 1<<11 || !o.keys.derive(p.scheme, p.version, dcid) {
		return nil, false
	}
	cut := p.cut || len(p.raw) > maxDatagram
	raw := append(o.packet[:0], p.raw[:min(len(p.raw), maxDatagram)]...)
	o.packet = raw[:0]
	o.keys.hp.Encrypt(o.mask[:], raw[p.pn+4:p.pn+20])
	raw[0] ^= o.mask[0] & 0x0f
	n := int(raw[0]&3) + 1
	var pn uint32
	for i := range n {
		raw[p.pn+i] ^= o.mask[1+i]
		pn = pn<<8 | uint32(raw[p.pn+i])
	}
	o.nonce = o.keys.nonce(pn)
	head, body := raw[:p.pn+n], raw[p.pn+n:]
	if cut {
		if raw[0]&0x0c != 0 { // reserved bits are zero: a wrong key shows here three times in four
			return nil, false
		}
		o.keys.counterMode(o.nonce, body)
		return body, true
	}
	frames, err := o.keys.aead.Open(body[:0], o.nonce[:], body, head)
	return frames, err == nil
}

// cryptoFrames adds the CRYPTO frames of an Initial packet to s (RFC 9000 section 19); it says whether there were any.
// Frames that an Initial may not carry end the packet.
func cryptoFrames(b []byte, s *stream, limit int) (some bool) {
	r := reader{b: b}
	for len(r.b) > 0 {
		typ, _ := r.u8()
		switch typ {
		case 0, 1: // PADDING, PING
		case 2, 3:
			if !skipACK(&r, typ == 3) {
				return some
			}
		case 6:
			off, ok1 := r.varint()
			n, ok2 := r.varint()
			if !ok1 || !ok2 || off > uint64(limit) {
				return some
			}
			data := r.b[:min(n, uint64(len(r.b)))]
			some = s.add(int(off), data, limit) || some
			r.skip(len(data))
		default:
			return some
		}
	}
	return some
}

// skipACK passes over an ACK frame (RFC 9000 section 19.3).
func skipACK(r *reader, ecn bool) bool {
	var ok bool
	var n uint64
	for i := range 4 { // largest, delay, number of ranges, first range
		v, got := r.varint()
		if ok = got; !ok {
			return false
		}
		if i == 2 {
			n = v
		}
	}
	if n > uint64(len(r.b)) {
		return false
	}
	n *= 2
	if ecn {
		n += 3
	}
	for ; n > 0 && ok; n-- {
		_, ok = r.varint()
	}
	return ok
}
