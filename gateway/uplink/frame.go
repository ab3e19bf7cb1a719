package uplink

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A frame is
//
//	magic[4] length[4] crc[4] sequence[8] body[length]
//
// little endian; crc is CRC-32C (Castagnoli) of sequence and body; body is a serialised pb.Item. The frame with the sequence 0
// begins a segment: its body is the epoch.
const (
	frameMagic = 0x31736443 // "Cds1"
	frameHead  = 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is one that was read and is whole.
type frame struct {
	sequence uint64
	body     []byte
	end      int // where the next one begins
}

func putFrame(dst []byte, sequence uint64, body []byte) []byte {
	le := binary.LittleEndian
	at := len(dst)
	dst = le.AppendUint32(dst, frameMagic)
	dst = le.AppendUint32(dst, uint32(len(body)))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, sequence)
	dst = append(dst, body...)
	le.PutUint32(dst[at+8:], crc32.Checksum(dst[at+12:], castagnoli))
	return dst
}

// readFrame reads the first whole frame at or behind a place. damaged says that something had to be passed over; ok is false
// when there is no further one.
func readFrame(b []byte, at int) (f frame, damaged, ok bool) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	for at < len(b) {
		if f, ok := frameAt(b, at); ok {
			return f, damaged, true
		}
		damaged = true
		i := bytes.Index(b[at+1:], magic[:])
		if i < 0 {
			break
		}
		at += 1 + i
	}
	return frame{}, damaged, false
}

func frameAt(b []byte, at int) (frame, bool) {
	b = b[at:]
	if len(b) < frameHead {
		return frame{}, false
	}
	le := binary.LittleEndian
	n := uint64(le.Uint32(b[4:]))
	if le.Uint32(b) != frameMagic || n > uint64(len(b)-frameHead) {
		return frame{}, false
	}
	b = b[:frameHead+int(n)]
	if crc32.Checksum(b[12:], castagnoli) != le.Uint32(b[8:]) {
		return frame{}, false
	}
	return frame{sequence: le.Uint64(b[12:]), body: b[frameHead:], end: at + len(b)}, true
}
