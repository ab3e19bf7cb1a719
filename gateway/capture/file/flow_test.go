package file

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

var (
	cam    = netip.MustParseAddrPort("192.168.1.20:40000")
	server = netip.MustParseAddrPort("198.51.100.7:443")
)

// story writes flow events as short lines; with ticks it counts those.
type story struct {
	lines []string
	ticks int
	last  time.Time
}

func (s *story) Handle(e *home.Event) {
	switch e.Kind {
	case home.EventTick:
		s.ticks++
		s.last = e.Time
	case home.EventFlow:
		f := e.Flow
		s.lines = append(s.lines, fmt.Sprintf("%d %s %s>%s up %d down %d", e.Frame, f.State, f.Src, f.Dst, f.UpPackets, f.DownPackets))
	}
}

func replay(t *testing.T, gap time.Duration, frames ...[]byte) *story {
	t.Helper()
	s := &story{}
	if _, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, gap, frames...)), s, Options{}); err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	syn    = dissect.SYN
	ack    = dissect.ACK
	synAck = dissect.SYN | dissect.ACK
	rst    = dissect.RST | dissect.ACK
	fin    = dissect.FIN | dissect.ACK
)

// What a flow table makes of the usual lives of flows. Frames are a second apart.
func TestFlowStates(t *testing.T) {
	up := func(flags uint8, seq uint32, b ...byte) []byte { return tcpFrame(cam, server, seq, 0, flags, b) }
	down := func(flags uint8, seq uint32, b ...byte) []byte { return tcpFrame(server, cam, seq, 0, flags, b) }
	udpUp, udpDown := udpFrame(cam, server, []byte{1}), udpFrame(server, cam, []byte{1})
	unreachable := icmpFrame(server.Addr(), cam.Addr(), 3, 3, append(make([]byte, 4), udpUp[14:14+28]...))
	ping, pong := icmpFrame(cam.Addr(), server.Addr(), 8, 0, []byte{0, 1, 0, 1}), icmpFrame(server.Addr(), cam.Addr(), 0, 0, []byte{0, 1, 0, 1})
	v6 := netip.MustParseAddr("fe80::1")
	web, resolver := netip.MustParseAddrPort("198.51.100.7:161"), netip.MustParseAddrPort("9.9.9.9:53")
	cam2 := netip.AddrPortFrom(cam.Addr(), 40001)
	const flow = "192.168.1.20:40000>198.51.100.7:443"
	for name, c := range map[string]struct {
		frames [][]byte
		want   []string
	}{
		"accepted": {[][]byte{up(syn, 1), down(synAck, 9), up(ack, 2), up(ack, 2, 1), down(fin, 10), up(fin, 3)},
			[]string{"1 new " + flow + " up 1 down 0", "2 answered " + flow + " up 1 down 1", "6 end " + flow + " up 4 down 2"}},
		"refused": {[][]byte{up(syn, 1), down(rst, 0)},
			[]string{"1 new " + flow + " up 1 down 0", "2 refused " + flow + " up 1 down 1", "2 end " + flow + " up 1 down 1"}},
		"a reset after an answer is no refusal": {[][]byte{up(syn, 1), down(synAck, 9), down(rst, 10)},
			[]string{"1 new " + flow + " up 1 down 0", "2 answered " + flow + " up 1 down 1", "3 end " + flow + " up 1 down 2"}},
		"again on the same ports": {[][]byte{up(syn, 1), down(synAck, 9), down(rst, 10), up(syn, 500)},
			[]string{"1 new " + flow + " up 1 down 0", "2 answered " + flow + " up 1 down 1", "4 end " + flow + " up 1 down 2",
				"4 new " + flow + " up 1 down 0", "4 end " + flow + " up 1 down 0"}},
		"a SYN twice": {[][]byte{up(syn, 1), up(syn, 1)},
			[]string{"1 new " + flow + " up 1 down 0", "2 end " + flow + " up 2 down 0"}},
		"met at its SYN-ACK": {[][]byte{down(synAck, 9), up(ack, 2)},
			[]string{"1 new " + flow + " up 0 down 1", "1 answered " + flow + " up 0 down 1", "2 end " + flow + " up 1 down 1"}},
		"met in the middle": {[][]byte{down(ack, 9, 1, 2, 3), up(ack, 2)},
			[]string{"1 new " + flow + " up 0 down 1", "1 answered " + flow + " up 0 down 1", "2 end " + flow + " up 1 down 1"}},
		"udp": {[][]byte{udpUp, udpDown, udpDown},
			[]string{"1 new " + flow + " up 1 down 0", "2 answered " + flow + " up 1 down 1", "3 end " + flow + " up 1 down 2"}},
		"udp from a server's port began it": {[][]byte{udpFrame(web, cam, []byte{1})},
			[]string{"1 new 198.51.100.7:161>192.168.1.20:40000 up 1 down 0", "1 end 198.51.100.7:161>192.168.1.20:40000 up 1 down 0"}},
		"quic met in the middle": {[][]byte{udpDown},
			[]string{"1 new " + flow + " up 0 down 1", "1 answered " + flow + " up 0 down 1", "1 end " + flow + " up 0 down 1"}},
		"a DNS answer without its question": {[][]byte{udpFrame(resolver, cam, make([]byte, 12)), udpFrame(resolver, cam2, []byte{0, 1, 0x81, 0x80})},
			[]string{"1 new 9.9.9.9:53>192.168.1.20:40000 up 1 down 0", "2 new 192.168.1.20:40001>9.9.9.9:53 up 0 down 1",
				"2 answered 192.168.1.20:40001>9.9.9.9:53 up 0 down 1", "2 end 9.9.9.9:53>192.168.1.20:40000 up 1 down 0",
				"2 end 192.168.1.20:40001>9.9.9.9:53 up 0 down 1"}},
		"udp refused": {[][]byte{udpUp, unreachable},
			[]string{"1 new " + flow + " up 1 down 0", "2 refused " + flow + " up 1 down 1", "2 end " + flow + " up 1 down 1"}},
		"udp unreachable after an answer": {[][]byte{udpUp, udpDown, unreachable},
			[]string{"1 new " + flow + " up 1 down 0", "2 answered " + flow + " up 1 down 1", "3 end " + flow + " up 1 down 2"}},
		"a forged unreachable": {[][]byte{udpUp, icmpFrame(server.Addr(), server.Addr(), 3, 3, unreachable[14+20+4:])},
			[]string{"1 new " + flow + " up 1 down 0", "2 new 198.51.100.7:0>198.51.100.7:0 up 1 down 0", "2 end " + flow + " up 1 down 0",
				"2 end 198.51.100.7:0>198.51.100.7:0 up 1 down 0"}},
		"ping": {[][]byte{ping, ping, pong},
			[]string{"1 new 192.168.1.20:0>198.51.100.7:0 up 1 down 0", "3 answered 192.168.1.20:0>198.51.100.7:0 up 2 down 1",
				"3 end 192.168.1.20:0>198.51.100.7:0 up 2 down 1"}},
		"neighbour discovery is no flow": {[][]byte{icmpFrame(v6, netip.MustParseAddr("ff02::1"), 135, 0, make([]byte, 20))}, nil},
	} {
		if got := replay(t, time.Second, c.frames...).lines; !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// Timeouts pass in capture time, one per kind of flow; other traffic moves the clock.
func TestTimeouts(t *testing.T) {
	other := netip.MustParseAddrPort("203.0.113.1:123")
	beat := udpFrame(cam, other, []byte{1})
	for name, c := range map[string]struct {
		frames  [][]byte
		seconds int
	}{
		"unanswered SYN": {[][]byte{tcpFrame(cam, server, 1, 0, syn, nil)}, 30},
		"established":    {[][]byte{tcpFrame(cam, server, 1, 0, syn, nil), tcpFrame(server, cam, 1, 0, synAck, nil)}, 300},
		"udp":            {[][]byte{udpFrame(cam, server, []byte{1})}, 60},
		"udp answered":   {[][]byte{udpFrame(cam, server, []byte{1}), udpFrame(server, cam, []byte{1})}, 180},
		"icmp":           {[][]byte{icmpFrame(cam.Addr(), server.Addr(), 8, 0, []byte{0, 1, 0, 1})}, 30},
		"closed":         {[][]byte{tcpFrame(cam, server, 1, 0, syn, nil), tcpFrame(server, cam, 1, 0, rst, nil)}, 5},
	} {
		frames := c.frames
		for range 400 {
			frames = append(frames, beat)
		}
		s := &story{}
		var ended time.Time
		sink := sinkFunc(func(e *home.Event) {
			s.Handle(e)
			if e.Kind == home.EventFlow && e.Flow.State == home.FlowEnd && e.Flow.Dst != other && e.Flow.Src != other {
				ended = e.Time
			}
		})
		if _, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, time.Second, frames...)), sink, Options{}); err != nil {
			t.Fatal(err)
		}
		last := time.Unix(1_700_000_000+int64(len(c.frames)-1), 0)
		if got := int(ended.Sub(last) / time.Second); got != c.seconds {
			t.Errorf("%s: ended after %d s, want %d", name, got, c.seconds)
		}
	}
}

type sinkFunc func(*home.Event)

func (f sinkFunc) Handle(e *home.Event) { f(e) }

func TestCountOnceAMinute(t *testing.T) {
	var frames [][]byte
	for i := range 300 {
		frames = append(frames, udpFrame(cam, server, []byte{byte(i)}))
	}
	counts := 0
	for _, l := range replay(t, time.Second, frames...).lines {
		if strings.Contains(l, " count ") {
			counts++
		}
	}
	if counts != 4 { // at 60, 120, 180 and 240 s
		t.Errorf("%d counts in 300 s", counts)
	}
}

// Fragments go to the flow of the first one; without it, to one without ports.
func TestFragments(t *testing.T) {
	first := udpFrame(cam, server, make([]byte, 64))
	first[14+6] = 0x20 // more fragments, don't-fragment cleared
	later := ipFrame(home.ProtoUDP, cam.Addr(), server.Addr(), make([]byte, 64))
	later[14+6], later[14+7] = 0, 9
	s := replay(t, time.Millisecond, first, later)
	if len(s.lines) != 2 || s.lines[1] != "2 end 192.168.1.20:40000>198.51.100.7:443 up 2 down 0" {
		t.Errorf("%q", s.lines)
	}
	s = replay(t, time.Millisecond, later)
	if len(s.lines) != 2 || s.lines[1] != "1 end 192.168.1.20:0>198.51.100.7:0 up 1 down 0" {
		t.Errorf("%q", s.lines)
	}
}

// ledger checks the life of every flow and adds up what the ends say.
type ledger struct {
	t              interface{ Fatalf(string, ...any) }
	open           map[uint64]home.FlowState
	packets, bytes uint64
	most           int
}

func (l *ledger) Handle(e *home.Event) {
	if e.Kind != home.EventFlow {
		return
	}
	f := e.Flow
	was, known := l.open[f.ID]
	if known == (f.State == home.FlowNew) {
		l.t.Fatalf("flow %v>%v: %s after %s", f.Src, f.Dst, f.State, was)
	}
	if f.ID != home.FlowID(f.Proto, f.Src, f.Dst) {
		l.t.Fatalf("flow %v>%v has another's ID", f.Src, f.Dst)
	}
	switch f.State {
	case home.FlowAnswered, home.FlowRefused:
		if was == home.FlowAnswered || was == home.FlowRefused {
			l.t.Fatalf("flow %v>%v: %s after %s", f.Src, f.Dst, f.State, was)
		}
	case home.FlowEnd:
		l.packets += f.UpPackets + f.DownPackets
		l.bytes += f.UpBytes + f.DownBytes
		delete(l.open, f.ID)
		return
	case home.FlowCount:
		return
	}
	l.open[f.ID] = f.State
	l.most = max(l.most, len(l.open))
}

// Whatever packets come in whatever order and time: each is in exactly one flow's final counts, states come in order,
// every flow ends, and never more are open than may be.
func TestEveryPacketIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ends := []netip.AddrPort{cam, server, netip.MustParseAddrPort("192.168.1.21:40000"), netip.MustParseAddrPort("192.168.1.21:23"),
			netip.MustParseAddrPort("[2001:db8::1]:5000"), netip.MustParseAddrPort("[2001:db8::2]:443")}
		var frames [][]byte
		var bytesIn uint64
		for range rapid.IntRange(1, 150).Draw(r, "packets") {
			a := rapid.SampledFrom(ends).Draw(r, "a")
			b := rapid.SampledFrom(ends).Filter(func(b netip.AddrPort) bool { return b.Addr().Is4() == a.Addr().Is4() }).Draw(r, "b")
			var f []byte
			switch rapid.IntRange(0, 3).Draw(r, "kind") {
			case 0:
				f = udpFrame(a, b, make([]byte, rapid.IntRange(0, 40).Draw(r, "size")))
			case 1:
				f = icmpFrame(a.Addr(), b.Addr(), rapid.SampledFrom([]uint8{0, 8, 128, 129}).Draw(r, "type"), 0, make([]byte, 4))
			case 2:
				quoted := udpFrame(b, a, nil)[14:]
				typ := uint8(3)
				if a.Addr().Is6() {
					typ = 1
				}
				f = icmpFrame(a.Addr(), b.Addr(), typ, 1, append(make([]byte, 4), quoted...))
			default:
				f = tcpFrame(a, b, rapid.Uint32Range(0, 2).Draw(r, "seq"), 0, rapid.Uint8Range(0, 31).Draw(r, "flags"),
					make([]byte, rapid.IntRange(0, 40).Draw(r, "size")))
			}
			frames = append(frames, f)
			bytesIn += uint64(len(f))
		}
		gap := time.Duration(rapid.SampledFrom([]int{1, 1000, 7000, 61000, 5000000}).Draw(r, "gap")) * time.Millisecond
		maxFlows := rapid.IntRange(2, 12).Draw(r, "max")
		l := &ledger{t: r, open: map[uint64]home.FlowState{}}
		s, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, gap, frames...)), l, Options{MaxFlows: maxFlows})
		if err != nil {
			r.Fatalf("%v", err)
		}
		if s.Packets != uint64(len(frames)) || l.packets != s.Packets-s.Malformed || s.Malformed == 0 && l.bytes != bytesIn || len(l.open) != 0 {
			r.Fatalf("%d packets of %d bytes in, %d of %d out, %d flows open, %+v", len(frames), bytesIn, l.packets, l.bytes, len(l.open), s)
		}
		if l.most > maxFlows {
			r.Fatalf("%d flows at once, %d allowed", l.most, maxFlows)
		}
	})
}

// A scan of many addresses keeps its bound, evicts and loses no packet; the flow that was answered stays.
func TestEvictionPassesOverAnsweredFlows(t *testing.T) {
	frames := [][]byte{tcpFrame(cam, server, 1, 0, syn, nil), tcpFrame(server, cam, 1, 0, synAck, nil)}
	for i := range 5000 {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}), 23)
		frames = append(frames, tcpFrame(cam, to, 7, 0, syn, nil))
	}
	frames = append(frames, tcpFrame(cam, server, 2, 0, fin, nil))
	l := &ledger{t: t, open: map[uint64]home.FlowState{}}
	kept := false
	sink := sinkFunc(func(e *home.Event) {
		l.Handle(e)
		if e.Kind == home.EventFlow && e.Flow.State == home.FlowEnd && e.Flow.Dst == server {
			kept = e.Flow.UpPackets == 2
		}
	})
	s, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, time.Millisecond, frames...)), sink, Options{MaxFlows: 100})
	if err != nil || s.Evicted != 4901 || l.packets != s.Packets || l.most > 100 || !kept {
		t.Errorf("%v %+v, most %d, kept %v", err, s, l.most, kept)
	}
}
