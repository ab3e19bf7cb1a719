package whole

import (
	"context"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
)

// The gateway reboots: quarantine is in force before the bridge is there, before the first device has a lease and before the
// agent runs.
func TestRebootQuarantinesBeforeTheFirstLease(t *testing.T) {
	home1 := plan.Options{Seed: 61}
	w := begin(t, options{Options: home1})
	w.quarantine(camera)
	at := w.info(camera)
	w.agent.stop()
	w.must(w.home.Close())
	w.withoutABridge(at.MAC, at.Port)

	var tap *tap
	var config string
	next := begin(t, options{Options: home1, keep: true, first: func(w *world) error {
		w.t, config = t, w.config
		tap = w.tap("internet", "home0", frame.KeepTo(64, w.cloud(camera)))
		_, err := w.home.Exec(w.ctx, "gateway", agentProgram(), "restore", "--config", config)
		return err
	}})
	if tables := next.nft("list", "tables"); strings.Contains(tables, "cardea_observe") || strings.Count(tables, "cardea") != 2 {
		t.Fatalf("tables after restore:\n%s", tables)
	}
	if got := next.info(camera); !got.IPv4.IsValid() {
		t.Error("the quarantined device has no lease")
	}
	c := next.chatter(camera, laptop)
	since := c.mark()
	c.silent(next, since, "before the agent")
	next.offline(camera)
	next.online(laptop, phone)
	next.must(next.start())
	next.inForce(camera, home.ModeQuarantine)
	c.silent(next, since, "when the agent has started")
	if n := tap.count(); n != 0 {
		t.Errorf("%d packets of the quarantined device reached its cloud over the reboot", n)
	}
	next.must(next.client.Ask(next.ctx, control.Action{Verb: "release", Target: camera}, nil))
	next.eventually("the released device reaches its cloud", func() bool {
		return next.home.Reachable(next.ctx, camera) == nil && tap.count() > 0
	})
}

// cloud are the addresses that only this device talks to.
func (w *world) cloud(name string) (list []netip.Prefix) {
	w.t.Helper()
	d, _ := w.home.Plan.Device(name)
	for _, o := range w.home.Plan.Devices {
		if o.Name != name && o.Cloud == d.Cloud {
			w.t.Fatalf("%s and %s talk to the same host: choose another seed", name, o.Name)
		}
	}
	for _, s := range w.home.Plan.Sites {
		if s.Name == d.Cloud {
			list = append(list, netip.PrefixFrom(s.V4, 32), netip.PrefixFrom(s.V6, 128))
		}
	}
	return list
}

// withoutABridge restores in a namespace in which there is nothing yet, then makes the bridge: the device is shut in from its
// first packet on, a neighbour is not.
func (w *world) withoutABridge(mac home.MAC, port string) {
	w.t.Helper()
	gw, err := space.New("bare")
	w.must(err)
	defer gw.Close()
	w.must(gw.Do(func() error {
		ctx, cancel := context.WithTimeout(w.ctx, patient)
		defer cancel()
		return exec.CommandContext(ctx, agentProgram(), "restore", "--config", w.config).Run()
	}))
	attrs := netlink.NewLinkAttrs()
	attrs.Name = w.facts.Bridge
	w.must(gw.NL.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	br, err := gw.NL.LinkByName(attrs.Name)
	w.must(err)
	w.must(gw.NL.LinkSetUp(br))
	healthy := home.MAC{2, 1, 1, 1, 1, 1}
	bad, good, other := plug(w, gw, br, port, mac), plug(w, gw, br, "x1", healthy), plug(w, gw, br, "x2", home.MAC{2, 1, 1, 1, 1, 2})
	defer bad.Close()
	defer good.Close()
	defer other.Close()
	heard := map[home.MAC]int{}
	in, err := frame.Open(other, device.Iface, frame.Keep(64, false, []uint16{chatterPort}, nil))
	w.must(err)
	defer in.Close()
	say := func(s *space.Space, mac home.MAC) {
		out, err := frame.Open(s, device.Iface, nil)
		w.must(err)
		defer out.Close()
		at := netip.AddrPortFrom(netip.MustParseAddr("192.168.1.9"), chatterPort)
		all := netip.AddrPortFrom(netip.MustParseAddr("255.255.255.255"), chatterPort)
		for range 20 {
			_, err := out.Write(frame.UDP(mac, home.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, at, all, nil))
			w.must(err)
		}
	}
	for buf := make([]byte, 128); heard[healthy] == 0; { // the bridge takes a moment until it forwards
		say(bad, mac)
		say(good, healthy)
		w.must(in.SetReadDeadline(time.Now().Add(200 * time.Millisecond)))
		for {
			r, err := in.Read(buf)
			if err != nil {
				break
			}
			heard[frame.Parse(buf[:r.Len]).Src]++
		}
		w.must(w.ctx.Err())
	}
	if heard[mac] != 0 {
		w.t.Errorf("%d frames of the quarantined device passed a bridge that came after restore", heard[mac])
	}
}

// plug hangs a new namespace on a bridge.
func plug(w *world, gw *space.Space, br netlink.Link, port string, mac home.MAC) *space.Space {
	w.t.Helper()
	s, err := space.New("bare " + port)
	w.must(err)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = port
	w.must(gw.NL.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: device.Iface, PeerNamespace: netlink.NsFd(s.FD()), PeerHardwareAddr: mac[:]}))
	near, err := gw.NL.LinkByName(port)
	w.must(err)
	w.must(gw.NL.LinkSetMaster(near, br))
	w.must(gw.NL.LinkSetUp(near))
	far, err := s.NL.LinkByName(device.Iface)
	w.must(err)
	w.must(s.NL.LinkSetUp(far))
	return s
}
