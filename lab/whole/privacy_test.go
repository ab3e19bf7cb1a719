package whole

import (
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/lab/plan"
)

// What people erase is nowhere on the disks of gateway and cloud any more, and what Privacy Mode keeps at home is nowhere outside the
// gateway, while protection goes on: the real agent and the real cloud, with real devices that talk. Each name is found by the same
// search first: in the spool, in the stream, in the database, in the ledger and in the archive.
func TestPrivacyIsRealOnTheDisk(t *testing.T) {
	s := &sky{}
	layout, err := plan.New(plan.Options{Seed: 411, Devices: 6})
	if err != nil {
		t.Fatal(err)
	}
	sites := layout.BrowsedNames()
	secret, other, hidden, bad, worse := sites[1], sites[2], sites[3], sites[6], sites[7] // none of them an alias
	p := &private{world: begin(t, options{Options: layout.Options, first: hearAll(s, bad, worse)}), s: s}
	for _, d := range []string{phone, laptop} { // they would open such pages by themselves
		p.must(p.home.PowerOff(d))
	}
	cam := home.DeviceID(p.idOf(camera, s))

	s.process.end(syscall.SIGTERM) // what happens now stays in the spool
	p.past = append(p.past, s.process.all()...)
	p.visits(camera, secret)
	p.visits(tv, other)
	p.says(camera, bad)
	p.eventually("the contact with what is listed is a case", func() bool {
		return slices.ContainsFunc(p.incidents(), func(i home.Incident) bool { return i.Device == cam })
	})
	p.restart()
	for name, want := range map[string]string{secret: "announced.bin", p.address(secret): "", bad: "home.json", p.address(bad): "home.json"} {
		if at := p.places(name, "gateway/"); !strings.Contains(at, "gateway/ledger/") || !strings.Contains(at, want) || name != p.address(secret) && !strings.Contains(at, ".spool") {
			t.Errorf("before, %s is on the gateway in %q only", name, at)
		}
	}
	if at := p.places(secret, "gateway/known.json"); at == "" {
		t.Error("before, who the devices are does not have its hash")
	}
	p.serve("broker,api") // what comes stays in the stream
	p.eventually("the stream has it", func() bool { return p.places(bad, "jetstream/") != "" && p.told() })
	p.serve("broker,worker,api")
	p.eventually("the database has it", func() bool {
		secrets, bads := p.places(secret, ""), p.places(bad, "")
		for _, place := range []string{"history_first.endpoint", "history_rollup.data", "fleet_device.tokens"} {
			if !strings.Contains(secrets, place) {
				return false
			}
		}
		return strings.Contains(bads, "incident_case.data") && strings.Contains(bads, "incident_finding.data") && strings.Contains(bads, "cardea.db")
	})
	files := p.archive()
	for name, want := range map[string]string{secret: "contacts.csv", other: "contacts.csv", bad: "home.json"} {
		if at := inArchive(files, name); !strings.Contains(at, want) {
			t.Errorf("%s is in %s of the archive", name, at)
		}
	}

	p.eraseCamera(cam)
	p.nowhere("after the camera's history was erased", secret, p.address(secret), bad, p.address(bad))
	if files = p.archive(); inArchive(files, secret) != "[]" || inArchive(files, bad) != "[]" || !strings.Contains(inArchive(files, other), "contacts.csv") {
		t.Errorf("the archive has %s in %s, %s in %s, %s in %s", secret, inArchive(files, secret), bad, inArchive(files, bad), other, inArchive(files, other))
	}

	p.keepsToItself(hidden, worse)

	p.erase("/data", view.Confirm{Confirm: "Home"})
	p.nowhere("after the home's history was erased", other, p.address(other), hidden, p.address(hidden))
}

// eraseCamera closes the camera's case and erases what it did.
func (p *private) eraseCamera(cam home.DeviceID) {
	p.t.Helper()
	for _, i := range p.incidents() {
		if i.Device == cam && i.State != home.StateClosed {
			p.order(view.NewOrder{Verb: "dismiss", Incident: i.ID, Answer: "accepted"})
		}
	}
	p.erase("/devices/"+string(cam)+"/data", nil)
}

// keepsToItself switches Privacy Mode on: what happens then is known on the gateway alone, and is still acted upon.
func (p *private) keepsToItself(hidden, worse string) {
	p.t.Helper()
	on := true
	_, err := p.s.call(p.ctx, http.MethodPatch, "/v1/homes/"+p.s.place.Home+"/privacy", "", view.PrivacyPatch{Private: &on}, nil)
	p.must(err)
	p.eventually("the gateway keeps names to itself", p.private)
	p.visits(tv, hidden)
	asks := p.sticky(camera, false)
	p.eventually("a listed name is refused", func() bool { m, err := asks.ask(worse); return err == nil && !leads(m, p.world) })
	p.says(alarm, worse) // never shut in by itself: a case that is told of, without its name
	_, err = p.home.Infect(p.ctx, hall)
	p.must(err)
	p.inForce(hall, home.ModeQuarantine)
	p.restart()
	p.eventually("the cloud knows that the camera is shut in", func() bool {
		var list view.List[view.IncidentSummary]
		return p.s.get("/incidents", &list) && len(list.Items) >= 2 && p.told()
	})
	if readme := p.archive()["README.txt"]; !strings.Contains(readme, "Privacy Mode is on") {
		p.t.Errorf("the archive says %s", readme)
	}
	for _, name := range []string{hidden, p.address(hidden), worse, p.address(worse)} {
		for _, place := range p.where(name)[name] {
			if !strings.HasPrefix(place, "gateway/") || strings.HasSuffix(place, ".spool") {
				p.t.Errorf("in Privacy Mode %s is in %s", name, place)
			}
		}
	}
	for _, name := range []string{hidden, worse} {
		if at := p.places(name, "gateway/"); !strings.Contains(at, "gateway/ledger/") {
			p.t.Errorf("the home's own ledger does not have %s, which is in %q", name, at)
		}
	}
}
