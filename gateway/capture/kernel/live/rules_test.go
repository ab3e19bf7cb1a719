package live_test

import (
	"net/netip"
	"os/exec"
	"testing"

	"cardea/gateway/capture/kernel"
	"cardea/gateway/enforce"
	"cardea/home"
)

// TestRealRules captures under the ruleset that the gateway really has: its marks, its groups, its drops.
func TestRealRules(t *testing.T) {
	r := newRig(t)
	r.realRules(t, home.Desired{Version: 1, Devices: []home.DeviceRule{{Device: "tv", Mode: home.ModeQuarantine,
		MACs: []home.MAC{tvMAC}, Addresses: []netip.Addr{tvAddr}, Port: "p-tv", Alone: true}}})
	serve(t, r.net, site.String()+":443")
	_, s := r.capture(t, kernel.Config{})

	dial(t, r.cam, "tcp4", netip.AddrPort{}, at(site, 443))
	came(t, s.flow(t, home.FlowNew, home.ProtoTCP, at(site, 443)), camAddr, camMAC, "p-cam")
	s.flow(t, home.FlowAnswered, home.ProtoTCP, at(site, 443))
	if c, err := r.cam.Dial(t.Context(), "tcp4", at(site, 81).String()); err == nil {
		c.Close()
	}
	came(t, s.flow(t, home.FlowRefused, home.ProtoTCP, at(site, 81)), camAddr, camMAC, "p-cam")

	to := at(site, 9000)
	dial(t, r.tv, "udp4", netip.AddrPort{}, to).Write([]byte("let me out"))
	d := s.wait(t, "dropped", func(e *home.Event) bool { return e.Kind == home.EventDropped && e.Flow.Dst == to })
	if d.Source != tvMAC || d.Port != "p-tv" || d.Flow.Src.Addr() != tvAddr {
		t.Errorf("dropped: %+v %+v", d, d.Flow)
	}
	s.wait(t, "ARP", func(e *home.Event) bool {
		return e.Kind == home.EventNeighbor && e.Source == camMAC && e.Port == "p-cam" && e.Neighbor.SenderAddr == camAddr
	})
}

// realRules puts the gateway's own ruleset in the place of the rig's.
func (r *rig) realRules(t *testing.T, desired home.Desired) {
	t.Helper()
	flush := exec.Command("nft", "flush ruleset; table ip nat { chain post { type nat hook postrouting priority 100; oifname wan masquerade; }; }")
	if err := r.gw.Start(flush); err != nil {
		t.Fatal(err)
	}
	if err := flush.Wait(); err != nil {
		t.Fatal(err)
	}
	var e *enforce.Enforcer
	err := r.gw.Do(func() (err error) {
		e, err = enforce.New(enforce.Config{Bridge: "br-lan", WAN: "wan", ResolverPort: 5300, ContainedResolverPort: 5301,
			PortalPort: 8480, GatewayV4: []netip.Addr{netip.MustParseAddr("192.168.1.1")}}, nil)
		if err != nil {
			return err
		}
		return e.Apply(t.Context(), desired)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
}
