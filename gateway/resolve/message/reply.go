package message

import (
	"encoding/binary"
	"net/netip"
)

// Extended DNS error codes (RFC 8914 section 4).
const (
	EDENone         uint16 = 0xffff // no error to tell (0 means "other")
	EDEOther        uint16 = 0
	EDEBlocked      uint16 = 15
	EDEProhibited   uint16 = 18
	EDENotSupported uint16 = 21
	EDENetworkError uint16 = 23
)

// MaxReason is the longest explanation sent, in bytes.
const MaxReason = 240

// Begin writes the header and question of a reply to q into out, which must have room for MaxQuestion bytes.
func Begin(out []byte, q *Question, rcode uint8, flags uint16) []byte {
	out = append(out[:0], q.Head()...)
	keep := q.Flags & (0xf<<11 | FlagRD | FlagCD)
	binary.BigEndian.PutUint16(out[2:], FlagQR|FlagRA|keep|flags|uint16(rcode))
	clear(out[4:HeaderLen])
	if len(out) > HeaderLen {
		out[5] = 1
	}
	return out
}

// AppendAddr adds an answer record for the question's name and counts it.
func AppendAddr(out []byte, ip netip.Addr, ttl uint32) []byte {
	out[7]++
	if ip.Is4() {
		out = append(out, 0xc0, HeaderLen, 0, byte(TypeA), 0, byte(ClassIN))
		out = binary.BigEndian.AppendUint32(out, ttl)
		b := ip.As4()
		return append(append(out, 0, 4), b[:]...)
	}
	out = append(out, 0xc0, HeaderLen, 0, byte(TypeAAAA), 0, byte(ClassIN))
	out = binary.BigEndian.AppendUint32(out, ttl)
	b := ip.As16()
	return append(append(out, 0, 16), b[:]...)
}

// AppendName adds an answer record whose data is a name (PTR). It returns out unchanged when the name is not valid.
func AppendName(out []byte, typ uint16, target string, ttl uint32) []byte {
	before := len(out)
	out = append(out, 0xc0, HeaderLen, byte(typ>>8), byte(typ), 0, byte(ClassIN))
	out = binary.BigEndian.AppendUint32(out, ttl)
	at := len(out)
	out, ok := AppendWire(append(out, 0, 0), target)
	if !ok {
		return out[:before]
	}
	binary.BigEndian.PutUint16(out[at:], uint16(len(out)-at-2))
	out[7]++
	return out
}

// AppendWire writes a host name (no escapes) in wire form.
func AppendWire(out []byte, name string) ([]byte, bool) {
	if len(name) > MaxName-2 {
		return out, false
	}
	for name != "" {
		i := 0
		for i < len(name) && name[i] != '.' {
			i++
		}
		if i == 0 || i > 63 {
			return out, false
		}
		out = append(append(out, byte(i)), name[:i]...)
		if name = name[i:]; name != "" {
			name = name[1:]
		}
	}
	return append(out, 0), true
}

// AppendSOA adds a SOA record for the question's name to the authority section, so that a negative answer may be kept
// for ttl seconds (RFC 2308 section 3). Its contents are made up, as a locally served zone's are (RFC 6303 section 3).
func AppendSOA(out []byte, ttl uint32) []byte {
	out[9]++
	out = append(out, 0xc0, HeaderLen, 0, byte(TypeSOA), 0, byte(ClassIN))
	out = binary.BigEndian.AppendUint32(out, ttl)
	// MNAME is the zone itself, RNAME nobody.<zone>; serial, refresh, retry, expire, minimum
	out = append(out, 0, 2+9+20, 0xc0, HeaderLen, 6, 'n', 'o', 'b', 'o', 'd', 'y', 0xc0, HeaderLen)
	for _, v := range [5]uint32{1, 3600, 1200, 604800, ttl} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

// AppendOPT adds the OPT record of a reply, when the query had one, with an extended error unless ede is EDENone.
func AppendOPT(out []byte, q *Question, extended uint8, ede uint16, text string) []byte {
	if !q.EDNS {
		return out
	}
	arcount := binary.BigEndian.Uint16(out[10:])
	binary.BigEndian.PutUint16(out[10:], arcount+1)
	var do byte
	if q.DO {
		do = 0x80
	}
	out = append(out, 0, 0, byte(TypeOPT), UDPSize>>8, UDPSize&0xff, extended, 0, do, 0)
	if ede == EDENone {
		return append(out, 0, 0)
	}
	text = text[:min(len(text), MaxReason)]
	n := 2 + len(text)
	out = append(out, byte((n+4)>>8), byte(n+4), 0, 15, byte(n>>8), byte(n), byte(ede>>8), byte(ede))
	return append(out, text...)
}

// AppendQuery writes the query that is sent upstream for q: the name in lower case, recursion desired, AD asked for (RFC
// 6840 section 5.7), the client's CD and DO, an EDNS buffer of UDPSize, and no option of the client's: neither its
// subnet (RFC 7871) nor its cookie leaves the home. The ID is left 0 for the transport to set.
func AppendQuery(out []byte, q *Question) []byte {
	out = append(out[:0], q.Head()...)
	out[0], out[1] = 0, 0
	binary.BigEndian.PutUint16(out[2:], FlagRD|FlagAD|q.Flags&FlagCD)
	clear(out[4:HeaderLen])
	out[5], out[11] = 1, 1
	for i := HeaderLen; i < len(out)-4; i++ {
		out[i] = lower(out[i]) // a label's length is below 64 and no letter
	}
	var do byte
	if q.DO {
		do = 0x80
	}
	return append(out, 0, 0, byte(TypeOPT), UDPSize>>8, UDPSize&0xff, 0, 0, do, 0, 0, 0)
}

// Adopt makes a stored or fresh answer a reply to q: its ID, its question's case, its flags. AD stays only for who asked
// for it (RFC 6840 section 5.8).
func Adopt(msg []byte, q *Question) {
	flags := binary.BigEndian.Uint16(msg[2:])
	flags = flags&^(FlagRD|FlagCD|FlagAA) | FlagQR | FlagRA | q.Flags&(FlagRD|FlagCD)
	if !q.DO && q.Flags&FlagAD == 0 {
		flags &^= FlagAD
	}
	copy(msg[:2], q.head[:2])
	copy(msg[HeaderLen:], q.head[HeaderLen:q.end])
	binary.BigEndian.PutUint16(msg[2:], flags)
}
