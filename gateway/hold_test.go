package gateway

import (
	"net/netip"
	"testing"
	"time"

	"cardea/gateway/collateral"
	"cardea/home"
)

// What the gateway blocks for a case by itself gives way to what people allow, in the kernel as in names.
func TestPeoplesWordComesBeforeDeeds(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.rules.act(map[home.DeviceID][]string{"camera": {"198.51.100.7", "198.51.100.8", "198.51.100.9"}})
	if n := len(g.blockedFor("camera")); n != 3 {
		t.Fatalf("%d of 3 are blocked", n)
	}
	for id, e := range map[home.DeviceID]string{"camera": "198.51.100.7", "": "198.51.100.8"} {
		if err := g.rule(id, e, "allow"); err != nil {
			t.Fatal(err)
		}
	}
	left := g.blockedFor("camera")
	if len(left) != 1 || left[0].IP.String() != "198.51.100.9" {
		t.Errorf("blocked in the kernel: %v", left)
	}
	camera := &home.Device{ID: "camera"}
	for a, want := range map[string]bool{"198.51.100.7": false, "198.51.100.8": false, "198.51.100.9": true} {
		if got := g.refused(camera, netip.MustParseAddr(a)).Action >= home.Block; got != want {
			t.Errorf("%s: refused %v", a, got)
		}
	}
}

// What a device misses while people paused it, or while it is in quarantine for another cause, must not lift what weak evidence blocked.
func TestHarmIsNotCountedWhileADeviceRests(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now()
	inc, err := g.responder.Mode("camera", home.ModeNoLAN, "owner", "", now)
	if err != nil {
		t.Fatal(err)
	}
	watch := func() {
		if !g.harm.Watch("camera", inc.Changed, collateral.Baseline{Ends: []collateral.End{{Key: 1}}, On: 10 * 24 * time.Hour}) {
			t.Fatal("it is not watched")
		}
		g.unwatchable["camera"] = inc.Changed
	}
	watched := func() bool {
		g.watchHarm(now)
		_, ok := g.harm.Watched("camera")
		return ok
	}
	if watch(); !watched() {
		t.Error("it works, and is not watched any more")
	}
	g.household.Set(home.Household{Version: 1, Pauses: []home.Pause{{Whose: "camera", Until: now.Add(time.Hour)}}}, now)
	if watched() {
		t.Error("it is paused, and what it misses counts")
	}
	if _, asked := g.unwatchable["camera"]; asked {
		t.Error("it is never watched again after the pause")
	}
	g.household.Set(home.Household{Version: 2}, now)
	if watch(); !watched() {
		t.Error("it works again, and is not watched")
	}
	g.responder.Quarantine("camera", "owner", "", now)
	if watched() {
		t.Error("it is in quarantine, and what it misses counts")
	}
}
