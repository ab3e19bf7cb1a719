package units

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/file"
	"cardea/gateway/capture/zeek"
	"cardea/home"
)

// source is one capture file and what was found out about it when it was first read.
type source struct {
	path    string
	key     string // orders sources that begin at the same time; no two of a unit are the same
	flows   bool   // a log of flows, else packets
	macs    []home.MAC
	named   bool // its folder says that its captures are of one home
	benign  bool // rows that are not labelled as benign are not played
	damaged bool
	left    Left // of these rows, when it was first read
	tally

	link  *linker // gives events without Ethernet addresses made-up ones; nil: they have their own
	remap *remap  // of an attack that was spliced; nil: plays as it is
	mute  bool    // frames are not told: it is the benign part of a splice
}

// tally is what a capture shows at first sight.
type tally struct {
	first, last time.Time
	packets     uint64
	senders     map[home.MAC]bool         // without the router
	unique      map[home.MAC]bool         // of a log of flows: senders that do something of their own in the internet; nil: all
	gateways    map[home.MAC][]netip.Addr // routers with the addresses of the home by which they spoke
	spoke       []netip.Addr              // addresses of the home that somebody used, in order
	home        []netip.Prefix            // addresses that the log itself calls local, beside private ones
	stations    map[netip.Addr]home.MAC   // of the home, by the addresses that they spoke by
	prints      *prints                   // the flows of a capture without Ethernet addresses; nil: it has them
	near        *prints                   // the flows as a capture of the other kind shows them, too
}

// macFile lists, in a folder of captures, the addresses of the devices that these are about.
const macFile = "_iotdevice-mac.txt"

// oneHomeFile, in a folder of captures, says that all captures in it are of one home: logs that follow each other do not show it.
const oneHomeFile = "_one-home.txt"

// find lists the captures among paths, in the order of their names, each once.
func find(paths []string) (list []*source, problems []Problem) {
	seen := map[string]bool{}
	add := func(path string, named bool) {
		abs, err := filepath.Abs(path)
		if err != nil {
			abs = path
		}
		if seen[abs] {
			return
		}
		seen[abs] = true
		flows, ok, err := detect(path)
		switch {
		case err != nil:
			problems = append(problems, Problem{File: path, Err: err})
		case ok:
			list = append(list, &source{path: path, key: abs, flows: flows, macs: subjects(filepath.Dir(path)), named: exists(filepath.Join(filepath.Dir(path), oneHomeFile))})
		case named:
			problems = append(problems, Problem{File: path, Err: errNoCapture})
		}
	}
	for _, path := range paths {
		visit := func(at string, d fs.DirEntry, err error) {
			switch {
			case err != nil:
				problems = append(problems, Problem{File: at, Err: err})
			case d.Type().IsRegular() || at == path && !d.IsDir():
				add(at, at == path)
			}
		}
		// visit keeps what goes wrong: the rest is walked all the same.
		_ = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error { visit(at, d, err); return nil })
	}
	slices.SortFunc(list, func(a, b *source) int { return strings.Compare(a.key, b.key) })
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
	return list, problems
}

var errNoCapture = errors.New("neither packets (pcap, pcapng) nor a Zeek conn.log")

// detect says by a file's first bytes whether it is a capture, and of which kind.
func detect(path string) (flows, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, false, err
	}
	defer f.Close()
	b, err := bufio.NewReaderSize(f, zeek.Sniff).Peek(zeek.Sniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, false, fmt.Errorf("read: %w", err)
	}
	if kind := zeek.Kind(b); kind != "" {
		return true, zeek.Is(b), nil
	}
	return false, packets(zeek.Plain(b)), nil
}

// packets says whether a file that begins so holds packets.
func packets(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	switch binary.BigEndian.Uint32(b) {
	case 0x0a0d0d0a, 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0xa1b2cd34, 0x34cdb2a1:
		return true
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// subjects reads which devices a folder's captures are about; nil: it does not say.
func subjects(dir string) (list []home.MAC) {
	b, err := os.ReadFile(filepath.Join(dir, macFile))
	if err != nil || len(b) > 1<<16 {
		return nil
	}
	for _, word := range strings.Fields(string(b)) {
		if m, err := home.ParseMAC(word); err == nil && !m.IsZero() {
			list = append(list, m)
		}
	}
	return list
}

// play plays the file as it is in its unit. What was found damaged when it was first read is played as far as it goes.
func (s *source) play(ctx context.Context, to capture.Sink) error {
	if s.mute {
		to = muted{to}
	}
	if s.remap != nil {
		to = &remapper{remap: s.remap, to: to}
	}
	if s.link != nil {
		to = &linking{linker: s.link, to: to}
	}
	_, _, err := s.raw(ctx, to)
	if s.damaged && ctx.Err() == nil {
		return nil
	}
	return err
}

// raw plays the file's own events, and counts packets or rows and what was left out.
func (s *source) raw(ctx context.Context, to capture.Sink) (packets uint64, left Left, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return 0, left, fmt.Errorf("open capture: %w", err)
	}
	defer f.Close()
	if s.flows {
		o := zeek.Options{}
		if s.benign {
			o.Leave = left.take
		}
		st, err := zeek.Replay(ctx, f, to, o)
		if err != nil {
			err = fmt.Errorf("%s: %w", s.path, err)
		}
		return st.Packets, left, err
	}
	st, err := file.Replay(ctx, f, to, file.Options{})
	if err != nil {
		err = fmt.Errorf("%s: %w", s.path, err)
	}
	return st.Packets, left, err
}

// events is play as a sequence: an event is valid until the next is asked for. The error is set when the sequence ends.
func (s *source) events(ctx context.Context, failed *error) iter.Seq[*home.Event] {
	return func(yield func(*home.Event) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stopped := false
		err := s.play(ctx, sinkFunc(func(e *home.Event) {
			if !stopped && !yield(e) {
				stopped = true
				cancel()
			}
		}))
		if !stopped {
			*failed = err
		}
	}
}

type sinkFunc func(*home.Event)

// Handle calls f.
func (f sinkFunc) Handle(e *home.Event) { f(e) }

// muted takes the frame's number off every event.
type muted struct{ to capture.Sink }

// Handle passes an event on.
func (m muted) Handle(e *home.Event) {
	n := e.Frame
	e.Frame = 0
	m.to.Handle(e)
	e.Frame = n
}
