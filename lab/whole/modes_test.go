package whole

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cardea/behavior/profile"
	"cardea/cloud/api/view"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"

	"github.com/google/uuid"
	"github.com/miekg/dns"
)

// Names of the camera's maker as the lab's internet knows them, IPv4 and IPv6; and where a name server answers whoever asks it by UDP on a
// port that nobody diverts.
var (
	heldNames = map[string][2]netip.Addr{
		"dev.hik-connect.com.":    {netip.MustParseAddr("198.18.252.11"), netip.MustParseAddr("2001:db8:18::fc:11")},
		"update.eset.com.":        {netip.MustParseAddr("198.18.252.14"), netip.MustParseAddr("2001:db8:18::fc:14")}, // of virus scanners: nothing that a camera has
		"updates.hikvision.com.":  {netip.MustParseAddr("198.18.252.12"), netip.MustParseAddr("2001:db8:18::fc:12")},
		"other.attacker.example.": {netip.MustParseAddr("198.18.252.13"), netip.MustParseAddr("2001:db8:18::fc:13")},
	}
	heldServer = netip.MustParseAddrPort("198.18.254.55:5354")
)

func (w *world) nameHeld() {
	w.t.Helper()
	s, err := w.home.Space("internet")
	w.must(err)
	c, err := s.ListenPacket("udp4", heldServer.String(), "")
	w.must(err)
	srv := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		h := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET, Ttl: 60}
		if a, ok := heldNames[strings.ToLower(h.Name)]; ok && h.Rrtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: h, A: net.IP(a[0].AsSlice())})
		} else if ok && h.Rrtype == dns.TypeAAAA {
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: h, AAAA: net.IP(a[1].AsSlice())})
		}
		_ = rw.WriteMsg(m) // who asked asks again
	})}
	done := make(chan error, 1)
	go func() { done <- srv.ActivateAndServe() }() // ends with Shutdown
	w.t.Cleanup(func() {
		_ = srv.Shutdown()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	inside, err := w.home.Space(camera) // its own pages are for IPv4 only
	w.must(err)
	l, err := inside.Listen("tcp6", "[::]:8088")
	w.must(err)
	pages := &http.Server{Handler: http.NotFoundHandler()}
	served := make(chan error, 1)
	go func() { served <- pages.Serve(l) }() // ends with Close
	w.t.Cleanup(func() { _ = pages.Close(); <-served })
	for _, domain := range []string{"hik-connect.com", "hikvision.com", "eset.com", "attacker.example"} {
		w.home.Internet.Delegate(domain, heldServer)
	}
}

// client is a real program, and what it says when it gets through.
type client struct {
	what  string
	from  string
	argv  []string
	works func(out string, status int) bool
}

// connected is curl's: any status but those of names and connections that fail (curl(1), EXIT CODES).
func connected(_ string, status int) bool { return !slices.Contains([]int{6, 7, 28}, status) }

func zero(_ string, status int) bool { return status == 0 }

// heldTo are the clients, by what they are about.
func (w *world) heldTo() (list []client) {
	cam, near := w.info(camera), w.info(laptop)
	p, _ := w.home.Plan.Device(camera)
	for what, name := range map[string]string{"other": "other.attacker.example", "model": p.Cloud, "maker": "dev.hik-connect.com", "updates": "updates.hikvision.com", "scanner": "update.eset.com"} {
		for _, v := range []string{"4", "6"} {
			list = append(list, client{what + v, camera, []string{"curl", "-" + v, "-sk", "-o", "/dev/null", "--max-time", "2", "https://" + name + "/"}, connected})
		}
	}
	answered := func(out string, status int) bool {
		return status == 0 && strings.Contains(out, "198.18.") // and not the gateway's own address
	}
	six := global(cam.IPv6).String()
	return append(list,
		client{"bare", camera, []string{"curl", "-sk", "-o", "/dev/null", "--max-time", "2", "https://198.18.251.9/"}, connected},
		client{"udp", camera, []string{"dig", "+short", "+time=1", "+tries=2", "-p", "5354", "@" + heldServer.Addr().String(), "dev.hik-connect.com"}, answered},
		client{"names", camera, []string{"dig", "+short", "+time=1", "+tries=2", "@" + w.facts.Gateway4.String(), "other.attacker.example"}, answered},
		client{"names of updates", camera, []string{"dig", "+short", "+time=1", "+tries=2", "@" + w.facts.Gateway4.String(), "updates.hikvision.com"}, answered},
		client{"home4", laptop, []string{"busybox", "nc", "-w", "1", cam.IPv4.String(), "80", "-e", "true"}, zero},
		client{"home6", laptop, []string{"curl", "-s", "-o", "/dev/null", "--max-time", "2", "http://[" + six + "]:8088/"}, connected},
		client{"ping4", camera, []string{"busybox", "ping", "-c", "2", "-W", "1", near.IPv4.String()}, zero},
		client{"ping6", camera, []string{"busybox", "ping6", "-c", "2", "-W", "1", global(near.IPv6).String()}, zero},
	)
}

// runs says whether a client gets through.
func (w *world) runs(c client) bool {
	out, err := w.home.Exec(w.ctx, c.from, c.argv...)
	status := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		status = 127
	}
	return c.works(out, status)
}

// goes checks that exactly those clients get through that may; what may is tried again on a busy machine.
func (w *world) goes(when string, may ...string) {
	w.t.Helper()
	var running sync.WaitGroup
	for _, c := range w.heldTo() {
		want := slices.Contains(may, c.what)
		running.Go(func() {
			got := w.runs(c)
			for i := 0; want && !got && i < 4; i++ {
				got = w.runs(c)
			}
			if got != want {
				w.t.Errorf("%s: %s (%s from %s): %v", when, c.what, strings.Join(c.argv, " "), c.from, got)
			}
		})
	}
	running.Wait()
}

// holdTo has the owner order a mode in the app, and waits until it is proven.
func (s *sky) holdTo(device string, mode home.Mode) {
	s.w.t.Helper()
	key := uuid.NewString()
	var o order
	s.w.eventually("the mode is ordered", func() bool {
		status, err := s.call(s.w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/orders", key, map[string]string{"verb": "mode", "device": device, "mode": string(mode)}, &o)
		return err == nil && status == http.StatusAccepted
	})
	s.w.eventually("the gateway answers", func() bool { return s.get("/orders/"+o.ID, &o) && o.Status != "asked" })
	if o.Status != "in_force" {
		s.w.t.Fatalf("%s: %s: %s", mode, o.Status, o.Reason)
	}
	s.w.inForce(camera, mode)
}

// shown is what the agent's own program says of a device, and of all.
func (w *world) shown(name string) (d control.Device, s control.Status) {
	w.t.Helper()
	for verb, to := range map[string]any{"devices": nil, "status": &s} {
		out, err := w.home.Exec(w.ctx, "gateway", agentProgram(), verb, "--json", "--socket", w.facts.Socket)
		w.must(err)
		if to != nil {
			w.must(json.Unmarshal([]byte(out), to))
			continue
		}
		var list []control.Device
		w.must(json.Unmarshal([]byte(out), &list))
		mac := w.mac(name).String()
		if i := slices.IndexFunc(list, func(d control.Device) bool { return d.Is(mac) }); i >= 0 {
			d = list[i]
		}
	}
	return d, s
}

// What passes in each mode, in the order in which they are stricter, and what that is by the clients' names.
var (
	goesUpdates = []string{"updates4", "updates6", "names of updates"}
	goesMaker   = append([]string{"maker4", "maker6"}, goesUpdates...)
	goesModel   = append([]string{"model4", "model6"}, goesMaker...)
	goesNet     = append([]string{"other4", "other6", "scanner4", "scanner6", "bare", "udp", "names"}, goesModel...)
	goesHome    = []string{"home4", "home6", "ping4", "ping6"}
	goesAll     = append(slices.Clone(goesHome), goesNet...)
)

// One camera is held to each mode, one after the other, by its owner's orders: what real programs get through is what the mode says and
// nothing else, over IPv4 and IPv6, also after the agent was killed; what ran before and may not go on is cut.
func TestModesHold(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 401}, first: without(s, home.DetectNovelty, home.DetectBeacon, home.DetectNames,
		home.DetectVolume, home.DetectHours, home.DetectUsual, home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts)})
	w.nameHeld()
	cam := s.known(w.mac(camera))
	s.done("PUT", cam.ID, "/identity", view.Correction{Model: seewell, Vendor: "Hikvision", Class: "camera"})
	p, _ := w.home.Plan.Device(camera)
	set, err := profiles(profile.Level{Class: home.ClassCamera, Vendor: "Hikvision", Model: seewell}, 40, 7, usualEnds(p.Cloud)...).MarshalBinary()
	w.must(err)
	version, _, err := s.rooms.Rollout.PublishData(w.ctx, "profiles", set)
	w.must(err)
	s.done("PUT", s.known(w.mac(hall)).ID, "/identity", view.Correction{Class: "camera"}) // the next order brings what there is
	w.eventually("the profiles are in force", func() bool { st := w.status(); return st.Cloud != nil && st.Cloud.Bundles["profiles"] == version })
	w.goes("before", goesAll...)

	four, six, other := w.talk(camera, false), w.talk(camera, true), w.talk(laptop, false)
	for _, m := range []struct {
		mode home.Mode
		goes []string
		runs bool // what it had begun with its model's cloud
	}{
		{home.ModeNoLAN, goesNet, true},
		{home.ModeProfileOnly, goesModel, true},
		{home.ModeVendorOnly, goesMaker, false},
		{home.ModeUpdateOnly, goesUpdates, false},
		{home.ModeQuarantine, nil, false},
	} {
		four.says(w, "before "+string(m.mode))
		six.says(w, "before "+string(m.mode))
		s.holdTo(cam.ID, m.mode)
		if !m.runs {
			four.cut(w, string(m.mode)+", IPv4")
			six.cut(w, string(m.mode)+", IPv6")
		} else {
			four.says(w, string(m.mode)+", IPv4")
			six.says(w, string(m.mode)+", IPv6")
		}
		w.goes(string(m.mode), m.goes...)
		if d, st := w.shown(camera); d.Mode != m.mode || d.Grade != home.GradePort || st.Contained != 1 || !st.Ready {
			t.Errorf("%s: the agent says %s, %s: %+v", m.mode, d.Mode, d.Grade, st)
		}
		if m.mode == home.ModeUpdateOnly {
			w.killed("update-only, the agent is dead", m.goes)
			w.goes("update-only, the next agent", m.goes...)
		}
		other.says(w, "a neighbour while "+string(m.mode))
		if !m.runs { // so that the next mode has something to cut
			s.holdTo(cam.ID, home.ModeOff)
			four, six = w.talk(camera, false), w.talk(camera, true)
		}
	}
	w.goes("let out", goesAll...)
}

// killed ends the agent as a power cut would, looks, and starts the next.
func (w *world) killed(when string, may []string) {
	w.t.Helper()
	w.agent.end(syscall.SIGKILL)
	for _, c := range w.heldTo() { // names are the router's now, and nobody's for whom it holds: what it may is by address
		if strings.HasPrefix(c.what, "names") || slices.Contains(may, c.what) {
			continue
		}
		if w.runs(c) {
			w.t.Errorf("%s: %s gets through", when, c.what)
		}
	}
	w.must(w.start())
}

// Somebody pauses the camera in the app: it has the home and no internet, and what ran is reset at once; also after the agent was killed.
// One address is blocked: everything else goes on.
func TestModesPauseAndBlock(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 402}, first: without(s, home.DetectNovelty, home.DetectBeacon, home.DetectNames,
		home.DetectVolume, home.DetectHours, home.DetectUsual, home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts)})
	w.nameHeld()
	cam := s.known(w.mac(camera))
	four, six, other := w.talk(camera, false), w.talk(camera, true), w.talk(laptop, false)
	four.says(w, "before")
	six.says(w, "before")
	home4 := append(slices.Clone(goesHome), "names", "names of updates")
	status, err := s.call(w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/pauses", uuid.NewString(), map[string]any{"whose": cam.ID, "minutes": 10}, nil)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("pause: %d %v", status, err)
	}
	s.sees("the pause", w.mac(camera), func(d *view.Device) bool { return d.Paused != nil })
	w.eventually("the kernel has it", func() bool {
		return strings.Contains(w.nft("list", "set", "inet", "cardea", "paused"), w.mac(camera).String())
	})
	four.told(w, "paused, IPv4")
	six.told(w, "paused, IPv6")
	w.goes("paused", home4...)
	other.says(w, "a neighbour of who is paused")
	w.agent.end(syscall.SIGKILL)
	for _, c := range w.heldTo() {
		if !strings.HasPrefix(c.what, "names") && w.runs(c) != slices.Contains(home4, c.what) {
			t.Errorf("paused, the agent is dead: %s: %v", c.what, !slices.Contains(home4, c.what))
		}
	}
	w.must(w.start())
	w.goes("paused, the next agent", home4...)
	status, err = s.call(w.ctx, http.MethodDelete, "/v1/homes/"+s.place.Home+"/pauses?whose="+cam.ID, uuid.NewString(), nil, nil)
	if err != nil || status != http.StatusNoContent {
		t.Fatalf("resume: %d %v", status, err)
	}
	w.eventually("the pause is over", func() bool {
		return !strings.Contains(w.nft("list", "set", "inet", "cardea", "paused"), w.mac(camera).String())
	})
	w.goes("no longer paused", goesAll...)

	far := heldNames["dev.hik-connect.com."]
	for _, a := range far {
		if _, ok := s.ask(order{Verb: "block", Device: cam.ID, Endpoint: a.String()}); !ok {
			t.Fatalf("block %s: refused", a)
		}
	}
	set := func() string {
		return w.nft("list", "set", "inet", "cardea", "blocked4_hosts") + w.nft("list", "set", "inet", "cardea", "blocked6_hosts")
	}
	w.eventually("the kernel has both", func() bool {
		return strings.Contains(set(), far[0].String()) && strings.Contains(set(), far[1].String())
	})
	w.goes("one endpoint is blocked", slices.DeleteFunc(slices.Clone(goesAll), func(s string) bool { return strings.HasPrefix(s, "maker") })...)
}

// told says that the far end of a connection is gone and its device knows: it need not wait.
func (c *conversation) told(w *world, when string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patient)
	defer cancel()
	end, _ := ctx.Deadline()
	c.conn.SetReadDeadline(end)
	if _, err := c.in.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		w.t.Errorf("%s: a connection from before: %v", when, err)
	}
}
