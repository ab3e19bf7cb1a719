package behavior_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
	"cardea/say"
)

// stage is a home made of observations, with the clock in the test's hand.
type stage struct {
	t     testing.TB
	d     *behavior.Detectors
	found []*home.Finding
	now   time.Time
	frame uint64
	port  uint16
	clock home.Event
}

var (
	macOf = func(n byte) home.MAC { return home.MAC{0, 0x11, 0x22, 0x33, 0x44, n} }
	gwMAC = macOf(1)
)

func newStage(t testing.TB, c behavior.Config) *stage {
	s := &stage{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), port: 40000}
	s.d = behavior.New(c, s)
	return s
}

// Find keeps a finding. Each is told in German, too.
func (s *stage) Find(f *home.Finding) {
	s.found = append(s.found, f)
	if de, ok := say.In("de", f.Said); !ok || say.English(f.Said) != f.Sentence {
		s.t.Errorf("%s: in German %q, in English %q, of %+v", f.Detector, de, f.Sentence, f.Said)
	}
}

func (s *stage) after(d time.Duration) *stage { s.now = s.now.Add(d); return s }

// device n of the home has the address 192.168.1.n; 1 is the gateway.
func device(n byte) *home.Device {
	return &home.Device{
		ID: home.DeviceID(fmt.Sprintf("device-%d", n)), MAC: macOf(n), MACs: []home.MAC{macOf(n)}, Port: fmt.Sprintf("lan%d", n),
		Addresses: []netip.Addr{lan(n)}, Gateway: n == 1,
	}
}

func lan(n byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 1, n}) }

func wan(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{203, byte(n >> 16), byte(n >> 8), byte(n)})
}

// flow makes an observation of a new flow of a device.
func (s *stage) flow(dev byte, proto uint8, dst netip.Addr, port uint16) *home.Observation {
	s.port++
	if s.port < 40000 {
		s.port = 40000
	}
	src := netip.AddrPortFrom(lan(dev), s.port)
	to := netip.AddrPortFrom(dst, port)
	if proto == home.ProtoICMP {
		src, to = netip.AddrPortFrom(lan(dev), 0), netip.AddrPortFrom(dst, 0)
	}
	o := &home.Observation{
		Event: &home.Event{
			Kind: home.EventFlow, Time: s.now, Source: macOf(dev), Dest: gwMAC,
			Flow: &home.Flow{ID: home.FlowID(proto, src, to), State: home.FlowNew, Proto: proto, Src: src, Dst: to, Start: s.now},
		},
		Device: device(dev), Proven: true, Direction: home.Outbound, Fresh: true,
		Far: home.Endpoint{IP: dst, Port: port, Proto: home.ProtoName(proto)},
	}
	if dst.IsPrivate() || dst.IsLinkLocalUnicast() {
		o.Direction = home.Local
		if b := dst.As4(); b[3] < 20 { // devices 1–19 exist
			o.Dest, o.Peer = macOf(b[3]), device(b[3])
		}
	}
	return o
}

func (s *stage) see(o *home.Observation) *home.Observation {
	s.frame++
	o.Time, o.Frame = s.now, s.frame
	s.d.Observe(o)
	return o
}

// then sends the next state of a flow.
func (s *stage) then(o *home.Observation, state home.FlowState) {
	o.Flow.State = state
	o.Flow.Answered = o.Flow.Answered || state == home.FlowAnswered
	s.see(o)
}

func (s *stage) answered(o *home.Observation) {
	s.see(o)
	s.after(20*time.Millisecond).then(o, home.FlowAnswered)
}

func (s *stage) tick() {
	s.clock.Kind = home.EventTick // a capture uses its events again, too
	s.see(&home.Observation{Event: &s.clock})
}

// wait lets time pass with a tick each second, as every capture does.
func (s *stage) wait(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.after(min(time.Second, end.Sub(s.now))).tick()
	}
}

// online shows that the internet answers this home.
func (s *stage) online() {
	o := s.flow(9, home.ProtoTCP, netip.MustParseAddr("198.51.100.1"), 443)
	o.Resolved = true
	s.answered(o)
}

// arp makes a message that mac (of device dev) sends, claiming an address.
func (s *stage) arp(dev byte, op home.NeighborOp, claims, asks netip.Addr) *home.Observation {
	o := &home.Observation{
		Event: &home.Event{Kind: home.EventNeighbor, Source: macOf(dev), Neighbor: &home.Neighbor{
			Op: op, SenderMAC: macOf(dev), SenderAddr: claims, TargetAddr: asks,
		}},
		Device: device(dev), Proven: true, Direction: home.Local,
	}
	if asks.Is4() {
		if b := asks.As4(); b[3] < 20 {
			o.Peer = device(b[3])
		}
	}
	return s.see(o)
}

func (s *stage) want(det home.Detector, strength home.Strength) *home.Finding {
	s.t.Helper()
	for _, f := range s.found {
		if f.Detector == det {
			if f.Strength != strength {
				s.t.Errorf("%s is %s, want %s: %s", det, f.Strength, strength, f.Sentence)
			}
			if f.Symptom.Detector != det || f.Sentence == "" || f.ID == "" || len(f.Facts) == 0 {
				s.t.Errorf("incomplete finding %+v", f)
			}
			return f
		}
	}
	s.t.Fatalf("no %s; found %v", det, s.sentences())
	return nil
}

func (s *stage) wantNothing() {
	s.t.Helper()
	if len(s.found) > 0 {
		s.t.Errorf("found %v", s.sentences())
	}
}

func (s *stage) sentences() (out []string) {
	for _, f := range s.found {
		out = append(out, string(f.Detector)+": "+f.Sentence)
	}
	return out
}
