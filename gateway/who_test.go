package gateway

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/gateway/permits"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/identity/same"
	"cardea/wire/pb"
)

func macOf(n byte) home.MAC { return home.MAC{2, 0, 0, 0, 0, n} }

func about(id, verb, device string, fill func(*pb.Order)) *pb.Order {
	o := order(id, verb, device)
	fill(o)
	return o
}

// Whoever is shut in, or is never shut in, is so after a merge, whichever is merged into which and whoever says so.
func TestAMergeShedsNothing(t *testing.T) {
	for _, c := range []struct {
		name, into, from string
		by               same.By
		held             []home.DeviceID
		want             error
		id               home.DeviceID // the one that is left
	}{
		{"both free", "camera", "lamp", same.Evidence, nil, nil, "camera"},
		{"shut in is merged into free", "camera", "lamp", same.Evidence, []home.DeviceID{"lamp"}, nil, "lamp"},
		{"free is merged into shut in", "camera", "lamp", same.Evidence, []home.DeviceID{"camera"}, nil, "camera"},
		{"the same by the owner", "camera", "lamp", same.Owner, []home.DeviceID{"lamp"}, nil, "lamp"},
		{"both are shut in", "camera", "lamp", same.Owner, []home.DeviceID{"camera", "lamp"}, errBothHeld, ""},
		{"looks like one that is never shut in", "insulin", "lamp", same.Evidence, nil, errOneSpared, ""},
		{"the owner says it is that one", "lamp", "insulin", same.Owner, nil, nil, "insulin"},
		{"shut in, and said to be one that never is", "insulin", "lamp", same.Owner, []home.DeviceID{"lamp"}, errOneSpared, ""},
		{"the same the other way round", "lamp", "insulin", same.Owner, []home.DeviceID{"lamp"}, errOneSpared, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _ := start(t, t.TempDir())
			for _, id := range c.held {
				g.Find(hard(id))
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			a, b := *g.observer.Borrow(home.DeviceID(c.into)), *g.observer.Borrow(home.DeviceID(c.from))
			if err := g.merge(a.ID, b.ID, c.by); !errors.Is(err, c.want) {
				t.Fatalf("%v, not %v", err, c.want)
			}
			left := []home.DeviceID{g.observer.Known(a.MAC), g.observer.Known(b.MAC)}
			if c.want != nil {
				if !slices.Equal(left, []home.DeviceID{a.ID, b.ID}) {
					t.Errorf("refused, and %v are left", left)
				}
				return
			}
			if !slices.Equal(left, []home.DeviceID{c.id, c.id}) {
				t.Errorf("%v are left", left)
			}
			for _, id := range c.held {
				if _, held := g.responder.SymptomOf(g.observer.Known(map[home.DeviceID]home.MAC{a.ID: a.MAC, b.ID: b.MAC}[id])); !held {
					t.Errorf("%s has shed its case", id)
				}
			}
		})
	}
}

// What was said of a device holds for the one that it is merged into, and for itself again when they are split.
func TestASplitGivesBackWhatWasSaid(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	g.Handle(event(2, 443, noon))
	g.Handle(event(3, 443, noon))
	closed := &pb.Protection{Kind: "close", Proto: "tcp", Port: 80}
	apply(t, g,
		about("1", "identify", "lamp", func(o *pb.Order) { o.Identity = &pb.Correction{Model: "Lamp 2", Class: "light"} }),
		about("2", "protect", "lamp", func(o *pb.Order) { o.Protection = closed }),
		order("3", "block", "lamp", "endpoint=a.example.com"),
		about("4", "merge", "camera", func(o *pb.Order) { o.Other = "lamp" }))
	g.mu.Lock()
	d, _ := g.observer.Device("camera")
	who := g.whoIs(&d, g.now())
	g.mu.Unlock()
	if c, _ := g.said.identity("camera"); c.Model != "Lamp 2" || len(g.said.guards("camera")) != 1 || len(who.Aliases) != 1 || who.Aliases[0].By != "owner" {
		t.Errorf("merged: %+v %+v %+v", c, g.said.guards("camera"), who.Aliases)
	}
	if b := g.rules.get("camera").Block; !slices.Equal(b, []string{"a.example.com"}) {
		t.Errorf("merged, it blocks %v", b)
	}
	// Its own address is named: what came to it leaves.
	apply(t, g, about("5", "split", "camera", func(o *pb.Order) { o.Mac = macOf(2).String() }))
	g.mu.Lock()
	defer g.mu.Unlock()
	if a, b := g.observer.Known(macOf(2)), g.observer.Known(macOf(3)); a != "camera" || b != "lamp" {
		t.Fatalf("split they are %s and %s", a, b)
	}
	if i := g.who.book.Identity("lamp"); i.Model != "Lamp 2" || i.Class != home.ClassLight || i.By != "owner" {
		t.Errorf("split, it is %+v", i)
	}
	if len(g.said.guards("lamp")) != 1 || !slices.Equal(g.rules.get("lamp").Block, []string{"a.example.com"}) {
		t.Errorf("split, it has lost what was decided: %+v %+v", g.said.guards("lamp"), g.rules.get("lamp"))
	}
	if err := g.merge("camera", "lamp", same.Evidence); !errors.Is(err, same.ErrDecided) {
		t.Errorf("evidence overrules people: %v", err)
	}
	again := said{}
	b, err := json.Marshal(g.said.memory())
	var m saidMemory
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if again.restore(m); err != nil || !again.twoBy([]home.MAC{macOf(3)}, []home.MAC{macOf(2)}) {
		t.Errorf("after a restart nobody knows that they are two: %v %s", err, b)
	}
	if err := g.merge("camera", "lamp", same.Owner); err != nil {
		t.Errorf("people may say otherwise: %v", err)
	}
}

// Of several that came to a device that is shut in, none leaves unless it is named: the device itself is not to get out.
func TestASplitNamesWhoLeaves(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.Find(hard("camera"))
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, from := range []home.DeviceID{"lamp", "tv"} {
		if err := g.merge("camera", from, same.Owner); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.split("camera", macOf(2)); !errors.Is(err, errWhich) {
		t.Errorf("which leaves? %v", err)
	}
	if to, err := g.split("camera", macOf(5)); err != nil || to != "tv" {
		t.Errorf("%s, %v", to, err)
	}
	if to, err := g.split("camera", macOf(2)); err != nil || to != "lamp" {
		t.Errorf("%s, %v", to, err)
	}
	if _, held := g.responder.SymptomOf(g.observer.Known(macOf(2))); !held {
		t.Error("it got out by a split")
	}
}

// A device that is shut in by its port is not shut in by the port of one that was taken for it.
func TestASplitForgetsTheOthersPort(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.Find(hard("camera"))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.anchors.seen("camera", "lan1", noon)
	g.anchors.seen("lamp", "lan2", noon.Add(1))
	if err := g.merge("camera", "lamp", same.Owner); err != nil {
		t.Fatal(err)
	}
	g.state.alone = map[home.DeviceID]string{"camera": "lan2"}
	if _, err := g.split("camera", macOf(3)); err != nil {
		t.Fatal(err)
	}
	if g.anchors["camera"] != nil || g.anchors["lamp"] != nil || g.state.alone["camera"] != "" {
		t.Errorf("the camera is where the lamp is: %+v %v", g.anchors["camera"], g.state.alone)
	}
}

func TestOrdersAboutWhoADeviceIsAreRefusedInWords(t *testing.T) {
	for _, c := range []struct {
		verb, device string
		fill         func(*pb.Order)
		want         refusal
	}{
		{"identify", "camera", func(o *pb.Order) { o.Identity = &pb.Correction{Class: "spaceship"} }, errClass},
		{"identify", "camera", func(o *pb.Order) { o.Identity = &pb.Correction{Model: strings.Repeat("x", 200)} }, errSaid},
		{"identify", "router", func(o *pb.Order) { o.Identity = &pb.Correction{Class: "router"} }, errMergedRouter},
		{"identify", "nobody", func(*pb.Order) {}, errDevice},
		{"merge", "camera", func(o *pb.Order) { o.Other = "camera" }, errSameDevice},
		{"merge", "camera", func(o *pb.Order) { o.Other = "nobody" }, errDevice},
		{"merge", "camera", func(o *pb.Order) { o.Other = "router" }, errMergedRouter},
		{"split", "camera", func(o *pb.Order) { o.Mac = macOf(2).String() }, errNoAddress},
		{"split", "camera", func(o *pb.Order) { o.Mac = "none" }, errNoAddress},
		{"protect", "camera", func(o *pb.Order) { o.Protection = &pb.Protection{Kind: "pray"} }, errProtection},
		{"protect", "camera", func(o *pb.Order) { o.Protection = &pb.Protection{Kind: "close", Proto: "icmp", Port: 8} }, errProtection},
		{"protect", "camera", func(o *pb.Order) { o.Protection = &pb.Protection{Kind: "close", Proto: "tcp", Port: 70000} }, errProtection},
		{"protect", "camera", func(o *pb.Order) { o.Protection = &pb.Protection{Kind: "vendor-only"} }, errVendorless},
	} {
		g, r := start(t, t.TempDir())
		apply(t, g, about("1", c.verb, c.device, c.fill))
		flush(t, g)
		equal(t, c.verb+" "+c.device, r.take(), "order 1 failed: "+string(c.want))
	}
}

func TestProtectionsAreBoundedAndTakenBack(t *testing.T) {
	s := said{}
	s.restore(saidMemory{})
	for port := range uint16(maxProtections) {
		if err := s.guard("x", report.Protection{Kind: home.ProtectClose, PortRule: home.PortRule{Port: port}}, "", true); err != nil {
			t.Fatal(err)
		}
	}
	only := report.Protection{Kind: home.ProtectVendorOnly}
	if err := s.guard("x", only, "Acme", true); !errors.Is(err, errProtections) || s.maker("x") != "" {
		t.Errorf("one too many: %v, %q", err, s.maker("x"))
	}
	if err := s.guard("y", only, "Acme", true); err != nil || s.maker("y") != "Acme" || !s.about("y") {
		t.Error(err)
	}
	if err := s.guard("y", only, "", false); err != nil || s.maker("y") != "" || s.about("y") {
		t.Errorf("taken back: %v", err)
	}
	s.keep(map[home.DeviceID]bool{"y": true})
	if s.about("x") {
		t.Error("what was said of a device that is gone is kept")
	}
}

func TestWhatProtectionsAskFor(t *testing.T) {
	noLAN, only := report.Protection{Kind: home.ProtectNoLAN}, report.Protection{Kind: home.ProtectVendorOnly}
	web := report.Protection{Kind: home.ProtectClose, PortRule: home.PortRule{Proto: home.ProtoTCP, Port: 80}}
	both := report.Protection{Kind: home.ProtectClose, PortRule: home.PortRule{Port: 80}}
	all := report.Protection{Kind: home.ProtectClose}
	for _, c := range []struct {
		mode, want home.Mode
		list       []report.Protection
		closed     int
	}{
		{home.ModeOff, home.ModeOff, nil, 0},
		{home.ModeOff, home.ModeNoLAN, []report.Protection{noLAN}, 0},
		{home.ModeOff, home.ModeVendorOnly, []report.Protection{only, noLAN}, 0},
		{home.ModeOff, home.ModeVendorOnly, []report.Protection{noLAN, only}, 0},
		{home.ModeNoLAN, home.ModeVendorOnly, []report.Protection{only}, 0},
		{home.ModeQuarantine, home.ModeQuarantine, []report.Protection{only, noLAN, web}, 1},
		{home.ModeOff, home.ModeOff, []report.Protection{web, both, all}, 4},
	} {
		if mode, closed := guarded(c.mode, c.list); mode != c.want || len(closed) != c.closed {
			t.Errorf("%s with %v: %s, %v", c.mode, c.list, mode, closed)
		}
	}
}

func TestWhoIsKnownOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	g.Handle(event(2, 443, noon))
	if err := g.rememberWho(); err != nil {
		t.Fatal(err)
	}
	k, err := loadWho(dir)
	if err != nil || len(k.Evidence) == 0 || len(k.Links.Faces) == 0 {
		t.Fatalf("%v %+v", err, k)
	}
	file := filepath.Join(dir, whoFile)
	if err := os.WriteFile(file, []byte(`{"scheme":1,"evidence":[{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadWho(dir); err == nil || !strings.Contains(err.Error(), file+".broken") {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := os.Stat(file + ".broken"); err != nil {
		t.Error(err)
	}
	if k, err := loadWho(dir); err != nil || len(k.Evidence) != 0 {
		t.Errorf("without a file: %v %+v", err, k)
	}
}

func FuzzParseWho(f *testing.F) {
	g, _ := start(f, f.TempDir())
	g.Handle(event(2, 443, noon))
	k := whoMemory{Scheme: memoryScheme, Evidence: g.who.book.Snapshot(), Links: g.who.links.Snapshot(), Exposures: g.who.exposed.Snapshot()}
	b, err := json.Marshal(k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"scheme":1,"evidence":[{"id":"x","tokens":[{"c":1}],"facts":[{"c":1,"fact":{"Weight":1e308}}],"classes":{"camera":1}}],"links":{"faces":[{"mac":"02:00:00:00:00:01","device":"x"}]}}`))
	f.Add([]byte(`{"scheme":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseWho(b)
		if err != nil {
			return
		}
		w := newWho(same.Config{}, nil)
		w.book.Restore(k.Evidence)
		w.links.Restore(k.Links)
		_ = w.exposed.Restore(k.Exposures) // what makes no sense is left out, and said
		for _, e := range k.Evidence {
			w.book.Identity(e.ID)
			w.exposed.List(e.ID, home.Identity{}, noon)
		}
		w.links.Proposals()
		if _, err := json.Marshal(whoMemory{Evidence: w.book.Snapshot(), Links: w.links.Snapshot(), Exposures: w.exposed.Snapshot()}); err != nil {
			t.Errorf("it cannot be kept again: %v", err)
		}
	})
}

// A device that is kept to its maker is given no other name, so that names are no way out.
func TestWhoIsKeptGetsNoOtherNames(t *testing.T) {
	g, _ := start(t, t.TempDir())
	if err := g.said.guard("camera", report.Protection{Kind: home.ProtectVendorOnly}, "TP-Link", true); err != nil {
		t.Fatal(err)
	}
	g.book.Hold("camera", home.ModeVendorOnly, permits.Subject{Vendor: "TP-Link"})
	camera := &home.Device{ID: "camera"}
	for name, want := range map[string]bool{
		"use1-api.tplinkcloud.com": false, "0.pool.ntp.org": false, "secret.tunnel.example": true, "tplinkcloud.com.evil.example": true, "xpool.ntp.org.evil": true, "": false,
	} {
		if v, refused := g.foreign(camera, name); refused != want || refused && (v.Action != home.Block || v.Reason == "") {
			t.Errorf("%q: refused %v %+v", name, refused, v)
		}
	}
	for _, d := range []*home.Device{nil, {ID: "lamp"}} {
		if _, refused := g.foreign(d, "secret.tunnel.example"); refused {
			t.Errorf("%v is not kept to anybody", d)
		}
	}
}
