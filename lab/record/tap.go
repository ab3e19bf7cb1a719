package record

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"cardea/home"
	"cardea/lab/frame"
	"cardea/lab/space"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// tap records the frames of one port of the bridge as a capture file.
type tap struct {
	conn   *frame.Conn
	out    *frame.Conn       // sends the last frame: a packet socket does not hear itself
	keep   map[home.MAC]bool // senders that are recorded
	kernel [2][]byte         // the kernel's release, which servers like to tell, and what stands in its place
	done   chan struct{}     // closed when it has read the last frame
	mu     sync.Mutex
	news   chan struct{} // closed and replaced with each frame
	frames [][]byte
	pcap   bytes.Buffer
	began  time.Time
	err    error
}

// epoch is when each recording begins: its real time is nobody's business, and equal recordings should be equal.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// snap is more than any frame: a cable between namespaces carries segments that were not cut yet.
const snap = 1 << 16

// last is the frame that ends a recording: a type for experiments (IEEE 802 section 9.2.4), from nobody to nobody.
var last = append(make([]byte, 12), 0x88, 0xb5, 'e', 'n', 'd')

func newTap(s *space.Space, port string, macs map[string]home.MAC) (*tap, error) {
	all := frame.Filter{bpf.RetConstant{Val: snap}}
	conn, err := frame.Open(s, port, all)
	if err != nil {
		return nil, err
	}
	out, err := frame.Open(s, port, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t := &tap{conn: conn, out: out, keep: map[home.MAC]bool{}, done: make(chan struct{}), news: make(chan struct{})}
	if t.kernel, err = release(); err != nil {
		conn.Close()
		out.Close()
		return nil, err
	}
	for _, m := range macs {
		t.keep[m] = true
	}
	// magic of microseconds, version 2.4, no zone, snap length, Ethernet
	for _, v := range []any{uint32(0xa1b2c3d4), uint16(2), uint16(4), int32(0), uint32(0), uint32(snap), uint32(1)} {
		_ = binary.Write(&t.pcap, binary.LittleEndian, v) // a buffer takes all
	}
	go t.read()
	return t, nil
}

func (t *tap) read() {
	defer close(t.done)
	buf := make([]byte, snap)
	for {
		r, err := t.conn.Read(buf)
		if err != nil {
			t.err = fmt.Errorf("read frames: %w", err)
			return
		}
		b := buf[:r.Len]
		if bytes.Equal(b, last) {
			return
		}
		if len(b) >= 14 && t.keep[home.MACOf(b[6:])] {
			t.take(bytes.ReplaceAll(b, t.kernel[0], t.kernel[1]), r.Time)
		}
	}
}

// release is the kernel's and another of the same length: the checksums of frames that never left the machine are not made yet,
// so nothing else changes.
func release() (own [2][]byte, err error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return own, fmt.Errorf("ask for the kernel's release: %w", err)
	}
	own[0] = u.Release[:max(bytes.IndexByte(u.Release[:], 0), 0)]
	own[1] = []byte("6.1.0-0" + strings.Repeat("0", len(u.Release)))[:len(own[0])]
	return own, nil
}

func (t *tap) take(b []byte, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		t.began = at
	}
	d := epoch.Add(max(at.Sub(t.began), 0))
	for _, v := range []uint32{uint32(d.Unix()), uint32(d.Nanosecond() / 1000), uint32(len(b)), uint32(len(b))} {
		t.pcap.Write(binary.LittleEndian.AppendUint32(nil, v))
	}
	t.pcap.Write(b)
	t.frames = append(t.frames, b)
	close(t.news)
	t.news = make(chan struct{})
}

// seen waits until a frame holds the text.
func (t *tap) seen(ctx context.Context, text string) error {
	for from := 0; ; {
		t.mu.Lock()
		frames, news := t.frames[from:], t.news
		t.mu.Unlock()
		for _, b := range frames {
			if bytes.Contains(b, []byte(text)) {
				return nil
			}
		}
		from += len(frames)
		select {
		case <-news:
		case <-t.done:
			return fmt.Errorf("no frame with %q came", text)
		case <-ctx.Done():
			return fmt.Errorf("no frame with %q came: %w", text, ctx.Err())
		}
	}
}

// finish sends the last frame, by the way of all others, and returns the file.
func (t *tap) finish(ctx context.Context) ([]byte, error) {
	defer t.conn.Close()
	defer t.out.Close()
	if _, err := t.out.Write(last); err != nil {
		return nil, fmt.Errorf("end the recording: %w", err)
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if n := t.conn.Drops(); n > 0 {
		return nil, fmt.Errorf("%d frames are missing", n)
	}
	return t.pcap.Bytes(), t.err
}
