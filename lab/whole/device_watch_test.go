package whole

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"cardea/gateway/capture/file"
	"cardea/gateway/observe"
	"cardea/home"
	linker "cardea/identity/same"
	"cardea/lab"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
)

// hasten is how much faster the watch's clock goes than the wall's: minutes pass in seconds.
const hasten = 30

// watch is a lab home, without the agent, whose bridge ports are heard by the same capture, observer and linker. Without an
// observer it only leads guests through their story.
type watch struct {
	t     *testing.T
	ctx   context.Context
	home  *lab.Home
	begun time.Time

	mu       sync.Mutex
	observer *observe.Observer
	linker   *linker.Linker
	attics   map[string]*space.Space  // of guests behind a repeater
	ports    map[home.DeviceID]string // where each device was first heard
	found    []home.Finding
}

func beginWatch(t *testing.T, seed uint64) *watch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	w := &watch{t: t, ctx: ctx, begun: time.Now(), ports: map[home.DeviceID]string{}, attics: map[string]*space.Space{}}
	w.linker = linker.New(linker.Config{Find: func(f *home.Finding) { w.found = append(w.found, *f) }})
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	h, err := lab.Up(ctx, lab.Options{Options: plan.Options{Seed: seed, Devices: 6}, Log: log, First: func(h *lab.Home) error {
		w.home = h
		w.observer = observe.New(observe.Config{Gateway: []home.MAC{h.Plan.LAN.MAC}}, w)
		for _, d := range h.Plan.Devices {
			if err := w.tap(d.Port); err != nil {
				return err
			}
		}
		return nil
	}})
	if h != nil {
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// tap hears what comes in by a port, as a capture file that never ends.
func (w *watch) tap(port string) error {
	gateway, err := w.home.Space("gateway")
	if err != nil {
		return err
	}
	c, err := frame.Open(gateway, port, frame.Filter{bpf.RetConstant{Val: 65535}})
	if err != nil {
		return err
	}
	r, out := io.Pipe()
	w.t.Cleanup(func() { c.Close(); out.Close() })
	go w.record(c, out) // both end with the test's cleanup
	go func() {
		if _, err := file.Replay(w.ctx, r, portSink{w, port}, file.Options{}); err != nil && w.ctx.Err() == nil {
			w.t.Errorf("%s: %v", port, err)
		}
		r.Close()
	}()
	return nil
}

func (w *watch) record(c *frame.Conn, out *io.PipeWriter) {
	defer out.Close()
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d) // pcap with nanoseconds
	head = append(head, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	head = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(head, 65535), 1)
	if _, err := out.Write(head); err != nil {
		return
	}
	buf := make([]byte, 65535)
	for {
		got, err := c.Read(buf)
		if err != nil && frame.Down(err) {
			continue
		}
		if err != nil {
			return
		}
		if got.Out {
			continue
		}
		at := w.time(got.Time)
		var b []byte
		for _, v := range []int{int(at.Unix()), at.Nanosecond(), got.Len, got.Len} {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		if _, err := out.Write(append(b, buf[:got.Len]...)); err != nil {
			return
		}
	}
}

// time is the watch's for a time of the wall's.
func (w *watch) time(at time.Time) time.Time { return w.begun.Add(at.Sub(w.begun) * hasten) }

type portSink struct {
	w    *watch
	port string
}

func (s portSink) Handle(e *home.Event) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if e.Port = s.port; e.Kind == home.EventFlow && e.Flow.State != home.FlowNew {
		e.Port = ""
	}
	s.w.observer.Handle(e)
}

// Observe makes sure whose doing it is, as the agent does by its anchors, and hands it on. The lock is held.
func (w *watch) Observe(o *home.Observation) {
	who := home.Identity{}
	if d := o.Device; d != nil {
		who = d.Identity
		if w.ports[d.ID] == "" {
			w.ports[d.ID] = o.Port
		}
		if o.Proven && o.Port != "" && !d.Gateway && w.ports[d.ID] != o.Port {
			o.Proven = false
			var owners []home.DeviceID
			for id, port := range w.ports {
				if port == o.Port && id != d.ID {
					owners = append(owners, id)
				}
			}
			if len(owners) == 1 {
				o.Device, o.Proven = w.observer.Borrow(owners[0]), true
			}
		}
	}
	w.linker.Observe(o, who)
}

// Contact is not needed here.
func (w *watch) Contact(*home.Contact) {}

// look runs f while nothing else happens, after the clock has gone on.
func (w *watch) look(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observer.Handle(&home.Event{Kind: home.EventTick, Time: w.time(time.Now())})
	f()
}

func (w *watch) eventually(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		done := false
		w.look(func() { done = ok() })
		if done {
			return
		}
	}
	w.look(func() {
		w.t.Fatalf("waited in vain: %s\nproposals %+v\nfound %+v\nfaces %+v", what, w.linker.Proposals(), w.found, w.linker.Snapshot().Faces)
	})
}

func (w *watch) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watch) exec(where string, argv ...string) {
	w.t.Helper()
	w.must(w.try(where, argv...))
}

// try runs a program in a namespace.
func (w *watch) try(where string, argv ...string) error {
	s := w.attics[where]
	if s == nil {
		_, err := w.home.Exec(w.ctx, where, argv...)
		return err
	}
	cmd := exec.CommandContext(w.ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	return s.Do(func() error {
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v in %s: %w: %.300s", argv, where, err, out)
		}
		return nil
	})
}

// join plugs a guest in and switches it on.
func (w *watch) join(g plan.Guest) {
	w.t.Helper()
	f, err := w.home.AddForeign(g.Name)
	w.must(err)
	w.off(g) // before it is heard with the address that the cable came with: it would be a second device on this port
	if w.observer != nil {
		w.must(w.tap(f.Port))
	}
	w.exec("gateway", "ethtool", "-K", f.Port, "tx", "off")
	w.on(g, g.MAC)
}

const guestScript = `#!/bin/sh
case "$1" in
bound|renew)
  ip -4 addr flush dev $interface
  ip -4 addr replace $ip/$mask dev $interface
  ip -4 route replace default via ${router%% *} ;;
esac
`

// on gives a guest a hardware address and a lease, by udhcpc.
func (w *watch) on(g plan.Guest, mac home.MAC) {
	w.t.Helper()
	script := "/run/guest-" + g.Name
	w.must(os.WriteFile(script, []byte(guestScript), 0o755))
	w.exec(g.Name, "ip", "link", "set", device.Iface, "down")
	w.exec(g.Name, "ip", "link", "set", device.Iface, "address", mac.String(), "up")
	w.exec(g.Name, "ethtool", "-K", device.Iface, "tx", "off")
	args := []string{"-f", "-q", "-n", "-i", device.Iface, "-s", script, "-t", "30", "-T", "1", "-x", "hostname:" + g.Calls}
	if g.Vendor != "" {
		args = append(args, "-V", g.Vendor)
	}
	if g.ClientID != "" {
		args = append(args, "-C", "-x", "0x3d:"+g.ClientID)
	}
	w.exec(g.Name, append([]string{"udhcpc"}, args...)...)
}

// off takes the cable out.
func (w *watch) off(g plan.Guest) {
	w.t.Helper()
	w.exec(g.Name, "ip", "link", "set", device.Iface, "down")
}

// live lets a guest ask for its names and open connections.
func (w *watch) live(guests ...plan.Guest) {
	for _, g := range guests {
		for _, name := range g.Asks {
			_ = w.try(g.Name, "nslookup", "-timeout=2", name) // what matters is that it asked
		}
		_ = w.try(g.Name, "curl", "-4", "-s", "-o", "/dev/null", "--max-time", "3", "-k", "https://"+g.Asks[0]+"/")
	}
}

// days lets guests live for a while of the watch's time.
func (w *watch) days(d time.Duration, guests ...plan.Guest) {
	for end := time.Now().Add(d / hasten); time.Now().Before(end) && w.ctx.Err() == nil; {
		w.live(guests...)
	}
}

// id is the device with a hardware address. The lock is held.
func (w *watch) id(m home.MAC) home.DeviceID { return w.observer.Known(m) }

// onlyFound fails when anything else was found.
func (w *watch) onlyFound(d ...home.Detector) {
	w.t.Helper()
	w.look(func() {
		for _, f := range w.found {
			if !slices.Contains(d, f.Detector) {
				w.t.Errorf("found %s: %s %v", f.Detector, f.Sentence, f.Facts)
			}
		}
	})
}

// attic hangs guests behind a repeater.
func (w *watch) attic(repeater plan.Guest, behind []plan.Guest) {
	w.t.Helper()
	w.join(repeater)
	s, err := w.home.Space(repeater.Name)
	w.must(err)
	r := &device.Repeater{Space: s, Up: device.Iface, MAC: repeater.MAC}
	for i, g := range behind {
		inner, err := space.New(g.Name)
		w.must(err)
		w.t.Cleanup(inner.Close)
		attrs := netlink.NewLinkAttrs()
		attrs.Name = fmt.Sprintf("down%d", i)
		w.must(s.NL.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: device.Iface, PeerNamespace: netlink.NsFd(inner.FD())}))
		link, err := s.NL.LinkByName(attrs.Name)
		w.must(err)
		w.must(s.NL.LinkSetUp(link))
		r.Down = append(r.Down, attrs.Name)
		w.attics[g.Name] = inner
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	for _, g := range behind {
		w.on(g, g.MAC)
	}
}
