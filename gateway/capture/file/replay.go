package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// DefaultMaxFlows is how many flows are followed at once unless Options say otherwise: some 13 MB.
const DefaultMaxFlows = 65536

// Options of Replay. The zero value is fit for use.
type Options struct {
	MaxFlows int              // 0: DefaultMaxFlows
	Progress func(done int64) // called now and then with the bytes read from r so far; nil: never
}

// Stats is what was in a capture file.
type Stats struct {
	Packets   uint64
	Bytes     uint64 // on the wire
	Truncated uint64 // packets of which the capture holds less than the wire carried
	Malformed uint64 // packets whose headers contradict themselves
	Other     uint64 // sound packets that are neither IP nor ARP, or of a link type that is not parsed
	Evicted   uint64 // flows that ended early because there were more than MaxFlows
	First     time.Time
	Last      time.Time // of the packets in the file's order
}

// progressEvery is how many packets pass between looks at the context and calls of Progress; a power of two.
const progressEvery = 1024

// Replay reads a pcap or pcapng file (also gzipped) and hands its events to sink: per packet first what the flow table
// makes of it, then what dissect reads in it. All flows end at the end of the file. What was readable is delivered also
// when an error follows; a damaged file's is a *FormatError.
func Replay(ctx context.Context, r io.Reader, sink capture.Sink, o Options) (Stats, error) {
	if o.MaxFlows <= 0 {
		o.MaxFlows = DefaultMaxFlows
	}
	in := &counter{r: r}
	src, err := open(in)
	if err != nil {
		return Stats{}, err
	}
	d := dissect.New(sink)
	p := &player{sink: sink, dissector: d, table: newTable(sink, d.Finish, o.MaxFlows)}
	err = p.play(ctx, src, func() {
		if o.Progress != nil {
			o.Progress(in.n)
		}
	})
	p.end()
	return p.stats, err
}

// counter counts the bytes read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// player is one replay: its clock, flow table and dissector.
type player struct {
	sink      capture.Sink
	dissector *dissect.Dissector
	table     *table
	packet    dissect.Packet
	stats     Stats
	clock     clock
	tick      home.Event
}

func (p *player) play(ctx context.Context, src format, progress func()) error {
	var f frame
	for {
		if err := src.next(&f); errors.Is(err, io.EOF) {
			progress()
			return nil
		} else if err != nil {
			return err
		}
		p.frame(&f)
		if p.stats.Packets%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("replay stopped after %d packets: %w", p.stats.Packets, err)
			}
			progress()
		}
	}
}

// frame plays one frame.
func (p *player) frame(f *frame) {
	s, k := &p.stats, &p.packet
	s.Packets++
	s.Bytes += uint64(f.wire)
	if s.Packets == 1 {
		s.First = f.time
	}
	s.Last = f.time
	k.Meta = dissect.Meta{Time: f.time, Frame: s.Packets, Wire: f.wire}
	p.table.event.Frame = s.Packets // what times out is known from this frame on
	p.passTime(f.time)
	err := dissect.ParseFrame(k, f.link, f.data)
	if k.Truncated {
		s.Truncated++
	}
	switch {
	case err == nil:
	case errors.Is(err, dissect.ErrMalformed):
		s.Malformed++
		return
	default:
		if errors.Is(err, dissect.ErrNotHandled) {
			s.Other++
		}
		return
	}
	p.table.event.Time = f.time
	if k.IsIP {
		p.table.packet(k)
	}
	p.dissector.Packet(k)
}

// end ends the flows and gives a last tick, so that the receiver can close its windows.
func (p *player) end() {
	p.stats.Evicted = p.table.evicted
	if p.stats.Packets == 0 {
		return
	}
	p.table.event.Time, p.table.event.Frame = p.stats.Last, p.stats.Packets
	p.table.close()
	p.emitTick(p.stats.Last)
}
