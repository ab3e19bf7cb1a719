package kernel

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/dissect"
	"cardea/gateway/capture/kernel/bridge"
	"cardea/gateway/capture/kernel/nl"
	"cardea/gateway/capture/kernel/nl/nltest"
	"cardea/home"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

var now0 = time.Unix(1_700_000_000, 0)

// recorder keeps flow events as lines, and checks the order that home.FlowState promises.
type recorder struct {
	lines  []string
	events int
	alive  map[uint64]bool
	wrong  []string
}

func (r *recorder) Handle(e *home.Event) {
	r.events++
	if e.Kind == home.EventDropped {
		r.lines = append(r.lines, fmt.Sprintf("dropped %v>%v %v", e.Flow.Src, e.Flow.Dst, e.Source))
	}
	if e.Kind != home.EventFlow {
		return
	}
	if r.alive == nil {
		r.alive = map[uint64]bool{}
	}
	f := e.Flow
	r.lines = append(r.lines, fmt.Sprintf("%v %v>%v %s %v %d/%d", f.State, f.Src, f.Dst, e.Port, e.Source, f.UpPackets, f.DownPackets))
	if (f.State == home.FlowNew) == r.alive[f.ID] {
		r.wrong = append(r.wrong, fmt.Sprintf("%v of a flow, alive=%v", f.State, r.alive[f.ID]))
	}
	if f.ID != home.FlowID(f.Proto, f.Src, f.Dst) {
		r.wrong = append(r.wrong, "ID is not that of the tuple")
	}
	if r.alive[f.ID] = f.State != home.FlowEnd; f.State == home.FlowEnd {
		delete(r.alive, f.ID)
	}
}

// offline is a Kernel without sockets: home 192.168.1.0/24 on br-lan (4) with the ports cam (9) and tv (10).
func offline(sink capture.Sink) *Kernel {
	cfg := Config{LAN: "br-lan", MaxFlows: 64, FlowsPerPort: 16, PerPort: Rate{1000, 100}}
	if err := cfg.setDefaults(); err != nil {
		panic(err)
	}
	k := &Kernel{cfg: cfg, log: slog.New(slog.DiscardHandler), resync: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	k.ports = bridge.Fixed("br-lan", 4, map[uint32]string{9: "cam", 10: "tv"}, []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")})
	k.table = newTable(&k.cfg, k.ports, sink, &k.c, k.wakeClock)
	return k
}

// testReader is a logReader with a packet of its own.
type testReader struct {
	logReader
	packetForTest dissect.Packet
}

func (k *Kernel) reader(kind logKind) *testReader {
	return &testReader{logReader: logReader{k: k, group: logGroup{kind: kind}}}
}

func (k *Kernel) feed(typ, flags uint16, c nltest.Conntrack, at time.Time) {
	k.conntrackBatch(nltest.Datagram(typ, flags, c.Body()), at, false)
}

func (k *Kernel) log6(kind logKind, mark, indev uint32, mac home.MAC, ip []byte, at time.Time) {
	family := uint8(unix.AF_INET)
	if kind == bridged {
		family = nl.FamilyBridge
	}
	r := k.reader(kind)
	r.batch(&r.packetForTest, nltest.Datagram(nl.MsgLogPacket, 0, nltest.Log(family, 0x0800, mark, indev, mac, ip)), at)
}

const isNew = nl.FlagCreate | nl.FlagExcl

func TestTableJoins(t *testing.T) {
	flow := nltest.Conntrack{Proto: home.ProtoTCP, Src: client, Dst: server, ReplySrc: server, ReplyDst: wanSelf, ID: 1, TCP: 1}
	answered, ended := flow, flow
	answered.TCP, answered.Status = 2, nl.SeenReply
	ended.TCP, ended.Status, ended.Counted, ended.Up, ended.Down = 7, nl.SeenReply, true, 9, 8
	refused := flow
	refused.TCP, refused.Counted, refused.Up, refused.Down = nl.TCPClose, true, 1, 1
	syn := nltest.IP(home.ProtoTCP, client, server, dissect.SYN, "")
	mac, who := camera.String(), "192.168.1.20:40000>203.0.113.7:443"
	zero := home.MAC{}.String()
	later := now0.Add(time.Second)
	for _, c := range []struct {
		name string
		run  func(k *Kernel)
		want []string
	}{
		{"packet first", func(k *Kernel) {
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			k.feed(nl.MsgConntrackNew, 0, answered, now0)
			k.feed(nl.MsgConntrackNew, 0, answered, now0)
			k.feed(nl.MsgConntrackDelete, 0, ended, now0)
		}, []string{"new " + who + " cam " + mac + " 0/0", "answered " + who + " cam " + mac + " 0/0", "end " + who + " cam " + mac + " 9/8"}},
		{"conntrack first", func(k *Kernel) {
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			k.feed(nl.MsgConntrackNew, 0, answered, now0)
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.table.release(later)
		}, []string{"new " + who + " cam " + mac + " 0/0", "answered " + who + " cam " + mac + " 0/0"}},
		{"no packet: unproven", func(k *Kernel) {
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			k.table.release(later)
			k.log6(routed, 9<<16, 4, camera, syn, later)
			k.feed(nl.MsgConntrackDelete, 0, ended, later)
		}, []string{"new " + who + "  " + zero + " 0/0", "answered " + who + " cam " + mac + " 9/8", "end " + who + " cam " + mac + " 9/8"}},
		{"no packet yet, but some wait to be read", func(k *Kernel) {
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			k.table.backlogged = func() bool { return true }
			k.table.release(now0.Add(100 * time.Millisecond))
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.table.release(later)
		}, []string{"new " + who + " cam " + mac + " 0/0"}},
		{"refused and over before its packet came", func(k *Kernel) {
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			k.feed(nl.MsgConntrackDelete, 0, refused, now0)
			k.log6(routed, 9<<16, 4, camera, syn, now0)
		}, []string{"new " + who + " cam " + mac + " 0/0", "refused " + who + " cam " + mac + " 1/1", "end " + who + " cam " + mac + " 1/1"}},
		{"a tuple used again, the end unheard", func(k *Kernel) {
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.feed(nl.MsgConntrackNew, isNew, flow, now0)
			again := flow
			again.ID = 2
			k.feed(nl.MsgConntrackNew, isNew, again, now0)
			k.feed(nl.MsgConntrackDelete, 0, ended, now0) // the old one's
		}, []string{"new " + who + " cam " + mac + " 0/0", "end " + who + " cam " + mac + " 0/0", "new " + who + " cam " + mac + " 0/0"}},
		{"on the bridge: answered, then reset", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:80")
			k.log6(bridged, 0, 9, camera, nltest.IP(6, client, tv, dissect.SYN, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, nltest.IP(6, tv, client, dissect.SYN|dissect.ACK, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, nltest.IP(6, tv, client, dissect.RST, ""), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0", "answered 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0",
			"end 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0"}},
		{"on the bridge: refused", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:23")
			k.log6(bridged, 0, 9, camera, nltest.IP(6, client, tv, dissect.SYN, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, nltest.IP(6, tv, client, dissect.RST|dissect.ACK, ""), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0", "refused 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0",
			"end 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0"}},
		{"UDP on the bridge, the answer to another port of a client", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:5683")
			other := netip.AddrPortFrom(client.Addr(), 40001)
			k.log6(bridged, 0, 9, camera, nltest.IP(17, client, tv, 0, "hello"), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, nltest.IP(17, tv, other, 0, "hello"), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:5683 cam " + mac + " 0/0", "answered 192.168.1.20:40000>192.168.1.30:5683 cam " + mac + " 0/0"}},
		{"the gateway's own flow", func(k *Kernel) {
			own := flow
			own.Src = netip.MustParseAddrPort("192.168.1.1:999")
			own.ReplySrc = netip.AddrPort{}
			k.feed(nl.MsgConntrackNew, isNew, own, now0)
			k.table.release(later)
		}, nil},
		{"a contained device's packet", func(k *Kernel) {
			k.log6(dropped, 9<<16, 4, camera, syn, now0)
		}, []string{"dropped " + who + " " + mac}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{}
			k := offline(r)
			c.run(k)
			if !slices.Equal(r.lines, c.want) {
				t.Errorf("got\n%q\nwant\n%q", r.lines, c.want)
			}
			if len(r.wrong) > 0 {
				t.Error(r.wrong)
			}
			if s := k.Stats(); s.Malformed != 0 || s.Held != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestDumpHeals(t *testing.T) {
	r := &recorder{}
	k := offline(r)
	one := nltest.Conntrack{Proto: 17, Src: client, Dst: server, ID: 1}
	two := nltest.Conntrack{Proto: 17, Src: client, Dst: netip.MustParseAddrPort("203.0.113.8:53"), ID: 2}
	gone := nltest.Conntrack{Proto: 17, Src: client, Dst: netip.MustParseAddrPort("203.0.113.9:53"), ID: 3}
	k.table.beginDump() // the first, of an empty table
	k.table.endDump(now0, true)
	k.feed(nl.MsgConntrackNew, isNew, one, now0)
	k.table.release(now0.Add(time.Second))
	k.table.lossy = true // one's end, two's beginning and the whole of gone's were lost
	if !k.table.beginDump() {
		t.Fatal("not to heal")
	}
	k.feed(nl.MsgConntrackDelete, 0, gone, now0)
	for _, c := range []nltest.Conntrack{two, gone} {
		k.conntrackBatch(nltest.Datagram(nl.MsgConntrackNew, 0, c.Body()), now0, true)
	}
	k.table.endDump(now0, true)
	k.table.release(now0.Add(time.Second))
	zero := home.MAC{}.String()
	want := []string{"new 192.168.1.20:40000>203.0.113.7:443  " + zero + " 0/0", "end 192.168.1.20:40000>203.0.113.7:443  " + zero + " 0/0",
		"new 192.168.1.20:40000>203.0.113.8:53  " + zero + " 0/0"}
	if !slices.Equal(r.lines, want) {
		t.Errorf("got\n%q\nwant\n%q", r.lines, want)
	}
}

func TestPortForwarded(t *testing.T) {
	var reply netip.AddrPort
	k := offline(sinkFunc(func(e *home.Event) {
		if e.Kind == home.EventFlow && e.Flow.State == home.FlowNew {
			reply = e.Flow.ReplySrc
		}
	}))
	inside := netip.MustParseAddrPort("192.168.1.20:80")
	k.feed(nl.MsgConntrackNew, isNew, nltest.Conntrack{Proto: 17, Src: server, Dst: wanSelf, ReplySrc: inside, ReplyDst: server, ID: 1}, now0)
	k.table.release(now0.Add(time.Second))
	if reply != inside {
		t.Errorf("ReplySrc %v, want %v", reply, inside)
	}
	k.log6(routed, 9<<16, 4, camera, nltest.IP(17, inside, server, 0, "answer"), now0)
	if n := k.Stats().Flows; n != 1 {
		t.Errorf("%d flows: the answer of a forwarded flow was taken for a new one", n)
	}
}

type sinkFunc func(*home.Event)

func (f sinkFunc) Handle(e *home.Event) { f(e) }

// One port cannot push out another's flows, nor be looked at more than its rate.
func TestBoundsPerPort(t *testing.T) {
	r := &recorder{}
	k := offline(r)
	tv := netip.MustParseAddrPort("192.168.1.30:5000")
	k.log6(routed, 10<<16, 4, home.MAC{2, 3}, nltest.IP(6, tv, server, dissect.SYN, ""), now0)
	for i := range 1000 {
		far := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}), 23)
		k.log6(routed, 9<<16, 4, camera, nltest.IP(6, client, far, dissect.SYN, ""), now0)
	}
	if f, _ := k.table.find(6, tv, server); f == nil {
		t.Error("the other port's flow is gone")
	}
	s := k.Stats()
	if s.Flows != 17 || s.Shed != 900 || s.Evicted != 100-16 {
		t.Errorf("stats %+v", s)
	}
}

// Whatever comes in whatever order: each flow begins once and ends once, and the bounds hold.
func TestTableProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recorder{}
		k := offline(r)
		at := now0
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(-10, 40_000).Draw(t, "ms")) * time.Millisecond / 20)
			c := nltest.Conntrack{
				Proto: rapid.SampledFrom([]uint8{1, 6, 17}).Draw(t, "proto"),
				Src:   netip.AddrPortFrom(client.Addr(), uint16(rapid.IntRange(1, 40).Draw(t, "sport"))),
				Dst:   rapid.SampledFrom([]netip.AddrPort{server, netip.MustParseAddrPort("192.168.1.30:80")}).Draw(t, "dst"),
				ID:    rapid.Uint32Range(1, 60).Draw(t, "id"), TCP: rapid.Uint8Range(0, 9).Draw(t, "tcp"),
				Counted: true, Down: rapid.Uint64Range(0, 2).Draw(t, "down"),
			}
			ip := nltest.IP(c.Proto, c.Src, c.Dst, rapid.SampledFrom([]uint8{2, 18, 4, 20, 16}).Draw(t, "flags"), "")
			back := nltest.IP(c.Proto, c.Dst, c.Src, rapid.SampledFrom([]uint8{18, 4, 20}).Draw(t, "back"), "")
			switch rapid.IntRange(0, 11).Draw(t, "what") {
			case 0, 1:
				k.feed(nl.MsgConntrackNew, isNew, c, at)
			case 2:
				k.feed(nl.MsgConntrackNew, 0, c, at)
			case 3:
				k.feed(nl.MsgConntrackDelete, 0, c, at)
			case 4, 5:
				k.log6(routed, uint32(rapid.IntRange(8, 10).Draw(t, "port"))<<16, 4, camera, ip, at)
			case 6:
				k.log6(bridged, 0, 9, camera, ip, at)
			case 7:
				k.log6(bridged, 0, 10, home.MAC{2}, back, at)
			case 8:
				k.table.release(at)
			case 9:
				k.table.tick(at)
			case 10:
				k.table.lossy = rapid.Bool().Draw(t, "lossy")
				k.table.beginDump()
				k.conntrackBatch(nltest.Datagram(nl.MsgConntrackNew, 0, c.Body()), at, true)
			case 11:
				k.table.endDump(at, rapid.Bool().Draw(t, "whole"))
			}
			checkTable(t, k.table)
		}
		if len(r.wrong) > 0 {
			t.Fatal(r.wrong)
		}
	})
}

// checkTable checks that lists, maps and counts of the table agree.
func checkTable(t interface{ Fatalf(string, ...any) }, tb *table) {
	n, held := 0, 0
	for _, p := range tb.byPort {
		count, last := 0, none
		for s := p.head; s != none; s = tb.at(s).next {
			f := tb.at(s)
			if !f.has(bitUsed) || f.prev != last || tb.byID[f.id] != s || tb.accounts[f.port] != p {
				t.Fatalf("slot %d: %+v", s, f)
			}
			if f.has(bitHeld) == f.has(bitTold) {
				t.Fatalf("slot %d is held=%v told=%v", s, f.has(bitHeld), f.has(bitTold))
			}
			if f.has(bitHeld) {
				held++
			}
			count++
			last = s
		}
		if count != p.flows || p.tail != last || p.flows > tb.cfg.FlowsPerPort {
			t.Fatalf("port %d: %d flows in the list, %d counted, tail %d", p.index, count, p.flows, p.tail)
		}
		n += count
	}
	for key, s := range tb.alias {
		if !tb.at(s).has(bitUsed) {
			t.Fatalf("alias %x leads to a free slot", key)
		}
	}
	if n != tb.used || n != len(tb.byID) || held != tb.holding || n > tb.cfg.MaxFlows {
		t.Fatalf("%d flows in lists, %d used, %d by ID, %d held, %d holding", n, tb.used, len(tb.byID), held, tb.holding)
	}
}

func TestEnableConntrackSaysWhatIsMissing(t *testing.T) {
	var wrote []string
	errs := enableConntrack(func(name string, _ []byte, _ os.FileMode) error {
		wrote = append(wrote, name)
		return os.ErrPermission
	})
	if len(wrote) != 3 || len(errs) != 3 || !errors.Is(errs[0], os.ErrPermission) || !strings.Contains(errs[0].Error(), "no counters") {
		t.Errorf("wrote %v, errors %v", wrote, errs)
	}
}

func TestADatagramThatIsCutIsALoss(t *testing.T) {
	whole := nltest.Datagram(nl.MsgConntrackNew, 0, nltest.Conntrack{Proto: 6, Src: client, Dst: server, ID: 1, TCP: 3}.Body())
	for _, c := range []struct {
		name      string
		b         []byte
		lost      bool
		malformed uint64
	}{
		{"whole", whole, false, 0},
		{"cut", whole[:len(whole)-1], true, 1},
		{"second cut", append(slices.Clone(whole), whole[:7]...), true, 1},
		{"table changed", nltest.Datagram(nl.MsgConntrackNew, unix.NLM_F_DUMP_INTR, nltest.Conntrack{Proto: 6, Src: client, Dst: server}.Body()), true, 0},
	} {
		k := offline(&recorder{})
		done, lost, err := k.conntrackBatch(c.b, now0, true)
		if done || err != nil || lost != c.lost || k.c.malformed.Load() != c.malformed {
			t.Errorf("%s: done %v, lost %v, %d malformed, %v", c.name, done, lost, k.c.malformed.Load(), err)
		}
	}
}
