package hello

import (
	"bytes"
	"encoding/binary"
)

// looksGoogle says whether a datagram is a client's first packet of Google's own QUIC with a clear CHLO: public flags
// with version and an 8-byte connection ID (Q024 to Q043), or the long header of Q046 (quic-wire-layout-specification,
// 2016 and 2019).
func looksGoogle(b []byte) bool {
	if len(b) < 18 {
		return false
	}
	v := b[9:13]
	if b[0]&0x80 != 0 {
		v = b[1:5]
	} else if b[0]&0x09 != 0x09 {
		return false
	}
	return v[0] == 'Q' && v[1] == '0' && v[2] >= '0' && v[2] <= '4' && v[3] >= '0' && v[3] <= '9'
}

// maxTags bounds the tags of a CHLO; Chrome sends about 25.
const maxTags = 64

// chloWindow is how far into a datagram a CHLO starts: header, packet number, hash and stream frame are under 64 bytes.
const chloWindow = 64

// googleHello finds the CHLO in a clear datagram.
func googleHello(b []byte, q *request) verdict {
	i := bytes.Index(b[:min(len(b), chloWindow)], []byte("CHLO"))
	if i < 0 {
		return notOurs
	}
	return chlo(b[i:], q)
}

// chlo reads a CHLO message (QUIC crypto, 2016): tag, number of entries, then for each its tag and the end of its value.
func chlo(b []byte, q *request) verdict {
	*q = request{}
	if len(b) < 8 {
		return more
	}
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if n == 0 || n > maxTags {
		return notOurs
	}
	if len(b) < 8+8*n {
		return more
	}
	index, values, start := b[8:8+8*n], b[8+8*n:], uint32(0)
	for ; len(index) > 0; index = index[8:] {
		end := binary.LittleEndian.Uint32(index[4:])
		if end < start {
			return notOurs
		}
		if end > uint32(len(values)) {
			return more
		}
		switch string(index[:4]) {
		case "SNI\x00":
			q.host = values[start:end]
		case "UAID":
			q.agent = values[start:end]
		}
		start = end
	}
	return found
}
