package gateway

import (
	"path/filepath"
	"testing"
	"time"

	"cardea/gateway/enforce"
	"cardea/home"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// The first frame after a restart may be a forged one: where a device belongs is not for it to say.
func TestWhoSpeaksFirstAfterARestartIsNotBelieved(t *testing.T) {
	before := anchors{}
	before.seen("panel", "lan2", noon)
	before.seen("camera", "lan3", noon)
	a := anchors{}
	a.restore(before.ports())
	if a.seen("panel", "lan3", noon.Add(time.Minute)) {
		t.Error("a frame with the panel's address from the camera's port proves something about the panel")
	}
	if who := a.owner("lan3", "panel"); who != "camera" {
		t.Errorf("the port is %q's", who)
	}
	if !a.seen("panel", "lan2", noon.Add(time.Minute)) {
		t.Error("the panel's own frames prove nothing any more")
	}
}

func TestADeviceStaysShutInByItsPortOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), enforcedFile)
	if alone, _, err := shutIn(path); err != nil || len(alone) != 0 {
		t.Fatalf("nothing there: %v %v", alone, err)
	}
	if err := enforce.Save(path, home.Desired{Devices: []home.DeviceRule{
		{Device: "camera", Mode: home.ModeQuarantine, Port: "lan3", Alone: true},
		{Device: "lamp", Mode: home.ModeQuarantine, Port: "wlan0"},
		{Device: "tv", Mode: home.ModeNoLAN, Port: "lan4", Alone: true},
	}}); err != nil {
		t.Fatal(err)
	}
	alone, shut, err := shutIn(path)
	if err != nil || len(alone) != 1 || alone["camera"] != "lan3" {
		t.Errorf("%v %v", alone, err)
	}
	if len(shut) != 2 || !shut["camera"] || !shut["lamp"] {
		t.Errorf("in quarantine: %v", shut)
	}
}

// A frame from another's port is that port's owner's doing only while the device itself is heard where it belongs:
// telephones roam to an access point that had one device so far, and that one must not answer for them.
func TestANeighbourIsNotBlamedForADeviceThatMoved(t *testing.T) {
	a := anchors{}
	a.seen("phone", "ap1", noon)
	a.seen("tv", "ap2", noon)
	if !a.forged("phone", "ap2", noon.Add(10*time.Second)) {
		t.Error("the telephone was heard at home just now, and this frame is taken for its own")
	}
	now := noon.Add(time.Hour) // it slept
	for range 15 {
		if a.seen("phone", "ap2", now) || a.forged("phone", "ap2", now) {
			t.Fatalf("%s after it woke up elsewhere, what it does is hard evidence", now.Sub(noon)-time.Hour)
		}
		if now = now.Add(40 * time.Second); now.Sub(noon) > time.Hour+anchorTrusts {
			break
		}
	}
}

func TestADeviceMovesAlsoWhenTheClockWasSetBack(t *testing.T) {
	a := anchors{}
	a.seen("lamp", "lan2", noon.AddDate(10, 0, 0))
	for i := range 3 {
		a.seen("lamp", "lan3", noon.Add(time.Duration(i)*anchorMoves))
	}
	if a["lamp"].port != "lan3" {
		t.Error("it is not believed to have moved before the clock is where it was")
	}
}
