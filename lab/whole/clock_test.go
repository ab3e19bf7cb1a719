package whole

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

var year = regexp.MustCompile(`"20[0-9][0-9]-([0-9][0-9]-[0-9][0-9]T)`)

// A gateway has no clock of its own: until it is set, what it remembers is from the far future or the far past. Nobody is let
// out or shut in by that.
func TestClockNotYetSetChangesNothing(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 71}})
	w.quarantine(camera)
	for _, then := range []string{"1970", "2040", "9999", "0001"} {
		// somebody is on probation when the agent ends
		w.quarantine(laptop)
		w.must(w.client.Ask(w.ctx, control.Action{Verb: "release", Target: laptop}, nil))
		w.agent.stop()
		for _, file := range []string{"home.json", "enforced.json"} {
			path := filepath.Join(lab.State, file)
			b, err := os.ReadFile(path)
			w.must(err)
			w.must(os.WriteFile(path, year.ReplaceAll(b, []byte(`"`+then+`-$1`)), 0o600))
		}
		w.must(w.start())
		if d := w.inForce(camera, home.ModeQuarantine); d.Grade != home.GradePort {
			t.Errorf("times of %s: grade %s", then, d.Grade)
		}
		w.offline(camera)
		w.eventually("times of "+then+": the device on probation is let go on", func() bool {
			d, ok := w.device(laptop)
			return ok && d.Mode == home.ModeOff
		})
		w.innocent(camera)
		w.online(laptop, phone)
		if d, _ := w.device(camera); d.Mode != home.ModeQuarantine {
			t.Errorf("times of %s: the camera is in mode %s", then, d.Mode)
		}
	}
}
