package message

import (
	"encoding/binary"
	"net/netip"
	"unsafe"
)

// Bounds of what is taken out of one answer. An answer with more is cut at the bound: More is set.
const (
	maxNames = 24
	maxAddrs = 128
	maxText  = 2048
)

// DayTTL is the longest that an answer is believed, in seconds; negative answers at most NegativeTTL (RFC 2308 section 5).
const (
	DayTTL      = 86400
	NegativeTTL = 10800
)

// Answer is what an answer says. It is reused: Names and Addrs are valid until the next Scan, whoever keeps them clones.
type Answer struct {
	Flags uint16
	Rcode uint8
	Names []string     // targets of CNAME, DNAME and SVCB/HTTPS records, in order
	Addrs []netip.Addr // A, AAAA, and the address hints of SVCB/HTTPS records
	TTL   uint32       // seconds it may be kept; 0: not at all
	More  bool         // it held more names or addresses than are kept here: do not trust it to be judged whole
	OPT   int          // offset of the OPT record, 0 without one
	opts  int          // additional records before OPT

	names [maxNames]string
	addrs [maxAddrs]netip.Addr
	text  [maxText]byte
	n     int
}

// Matches says whether msg is an answer to the question in head (header and question as sent): same ID, a response,
// same single question, letters' case apart.
func Matches(msg, head []byte) bool {
	return len(msg) >= len(head) && len(head) > HeaderLen &&
		msg[0] == head[0] && msg[1] == head[1] && msg[2]&0xf8 == 0x80 && SameQuestion(msg, head)
}

// SameQuestion compares the questions of two messages, letters' case apart. Both begin with the header.
func SameQuestion(msg, head []byte) bool {
	if len(msg) < len(head) || len(head) <= HeaderLen || msg[4] != 0 || msg[5] != 1 {
		return false
	}
	a, b := msg[HeaderLen:len(head)], head[HeaderLen:]
	for i, c := range b {
		if d := a[i]; c != d && lower(c) != lower(d) {
			return false
		}
	}
	n := len(b) - 4 // type and class have no case
	return a[n] == b[n] && a[n+1] == b[n+1] && a[n+2] == b[n+2] && a[n+3] == b[n+3]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Scan reads an answer whose header and question are questionLen bytes long.
func (a *Answer) Scan(msg []byte, questionLen int) error {
	a.Names, a.Addrs, a.TTL, a.More, a.OPT, a.opts, a.n = a.names[:0], a.addrs[:0], 0, false, 0, 0, 0
	if len(msg) < questionLen || questionLen <= HeaderLen {
		return ErrFormat
	}
	a.Flags = binary.BigEndian.Uint16(msg[2:])
	a.Rcode = uint8(a.Flags & 15)
	var it Iter
	it.Reset(msg, questionLen, int(binary.BigEndian.Uint16(msg[6:])))
	qtype := binary.BigEndian.Uint16(msg[questionLen-4:])
	ttl, final := uint32(DayTTL), false
	for it.Next() {
		ttl = min(ttl, clampTTL(it.TTL))
		final = final || it.Type == qtype || qtype == TypeANY
		if it.Class == ClassIN {
			if err := a.record(msg, &it); err != nil {
				return err
			}
		}
	}
	if it.Failed {
		return ErrFormat
	}
	negative, err := a.rest(msg, it.Off())
	if err != nil {
		return err
	}
	a.TTL = a.keep(ttl, final, negative)
	return nil
}

// keep decides how long the answer may be kept (RFC 2308 for negative ones, RFC 9520 section 3.2 for failures).
func (a *Answer) keep(ttl uint32, final bool, negative uint32) uint32 {
	switch {
	case a.Flags&FlagTC != 0:
		return 0
	case a.Rcode == ServFail:
		return 1
	case a.Rcode == NoError && final:
		return ttl
	case a.Rcode == NoError || a.Rcode == NXDomain:
		return min(ttl, negative)
	}
	return 0
}

// record takes names and addresses out of one answer record.
func (a *Answer) record(msg []byte, it *Iter) error {
	data := msg[it.Data : it.Data+it.Len]
	switch it.Type {
	case TypeA:
		if it.Len != 4 {
			return ErrFormat
		}
		a.addr(netip.AddrFrom4([4]byte(data)))
	case TypeAAAA:
		if it.Len != 16 {
			return ErrFormat
		}
		a.addr(netip.AddrFrom16([16]byte(data)))
	case TypeCNAME, TypeDNAME:
		return a.name(msg[:it.Data+it.Len], it.Data)
	case TypeSVCB, TypeHTTPS:
		return a.service(msg[:it.Data+it.Len], it.Data)
	}
	return nil
}

func (a *Answer) addr(ip netip.Addr) {
	if len(a.Addrs) == maxAddrs {
		a.More = true
		return
	}
	a.Addrs = append(a.Addrs, ip)
}

func (a *Answer) name(msg []byte, off int) error {
	if len(a.Names) == maxNames || a.n+MaxName > maxText {
		a.More = true
		return nil
	}
	n, ok := readName(a.text[:], a.n, msg, off)
	if !ok {
		return ErrFormat
	}
	if n > a.n { // the root as an SVCB target means the owner itself
		a.Names = append(a.Names, unsafe.String(&a.text[a.n], n-a.n))
	}
	a.n = n
	return nil
}

// service reads an SVCB or HTTPS record: target and address hints (RFC 9460 sections 2.2 and 7.3).
func (a *Answer) service(msg []byte, off int) error {
	const v4hint, v6hint = 4, 6
	target := off + 2
	off, ok := skipName(msg, target)
	if !ok {
		return ErrFormat
	}
	if err := a.name(msg, target); err != nil {
		return err
	}
	for off < len(msg) {
		if off+4 > len(msg) {
			return ErrFormat
		}
		key, n := binary.BigEndian.Uint16(msg[off:]), int(binary.BigEndian.Uint16(msg[off+2:]))
		off += 4
		if off+n > len(msg) {
			return ErrFormat
		}
		v := msg[off : off+n]
		for ; key == v4hint && len(v) >= 4; v = v[4:] {
			a.addr(netip.AddrFrom4([4]byte(v)))
		}
		for ; key == v6hint && len(v) >= 16; v = v[16:] {
			a.addr(netip.AddrFrom16([16]byte(v)))
		}
		off += n
	}
	return nil
}

// rest reads authority (for the negative TTL) and additional records (for OPT).
func (a *Answer) rest(msg []byte, off int) (negative uint32, err error) {
	var it Iter
	it.Reset(msg, off, int(binary.BigEndian.Uint16(msg[8:])))
	for it.Next() {
		if it.Type == TypeSOA && it.Len >= 22 {
			minimum := binary.BigEndian.Uint32(msg[it.Data+it.Len-4:])
			negative = min(clampTTL(it.TTL), clampTTL(minimum), NegativeTTL)
		}
	}
	if it.Failed {
		return 0, ErrFormat
	}
	it.Reset(msg, it.Off(), int(binary.BigEndian.Uint16(msg[10:])))
	for it.Next() {
		if it.Type == TypeOPT && a.OPT == 0 {
			a.OPT = it.Owner
		} else if a.OPT == 0 {
			a.opts++
		}
	}
	if it.Failed {
		return 0, ErrFormat
	}
	return negative, nil
}

// Strip cuts the OPT record off a scanned answer, and what follows it (compression pointers there would dangle): OPT
// speaks of one hop only (RFC 6891 section 6.2.6).
func (a *Answer) Strip(msg []byte) []byte {
	if a.OPT == 0 {
		return msg
	}
	binary.BigEndian.PutUint16(msg[10:], uint16(a.opts))
	return msg[:a.OPT]
}

// clampTTL treats a TTL with the highest bit set as 0 (RFC 2181 section 8) and caps it at a day.
func clampTTL(ttl uint32) uint32 {
	if ttl >= 1<<31 {
		return 0
	}
	return min(ttl, DayTTL)
}

// Age takes seconds off each record's TTL, after capping it at a day. msg must have been scanned.
func Age(msg []byte, questionLen int, seconds uint32) {
	count := int(binary.BigEndian.Uint16(msg[6:])) + int(binary.BigEndian.Uint16(msg[8:])) + int(binary.BigEndian.Uint16(msg[10:]))
	var it Iter
	it.Reset(msg, questionLen, count)
	for it.Next() {
		if it.Type == TypeOPT {
			continue
		}
		ttl := clampTTL(it.TTL)
		binary.BigEndian.PutUint32(msg[it.TTLAt:], ttl-min(ttl, seconds))
	}
}
