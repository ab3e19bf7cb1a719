package whole

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"cardea/home"
	"cardea/lab/plan"
)

// The agent dies: the internet works, also for a client that keeps its source port; quarantine holds, without names; DNS falls
// back to the router's own. The next agent goes on where the dead one was, and nothing leaks at any time.
func TestKilledAgentLeavesTheInternetAndQuarantine(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 11, Scenario: "camera"}})
	four, six := w.sticky(laptop, false), w.sticky(laptop, true)
	four.works(w, plan.VideoName, "with the agent")
	six.works(w, plan.VideoName, "with the agent over IPv6")
	c := w.chatter(camera, laptop)
	c.flows(w)
	_, err := w.home.Infect(w.ctx, "")
	w.must(err)
	before := w.inForce(camera, home.ModeQuarantine)
	if before.Grade != home.GradePort {
		t.Errorf("grade %s", before.Grade)
	}
	since := c.mark()
	c.silent(w, since, "quarantined")
	incidents := w.incidents()
	ids := w.ids()

	w.agent.end(syscall.SIGKILL)
	if tables := w.nft("list", "tables"); strings.Contains(tables, "cardea_observe") {
		t.Errorf("observation outlived the agent:\n%s", tables)
	}
	others := []string{laptop, phone, alarm}
	four.works(w, plan.VideoName, "without the agent")
	six.works(w, plan.VideoName, "without the agent over IPv6")
	w.online(others...)
	w.offline(camera)
	if w.names(camera) == nil {
		t.Error("without the agent the quarantined device has names")
	}
	c.silent(w, since, "without the agent")

	w.must(w.start())
	four.works(w, plan.VideoName, "with the next agent")
	six.works(w, plan.VideoName, "with the next agent over IPv6")
	w.inForce(camera, home.ModeQuarantine)
	w.online(others...)
	w.offline(camera)
	c.silent(w, since, "over the restart")
	for mac, id := range w.ids() {
		if old, ok := ids[mac]; ok && old != id {
			t.Errorf("%s was %s and is %s now", mac, old, id)
		}
	}
	w.sameIncidents(incidents)
}

// ids are the agent's names of the devices.
func (w *world) ids() map[string]home.DeviceID {
	w.t.Helper()
	list, err := w.client.Devices(w.ctx)
	w.must(err)
	ids := map[string]home.DeviceID{}
	for _, d := range list {
		ids[d.MAC.String()] = d.ID
	}
	return ids
}

// sameIncidents fails when an incident is gone, or new, or went on by itself, or has a finding twice.
func (w *world) sameIncidents(before []home.Incident) {
	w.t.Helper()
	now := w.incidents()
	if len(now) != len(before) {
		w.t.Errorf("%d incidents before, %d now: %+v", len(before), len(now), now)
	}
	for _, was := range before {
		i := slices.IndexFunc(now, func(i home.Incident) bool { return i.ID == was.ID })
		if i < 0 {
			w.t.Errorf("incident %s is gone", was.Code)
			continue
		}
		is := now[i]
		if is.Code != was.Code || is.State != was.State || is.Mode != was.Mode || is.Device != was.Device || len(is.History) != len(was.History) {
			w.t.Errorf("incident was %+v, is %+v", was, is)
		}
		if is.Count != was.Count {
			w.t.Errorf("%d findings before, %d now: the same evidence was found twice: %+v", was.Count, is.Count, is.Findings)
		}
	}
}
