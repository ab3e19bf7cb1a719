package whole

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/cloud/incident"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"
)

// While the cloud is away, residents shut devices in and let them out, hundreds of times, on the gateway's own page too; the
// agent is killed in between. When the cloud is back it hears of everything, once, in order and with the times at which it was.
func TestCloudAwayForLongHearsEverythingAsItWas(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 72, Scenario: "camera"}, first: above(s)})
	w.eventually("the cloud hears of the home", func() bool {
		list, err := s.rooms.History.DeviceList(w.ctx, s.place)
		return err == nil && len(list) >= 4
	})
	w.must(w.home.CutCloud(true))
	from := time.Now().Add(-time.Millisecond)
	cycles := 30
	w.quarantine(camera)
	for n := range cycles {
		for _, d := range []string{laptop, phone, alarm} {
			p, _ := w.home.Plan.Device(d)
			for _, verb := range []string{"quarantine", "release"} {
				w.must(w.client.Ask(w.ctx, control.Action{Verb: verb, Target: p.MAC.String(), Why: fmt.Sprintf("time %d", n)}, nil))
			}
		}
		if n == cycles/2 {
			w.agent.end(syscall.SIGKILL)
			w.must(w.start())
		}
	}
	w.letOutOnThePage(camera)
	waiting := w.status().Cloud.Items
	s.process.end(syscall.SIGTERM)
	until := time.Now().Add(time.Millisecond)
	w.must(w.home.CutCloud(false))
	w.must(s.start())

	c := &chaos{w: w, s: s, tale: &tale{}}
	c.compare()
	list, err := s.rooms.Incidents.List(w.ctx, s.place, incident.All, "", 100)
	w.must(err)
	steps, page := 0, 0
	for _, k := range list {
		full, err := s.rooms.Incidents.Get(w.ctx, s.place, k.GetId())
		w.must(err)
		for _, step := range full.Steps {
			steps++
			if at := time.UnixMilli(step.GetTime()); step.GetBy() != "gateway" && (at.Before(from) || at.After(until)) {
				t.Errorf("a step of %v; it was between %v and %v: %+v", at, from, until, step)
			}
			if step.GetBy() == "portal" {
				page++
			}
		}
	}
	t.Logf("%d items waited after %v without the cloud; %d steps of %d cases, %d on the gateway's page", waiting, until.Sub(from).Round(time.Second),
		steps, len(list), page)
	told := 6 * cycles // what was answered in the moment before the kill is on the disk
	if steps < told || page != 1 || waiting < uint64(told) {
		t.Errorf("%d steps, %d on the page, %d items", steps, page, waiting)
	}
}

var input = regexp.MustCompile(`name="(incident|token)" value="([^"]*)"`)

// letOutOnThePage asks the gateway's page to let a device out, as soon as that says it is clean.
func (w *world) letOutOnThePage(name string) {
	w.t.Helper()
	d, ok := w.device(name)
	if !ok {
		w.t.Fatalf("no device %s", name)
	}
	w.eventually("the page lets "+d.Name+" out", func() bool {
		page, err := w.home.Browse(w.ctx, laptop, fmt.Sprintf("http://%v:8480/", w.facts.Gateway4), nil)
		if err != nil {
			return false
		}
		_, rest, _ := strings.Cut(page.Body, "<h2>"+d.Name+"</h2>")
		form := url.Values{}
		for _, m := range input.FindAllStringSubmatch(rest, 2) {
			form.Set(m[1], m[2])
		}
		_, err = w.home.Browse(w.ctx, laptop, fmt.Sprintf("http://%v:8480/release", w.facts.Gateway4), form)
		now, _ := w.device(name)
		return err == nil && now.Mode != home.ModeQuarantine
	})
}
