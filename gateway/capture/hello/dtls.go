package hello

import "encoding/binary"

// dtlsHello is one fragment of a DTLS ClientHello (RFC 6347 sections 4.1 and 4.2.2).
type dtlsHello struct {
	total int // length of the message
	off   int // of this fragment
	data  []byte
}

// parseDTLS reads a datagram that starts with a ClientHello, or a fragment of one.
func parseDTLS(b []byte) (d dtlsHello, ok bool) {
	if len(b) < 25 || b[0] != recordHandshake || b[1] != 0xfe || b[2] < 0xfc || b[3] != 0 || b[4] != 0 {
		return d, false
	}
	h := b[13:]
	if h[0] != typeClientHello {
		return d, false
	}
	u24 := func(b []byte) int { return int(b[0])<<16 | int(binary.BigEndian.Uint16(b[1:])) }
	n := u24(h[9:])
	d = dtlsHello{total: u24(h[1:]), off: u24(h[6:])}
	if d.total == 0 || d.off+n > d.total {
		return d, false
	}
	d.data = h[12:min(12+n, len(h))]
	return d, len(d.data) > 0
}
