package dissect

import (
	"encoding/binary"

	"cardea/home"
)

// Stack reads how a TCP stack opens a connection. What it gives is used again by the next call. The zero value is ready;
// it is for one goroutine.
type Stack struct {
	syn     home.SYN
	options [64]string // option lists made lately, by their hash: a system has one or two, so a SYN costs no allocation
}

// Read gives what the SYN p says of its sender's stack; nil when p is no first SYN, or the capture cut its header off.
func (s *Stack) Read(p *Packet) *home.SYN {
	if p.Proto != home.ProtoTCP || p.Fragment || p.TCPFlags&(SYN|ACK|RST|FIN) != SYN || p.Options == nil {
		return nil
	}
	s.syn = home.SYN{Hops: p.Hops, Window: p.Window}
	var kinds [40]byte // the header has room for so many
	n := 0
	for b := p.Options; len(b) > 0 && n < len(kinds); n++ {
		kind, size := b[0], 1
		if kind > 1 {
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				kinds[n] = '?'
				n++
				break
			}
			size = int(b[1])
		}
		kinds[n] = s.option(kind, b[:size])
		if kind == 0 {
			n++
			break // the rest is padding
		}
		b = b[size:]
	}
	s.syn.Options = s.intern(kinds[:n])
	return &s.syn
}

// option takes one option (RFC 9293 section 3.2, RFC 7323, RFC 2018) and gives its letter.
func (s *Stack) option(kind byte, b []byte) byte {
	switch {
	case kind == 0:
		return 'E'
	case kind == 1:
		return 'N'
	case kind == 2 && len(b) == 4:
		s.syn.MSS = binary.BigEndian.Uint16(b[2:])
		return 'M'
	case kind == 3 && len(b) == 3:
		s.syn.Scale = b[2]
		return 'W'
	case kind == 4 && len(b) == 2:
		return 'S'
	case kind == 8 && len(b) == 10:
		return 'T'
	}
	return '?'
}

func (s *Stack) intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	at := &s.options[(h^h>>16)%uint32(len(s.options))]
	if *at != string(b) {
		*at = string(b)
	}
	return *at
}
