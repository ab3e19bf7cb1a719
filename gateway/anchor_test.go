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
	if alone, err := shutIn(path); err != nil || len(alone) != 0 {
		t.Fatalf("nothing there: %v %v", alone, err)
	}
	if err := enforce.Save(path, home.Desired{Devices: []home.DeviceRule{
		{Device: "camera", Mode: home.ModeQuarantine, Port: "lan3", Alone: true},
		{Device: "lamp", Mode: home.ModeQuarantine, Port: "wlan0"},
		{Device: "tv", Mode: home.ModeNoLAN, Port: "lan4", Alone: true},
	}}); err != nil {
		t.Fatal(err)
	}
	alone, err := shutIn(path)
	if err != nil || len(alone) != 1 || alone["camera"] != "lan3" {
		t.Errorf("%v %v", alone, err)
	}
}
