package ledger

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A frame is
//
//	magic[4] length[4] crc[4] first[8] last[8] count[4] data[length-20]
//
// little endian; crc is CRC-32C (Castagnoli) of everything behind it; first and last bound the contacts' times in Unix
// nanoseconds, so that a query need not unpack what it does not ask for; data is deflated contacts (see codec.go).
const (
	frameMagic = 0x316c6443 // "Cdl1"
	frameHead  = 12
	blockHead  = 20
	maxFrame   = 1 << 18 // bytes of a frame at most: what a reader must hold
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segment is one file of the ring.
type segment struct {
	path   string
	number uint64
	size   int64
	last   time.Time // latest end of its contacts, when known
	known  bool
	dirty  bool // written since the last fsync
}

func segmentName(n uint64) string { return fmt.Sprintf("contacts-%016x.log", n) }

// listSegments finds the segments of a folder, the oldest first, and removes what an interrupted erasure left.
func listSegments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []segment
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if filepath.Ext(path) == ".tmp" {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
			continue
		}
		var g segment
		if n, err := fmt.Sscanf(e.Name(), "contacts-%x.log", &g.number); n != 1 || err != nil || e.Name() != segmentName(g.number) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		g.path, g.size = path, info.Size()
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b segment) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return out, nil
}

// lastTime is when the segment's latest contact ended; zero when nothing in it can be read.
func (g *segment) lastTime() time.Time {
	if g.known {
		return g.last
	}
	g.known = true
	f, err := os.Open(g.path)
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	// Damage is counted by queries, not here; what cannot be read has no time.
	_, _ = scan(f, func(b block) bool {
		if b.last.After(g.last) {
			g.last = b.last
		}
		return true
	})
	return g.last
}

// block is a frame that was read and is whole. data is valid during the call only.
type block struct {
	first, last time.Time
	count       int
	data        []byte
}

func putFrame(dst []byte, b *batch, data []byte) []byte {
	le := binary.LittleEndian
	at := len(dst)
	dst = le.AppendUint32(dst, frameMagic)
	dst = le.AppendUint32(dst, uint32(blockHead+len(data)))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, uint64(b.first.UnixNano()))
	dst = le.AppendUint64(dst, uint64(b.last.UnixNano()))
	dst = le.AppendUint32(dst, uint32(b.n))
	dst = append(dst, data...)
	le.PutUint32(dst[at+8:], crc32.Checksum(dst[at+frameHead:], castagnoli))
	return dst
}

// scan gives every whole block of a segment, until f says false. Damage is passed over by looking for the next magic
// number; corrupt counts the places.
func scan(r io.Reader, f func(block) bool) (corrupt int, err error) {
	br := bufio.NewReaderSize(r, maxFrame)
	var buf []byte
	damaged := false
	for {
		head, err := br.Peek(frameHead)
		if err != nil {
			if len(head) > 0 && !damaged {
				corrupt++ // a torn end
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return corrupt, err
		}
		b, whole, err := readFrame(br, head, &buf)
		if err != nil {
			return corrupt, err
		}
		if whole {
			damaged = false
			if !f(b) {
				return corrupt, nil
			}
			continue
		}
		if !damaged {
			damaged = true
			corrupt++
		}
		if err := nextMagic(br); err != nil {
			return corrupt, err
		}
	}
}

// readFrame reads the frame that begins at br; when it is not whole nothing is consumed.
func readFrame(br *bufio.Reader, head []byte, buf *[]byte) (b block, whole bool, err error) {
	le := binary.LittleEndian
	n, sum := int(le.Uint32(head[4:])), le.Uint32(head[8:])
	if le.Uint32(head) != frameMagic || n < blockHead || n > br.Size()-frameHead {
		return b, false, nil
	}
	all, err := br.Peek(frameHead + n)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return b, false, err
	}
	body := all[frameHead:]
	if crc32.Checksum(body, castagnoli) != sum {
		return b, false, nil
	}
	*buf = append((*buf)[:0], body...)
	if _, err := br.Discard(frameHead + n); err != nil {
		return b, false, err
	}
	body = *buf
	return block{
		first: time.Unix(0, int64(le.Uint64(body))).UTC(), last: time.Unix(0, int64(le.Uint64(body[8:]))).UTC(),
		count: int(le.Uint32(body[16:])), data: body[blockHead:],
	}, true, nil
}

// nextMagic moves on by at least a byte, to what may be the next frame.
func nextMagic(br *bufio.Reader) error {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	if _, err := br.Discard(1); err != nil {
		return err
	}
	for {
		window, err := br.Peek(br.Size())
		if i := bytes.Index(window, magic[:]); i >= 0 {
			_, err := br.Discard(i)
			return err
		}
		if err != nil { // the end: what is left is shorter than the buffer
			if _, gone := br.Discard(len(window)); gone != nil || !errors.Is(err, io.EOF) {
				return errors.Join(err, gone)
			}
			return nil
		}
		if _, err := br.Discard(len(window) - len(magic) + 1); err != nil {
			return err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
