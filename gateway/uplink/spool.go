package uplink

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	minSpool  = 64 << 10
	syncEvery = time.Second // how long an item that is not urgent may wait for the disk
	reserve   = 1024        // sequences taken at a time: what a crash may skip
	lostStep  = 1 << 20     // what is skipped when the state was lost and only segments tell where it was
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("spool is closed")

// ErrTooBig is returned for an item or an answer over its bound.
var ErrTooBig = errors.New("too big to be sent")

// Spool keeps items on disk until the cloud has them. It is bounded in bytes: when it is full the oldest roll-ups, first
// times, refusals and devices go first; findings, incidents, results and looks only when they alone take more than seven
// eighths of it. What was given up is told by an item of its own. Findings and the like are on disk when Put returns, others
// a second later. A kill at any byte costs nothing that was on disk, and no sequence is used twice: nothing is given out
// before it is on disk, and sequences are reserved ahead. It is safe for concurrent use.
type Spool struct {
	dir          string
	max          int64
	segmentBytes int64
	maxItem      int
	ready        chan struct{} // capacity 1, owned by the spool: something was put; when full there is a signal already

	mu         sync.Mutex // guards what follows, also over I/O
	meta       meta
	sequence   uint64 // the last one used
	acked      uint64
	ackedFile  *os.File
	firm, soft lane
	since      time.Time // when the oldest item that is not on disk was put
	damaged    int
	closed     bool
	now        func() time.Time
}

// SpoolStats says how a spool stands.
type SpoolStats struct {
	Items   int    `json:"items"` // not acknowledged
	Bytes   int64  `json:"bytes"`
	Dropped uint64 `json:"dropped"` // items given up, ever
	Damaged int    `json:"damaged"` // places that could not be read when it was opened
}

// OpenSpool opens or creates the spool in a folder. It reads all that is there once, a segment at a time.
func OpenSpool(dir string, maxBytes int64) (*Spool, error) {
	if maxBytes < minSpool {
		return nil, fmt.Errorf("open spool: %d bytes are too few, want %d at least", maxBytes, minSpool)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s := &Spool{
		dir: dir, max: maxBytes, segmentBytes: min(max(maxBytes/64, 4<<10), 256<<10),
		maxItem: int(min(maxBytes/16, wire.MaxReport-1024)), ready: make(chan struct{}, 1), now: time.Now,
		firm: lane{dir: dir, name: "firm"}, soft: lane{dir: dir, name: "soft"},
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), s.release())
	}
	return s, nil
}

func (s *Spool) load() (err error) {
	known := false
	if s.meta, known, err = readMeta(s.dir); err != nil {
		return err
	}
	if s.ackedFile, err = os.OpenFile(filepath.Join(s.dir, ackedFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if known {
		s.acked = readAcked(s.ackedFile, s.meta.Epoch)
	}
	highest, told := s.acked, false
	found := func(f frame) {
		if f.sequence == 0 && len(f.body) == 8 && !known && s.meta.Epoch == 0 {
			s.meta.Epoch = binary.LittleEndian.Uint64(f.body)
		}
		highest = max(highest, f.sequence)
		told = told || s.meta.Drop != nil && f.sequence == s.meta.Drop.Sequence
	}
	for _, l := range []*lane{&s.firm, &s.soft} {
		n, err := l.load(s.acked, found)
		if err != nil {
			return err
		}
		s.damaged += n
	}
	return s.recover(known, highest, told)
}

// recover settles where the sequence goes on, and finishes what was begun.
func (s *Spool) recover(known bool, highest uint64, told bool) error {
	if known {
		s.sequence = max(s.meta.Ceiling, highest)
	} else {
		if highest > 0 {
			s.sequence = highest + lostStep
		}
		for s.meta.Epoch == 0 {
			var b [8]byte
			rand.Read(b[:])
			s.meta.Epoch = binary.LittleEndian.Uint64(b[:])
		}
		if s.acked = readAcked(s.ackedFile, s.meta.Epoch); s.acked > 0 {
			if err := errors.Join(s.firm.acknowledge(0, s.acked), s.soft.acknowledge(0, s.acked)); err != nil {
				return err
			}
		}
		s.sequence = max(s.sequence, s.acked)
	}
	if d := s.meta.Drop; d != nil {
		if err := s.removeDropped(d); err != nil {
			return err
		}
		if !told && s.acked < d.Sequence {
			if err := s.tellDropped(); err != nil {
				return err
			}
		}
		s.meta.Drop = nil
	}
	s.meta.Ceiling = s.sequence + reserve
	return s.meta.write(s.dir)
}

// Epoch names this spool's life.
func (s *Spool) Epoch() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meta.Epoch
}

// Ready is signalled when there may be something new for Next.
func (s *Spool) Ready() <-chan struct{} { return s.ready }

// Stats says how it stands.
func (s *Spool) Stats() SpoolStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SpoolStats{
		Items: s.firm.items() + s.soft.items(), Bytes: s.firm.bytes() + s.soft.bytes(), Dropped: s.meta.Dropped, Damaged: s.damaged,
	}
}

// Desired is the version of the desired state that runs.
func (s *Spool) Desired() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meta.Desired
}

// SetDesired remembers it.
func (s *Spool) SetDesired(version uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	m := s.meta
	m.Desired = version
	if err := m.write(s.dir); err != nil {
		return fmt.Errorf("remember the desired version: %w", err)
	}
	s.meta = m
	return nil
}

// Put gives an item its sequence and keeps it. The item is the spool's until Put returns.
func (s *Spool) Put(item *pb.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	sequence, err := s.take()
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	item.Sequence = sequence
	body, err := proto.Marshal(item)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if len(body) > s.maxItem {
		return fmt.Errorf("spool: item of %d bytes: %w", len(body), ErrTooBig)
	}
	l := s.laneOf(item)
	if err := s.room(l, int64(frameHead+len(body)), item); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if item.Sequence != sequence { // something was given up before, and is told first
		if body, err = proto.Marshal(item); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
	}
	if err := l.append(s.meta.Epoch, item.Sequence, body, s.segmentBytes); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if s.since.IsZero() {
		s.since = s.now()
	}
	if l == &s.firm || s.now().Sub(s.since) >= syncEvery {
		err = s.sync()
	}
	s.signal()
	return err
}

func (s *Spool) laneOf(item *pb.Item) *lane {
	switch item.GetBody().(type) {
	case *pb.Item_RollUp, *pb.Item_FirstTimes, *pb.Item_Stopped, *pb.Item_Devices:
		return &s.soft
	}
	return &s.firm
}

// take gives the next sequence, reserved on disk before it is used.
func (s *Spool) take() (uint64, error) {
	if s.sequence >= s.meta.Ceiling {
		m := s.meta
		m.Ceiling = s.sequence + reserve
		if err := m.write(s.dir); err != nil {
			return 0, err
		}
		s.meta = m
	}
	s.sequence++
	return s.sequence, nil
}

func (s *Spool) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// sync returns when the disk has everything that was put. The caller holds mu.
func (s *Spool) sync() error {
	if err := errors.Join(s.soft.sync(), s.firm.sync()); err != nil {
		return fmt.Errorf("spool: sync: %w", err)
	}
	s.since = time.Time{}
	return nil
}

// Next gives the oldest items that are not acknowledged, in order: at most so many and so many bytes, but one at least. While
// the newest are not on disk it gives none of them and says when to ask again. With 0 items it only writes what is due.
func (s *Spool) Next(maxItems, maxBytes int) (items []*pb.Item, again time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, ErrClosed
	}
	if !s.since.IsZero() {
		again = syncEvery - s.now().Sub(s.since)
		if again > 0 && (maxItems == 0 || s.firm.items()+s.soft.items() < maxItems) {
			return nil, again, nil
		}
		if err := s.sync(); err != nil {
			return nil, 0, err
		}
	}
	if maxItems == 0 || s.firm.items()+s.soft.items() == 0 {
		return nil, 0, nil
	}
	items, err = s.merge(maxItems, min(maxBytes, int(s.max/16)))
	return items, 0, err
}

func (s *Spool) merge(maxItems, maxBytes int) (items []*pb.Item, err error) {
	a, b := &reader{lane: &s.firm, acked: s.acked}, &reader{lane: &s.soft, acked: s.acked}
	if err := errors.Join(a.advance(), b.advance()); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	for total := 0; len(items) < maxItems; {
		r := a
		if !a.ok || b.ok && b.f.sequence < a.f.sequence {
			r = b
		}
		if !r.ok || total > 0 && total+len(r.f.body)+8 > maxBytes {
			break
		}
		item := new(pb.Item)
		if err := proto.Unmarshal(r.f.body, item); err == nil { // cannot fail: the sum was right
			total += len(r.f.body) + 8
			items = append(items, item)
			r.lane.given = r.segment
		}
		if err := r.advance(); err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	return items, nil
}

// Ack forgets everything up to a sequence.
func (s *Spool) Ack(sequence uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if sequence <= s.acked {
		return nil
	}
	was := s.acked
	s.acked = min(sequence, s.sequence)
	if err := errors.Join(writeAcked(s.ackedFile, s.meta.Epoch, s.acked),
		s.firm.acknowledge(was, s.acked), s.soft.acknowledge(was, s.acked)); err != nil {
		return fmt.Errorf("spool: acknowledge: %w", err)
	}
	return nil
}

// Seal has what was put leave the disk as soon as it is acknowledged, where otherwise it stays until its segment is full: what people
// erase is not to lie there.
func (s *Spool) Seal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := errors.Join(s.firm.seal(s.acked), s.soft.seal(s.acked)); err != nil {
		return fmt.Errorf("spool: seal: %w", err)
	}
	return nil
}

// Close writes everything and ends the spool's use.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.meta.Ceiling = s.sequence
	return errors.Join(s.sync(), s.ackedFile.Sync(), s.meta.write(s.dir), s.release())
}

func (s *Spool) release() error {
	err := errors.Join(s.firm.close(), s.soft.close())
	if s.ackedFile != nil {
		err = errors.Join(err, s.ackedFile.Close())
	}
	return err
}
