package permits

import (
	"net/netip"
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"

	"pgregory.net/rapid"
)

// fleet knows names and addresses of a model by function.
type fleet struct {
	uses func(Subject, *endpoint.Chain) bool
}

func (f fleet) Uses(s Subject, c *endpoint.Chain) bool { return f.uses(s, c) }

func chainOf(e home.Endpoint) endpoint.Chain { return endpoint.Of(&e, false, false) }

// aBook knows of one camera's model that it uses relay.example.com by MQTT over TLS, and one address.
func aBook() *Book {
	relay := chainOf(home.Endpoint{Name: "relay.example.com", Domain: "example.com", Port: 8883, Proto: "tcp"})
	bare := chainOf(home.Endpoint{IP: netip.MustParseAddr("203.0.113.9"), Port: 32100, Proto: "udp"})
	return New(Config{Guard: []string{"pool.ntp.org", "security.debian.org"},
		Domain: func(name string) string { return "example.com" },
		Profiles: fleet{func(s Subject, c *endpoint.Chain) bool {
			return s.Model == "Hikvision camera" && (c.Keys[endpoint.Host] == relay.Keys[endpoint.Host] || c.Keys[endpoint.Host] == bare.Keys[endpoint.Host])
		}}})
}

var cam = Subject{Vendor: "Hikvision", Class: home.ClassCamera, Model: "Hikvision camera"}

func TestWhoseAName(t *testing.T) {
	for _, c := range []struct {
		vendor, name string
		want         bool
	}{
		{"Hikvision", "dev.hik-connect.com", true}, {"hikvision", "www.hikvision.com", true}, {"Sonos", "www.hikvision.com", false},
		{"Philips Lighting", "discovery.meethue.com", true}, {"Nest", "nest.com", true},
		{"Hikvision", "hikvision.attacker.example", false}, {"", "www.hikvision.com", false}, {"Hikvision", "", false},
	} {
		if Makers(c.vendor, c.name) != c.want {
			t.Errorf("%s is of %s: not %v", c.name, c.vendor, c.want)
		}
	}
	for vendor, want := range map[string]bool{"": false, "Espressif": false, "Hikvision": true, "Somebody New": true} {
		if Makes(vendor) != want {
			t.Errorf("%q makes things: not %v", vendor, want)
		}
	}
}

func TestWhatListsPermit(t *testing.T) {
	b := aBook()
	const none, profile, vendor, update = 0, 1, 2, 3 // the strictest list that permits it
	for name, want := range map[string]int{
		"0.pool.ntp.org": update, "time.apple.com": update, "ntp.ubuntu.com": update, "security.debian.org": update, "download.windowsupdate.com": update,
		"updates.hikvision.com": update, "eu-ota2.hik-connect.com": update, "fw.hikvision.com": update,
		"dev.hik-connect.com": vendor, "www.hikvision.com": vendor, "softwareupdates4all.hikvision.com": vendor,
		"relay.example.com": profile, "other.example.com": none,
		"update.attacker.example": none, "hikvision.com.attacker.example": none, "xpool.ntp.org.attacker.example": none, "firmware": none, "": none,
		"www.sonos.com": none, "update.eset.com": none,
	} {
		for i, mode := range []home.Mode{home.ModeProfileOnly, home.ModeVendorOnly, home.ModeUpdateOnly} {
			if got := b.Permits(cam, mode, name); got != (i+1 <= want) {
				t.Errorf("%q in %s: %v", name, mode, got)
			}
		}
		if b.Permits(cam, home.ModeQuarantine, name) || !b.Permits(cam, home.ModeNoLAN, name) || !b.Permits(cam, home.ModeOff, name) {
			t.Errorf("%q in a mode without a list", name)
		}
	}
	if b.Permits(Subject{Vendor: "Hikvision"}, home.ModeProfileOnly, "relay.example.com") || b.Permits(Subject{}, home.ModeProfileOnly, "relay.example.com") {
		t.Error("another model uses it as well")
	}
	if New(Config{}).Permits(cam, home.ModeProfileOnly, "relay.example.com") {
		t.Error("without profiles it is known")
	}
}

// A computer, phone or tablet that is held can be scanned; a camera gets no way to whoever hides in it, nor does anything get one to where anybody
// may leave it a message.
func TestMakersOfScannersStayReachable(t *testing.T) {
	b := aBook()
	lists := []home.Mode{home.ModeProfileOnly, home.ModeVendorOnly, home.ModeUpdateOnly}
	for name, want := range map[string]bool{
		"dnl-01.geo.kaspersky.com": true, "update.eset.com": true, "su.ff.avast.com": true, "upgrade.bitdefender.com": true, "liveupdate.norton.com": true,
		"data-cdn.mbamupdates.com": false, "www.malwarebytes.com": true, "database.clamav.net": true, "definitionupdates.microsoft.com": true, "personal.avira-update.com": true,
		"forum.kaspersky.com": false, "community.norton.com": false, "forums.malwarebytes.com": false, "securevpn.avast.com": false,
		"kaspersky.com.attacker.example": false, "kaspersky": false, "www.example.com": false,
	} {
		for _, class := range []home.DeviceClass{home.ClassComputer, home.ClassPhone, home.ClassTablet, home.ClassCamera, home.ClassTV, home.ClassGadget, ""} {
			s := Subject{Vendor: "Acme", Class: class}
			for _, m := range lists {
				if got := b.Permits(s, m, name); got != (want && Scanned(class)) {
					t.Errorf("%s of a %q in %s: %v", name, class, m, got)
				}
			}
			if b.Permits(s, home.ModeQuarantine, name) {
				t.Errorf("%s of a %q in quarantine", name, class)
			}
		}
	}
	const id = "laptop"
	b.Hold(id, home.ModeUpdateOnly, Subject{Class: home.ClassCamera})
	b.Hold(id, home.ModeUpdateOnly, Subject{Class: home.ClassComputer})
	if b.May(id, home.ModeUpdateOnly, "update.eset.com") {
		t.Error("a camera that now looks like a computer reaches more")
	}
}

func TestBareAddresses(t *testing.T) {
	b := aBook()
	known, other := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.10")
	for _, c := range []struct {
		mode  home.Mode
		addr  netip.Addr
		port  uint16
		proto string
		want  bool
	}{
		{home.ModeProfileOnly, known, 32100, "udp", true}, {home.ModeProfileOnly, netip.AddrFrom16(known.As16()), 32100, "udp", true},
		{home.ModeProfileOnly, known, 32100, "tcp", false}, {home.ModeProfileOnly, known, 80, "udp", false}, {home.ModeProfileOnly, other, 32100, "udp", false},
		{home.ModeVendorOnly, known, 32100, "udp", false}, {home.ModeUpdateOnly, known, 32100, "udp", false}, {home.ModeQuarantine, known, 32100, "udp", false},
		{home.ModeNoLAN, other, 1, "udp", true},
	} {
		if got := b.PermitsAddr(cam, c.mode, c.addr, c.port, c.proto); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// Who is held stays who it was: a device that now looks like another one gains nothing.
func TestHeldAsItWasKnown(t *testing.T) {
	b := aBook()
	const id = "camera"
	if b.May(id, home.ModeVendorOnly, "www.hikvision.com") || !b.May(id, home.ModeVendorOnly, "pool.ntp.org") {
		t.Error("nobody knows it, and it has a maker")
	}
	b.Hold(id, home.ModeVendorOnly, cam)
	b.Hold(id, home.ModeProfileOnly, Subject{Vendor: "Sonos", Model: "Sonos One"})
	if h, ok := b.Of(id); !ok || h.Mode != home.ModeProfileOnly || h.Subject != cam {
		t.Errorf("held %+v %v", h, ok)
	}
	if b.May(id, home.ModeProfileOnly, "www.sonos.com") || !b.May(id, home.ModeProfileOnly, "www.hikvision.com") {
		t.Error("it is another one now")
	}
	next := aBook()
	next.Restore(b.Snapshot())
	if h, ok := next.Of(id); !ok || h.Subject != cam {
		t.Errorf("after a restart %+v %v", h, ok)
	}
	next.Restore(map[home.DeviceID]Held{"x": {Mode: home.ModeQuarantine}})
	if _, ok := next.Of("x"); ok {
		t.Error("a mode without a list was restored")
	}
	b.Hold(id, home.ModeNoLAN, cam)
	if _, ok := b.Of(id); ok {
		t.Error("still held to a list")
	}
	for i := range MaxHeld + 1 {
		b.Hold(home.DeviceID(rune(i)), home.ModeVendorOnly, cam)
	}
	if n := len(b.Snapshot()); n != MaxHeld {
		t.Errorf("%d are held", n)
	}
	b.Keep(func(id home.DeviceID) bool { return id == home.DeviceID(rune(7)) })
	if n := len(b.Snapshot()); n != 1 {
		t.Errorf("%d are held that are known", n)
	}
}

// What a stricter mode permits, every milder one permits: a device that is let out step by step loses nothing on the way.
func TestStricterListsPermitLess(t *testing.T) {
	b := aBook()
	names := []string{"kaspersky.com", "hikvision.com", "hik-connect.com", "example.com", "pool.ntp.org", "windowsupdate.com", "attacker.example", "sonos.com"}
	labels := []string{"update", "fw", "relay", "www", "eu-ota", "pool", "a-b", "xn--x"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "domain")
		for range rapid.IntRange(0, 3).Draw(t, "depth") {
			name = rapid.SampledFrom(labels).Draw(t, "label") + "." + name
		}
		s := Subject{Vendor: rapid.SampledFrom([]string{"", "Hikvision", "Sonos", "Espressif"}).Draw(t, "vendor"), Model: rapid.SampledFrom([]string{"", cam.Model}).Draw(t, "model"),
			Class: rapid.SampledFrom([]home.DeviceClass{"", home.ClassCamera, home.ClassComputer}).Draw(t, "class")}
		before := true
		for _, m := range home.Modes {
			if m == home.ModeEndpointBlock || m == home.ModeNoLAN {
				continue
			}
			now := b.Permits(s, m, name)
			if now && !before {
				t.Fatalf("%s permits %s of %+v, and a milder mode does not", m, name, s)
			}
			before = now
		}
	})
}
