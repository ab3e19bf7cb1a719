// Package file reads captures (pcap and pcapng) and makes the same events of them that a live gateway makes: frames go
// through a bounded user-space flow table, which stands in for conntrack, and through dissect.
//
// It imports home, capture and dissect. Memory does not grow with the file. A file is hostile input: it is read to where
// it breaks, and the one error names that byte.
package file

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"cardea/gateway/capture/dissect"
)

const (
	readBuffer = 512 << 10
	maxFrame   = 256 << 10 // bytes of a frame that are looked at, libpcap's MAXIMUM_SNAPLEN
	maxRecord  = 16 << 20  // a longer record or block with packets is taken for garbage
)

// frame is one captured frame. Data is valid until the next call of next.
type frame struct {
	time time.Time
	wire uint32
	link dissect.LinkType
	data []byte
}

// format reads frames of one file format. At the end of a sound file next returns io.EOF.
type format interface{ next(f *frame) error }

// source is the buffered input with the offset in the (decompressed) file.
type source struct {
	r      *bufio.Reader
	offset int64
}

// FormatError says where a capture file stops making sense.
type FormatError struct {
	Offset int64 // in bytes from the start of the file (decompressed)
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("capture file, byte %d: %v", e.Offset, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }

func (s *source) fail(format string, args ...any) error {
	return &FormatError{Offset: s.offset, Err: fmt.Errorf(format, args...)}
}

// need shows the next n ≤ readBuffer bytes without copying them; they stay valid until skip or the next need. The offset
// stays. At a clean end it is io.EOF if nothing is left, and an error that names what is unfinished otherwise.
func (s *source) need(n int, what string) ([]byte, error) {
	b, err := s.r.Peek(n)
	if err == nil {
		return b, nil
	}
	if errors.Is(err, io.EOF) {
		if len(b) == 0 {
			return nil, io.EOF
		}
		return b, s.fail("the file ends within %s: %d of %d bytes", what, len(b), n)
	}
	return b, s.fail("reading %s: %w", what, err)
}

// skip moves on by n bytes.
func (s *source) skip(n int64, what string) error {
	for n > 0 {
		step := int(min(n, math.MaxInt32))
		done, err := s.r.Discard(step)
		s.offset += int64(done)
		n -= int64(done)
		if errors.Is(err, io.EOF) {
			return s.fail("the file ends within %s: %d bytes are missing", what, n)
		}
		if err != nil {
			return s.fail("reading %s: %w", what, err)
		}
	}
	return nil
}

// open recognises the format by its first bytes.
func open(r io.Reader) (format, error) {
	s := &source{r: bufio.NewReaderSize(r, readBuffer)}
	b, err := s.r.Peek(4)
	if len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b { // RFC 1952
		z, err := gzip.NewReader(s.r)
		if err != nil {
			return nil, s.fail("gzip: %w", err)
		}
		s.r = bufio.NewReaderSize(z, readBuffer)
		b, _ = s.r.Peek(4)
	}
	switch {
	case len(b) == 0 && (err == nil || errors.Is(err, io.EOF)):
		return nil, s.fail("the file is empty")
	case len(b) < 4 && err != nil && !errors.Is(err, io.EOF):
		return nil, s.fail("reading the first bytes: %w", err)
	case len(b) == 4 && binary.BigEndian.Uint32(b) == blockSection:
		return &pcapng{source: s}, nil
	}
	return openPcap(s)
}

// maxSecond is the last second of the year 9999: later times cannot be written as RFC 3339.
const maxSecond = 253402300799

func unix(sec uint64, nanos uint32) time.Time {
	return time.Unix(int64(min(sec, maxSecond)), int64(nanos%1e9)).UTC()
}
