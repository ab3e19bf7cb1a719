package respond

import (
	"slices"
	"testing"

	"cardea/home"
)

// What is erased is gone; a way in that a closed case keeps shut stays shut, and nothing tells any more why.
func TestEraseKeepsOnlyWhatShuts(t *testing.T) {
	var rec record
	r := New(Policy{Auto: true}, &rec)
	r.Restore(Snapshot{Done: []home.Incident{
		{ID: "a", Device: "camera", State: home.StateClosed, Outcome: home.OutcomeClean, Findings: []home.Finding{{Sentence: "It called secret.example."}},
			Symptom: home.Symptom{Detector: home.DetectBeacon, Names: []string{"secret.example"}}, History: []home.Transition{{Why: "secret.example"}},
			Deeds: []home.Deed{{ID: "d1", Kind: home.DeedShut, Port: home.PortRule{Proto: home.ProtoTCP, Port: 23}},
				{ID: "d2", Kind: home.DeedCut, Endpoint: "secret.example", Undone: t0}}},
		{ID: "b", Device: "camera", State: home.StateClosed, Outcome: home.OutcomeClean},
		{ID: "c", Device: "lamp", State: home.StateClosed, Findings: []home.Finding{{Sentence: "It called other.example."}}},
	}})
	r.Erase("camera")
	done := r.Snapshot().Done
	if len(done) != 2 || done[0].ID != "a" || done[1].ID != "c" || len(done[1].Findings) != 1 {
		t.Fatalf("%+v", done)
	}
	if a := done[0]; len(a.Findings) != 0 || len(a.Symptom.Names) != 0 || len(a.Deeds) != 1 || a.History[0].Why != "" {
		t.Errorf("%+v", a)
	}
	if shut := r.Deeds()["camera"].Shut; !slices.Contains(shut, home.PortRule{Proto: home.ProtoTCP, Port: 23}) {
		t.Errorf("telnet is open again: %+v", shut)
	}
	r.Erase("")
	if done := r.Snapshot().Done; len(done) != 1 || done[0].ID != "a" {
		t.Errorf("after all was erased: %+v", done)
	}
}
