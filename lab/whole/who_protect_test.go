package whole

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/lab/lookup"
	"cardea/lab/plan"

	"github.com/miekg/dns"
)

// reaches says whether somebody gets a TCP connection.
func (w *world) reaches(who string, to netip.AddrPort) bool {
	w.t.Helper()
	s, err := w.home.Space(who)
	w.must(err)
	ctx, cancel := context.WithTimeout(w.ctx, 1500*time.Millisecond)
	defer cancel()
	c, err := s.Dial(ctx, "tcp", to.String())
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func (w *world) reachable(what, who string, to netip.AddrPort) {
	w.t.Helper()
	w.eventually(what, func() bool { return w.reaches(who, to) })
}

func (w *world) unreachable(what, who string, to netip.AddrPort) {
	w.t.Helper()
	if w.reaches(who, to) {
		w.t.Errorf("%s reaches %s: %s", who, to, what)
	}
}

// exposed waits until the API tells of an exposure.
func (s *sky) exposed(device string, kind home.ExposureKind, port uint32) (got view.Exposure) {
	s.w.t.Helper()
	s.w.eventually(fmt.Sprintf("%s of port %d is told", kind, port), func() bool {
		var list view.List[view.HomeExposure]
		s.get("/exposures", &list)
		i := slices.IndexFunc(list.Items, func(e view.HomeExposure) bool {
			return e.Device.ID == device && e.Kind == string(kind) && e.Port == port
		})
		if i >= 0 {
			got = list.Items[i].Exposure
		}
		return i >= 0
	})
	return got
}

// A camera's port is open to the internet by a mapping that it asked for itself: that is told in words, and one tap closes it.
func TestWhoIsExposedIsClosed(t *testing.T) {
	w, s := beginAbove(t, 204, options{})
	cam, hall := s.known(w.mac(camera)), s.known(w.mac("hall-camera"))
	info := w.info(camera)
	w.must(w.home.UPnP(w.ctx))
	w.eventually("the router's UPnP answers", func() bool { _, err := w.home.Exec(w.ctx, camera, "upnpc", "-s"); return err == nil })
	if out, err := w.home.Exec(w.ctx, camera, "upnpc", "-a", info.IPv4.String(), "80", "8080", "TCP"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	outside, inside := netip.AddrPortFrom(w.home.Plan.WAN.V4.Addr(), 8080), netip.AddrPortFrom(info.IPv4, 80)
	w.reachable("the internet reaches the camera", "internet", outside)
	e := s.exposed(cam.ID, home.ExposedInternet, 80)
	if e.External != 8080 || e.Sentence == "" || e.Advice == "" || len(e.Protect) == 0 || e.Protect[0] != "close" {
		t.Errorf("%+v", e)
	}
	_, err := w.home.Exec(w.ctx, laptop, "curl", "-s", "-o", "/dev/null", "--max-time", "5", "-u", "admin:hinge-secret", "http://"+info.IPv4.String()+"/")
	w.must(err)
	w.reachable("telnet", laptop, netip.AddrPortFrom(w.info("hall-camera").IPv4, 23))
	s.exposed(hall.ID, home.ExposedTelnet, 23)
	s.exposed(cam.ID, home.ExposedLogin, 80)
	for _, p := range [][2]any{{"close", view.Protection{Kind: "close", Proto: "tcp", Port: 80}}, {"close all", view.Protection{Kind: "close"}}} {
		s.done("POST", cam.ID, "/protections", p[1])
		w.unreachable(p[0].(string), "internet", outside)
		w.reachable("a neighbour reaches the camera", laptop, inside)
		if p[0] == "close" {
			w.again()
			w.unreachable("after a restart", "internet", outside)
			s.sees("the protection", w.mac(camera), func(d *view.Device) bool { return len(d.Protections) == 1 && d.Protections[0] == p[1] })
		}
		s.done("DELETE", cam.ID, "/protections", p[1])
		w.reachable("open again", "internet", outside)
	}
	w.online(camera)
	w.agent.stop()
	_, err = s.rooms.Erase(w.ctx, s.place, "admin")
	w.must(err)
	var list view.List[view.HomeExposure]
	if !s.get("/exposures", &list) || len(list.Items) != 0 {
		t.Errorf("erased, there are %+v", list.Items)
	}
}

// The maker's names, as the lab's internet knows them: each has an address of its own.
var makersNames = map[string]netip.Addr{
	"dev.hik-connect.com.": netip.MustParseAddr("198.18.253.11"), "www.hikvision.com.": netip.MustParseAddr("198.18.253.12"),
}

func (w *world) nameMakers() {
	w.t.Helper()
	s, err := w.home.Space("internet")
	w.must(err)
	far := netip.MustParseAddrPort("198.18.254.54:5353")
	c, err := s.ListenPacket("udp4", far.String(), "")
	w.must(err)
	srv := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if a, ok := makersNames[strings.ToLower(q.Question[0].Name)]; ok && q.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IP(a.AsSlice())})
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
	for _, domain := range []string{"hik-connect.com", "hikvision.com"} {
		w.home.Internet.Delegate(domain, far)
	}
}

// asks has the camera ask the gateway for a name, as it does before it connects.
func (w *world) asks(name string) netip.Addr {
	w.t.Helper()
	s, err := w.home.Space(camera)
	w.must(err)
	var a netip.Addr
	w.eventually("the camera has the address of "+name, func() bool {
		ctx, cancel := context.WithTimeout(w.ctx, 2*time.Second)
		defer cancel()
		a, err = lookup.Addr(ctx, s, netip.AddrPortFrom(w.facts.Gateway4, 53), name, false)
		return err == nil
	})
	return a
}

// A camera is kept away from the home, then from all but its maker: the app says so, the kernel does it, also after a restart.
func TestWhoIsKeptToItsMaker(t *testing.T) {
	w, s := beginAbove(t, 205, options{})
	w.nameMakers()
	cam := s.sees("the maker", w.mac(camera), func(d *view.Device) bool { return d.Vendor == "Hikvision" })
	inside := netip.AddrPortFrom(w.info(camera).IPv4, 80)
	w.reachable("before", laptop, inside)
	s.done("POST", cam.ID, "/protections", view.Protection{Kind: "no-lan"})
	w.unreachable("kept away from the home", laptop, inside)
	w.reachable("the internet", camera, netip.AddrPortFrom(w.home.Plan.Sites[0].V4, 443))
	s.done("DELETE", cam.ID, "/protections", view.Protection{Kind: "no-lan"})
	w.reachable("free again", laptop, inside)

	https := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, 443) }
	other := https(w.asks(plan.VideoName))
	first := https(makersNames["dev.hik-connect.com."])
	w.reachable("before", camera, first)
	w.reachable("before", camera, other)
	s.done("POST", cam.ID, "/protections", view.Protection{Kind: "vendor-only"})
	w.unreachable("nobody has asked for its name", camera, first)
	if a := https(w.asks("dev.hik-connect.com")); a != first {
		t.Fatalf("it is at %v", a)
	}
	w.reachable("its maker", camera, first)
	w.asks(plan.VideoName)
	w.unreachable("not its maker", camera, other)
	w.unreachable("kept from the home", laptop, inside)
	w.again()
	w.reachable("its maker, after a restart", camera, first)
	w.reachable("another name of its maker", camera, https(w.asks("www.hikvision.com")))
	w.asks(plan.VideoName)
	w.unreachable("not its maker, after a restart", camera, other)
	s.done("DELETE", cam.ID, "/protections", view.Protection{Kind: "vendor-only"})
	w.reachable("free again", camera, other)
	w.reachable("free again", laptop, inside)
}
