package message

import "encoding/binary"

// Iter walks the resource records of a message. It never reads beyond it and stops at the first malformed record.
type Iter struct {
	Type, Class uint16
	TTL         uint32
	Owner       int // offset of the owner's name
	TTLAt       int // offset of the TTL
	Data        int // offset of the data
	Len         int // length of the data
	Root        bool
	Failed      bool // stopped at a malformed record

	msg  []byte
	off  int
	left int
}

// Reset begins at off, where count records are to follow.
func (it *Iter) Reset(msg []byte, off, count int) { *it = Iter{msg: msg, off: off, left: count} }

// Off is where the next record begins.
func (it *Iter) Off() int { return it.off }

// Next reads one record; false at the end and at a malformed record.
func (it *Iter) Next() bool {
	if it.left == 0 || it.Failed {
		return false
	}
	it.left--
	off, ok := skipName(it.msg, it.off)
	if !ok || off+10 > len(it.msg) {
		it.Failed = true
		return false
	}
	it.Owner, it.Root = it.off, it.msg[it.off] == 0
	it.Type, it.Class = binary.BigEndian.Uint16(it.msg[off:]), binary.BigEndian.Uint16(it.msg[off+2:])
	it.TTL, it.TTLAt = binary.BigEndian.Uint32(it.msg[off+4:]), off+4
	it.Len, it.Data = int(binary.BigEndian.Uint16(it.msg[off+8:])), off+10
	if it.off = it.Data + it.Len; it.off > len(it.msg) {
		it.Failed = true
		return false
	}
	return true
}

// skipName returns the offset behind a name that may end in a compression pointer.
func skipName(msg []byte, off int) (int, bool) {
	for start := off; off < len(msg) && off-start < MaxName; {
		switch c := msg[off]; {
		case c == 0:
			return off + 1, true
		case c >= 0xc0:
			return off + 2, off+2 <= len(msg)
		case c > 63:
			return 0, false
		default:
			off += 1 + int(c)
		}
	}
	return 0, false
}

// readName writes the name at off, following compression pointers, as text behind dst[:n]. Pointers must go backwards,
// so it always ends.
func readName(dst []byte, n int, msg []byte, off int) (int, bool) {
	start, limit, total := n, off, 0
	for {
		if off >= len(msg) {
			return n, false
		}
		c := int(msg[off])
		switch {
		case c == 0:
			return n, true
		case c >= 0xc0:
			if off+1 >= len(msg) {
				return n, false
			}
			to := (c&0x3f)<<8 | int(msg[off+1])
			if to >= limit {
				return n, false
			}
			off, limit = to, to
		case c > 63 || off+1+c > len(msg):
			return n, false
		default:
			if total += c + 1; total >= MaxName {
				return n, false
			}
			if n > start {
				if n >= len(dst) {
					return n, false
				}
				dst[n] = '.'
				n++
			}
			var ok bool
			if n, ok = appendLabel(dst, n, msg[off+1:off+1+c]); !ok {
				return n, false
			}
			off += 1 + c
		}
	}
}
