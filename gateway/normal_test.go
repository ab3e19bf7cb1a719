package gateway

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// use lets a device contact an endpoint once.
func use(g *Gateway, device home.DeviceID, addr string, port uint16, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.observer.Borrow(device)
	f := &home.Flow{ID: uint64(at.UnixNano()), Proto: home.ProtoTCP, Src: netip.MustParseAddrPort("192.168.1.9:40000"),
		Dst: netip.AddrPortFrom(netip.MustParseAddr(addr), port), State: home.FlowNew, Start: at}
	g.judge.Observe(&home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: f, Source: d.MAC}, Device: d, Proven: true,
		Direction: home.Outbound, Fresh: true, Resolved: true, Far: home.Endpoint{IP: f.Dst.Addr(), Port: port, Proto: "tcp", Name: "cam.example.com", Domain: "example.com"}})
}

// What is normal for a device survives a restart, and a broken file costs what was learned and nothing else.
func TestWhatIsNormalIsRemembered(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for day := range 3 {
		use(g, "camera", "192.0.2.7", 443, at.AddDate(0, 0, day))
	}
	c := home.Contact{Device: "camera", Endpoint: home.Endpoint{Name: "cam.example.com", Domain: "example.com", IP: netip.MustParseAddr("192.0.2.7"), Port: 443, Proto: "tcp"},
		Flows: 1, First: at.AddDate(0, 0, 3), Last: at.AddDate(0, 0, 3)}
	usual := func(g *Gateway) bool {
		k := c
		g.mu.Lock()
		defer g.mu.Unlock()
		g.judge.Contact(&k)
		return k.Usual.Device != nil && *k.Usual.Device
	}
	if !usual(g) {
		t.Fatal("what it does each day is not usual")
	}
	if err := g.rememberNormal(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, _ = start(t, dir)
	if usual(g) {
		t.Fatal("it is usual before it was recalled")
	}
	if err := g.recallNormal(); err != nil || !usual(g) {
		t.Errorf("after a restart: %v", err)
	}
	path := filepath.Join(dir, normalFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.recallNormal(); err == nil {
		t.Error("a damaged file passes")
	}
}

func FuzzParseNormal(f *testing.F) {
	g, _ := start(f, f.TempDir())
	use(g, "camera", "192.0.2.7", 443, noon)
	g.mu.Lock()
	f.Add(g.normalBytes())
	g.mu.Unlock()
	f.Fuzz(func(t *testing.T, b []byte) {
		if all, err := parseNormal(b); err != nil && len(all) != 0 {
			t.Fatal("an error, and something")
		}
	})
}

// A profile that comes takes effect without what the device itself showed being lost; the name of an endpoint is told only where
// the profile says that many homes use it.
func TestProfilesOfTheCloud(t *testing.T) {
	g, _ := start(t, t.TempDir())
	level := profile.Level{Class: home.ClassCamera, Vendor: "Example", Model: "Example Cam"}
	counts := profile.NewCounts()
	far := home.Endpoint{Name: "cam.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}
	chain := endpoint.Of(&far, false, false)
	for i := range 60 {
		for week := range uint32(4) {
			counts.Add(&profile.Use{Home: uint64(i + 1), Network: uint32(i%5 + 1), Level: level, Week: 2900 + week, Active: 7, Ends: []profile.End{{Chain: chain, Days: 7}}})
		}
	}
	b, err := counts.Build(profile.Options{Now: 2904, Version: 7}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	d := home.Device{ID: "camera", Identity: home.Identity{Model: level.Model, Vendor: level.Vendor, Class: level.Class}}
	g.roster.Store(&roster{ids: map[home.DeviceID]*home.Device{"camera": &d}})
	c := &home.Contact{Device: "camera", Endpoint: far}
	if g.manyHomes(c, chain) {
		t.Error("without profiles many homes use it")
	}
	if err := g.setProfiles(b[:len(b)-1]); err == nil || g.profiles.Load() != nil {
		t.Error("a broken bundle is in force")
	}
	if err := g.checkProfiles(b[:len(b)-1]); err == nil {
		t.Error("a broken bundle passes the check")
	}
	if err := g.checkProfiles(b); err != nil {
		t.Fatal(err)
	}
	read := g.checked.set
	if err := g.setProfiles(b); err != nil || g.profiles.Load().Version() != 7 || g.profiles.Load() != read {
		t.Fatal(err)
	}
	if !g.manyHomes(c, chain) {
		t.Error("the profile does not know what all homes use")
	}
	other := home.Endpoint{Name: "me.example.net", Domain: "example.net", Port: 443, Proto: "tcp"}
	if g.manyHomes(&home.Contact{Device: "camera", Endpoint: other}, endpoint.Of(&other, false, false)) {
		t.Error("the name of what this home alone uses would be told")
	}
}
