package enforce

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/gateway/enforce/link"
	"cardea/home"

	"github.com/vishvananda/netlink"
)

const (
	roleVariable  = "CARDEA_ENFORCE_TEST_ROLE"
	stateVariable = "CARDEA_ENFORCE_TEST_STATE"
)

// playRole is the test binary as an agent that is to be killed: it enforces what it is told and waits.
func playRole(string) int {
	d, err := ParseState([]byte(os.Getenv(stateVariable)))
	var e *Enforcer
	if err == nil {
		e, err = New(testConfig(), slog.New(slog.DiscardHandler))
	}
	if err == nil {
		err = e.Apply(context.Background(), d)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// agent starts a child that enforces, and gives a function that kills it and waits for its end.
func (l *lab) agent(d home.Desired) (kill func()) {
	l.t.Helper()
	state, err := json.Marshal(d)
	must(l.t, err)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=agent", stateVariable+"="+string(state))
	in, err := cmd.StdinPipe() // our end closes with us, and then the child ends
	must(l.t, err)
	out, err := cmd.StdoutPipe()
	must(l.t, err)
	l.gw.do(func() { err = cmd.Start() })
	must(l.t, err)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		l.t.Fatalf("child: %q %v", line, err)
	}
	return sync.OnceFunc(func() {
		cmd.Process.Kill()
		in.Close()
		cmd.Wait()
	})
}

func (l *lab) eventually(what string, f func() bool) {
	l.t.Helper()
	for range 500 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.t.Errorf("never: %s", what)
}

func TestKilledAgentLeavesQuarantineAndTakesTheRest(t *testing.T) {
	l := newLab(t)
	l.servers()
	fw4 := l.nft("list table inet fw4")
	kill := l.agent(home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}})
	l.onClose(kill)
	if have := l.nft("list tables"); strings.Count(have, "cardea_observe") != 2 {
		t.Fatalf("tables of a running agent:\n%s", have)
	}
	// an owner's table is its own: a second agent is refused, and a flush passes it by
	second := l.enforcer()
	l.gw.do(func() {
		if err := second.Apply(t.Context(), home.Desired{}); !errors.Is(err, ErrOwned) {
			t.Errorf("a second agent may change the first one's tables: %v", err)
		}
	})
	kill()
	l.eventually("observation tables are gone", func() bool { return !strings.Contains(l.nft("list tables"), "cardea_observe") })
	if l.reaches(l.cam.space, "udp", l.tv.v4, 7000) == nil || l.reaches(l.cam.space, "udp", far6, 7000) == nil {
		t.Error("quarantine ended with the agent")
	}
	if err := l.gets(l.tv.space, "udp", far4, 53); err != nil {
		t.Errorf("without an agent the others have no names: %v", err)
	}
	if now := l.nft("list table inet fw4"); now != fw4 {
		t.Errorf("inet fw4 changed:\n%s", now)
	}
	l.apply(second, home.Desired{})
	if err := l.gets(l.cam.space, "udp", l.tv.v4, 7000); err != nil {
		t.Errorf("the next agent does not take over: %v", err)
	}
}

// transparent listens as the resolver does, and says which addresses it was asked under.
func (l *lab) transparent(port int) (asked func() string) {
	var udp, tcp atomic.Value
	l.gw.do(func() {
		lc := transparentConfig()
		pc, err := lc.ListenPacket(context.Background(), "udp", fmt.Sprintf(":%d", port))
		must(l.t, err)
		ln, err := lc.Listen(context.Background(), "tcp", fmt.Sprintf(":%d", port))
		must(l.t, err)
		l.onClose(func() { pc.Close(); ln.Close() })
		go func() {
			b := make([]byte, 2048)
			for {
				_, from, err := pc.ReadFrom(b)
				if err != nil {
					return
				}
				udp.Store(from.(*net.UDPAddr).AddrPort().Addr().Unmap().String())
			}
		}()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				tcp.Store(c.LocalAddr().String())
				c.Close()
			}
		}()
	})
	return func() string { return fmt.Sprint(udp.Load(), " ", tcp.Load()) }
}

func TestNamesAreDivertedAndFallBack(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	kept := l.talk(l.cam.space, "names without a resolver", "udp", far4, 53)
	asked := l.transparent(5300)
	for _, to := range []netip.Addr{far4, far6} {
		works(kept.conn)
		c, err := l.dial(l.cam.space, "udp", to, 53)
		must(t, err)
		c.Write([]byte("x"))
		_, err = l.dial(l.cam.space, "tcp", to, 53)
		must(t, err)
		from := l.cam.v4
		if to.Is6() {
			from = l.cam.v6
		}
		want := from.String() + " " + netip.AddrPortFrom(to, 53).String()
		l.eventually("diverted "+want+" "+asked(), func() bool { return asked() == want })
	}
	if works(kept.conn) == nil {
		t.Error("control: the resolver does not answer here, but somebody did")
	}
	must(t, e.Close())
	l.eventually("names by the same source port", func() bool { return works(kept.conn) == nil })
}

func TestForeignFlushIsHealed(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	listed := netip.PrefixFrom(far4, 32)
	e.Refill = func() iter.Seq[netip.Prefix] {
		return func(yield func(netip.Prefix) bool) { yield(listed) }
	}
	d := home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}}
	l.apply(e, d)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go l.gw.do(func() { ended <- e.Watch(ctx) })
	time.Sleep(20 * time.Millisecond)
	for i := range 5 { // our own changes are nobody else's
		l.apply(e, home.Desired{Version: uint64(i)})
		l.apply(e, d)
	}
	l.nft("add table inet other")
	writes := e.Writes()
	time.Sleep(20 * time.Millisecond)
	if e.Healed() != 0 || e.Writes() != writes {
		t.Fatalf("healed %d times without a cause", e.Healed())
	}
	for i := range uint64(3) {
		start := time.Now()
		l.nft("flush ruleset")
		l.eventually("healed", func() bool { return e.Healed() == i+1 })
		t.Logf("healed %s after nft was started", time.Since(start))
		if l.reaches(l.cam.space, "udp", l.tv.v4, 7000) == nil {
			t.Error("not contained again")
		}
		l.eventually("listed addresses are back", func() bool { return strings.Contains(l.nft("list set inet cardea indicators4"), far4.String()) })
	}
	l.nft("delete element bridge cardea quarantine_ports { p1 }")
	l.eventually("one element is put back", func() bool { return e.Healed() == 4 })
	stop()
	must(t, <-ended)
}

// Sixty restarts with changed rules while a contained device and others send: nothing of the one gets through, nothing of
// the others is lost, and a listed address is never let go.
func TestReloadsLeakNothing(t *testing.T) {
	l := newLab(t)
	l.servers()
	d := home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}}
	first := l.enforcer()
	l.apply(first, d)
	l.gw.do(func() { must(t, first.Indicators(t.Context(), []netip.Prefix{netip.PrefixFrom(far4, 32)}, nil)) })
	must(t, first.Close())
	l.cam.do(func() { // so that its packets are sent at all: nobody answers its questions for the address
		eth, err := netlink.LinkByName("eth0")
		must(t, err)
		must(t, netlink.NeighSet(&netlink.Neigh{LinkIndex: eth.Attrs().Index, State: netlink.NUD_PERMANENT, IP: l.tv.v4.AsSlice(), HardwareAddr: l.tv.mac[:]}))
	})
	count := l.counter(l.tv.space, 7001)
	far := l.counter(l.inet, 7001)
	heard := l.heard(l.tv.space, "eth0")
	ctx, stop := context.WithCancel(t.Context())
	var sent [3]atomic.Int64
	var wg sync.WaitGroup
	for i, c := range []struct {
		from space
		to   netip.Addr
	}{{l.cam.space, l.tv.v4}, {l.lamp.space, l.tv.v4}, {l.plug.space, far4}} {
		conn, err := l.dial(c.from, "udp", c.to, 7001)
		must(t, err)
		if i == 1 { // past the address resolution, in which the kernel keeps a few packets only
			conn.Write([]byte("x"))
			l.eventually("first packet", func() bool { return count.Load() == 1 })
			sent[1].Add(1)
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := conn.Write([]byte("x")); err == nil {
					sent[i].Add(1)
				}
				time.Sleep(200 * time.Microsecond)
			}
		})
	}
	var took time.Duration
	for i := range 60 {
		cfg := l.cfg
		cfg.ContainedResolverPort += uint16(i % 2)
		if i%3 == 0 {
			cfg.WAN = ""
		}
		l.gw.do(func() {
			e, err := New(cfg, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
			start := time.Now()
			must(t, e.Apply(t.Context(), d))
			took += time.Since(start)
		})
	}
	stop()
	wg.Wait()
	l.eventually("all arrived", func() bool { return count.Load() == sent[1].Load() })
	t.Logf("60 reloads, %s each; sent %d contained, %d free, %d listed; arrived %d free", took/60, sent[0].Load(), sent[1].Load(), sent[2].Load(), count.Load())
	if n := heard(l.cam.mac); n != 0 || sent[0].Load() < 100 {
		t.Errorf("%d of %d packets of the contained device got through", n, sent[0].Load())
	}
	if count.Load() != sent[1].Load() {
		t.Errorf("others lost %d of %d packets", sent[1].Load()-count.Load(), sent[1].Load())
	}
	if far.Load() != 0 {
		t.Errorf("%d packets to a listed address were let through", far.Load())
	}
}

// counter counts the datagrams that come to a port.
func (l *lab) counter(s space, port int) *atomic.Int64 {
	n := &atomic.Int64{}
	s.do(func() {
		pc, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
		must(l.t, err)
		pc.SetReadBuffer(4 << 20)
		l.onClose(func() { pc.Close() })
		go func() {
			b := make([]byte, 64)
			for {
				if _, _, err := pc.ReadFrom(b); err != nil {
					return
				}
				n.Add(1)
			}
		}()
	})
	return n
}

// A list of 100,000: loaded, changed by difference, read back; the transactions of others fit in between.
func TestSyncWritesOnlyTheDifference(t *testing.T) {
	l := newLab(t)
	e := l.enforcer()
	l.apply(e, home.Desired{})
	list := func(from, to uint32) iter.Seq[netip.Prefix] {
		return func(yield func(netip.Prefix) bool) {
			for i := from; i < to; i++ {
				a := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
				if !yield(netip.PrefixFrom(a, 32)) {
					return
				}
			}
			yield(netip.MustParsePrefix("2001:db8:1::1/128"))
			yield(netip.MustParsePrefix("198.51.100.0/24"))
			yield(netip.MustParsePrefix("198.51.101.0/24"))
			yield(netip.MustParsePrefix("2001:db8:2::/48"))
			yield(netip.MustParsePrefix("0.0.0.0/0"))
		}
	}
	sizes := func() int {
		n := map[string]bool{} // a dump may show an element twice while the set grows
		for _, set := range []string{"indicators4", "indicators6", "networks4", "networks6"} {
			must(t, e.sock.Elements(e.inet(), e.inet().Set(set), func(key []byte, end bool) { n[fmt.Sprintf("%s %x %v", set, key, end)] = true }))
		}
		return len(n)
	}
	for _, r := range [][2]uint32{{0, 100_000}, {0, 100_000}, {50_000, 100_500}} {
		l.gw.do(func() {
			start := time.Now()
			must(t, e.Sync(t.Context(), list(r[0], r[1])))
			t.Logf("%v: %s", r, time.Since(start))
		})
		want := int(r[1]-r[0]) + 1 + 4 // a range has a beginning and an end, and the two /24 are one range
		l.eventually(fmt.Sprintf("%d elements, %d now", want, sizes()), func() bool { return sizes() == want })
		if r[0] == 0 { // and as another process would, which does not know what is there
			e.listed = nil
		}
	}
}

func TestRealHostapd(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	must(t, os.MkdirAll("/run/hostapd", 0o755))
	must(t, os.WriteFile(dir+"/users", []byte("\"a\" MD5 \"b\"\n"), 0o600))
	must(t, os.WriteFile(dir+"/conf", []byte("interface=p2\ndriver=wired\nctrl_interface=/run/hostapd\nieee8021x=1\neap_server=1\neap_user_file="+dir+"/users\n"), 0o600))
	cmd := exec.Command("hostapd", dir+"/conf")
	var err error
	l.gw.do(func() { err = cmd.Start() })
	if err != nil {
		t.Fatalf("install hostapd: %v", err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	h := link.New("/run/hostapd")
	h.VLAN = 66
	l.gw.do(func() {
		l.eventually("hostapd answers", func() bool { return h.Ping(t.Context()) == nil })
		// The wired driver has no stations: what is proven is that hostapd understands the commands.
		if err := h.Isolate(t.Context(), l.lamp.mac, true); err == nil || !strings.Contains(err.Error(), link.ErrAbsent.Error()) {
			t.Errorf("isolate: %v", err)
		}
		if err := h.Isolate(t.Context(), l.lamp.mac, false); err != nil {
			t.Errorf("release: %v", err)
		}
	})
}
