package whole

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/api/view"
	"cardea/gateway/ledger"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

const (
	seewell = "Seewell Cam 2"
	hall    = "hall-camera"
)

// without starts the agent, above a cloud, with detectors switched off.
func without(s *sky, detectors ...home.Detector) func(*world) error {
	return func(w *world) error {
		f, err := os.OpenFile(w.config, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(f, "detect:\n  off:")
		for _, d := range detectors {
			_, more := fmt.Fprintf(f, "    - %s\n", d)
			err = errors.Join(err, more)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		return above(s)(w)
	}
}

// end is an endpoint of the internet, or of the home where its address is private.
func end(name, domain, addr string, port uint16, proto string) home.Endpoint {
	return home.Endpoint{Name: name, Domain: domain, IP: netip.MustParseAddr(addr), Port: port, Proto: proto}
}

// profiles are what the cloud would learn in four weeks from homes with a model that uses such endpoints each day, and from as many with
// a plug of somebody else.
func profiles(level profile.Level, homes int, version uint64, ends ...home.Endpoint) *profile.Set {
	counts := profile.NewCounts()
	plug := profile.Level{Class: home.ClassPlug, Vendor: "Other", Model: "Other Plug"}
	for week := uint32(100); week < 104; week++ {
		for h := range homes {
			for l, list := range map[profile.Level][]home.Endpoint{level: ends, plug: {end("x.other.example", "other.example", "198.18.0.9", 443, "tcp")}} {
				u := profile.Use{Level: l, Week: week, Home: uint64(h), Network: uint32(h%5) + 1, Active: 7}
				for i := range list {
					u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&list[i], list[i].IP.IsPrivate(), false), Days: 7})
				}
				counts.Add(&u)
			}
		}
	}
	return counts.Build(profile.Options{Now: 104, Version: version})
}

// usualEnds are what cameras of the lab do all day.
func usualEnds(cloud string) []home.Endpoint {
	return []home.Endpoint{
		end(cloud, "seewell.example", "198.18.0.1", 443, "tcp"), end(plan.NTPName, "isp.example", "198.18.0.2", 123, "udp"),
		end("", "", "192.168.1.1", 53, "udp"), end("", "", "192.168.1.1", 53, "tcp"), end("", "", "192.168.1.1", 67, "udp"), end("", "", "192.168.1.9", 23, "tcp"),
	}
}

// about gives the first finding of a detector that rests on a contact with an endpoint.
func (h *heard) about(d home.Detector, device home.DeviceID, far netip.AddrPort) (home.Finding, bool) {
	list := h.of(d)
	i := slices.IndexFunc(list, func(f home.Finding) bool {
		return f.Device == device && f.Card != nil && slices.ContainsFunc(f.Card.Seen, func(s home.Seen) bool {
			return s.Endpoint.IP.Unmap() == far.Addr() && s.Endpoint.Port == far.Port()
		})
	})
	if i < 0 {
		return home.Finding{}, false
	}
	return list[i], true
}

// kill ends the agent as a power cut would.
func (w *world) kill() {
	w.t.Helper()
	w.agent.end(syscall.SIGKILL)
}

// yesterday writes into the agent's ledger, while it does not run, that a device contacted somebody a day ago.
func (w *world) yesterday(device home.DeviceID, e home.Endpoint) {
	w.t.Helper()
	l, err := ledger.Open(filepath.Join(lab.State, "ledger"), ledger.Options{})
	w.must(err)
	at := time.Now().Add(-24 * time.Hour)
	w.must(l.Append(&home.Contact{Device: device, Endpoint: e, Flows: 3, First: at, Last: at.Add(time.Minute), Up: 900, Down: 4000}))
	w.must(l.Close())
}

// The camera is infected, and no detector of scans runs. Where its model is known, the first contact with the command server is told
// at once; of a camera of no known model the calls to the dead server are. Both are told to the resident with their evidence, and
// nobody is shut in for soft evidence alone. Meanwhile the agent was killed: what it had learned is there, the profiles are in force,
// and what a device contacted yesterday is told when a list of today names it.
func TestNormalCameraIsCaughtWithoutScanDetectors(t *testing.T) {
	t.Parallel() // beside the street: both wait most of the time
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 301}, first: without(s, home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts)})
	h := w.listen()
	c2 := w.home.Plan.Attack.C2
	out, err := w.home.Exec(w.ctx, "internet", "nft", "add table ip dead; add chain ip dead in { type filter hook input priority 0; }; add rule ip dead in ip daddr "+c2.Addr().String()+" drop")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cam, other := s.known(w.mac(camera)), s.known(w.mac(hall))
	s.done("PUT", cam.ID, "/identity", view.Correction{Model: seewell, Vendor: "Hikvision", Class: "camera"})
	p, _ := w.home.Plan.Device(camera)
	set, err := profiles(profile.Level{Class: home.ClassCamera, Vendor: "Hikvision", Model: seewell}, 40, 7, usualEnds(p.Cloud)...).MarshalBinary()
	w.must(err)
	version, _, err := s.rooms.Rollout.PublishData(w.ctx, "profiles", set)
	w.must(err)
	s.done("PUT", other.ID, "/identity", view.Correction{Class: "camera"}) // the next order brings what there is
	w.eventually("the profiles are in force", func() bool { st := w.status(); return st.Cloud != nil && st.Cloud.Bundles["profiles"] == version })

	w.agent.stop() // what was learned is on the disk
	w.must(w.start())
	w.kill()
	killed := time.Now()
	old := end("drop.yesterday.example", "yesterday.example", "198.18.77.7", 443, "tcp")
	w.yesterday(home.DeviceID(w.idOf(laptop, s)), old)
	_, err = s.rooms.Rollout.Publish(w.ctx, "lists", fstest.MapFS{"malware/today.names": {Data: []byte(old.Name + "\n")}})
	w.must(err)
	w.must(w.start())
	for _, name := range []string{camera, hall} {
		if _, err := w.home.Infect(w.ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	var first home.Finding
	w.eventually("the first contact with the command server is told", func() (ok bool) {
		first, ok = h.about(home.DetectNovelty, home.DeviceID(cam.ID), c2)
		return ok
	})
	t.Logf("%s (%.1f s after the start)", first.Sentence, first.Time.Sub(killed).Seconds())
	k := first.Card
	if first.Strength != home.Soft || k.Homes == nil || *k.Homes != 0 || k.Of < 20 || !strings.Contains(k.Model, seewell) || len(k.Numbers) == 0 ||
		k.Seen[0].Flows != 1 || !slices.Equal(k.Blocks, []string{c2.Addr().String()}) || k.History.Before > 1 {
		t.Errorf("%+v", k)
	}
	if k.History.Since.IsZero() || !k.History.Since.Before(killed) || k.History.Endpoints < 2 {
		t.Errorf("of what it learned before it was killed there is %+v; it was killed at %v", k.History, killed)
	}
	s.tells(cam.ID, home.DetectNovelty, c2)
	var calls home.Finding
	w.patiently("the calls to the dead server are told", 2*time.Minute, func() (ok bool) {
		calls, ok = h.about(home.DetectBeacon, home.DeviceID(other.ID), c2)
		return ok
	})
	t.Logf("%s (%.1f s after the start)", calls.Sentence, calls.Time.Sub(killed).Seconds())
	s.tells(other.ID, home.DetectBeacon, c2)
	for _, f := range h.of(home.DetectNovelty) {
		if f.Device == home.DeviceID(other.ID) {
			t.Errorf("of no known model, and yet: %s", f.Sentence)
		}
	}
	for _, i := range w.incidents() {
		if i.Mode.Rank() > home.ModeEndpointBlock.Rank() {
			t.Errorf("shut in: %+v", i)
		}
	}
	w.patiently("yesterday's contact is told", 3*time.Minute, func() bool {
		return slices.ContainsFunc(h.of(home.DetectIndicator), func(f home.Finding) bool {
			return f.Strength == home.Soft && strings.Contains(f.Sentence, old.Name)
		})
	})
	if n := len(h.of(home.DetectNovelty)); n > 40 { // it scans hundreds of hosts a second all the time
		t.Errorf("%d findings of first contacts", n)
	}
}

func (w *world) idOf(name string, s *sky) string { return s.known(w.mac(name)).ID }

// patiently is eventually for what takes longer by its nature.
func (w *world) patiently(what string, most time.Duration, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	w.t.Fatalf("waited in vain: %s", what)
}

// tells waits until the resident's API shows an open incident of a device with a finding about an endpoint, and its evidence.
func (s *sky) tells(device string, d home.Detector, far netip.AddrPort) (got view.Incident) {
	s.w.t.Helper()
	s.w.eventually("the app shows what "+string(d)+" found of "+device, func() bool {
		var list view.List[view.IncidentSummary]
		if !s.get("/incidents", &list) {
			return false
		}
		i := slices.IndexFunc(list.Items, func(i view.IncidentSummary) bool { return i.Device.ID == device && i.State == "open" })
		if i < 0 || !s.get("/incidents/"+list.Items[i].ID, &got) {
			return false
		}
		return slices.ContainsFunc(got.Findings, func(f view.Finding) bool {
			return f.Detector == string(d) && f.Strength == "soft" && f.Card != nil && slices.Contains(f.Card.Blocks, far.Addr().String()) && len(f.Card.Seen) > 0 && f.Sentence != ""
		})
	})
	if got.Mode != "off" && got.Mode != "endpoint-block" || got.WhatHappened == "" || len(got.WhatToDo) == 0 {
		s.w.t.Errorf("the app shows %+v", got)
	}
	return got
}
