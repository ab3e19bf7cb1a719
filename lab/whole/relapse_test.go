package whole

import (
	"slices"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"
)

// A device that is let out and does it again on probation is shut in again, as a relapse of the same case; nobody is told of a second one. It can
// be cleaned again.
func TestRelapseIsShutInAgain(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 91, Scenario: "camera"}})
	shutIn := func(when string, relapses int) (inc home.Incident) {
		w.eventually(when+" the camera is shut in", func() bool {
			for _, i := range w.incidents() {
				if i.State != home.StateClosed && i.Mode == home.ModeQuarantine {
					inc = i
				}
			}
			d, _ := w.device(camera)
			return inc.ID != "" && inc.Relapses == relapses && d.Mode == home.ModeQuarantine && d.Grade != home.GradeNone
		})
		return inc
	}
	infect := func() {
		_, err := w.home.Infect(w.ctx, "")
		w.must(err)
	}
	clean := func(when string) {
		w.must(w.home.PowerCycle(w.ctx, camera)) // what it had is in memory only
		w.eventually(when+" it is clean", func() bool {
			var k home.Check
			w.must(w.client.Ask(w.ctx, control.Action{Verb: "check", Target: camera}, &k))
			return k.Clean && k.Quiet >= k.Need && k.Need >= 5*time.Second
		})
	}
	infect()
	first := shutIn("at first", 0)
	w.offline(camera)
	clean("at first")
	w.must(w.client.Ask(w.ctx, control.Action{Verb: "release", Target: camera}, nil))
	w.eventually("it is on probation", func() bool {
		return slices.ContainsFunc(w.incidents(), func(i home.Incident) bool {
			return i.ID == first.ID && i.State == home.StateProbation && i.Probation != nil
		})
	})
	w.eventually("it has the internet again", func() bool { return w.home.Reachable(w.ctx, camera) == nil })
	infect()
	again := shutIn("once more", 1)
	w.offline(camera)
	if again.ID != first.ID || again.Code != first.Code {
		t.Errorf("case %s became case %s", first.Code, again.Code)
	}
	if n := len(w.incidents()); n != 1 {
		t.Errorf("%d cases of one cause", n)
	}
	clean("once more")
}
