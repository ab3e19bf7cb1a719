package exposure

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// anything is an observation of any kind, likely and unlikely ones.
func anything(t *rapid.T) *home.Observation {
	addr := func(name string) netip.Addr {
		return rapid.SampledFrom([]netip.Addr{{}, camera.Addresses[0], camera.Addresses[1], phone.Addresses[0], router.Addresses[0], netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8:f::7")}).Draw(t, name)
	}
	port := rapid.SampledFrom([]uint16{0, 21, 23, 80, 443, 5555, 8080, 40000})
	device := rapid.SampledFrom([]*home.Device{nil, camera, phone, router})
	text := rapid.SampledFrom([]string{"", "OpenWrt/19.07.1", "android-dhcp-9", "\x00<b>\xff", strings.Repeat("é", 400), "fw=1", "model=DCS-930L", "=", "mfg=D-Link"})
	f := home.Flow{State: home.FlowState(rapid.IntRange(0, 6).Draw(t, "state")), Proto: rapid.SampledFrom([]uint8{1, 6, 17, 0}).Draw(t, "proto"),
		Src: netip.AddrPortFrom(addr("src"), port.Draw(t, "sport")), Dst: netip.AddrPortFrom(addr("dst"), port.Draw(t, "dport"))}
	if rapid.Bool().Draw(t, "forwarded") {
		f.ReplySrc = netip.AddrPortFrom(addr("reply"), port.Draw(t, "rport"))
	}
	e := &home.Event{Kind: home.EventKind(rapid.IntRange(1, 12).Draw(t, "kind")), Time: t0.Add(time.Duration(rapid.Int64Range(-1, 3000).Draw(t, "hours")) * time.Hour),
		Flow: &f, Name: &home.Name{Flow: f, TLS: rapid.SampledFrom([]uint16{0, 0x300, 0x301, 0x302, 0x303, 0x304}).Draw(t, "tls"), Cleartext: rapid.SampledFrom([]string{"", "ftp", "gopher"}).Draw(t, "clear"),
			Login: rapid.SampledFrom([]string{"", "telnet", "ssh"}).Draw(t, "login"), Agent: text.Draw(t, "agent")},
		Neighbor: &home.Neighbor{SenderAddr: addr("sender")}, Lease: &home.Lease{Vendor: text.Draw(t, "vendor")},
		Announce: &home.Announce{Details: []string{text.Draw(t, "detail"), text.Draw(t, "another")}},
		Served:   &home.Served{Flow: f, Protocol: rapid.SampledFrom([]string{"ftp", "telnet", "tls", "http"}).Draw(t, "served"), TLS: 0x301, Software: text.Draw(t, "software"), Details: []string{text.Draw(t, "of")}},
		Mapping: &home.Mapping{Protocol: rapid.SampledFrom([]string{"upnp", "pcp", "nat-pmp", "x"}).Draw(t, "by"), Proto: f.Proto, External: port.Draw(t, "external"), Internal: port.Draw(t, "internal"), Addr: addr("to"),
			Lifetime: time.Duration(rapid.IntRange(0, 100).Draw(t, "life")) * time.Hour, Delete: rapid.Bool().Draw(t, "delete"), Answer: rapid.Bool().Draw(t, "answer"), Refused: rapid.Bool().Draw(t, "refused")}}
	return &home.Observation{Event: e, Device: device.Draw(t, "device"), Peer: device.Draw(t, "peer"), Proven: rapid.Bool().Draw(t, "proven"),
		Direction: home.Direction(rapid.IntRange(0, 3).Draw(t, "direction")), Resolved: rapid.Bool().Draw(t, "resolved")}
}

// Whatever is observed, a list is fit to be shown, each of its ids stands once, and what is stored comes back.
func TestAnythingObserved(t *testing.T) {
	facts := testFacts(t)
	rapid.Check(t, func(t *rapid.T) {
		b := New(Config{Facts: facts, Devices: 2})
		for _, o := range rapid.SliceOfN(rapid.Custom(anything), 0, 40).Draw(t, "observed") {
			b.Observe(o)
		}
		now := t0.Add(time.Duration(rapid.Int64Range(0, 3000).Draw(t, "now")) * time.Hour)
		all := b.All(func(home.DeviceID) home.Identity { return aCam }, now)
		ids := map[string]bool{}
		for _, x := range all {
			if ids[x.ID] || len(x.ID) != 16 || len(x.Evidence) > maxEvidence || !strings.HasSuffix(x.Sentence, ".") || x.Kind == "" || x.Protect == nil {
				t.Fatalf("got %+v", x)
			}
			ids[x.ID] = true
			for _, s := range append(x.Evidence, x.Sentence, x.Advice) {
				if strings.ContainsAny(s, "<>!\x00\x1b") || strings.Contains(s, "  ") {
					t.Fatalf("got %q", s)
				}
			}
		}
		c := New(Config{Facts: facts, Devices: 2})
		if err := c.Restore(b.Snapshot()); err != nil {
			t.Fatal(err)
		}
		if again := c.All(func(home.DeviceID) home.Identity { return aCam }, now); told(again) != told(all) {
			t.Fatalf("restored:\n%s\nbefore:\n%s", told(again), told(all))
		}
		c.Merge("camera", "phone")
		c.Mappings(now)
		c.Forget("camera")
	})
}
