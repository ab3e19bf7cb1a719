package gateway

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/home"
)

func TestMemoryComesBack(t *testing.T) {
	dir := t.TempDir()
	if m, err := loadMemory(dir); err != nil || len(m.Devices) != 0 {
		t.Fatalf("nothing there: %+v %v", m, err)
	}
	mac, _ := home.ParseMAC("00:00:5e:00:53:01")
	want := memory{
		Devices: []home.Device{{ID: home.NewDeviceID(), MAC: mac, MACs: []home.MAC{mac}}},
		Rules:   map[home.DeviceID]Rules{"": {Block: []string{"ads.example"}}},
	}
	if err := saveMemory(dir, want); err != nil {
		t.Fatal(err)
	}
	m, err := loadMemory(dir)
	if err != nil || m.Devices[0].ID != want.Devices[0].ID || m.Rules[""].Block[0] != "ads.example" {
		t.Errorf("%+v %v", m, err)
	}
	path := filepath.Join(dir, memoryFile)
	if err := os.WriteFile(path, []byte(`{"scheme":1,"devices":[{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err = loadMemory(dir); err == nil || len(m.Devices) != 0 {
		t.Errorf("a broken file passes: %+v", m)
	}
	if _, err := os.Stat(path + ".broken"); err != nil {
		t.Error("the broken file was not kept")
	}
}

func FuzzParseMemory(f *testing.F) {
	f.Add([]byte(`{"scheme":1,"devices":[{"id":"x","mac":"00:00:5e:00:53:01","addresses":["192.0.2.1"]}],"cases":{"cases":[{}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = parseMemory(b) })
}

func TestLabelCode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "label")
	for content, ok := range map[string]bool{"hinge-4711\n": true, "123": false, "": false} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := labelCode(path); (err == nil) != ok {
			t.Errorf("%q: %v", content, err)
		}
	}
	if code, err := labelCode(""); code != "" || err != nil {
		t.Error("no file means no code")
	}
}

func TestAnchors(t *testing.T) {
	a, t0 := anchors{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if !a.seen("panel", "lan8", t0) || !a.seen("panel", "lan8", t0.Add(time.Second)) {
		t.Error("on its own port it is not believed")
	}
	if a.seen("panel", "lan5", t0.Add(2*time.Second)) {
		t.Error("a frame with its address from another port proves something about it")
	}
	a.seen("camera", "lan5", t0)
	if got := a.owner("lan5", "panel"); got != "camera" {
		t.Errorf("lan5 belongs to %q", got)
	}
	now := t0.Add(time.Hour)
	for range 3 { // it was moved for good
		now = now.Add(40 * time.Second)
		a.seen("panel", "lan5", now)
	}
	if a["panel"].port != "lan5" || a.seen("panel", "lan5", now) || !a.seen("panel", "lan5", now.Add(anchorTrusts)) {
		t.Errorf("after it was moved: %+v", a["panel"])
	}
	if got := a.owner("lan5", ""); got != "" {
		t.Errorf("two on one port, yet it belongs to %q", got)
	}
	a.keep(func(id home.DeviceID) bool { return id == "camera" })
	if len(a) != 1 {
		t.Error("forgotten devices keep their anchors")
	}
}
