package gateway

import (
	"testing"

	"cardea/gateway/control"
	"cardea/home"
)

// Who was answered has it on the disk: the device is shut in again after a crash in the next moment, and the cloud is told.
func TestWhatWasAskedForIsKeptBeforeTheAnswer(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	for _, a := range []control.Action{{Verb: "quarantine", Target: "camera"}, {Verb: "block", Target: "lamp", Endpoint: "tracker.example"}} {
		if _, err := g.Ask(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	m, err := loadMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Cases.Cases) != 1 || m.Cases.Cases[0].Incident.Mode != home.ModeQuarantine || len(m.Cloud.Pending) == 0 || len(m.Rules["lamp"].Block) != 1 {
		t.Errorf("on the disk: %+v, %d items for the cloud, %+v", m.Cases, len(m.Cloud.Pending), m.Rules)
	}
}
