package gateway

import (
	"path/filepath"
	"testing"
	"time"

	"cardea/gateway/enforce"
	"cardea/gateway/respond"
	"cardea/home"
)

// An agent that was killed between writing what is enforced and what is remembered lets nobody out.
func TestWhoIsShutInStaysSo(t *testing.T) {
	now := time.Now()
	rule := func(id home.DeviceID, last byte) home.DeviceRule {
		return home.DeviceRule{Device: id, Mode: home.ModeQuarantine, MACs: []home.MAC{{0, 0, 0x5e, 0, 0x53, last}}, Port: "lan" + string('0'+rune(last))}
	}
	dir := t.TempDir()
	err := enforce.Save(filepath.Join(dir, enforcedFile), home.Desired{Devices: []home.DeviceRule{rule("unknown", 1), rule("on-probation", 2), rule("known", 3)}})
	if err != nil {
		t.Fatal(err)
	}
	r := respond.New(respond.Policy{}, unheard{})
	i := r.Quarantine("on-probation", respond.ByOwner, "x", now)
	if err := r.Release(respond.Release{Incident: i.ID, By: respond.ByOwner}, now); err != nil {
		t.Fatal(err)
	}
	r.Finding(home.Finding{Device: "known", Time: now, Strength: home.Soft, Sentence: "a soft one"}) // contained after this was written
	if err := saveMemory(dir, memory{Cases: r.Snapshot()}); err != nil {
		t.Fatal(err)
	}
	m, err := loadMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	again := respond.New(respond.Policy{}, unheard{})
	again.Restore(m.Cases)
	got := again.Modes()
	if got["unknown"] != home.ModeQuarantine || got["known"] != home.ModeQuarantine || got["on-probation"] != home.ModeNoLAN {
		t.Errorf("after the restart: %v", got)
	}
	if m.Ports["unknown"] != "lan1" || len(m.Devices) != 2 {
		t.Errorf("ports %v, devices %v", m.Ports, m.Devices)
	}
}
