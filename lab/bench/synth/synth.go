// Package synth writes capture files of traffic that never happened: a home's devices at work, made by rule from a seed.
// Every flow has a 5-tuple of its own, since a capture that is looped flatters each flow table. It imports the standard
// library only and knows nothing of the programs that will read the file.
package synth

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Options say how much to make. The zero value is the size that docs/performance.md speaks of.
type Options struct {
	Flows   int           // TCP and UDP flows with different 5-tuples; 0 means 96,000
	Devices int           // in the home; 0 means 20
	Span    time.Duration // how long the capture lasts in its own time; 0 means 3 hours for 96,000 flows, else in proportion
	Seed    uint64
}

// Stats say what was made.
type Stats struct {
	Packets uint64 `json:"packets"`
	Flows   uint64 `json:"flows"`   // different 5-tuples of TCP and UDP between one client and one server
	Bytes   uint64 `json:"bytes"`   // of frames, as they would be on the wire
	Named   uint64 `json:"named"`   // flows that begin with a name: TLS, QUIC, HTTP
	TCP     uint64 `json:"tcp"`     // packets
	UDP     uint64 `json:"udp"`     // packets
	ARP     uint64 `json:"arp"`     // packets
	Six     uint64 `json:"ipv6"`    // packets
	Lookups uint64 `json:"lookups"` // DNS questions
}

const (
	defaultFlows   = 96_000
	defaultDevices = 20
	defaultSpan    = 3 * time.Hour
)

func (o *Options) defaults() {
	if o.Flows == 0 {
		o.Flows = defaultFlows
	}
	if o.Devices == 0 {
		o.Devices = defaultDevices
	}
	if o.Span == 0 {
		o.Span = defaultSpan / defaultFlows * time.Duration(o.Flows)
	}
}

// begin is the time of the first packet.
var begin = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// Write makes a pcap file (microseconds, Ethernet). Memory is that of the flows that run at the same time.
func Write(w io.Writer, o Options) (Stats, error) {
	o.defaults()
	m := &maker{w: bufio.NewWriterSize(w, 1<<20), r: rand.New(rand.NewPCG(o.Seed, 0x6361726465)), span: o.Span}
	m.home = newHome(m.r, o.Devices)
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	head = append(head, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	if _, err := m.w.Write(head); err != nil {
		return m.stats, fmt.Errorf("write capture: %w", err)
	}
	m.plan(o.Flows)
	for len(m.running) > 0 || m.left > 0 {
		if err := m.step(); err != nil {
			return m.stats, fmt.Errorf("write capture: %w", err)
		}
	}
	if err := m.w.Flush(); err != nil {
		return m.stats, fmt.Errorf("write capture: %w", err)
	}
	return m.stats, nil
}

// maker plays all flows at once, in the order of time.
type maker struct {
	w     *bufio.Writer
	r     *rand.Rand
	home  *house
	span  time.Duration
	stats Stats

	left    int           // flows that have not begun
	next    time.Duration // when the next one begins
	gap     float64       // mean time between beginnings, in nanoseconds
	running queue
	frame   [1600]byte
	record  [16]byte
}

func (m *maker) plan(flows int) {
	m.left = flows
	m.gap = float64(m.span) / float64(flows)
	for i := range m.home.devices {
		m.push(m.chatter(i)) // ARP, mDNS, SSDP and DHCP now and then, to the end
	}
}

func (m *maker) push(f *flow) { heap.Push(&m.running, f) }

// step writes the packet that is next in time, or begins the flow that is.
func (m *maker) step() error {
	if m.left > 0 && (len(m.running) == 0 || m.next <= m.running[0].at) {
		m.left--
		m.begin(m.next)
		m.next += time.Duration(m.r.ExpFloat64() * m.gap)
		return nil
	}
	f := m.running[0]
	at := f.at
	n := f.script(m, f)
	if n == 0 {
		heap.Pop(&m.running)
		return nil
	}
	heap.Fix(&m.running, 0)
	return m.put(at, m.frame[:n])
}

func (m *maker) put(at time.Duration, frame []byte) error {
	t := begin.Add(at)
	binary.LittleEndian.PutUint32(m.record[0:], uint32(t.Unix()))
	binary.LittleEndian.PutUint32(m.record[4:], uint32(t.Nanosecond()/1000))
	binary.LittleEndian.PutUint32(m.record[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(m.record[12:], uint32(len(frame)))
	if _, err := m.w.Write(m.record[:]); err != nil {
		return err
	}
	m.stats.Packets++
	m.stats.Bytes += uint64(len(frame))
	_, err := m.w.Write(frame)
	return err
}

// flow is what is left to say between one client and one server. Its script writes the next frame into the maker's buffer,
// sets at to the time of the one after it and returns the frame's length; 0 ends the flow.
type flow struct {
	at     time.Duration
	script func(*maker, *flow) int
	client *device
	peer   *server
	six    bool
	sport  uint16
	dport  uint16
	stage  int
	left   int       // packets of bulk data still to come
	seq    [2]uint32 // next sequence number, client and server
	rtt    time.Duration
	first  []byte // what the client says first, until it is said
}

// queue orders flows by the time of their next packet.
type queue []*flow

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*flow)) }
func (q *queue) Pop() any {
	old := *q
	f := old[len(old)-1]
	*q = old[:len(old)-1]
	return f
}
