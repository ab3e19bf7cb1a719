package whole

import (
	"os"
	"path/filepath"
	"testing"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

// The file in which the agent remembers the home is broken or gone: who was shut in stays in, and the owner can let it out.
func TestLostMemoryKeepsQuarantine(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 111}})
	c := w.chatter(camera, laptop)
	c.flows(w)
	w.quarantine(camera)
	since := c.mark()
	for _, text := range []string{"\x00\x00\x00\x00", ""} {
		w.agent.stop()
		file := filepath.Join(lab.State, "home.json")
		if text != "" {
			w.must(os.WriteFile(file, []byte(text), 0o600))
		} else {
			w.must(os.Remove(file))
		}
		w.must(w.start())
		w.inForce(camera, home.ModeQuarantine)
		c.silent(w, since, "with its memory lost")
		w.innocent(camera)
		w.offline(camera)
	}
	p, _ := w.home.Plan.Device(camera)
	w.must(w.client.Ask(w.ctx, control.Action{Verb: "release", Target: p.MAC.String()}, nil))
	w.inForce(camera, home.ModeOff)
	w.online(camera, laptop)
}
