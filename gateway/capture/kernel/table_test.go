package kernel

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/dissect"
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
	k.ports = &Ports{lanName: "br-lan", log: k.log, c: &k.c}
	k.ports.forget()
	k.ports.local.Store(&local{})
	for i, n := range map[uint32]string{4: "br-lan", 9: "cam", 10: "tv"} {
		k.ports.link(&linkMsg{index: i, name: n, master: map[bool]uint32{true: 4}[i != 4]}, true)
	}
	k.ports.addr(addrMsg{4, netip.MustParsePrefix("192.168.1.1/24")}, true)
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

func (k *Kernel) feed(typ, flags uint16, c crafted, at time.Time) {
	k.conntrackBatch(datagram(typ, flags, c.body()), at, false)
}

func (k *Kernel) log6(kind logKind, mark, indev uint32, mac home.MAC, ip []byte, at time.Time) {
	family := uint8(unix.AF_INET)
	if kind == bridged {
		family = familyBridge
	}
	r := k.reader(kind)
	r.batch(&r.packetForTest, datagram(msgLogPacket, 0, craftLog(family, 0x0800, mark, indev, mac, ip)), at)
}

const isNew = flagCreate | flagExcl

func TestTableJoins(t *testing.T) {
	flow := crafted{proto: home.ProtoTCP, src: client, dst: server, rsrc: server, rdst: wanSelf, id: 1, tcp: 1}
	answered, ended := flow, flow
	answered.tcp, answered.status = 2, statusSeenReply
	ended.tcp, ended.status, ended.withCounters, ended.up, ended.down = 7, statusSeenReply, true, 9, 8
	refused := flow
	refused.tcp, refused.withCounters, refused.up, refused.down = tcpClose, true, 1, 1
	syn := craftIP(home.ProtoTCP, client, server, dissect.SYN, "")
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
			k.feed(msgCTNew, isNew, flow, now0)
			k.feed(msgCTNew, 0, answered, now0)
			k.feed(msgCTNew, 0, answered, now0)
			k.feed(msgCTDelete, 0, ended, now0)
		}, []string{"new " + who + " cam " + mac + " 0/0", "answered " + who + " cam " + mac + " 0/0", "end " + who + " cam " + mac + " 9/8"}},
		{"conntrack first", func(k *Kernel) {
			k.feed(msgCTNew, isNew, flow, now0)
			k.feed(msgCTNew, 0, answered, now0)
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.table.release(later)
		}, []string{"new " + who + " cam " + mac + " 0/0", "answered " + who + " cam " + mac + " 0/0"}},
		{"no packet: unproven", func(k *Kernel) {
			k.feed(msgCTNew, isNew, flow, now0)
			k.table.release(later)
			k.log6(routed, 9<<16, 4, camera, syn, later)
			k.feed(msgCTDelete, 0, ended, later)
		}, []string{"new " + who + "  " + zero + " 0/0", "answered " + who + " cam " + mac + " 9/8", "end " + who + " cam " + mac + " 9/8"}},
		{"refused and over before its packet came", func(k *Kernel) {
			k.feed(msgCTNew, isNew, flow, now0)
			k.feed(msgCTDelete, 0, refused, now0)
			k.log6(routed, 9<<16, 4, camera, syn, now0)
		}, []string{"new " + who + " cam " + mac + " 0/0", "refused " + who + " cam " + mac + " 1/1", "end " + who + " cam " + mac + " 1/1"}},
		{"a tuple used again, the end unheard", func(k *Kernel) {
			k.log6(routed, 9<<16, 4, camera, syn, now0)
			k.feed(msgCTNew, isNew, flow, now0)
			again := flow
			again.id = 2
			k.feed(msgCTNew, isNew, again, now0)
			k.feed(msgCTDelete, 0, ended, now0) // the old one's
		}, []string{"new " + who + " cam " + mac + " 0/0", "end " + who + " cam " + mac + " 0/0", "new " + who + " cam " + mac + " 0/0"}},
		{"on the bridge: answered, then reset", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:80")
			k.log6(bridged, 0, 9, camera, craftIP(6, client, tv, dissect.SYN, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, craftIP(6, tv, client, dissect.SYN|dissect.ACK, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, craftIP(6, tv, client, dissect.RST, ""), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0", "answered 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0",
			"end 192.168.1.20:40000>192.168.1.30:80 cam " + mac + " 0/0"}},
		{"on the bridge: refused", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:23")
			k.log6(bridged, 0, 9, camera, craftIP(6, client, tv, dissect.SYN, ""), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, craftIP(6, tv, client, dissect.RST|dissect.ACK, ""), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0", "refused 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0",
			"end 192.168.1.20:40000>192.168.1.30:23 cam " + mac + " 0/0"}},
		{"UDP on the bridge, the answer to another port of a client", func(k *Kernel) {
			tv := netip.MustParseAddrPort("192.168.1.30:5683")
			other := netip.AddrPortFrom(client.Addr(), 40001)
			k.log6(bridged, 0, 9, camera, craftIP(17, client, tv, 0, "hello"), now0)
			k.log6(bridged, 0, 10, home.MAC{2, 3}, craftIP(17, tv, other, 0, "hello"), now0)
		}, []string{"new 192.168.1.20:40000>192.168.1.30:5683 cam " + mac + " 0/0", "answered 192.168.1.20:40000>192.168.1.30:5683 cam " + mac + " 0/0"}},
		{"the gateway's own flow", func(k *Kernel) {
			own := flow
			own.src = netip.MustParseAddrPort("192.168.1.1:999")
			own.rsrc = netip.AddrPort{}
			k.feed(msgCTNew, isNew, own, now0)
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
	one := crafted{proto: 17, src: client, dst: server, id: 1}
	two := crafted{proto: 17, src: client, dst: netip.MustParseAddrPort("203.0.113.8:53"), id: 2}
	gone := crafted{proto: 17, src: client, dst: netip.MustParseAddrPort("203.0.113.9:53"), id: 3}
	k.table.beginDump() // the first, of an empty table
	k.table.endDump(now0, true)
	k.feed(msgCTNew, isNew, one, now0)
	k.table.release(now0.Add(time.Second))
	k.table.lossy = true // one's end, two's beginning and the whole of gone's were lost
	if !k.table.beginDump() {
		t.Fatal("not to heal")
	}
	k.feed(msgCTDelete, 0, gone, now0)
	for _, c := range []crafted{two, gone} {
		k.conntrackBatch(datagram(msgCTNew, 0, c.body()), now0, true)
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
	k.feed(msgCTNew, isNew, crafted{proto: 17, src: server, dst: wanSelf, rsrc: inside, rdst: server, id: 1}, now0)
	k.table.release(now0.Add(time.Second))
	if reply != inside {
		t.Errorf("ReplySrc %v, want %v", reply, inside)
	}
	k.log6(routed, 9<<16, 4, camera, craftIP(17, inside, server, 0, "answer"), now0)
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
	k.log6(routed, 10<<16, 4, home.MAC{2, 3}, craftIP(6, tv, server, dissect.SYN, ""), now0)
	for i := range 1000 {
		far := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}), 23)
		k.log6(routed, 9<<16, 4, camera, craftIP(6, client, far, dissect.SYN, ""), now0)
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
			c := crafted{
				proto: rapid.SampledFrom([]uint8{1, 6, 17}).Draw(t, "proto"),
				src:   netip.AddrPortFrom(client.Addr(), uint16(rapid.IntRange(1, 40).Draw(t, "sport"))),
				dst:   rapid.SampledFrom([]netip.AddrPort{server, netip.MustParseAddrPort("192.168.1.30:80")}).Draw(t, "dst"),
				id:    rapid.Uint32Range(1, 60).Draw(t, "id"), tcp: rapid.Uint8Range(0, 9).Draw(t, "tcp"),
				withCounters: true, down: rapid.Uint64Range(0, 2).Draw(t, "down"),
			}
			ip := craftIP(c.proto, c.src, c.dst, rapid.SampledFrom([]uint8{2, 18, 4, 20, 16}).Draw(t, "flags"), "")
			back := craftIP(c.proto, c.dst, c.src, rapid.SampledFrom([]uint8{18, 4, 20}).Draw(t, "back"), "")
			switch rapid.IntRange(0, 11).Draw(t, "what") {
			case 0, 1:
				k.feed(msgCTNew, isNew, c, at)
			case 2:
				k.feed(msgCTNew, 0, c, at)
			case 3:
				k.feed(msgCTDelete, 0, c, at)
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
				k.conntrackBatch(datagram(msgCTNew, 0, c.body()), at, true)
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
func checkTable(t *rapid.T, tb *table) {
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
