package gateway

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway/respond"
	"cardea/home"
)

// While a device is shut in, the gateway finds out from its own past what the lists would take from its work that may follow, and tries the one
// that follows first. When it is let out, that is told.
func TestWhatListsWouldBreakIsKnownBeforehand(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now()
	r := *g.roster.Load()
	r.ids["camera"].Vendor, r.ids["camera"].Class = "Hikvision", home.ClassCamera
	for h := 3 * 24; h > 0; h-- {
		at := now.Add(-time.Duration(h) * time.Hour)
		for i, name := range []string{"dev.hik-connect.com", "updates.hikvision.com", "relay.example.net"} {
			c := home.Contact{Device: "camera", First: at, Last: at.Add(time.Minute), Flows: 2, Up: uint64(1000 * (i + 1)), Down: 10,
				Endpoint: home.Endpoint{Name: name, Domain: registrable(name), IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), Port: 443, Proto: "tcp"}}
			if err := g.ledger.Append(&c); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := hard("camera")
	f.Symptom.Detector = home.DetectScanWAN
	g.Find(f)
	inc, _ := g.responder.Of("camera")
	g.foresee(g.now())
	if trial, ok := g.book.Trial("camera", nil); !ok || trial.Mode != home.ModeVendorOnly {
		t.Errorf("what follows is not tried: %+v", trial)
	}
	for len(g.responder.Shadows()[0].Ask) > 0 {
		if err := (<-g.jobs)(context.Background()); err != nil {
			t.Fatal(err)
		}
		g.background.Wait()
	}
	if err := g.responder.Release(respond.Release{Incident: inc.ID, By: respond.ByOwner}, g.now()); err != nil {
		t.Fatal(err)
	}
	inc, _ = g.responder.Of("camera")
	if why := inc.History[len(inc.History)-1].Why; inc.Mode != home.ModeVendorOnly || !strings.Contains(why, "keeps it from 1 of the 3 services") {
		t.Errorf("%s: %s", inc.Mode, why)
	}
	would := g.responder.Snapshot().Cases[0].Would
	if i := slices.IndexFunc(would, func(w respond.Would) bool { return w.Mode == home.ModeUpdateOnly }); i < 0 || would[i].Lost != 2 || !slices.Equal(would[i].Names, []string{"relay.example.net", "dev.hik-connect.com"}) {
		t.Errorf("%+v", would)
	}
	g.foresee(g.now())
	if _, on := g.book.Trial("camera", nil); on {
		t.Error("what is in force is tried still")
	}
}

// What people try is theirs: the gateway neither replaces nor ends it.
func TestTrialsOfPeopleStay(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.roster.Load().ids["camera"].Vendor = "Hikvision"
	if err := g.try("camera", home.ModeUpdateOnly, g.now()); err != nil {
		t.Fatal(err)
	}
	g.Find(hard("camera"))
	for range 2 {
		g.foresee(g.now())
		if trial, ok := g.book.Trial("camera", nil); !ok || trial.Mode != home.ModeUpdateOnly {
			t.Fatalf("%v %+v", ok, trial)
		}
		inc, _ := g.responder.Of("camera")
		if err := g.responder.Close(inc.ID, respond.ByOwner, "", home.OutcomeFalseAlarm, g.now()); err != nil && inc.ID != "" {
			t.Fatal(err)
		}
	}
}
