// Package message reads and writes DNS messages (RFC 1035) without allocating: just what a forwarder's fast path needs.
// It imports the standard library only, holds no state and does no I/O; every reader is bounded and refuses what it does
// not understand instead of guessing.
package message

import (
	"encoding/binary"
	"errors"
	"unsafe"
)

// Types and classes that are named in the code (IANA dns-parameters).
const (
	TypeA     uint16 = 1
	TypeNS    uint16 = 2
	TypeCNAME uint16 = 5
	TypeSOA   uint16 = 6
	TypePTR   uint16 = 12
	TypeAAAA  uint16 = 28
	TypeDNAME uint16 = 39
	TypeOPT   uint16 = 41
	TypeSVCB  uint16 = 64
	TypeHTTPS uint16 = 65
	TypeAXFR  uint16 = 252
	TypeANY   uint16 = 255

	ClassIN uint16 = 1
)

// Header flags (RFC 1035 section 4.1.1, AD and CD from RFC 4035 section 3.2).
const (
	FlagQR uint16 = 1 << 15
	FlagAA uint16 = 1 << 10
	FlagTC uint16 = 1 << 9
	FlagRD uint16 = 1 << 8
	FlagRA uint16 = 1 << 7
	FlagAD uint16 = 1 << 5
	FlagCD uint16 = 1 << 4
)

// Response codes (IANA dns-parameters).
const (
	NoError  uint8 = 0
	FormErr  uint8 = 1
	ServFail uint8 = 2
	NXDomain uint8 = 3
	NotImp   uint8 = 4
	Refused  uint8 = 5
)

const (
	// HeaderLen is the length of a message's header.
	HeaderLen = 12
	// MaxName is the longest name on the wire (RFC 1035 section 2.3.4), and the longest text that is kept of one.
	MaxName = 255
	// MaxQuestion is the longest header and question together.
	MaxQuestion = HeaderLen + MaxName + 4
	// UDPSize is what is offered as EDNS buffer, and the most that is sent in one datagram: it fits any path without
	// fragments (DNS flag day 2020).
	UDPSize = 1232
)

// What can be wrong with a query. Ignore must not be answered at all; the others are answered with their code.
var (
	ErrIgnore  = errors.New("dns: not a query")
	ErrFormat  = errors.New("dns: malformed message")
	ErrOpcode  = errors.New("dns: operation other than a query")
	ErrVersion = errors.New("dns: EDNS version other than 0")
)

// Question is a query as it was asked. It is reused; Head and Name are valid until the next Parse.
type Question struct {
	ID    uint16
	Flags uint16
	Type  uint16
	Class uint16
	EDNS  bool   // the query had an OPT record: the answer has one too
	DO    bool   // DNSSEC records wanted
	Size  uint16 // largest datagram the client takes, 512 to UDPSize

	head [MaxQuestion]byte // header and question, the name in the case it was asked in
	end  int
	text [MaxName]byte
	n    int
}

// Head is the header and the question as asked.
func (q *Question) Head() []byte { return q.head[:q.end] }

// Wire is the name on the wire, in the case it was asked in.
func (q *Question) Wire() []byte { return q.head[HeaderLen : q.end-4] }

// Name is the name in lower case without the trailing dot ("" is the root). It is a view of the question's own memory:
// whoever keeps it clones it.
func (q *Question) Name() string { return unsafe.String(&q.text[0], q.n) }

// Parse reads a query. On any error but ErrIgnore, ID and Flags are set, and Head is the header alone when the question
// could not be read.
func (q *Question) Parse(msg []byte) error {
	q.end, q.n, q.Type, q.Class, q.EDNS, q.DO, q.Size = 0, 0, 0, 0, false, false, 512
	if len(msg) < HeaderLen {
		return ErrIgnore
	}
	q.ID, q.Flags = binary.BigEndian.Uint16(msg), binary.BigEndian.Uint16(msg[2:])
	if q.Flags&FlagQR != 0 {
		return ErrIgnore
	}
	copy(q.head[:], msg[:HeaderLen])
	q.end = HeaderLen
	if q.Flags>>11&15 != 0 {
		return ErrOpcode
	}
	if binary.BigEndian.Uint64(msg[4:])>>16 != 1<<32 { // one question, no answer, no authority
		return ErrFormat
	}
	off, ok := q.name(msg)
	if !ok || off+4 > len(msg) {
		q.n = 0
		return ErrFormat
	}
	q.Type, q.Class = binary.BigEndian.Uint16(msg[off:]), binary.BigEndian.Uint16(msg[off+2:])
	off += 4
	copy(q.head[HeaderLen:], msg[HeaderLen:off])
	q.end = off
	return q.options(msg, off)
}

// name reads an uncompressed name at HeaderLen into text.
func (q *Question) name(msg []byte) (int, bool) {
	off, n := HeaderLen, 0
	for {
		if off >= len(msg) {
			return 0, false
		}
		l := int(msg[off])
		off++
		if l == 0 {
			break
		}
		if l > 63 || off+l >= len(msg) || off+l-HeaderLen >= MaxName {
			return 0, false
		}
		if n > 0 && n < len(q.text) {
			q.text[n] = '.'
			n++
		}
		var fits bool
		if n, fits = appendLabel(q.text[:], n, msg[off:off+l]); !fits {
			return 0, false
		}
		off += l
	}
	q.n = n
	return off, true
}

// appendLabel writes a label as text: lower case, bytes that would be mistaken in text as \DDD (RFC 1035 section 5.1).
// It says false when it does not fit.
func appendLabel(dst []byte, n int, label []byte) (int, bool) {
	for _, c := range label {
		plain := c > ' ' && c < 0x7f && c != '.' && c != '\\'
		switch {
		case plain && n < len(dst):
			dst[n] = lower(c)
			n++
		case !plain && n+4 <= len(dst):
			dst[n], dst[n+1], dst[n+2], dst[n+3] = '\\', '0'+c/100, '0'+c/10%10, '0'+c%10
			n += 4
		default:
			return n, false
		}
	}
	return n, true
}

// options looks for the OPT record behind the question (RFC 6891); other additional records of a query are ignored.
func (q *Question) options(msg []byte, off int) error {
	count := int(binary.BigEndian.Uint16(msg[10:]))
	if count > 4 {
		return ErrFormat
	}
	var it Iter
	it.Reset(msg, off, count)
	for it.Next() {
		if it.Type != TypeOPT {
			continue
		}
		if q.EDNS || !it.Root { // at most one, owned by the root
			return ErrFormat
		}
		q.EDNS, q.DO = true, it.TTL&(1<<15) != 0
		q.Size = min(max(it.Class, 512), UDPSize)
		if it.TTL>>16&0xff != 0 {
			return ErrVersion
		}
	}
	if it.Failed {
		return ErrFormat
	}
	return nil
}
