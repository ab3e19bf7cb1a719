package whole

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/miekg/dns"
)

// hostileNames are what a device may call itself.
var hostileNames = []string{
	`<script>alert("me")</script>`, `"><img src=x onerror=alert(1)>`, "gnp.\u202eexe.tv", "\x1b[2J\x1b]0;owned\x07", "line\r\nbreak\x00end",
	strings.Repeat("long", 60), "\xff\xfe\xfd", "${jndi:ldap://x}", "' OR 1=1 --", "\u200b\u2066\u00ad", "..", "%s%n%d", "{{.}}", "=cmd|' /C calc'!A0",
}

// A device sends rubbish to everything that listens and to everything that is overheard: the agent stays up, counts it and
// serves the others.
func TestHostileInputIsCountedAndShownAsText(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 101}, config: "  automatic: false\n"})
	w.eventually("the camera is known", func() bool { _, ok := w.device(camera); return ok })
	before := w.status().Counters
	var running sync.WaitGroup
	running.Go(func() { w.rubbishFrames(rand.New(rand.NewPCG(101, 1)), 6000) })
	running.Go(func() { w.rubbishStreams(rand.New(rand.NewPCG(101, 2)), 40) })
	running.Go(func() { w.rubbishControl(rand.New(rand.NewPCG(101, 3)), 60) })
	running.Wait()
	w.alive()
	after := w.status().Counters
	for _, name := range []string{"dns_malformed", "capture_malformed"} {
		t.Logf("%s grew by %d", name, after[name]-before[name])
		if after[name] == before[name] {
			t.Errorf("%s did not count anything", name)
		}
	}
	w.online(laptop, phone)
	w.alive()
}

// rubbishFrames sends frames from the camera: noise, and messages that are true but for a few bytes.
func (w *world) rubbishFrames(r *rand.Rand, n int) {
	s, err := w.home.Space(camera)
	if err != nil {
		w.t.Error(err)
		return
	}
	raw, err := frame.Open(s, device.Iface, nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer raw.Close()
	makers := w.makers(r)
	for i := range n {
		f := makers[i%len(makers)]()
		if r.IntN(4) == 0 && len(f) > 20 { // not only the payload is wrong
			f[14+r.IntN(len(f)-14)] ^= 1 << r.IntN(8)
		}
		if r.IntN(8) == 0 && len(f) > 15 {
			f = f[:15+r.IntN(len(f)-14)]
		}
		raw.Write(f) // some are too short or too long for the kernel
		if i%50 == 49 {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func noise(r *rand.Rand, most int) []byte {
	b := make([]byte, r.IntN(most))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// bent is a copy with some bytes changed, or its end cut off.
func bent(r *rand.Rand, b []byte) []byte {
	b = append([]byte(nil), b...)
	for range r.IntN(6) {
		b[r.IntN(len(b))] = byte(r.Uint32())
	}
	if r.IntN(3) == 0 {
		b = b[:r.IntN(len(b))]
	}
	return b
}

// makers make one kind of frame each.
func (w *world) makers(r *rand.Rand) []func() []byte {
	d := w.info(camera)
	gw, all, router := w.facts.Gateway4, home.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, w.home.Plan.LAN.MAC
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(d.IPv4, port) }
	group := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	question, _ := new(dns.Msg).SetQuestion("www.example.", dns.TypeHTTPS).SetEdns0(4096, true).Pack()
	service := new(dns.Msg).SetQuestion("_http._tcp.local.", dns.TypePTR)
	service.Response = true
	for _, text := range []string{"_http._tcp.local. 120 IN PTR cam._http._tcp.local.", "cam.local. 120 IN A 192.0.2.7"} {
		if rr, err := dns.NewRR(text); err == nil {
			service.Answer = append(service.Answer, rr)
		}
	}
	announce, _ := service.Pack()
	ssdp := []byte("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nSERVER: x UPnP/1.0 y\r\nUSN: uuid:1\r\nLOCATION: http://192.0.2.7/\r\n\r\n")
	lease := w.discover(d.Now, "camera")
	icmp6 := append(append(append([]byte{0x33, 0x33, 0, 0, 0, 1}, d.Now[:]...), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255),
		make([]byte, 32)...)
	return []func() []byte{
		func() []byte {
			return frame.UDP(d.Now, router, at(4000), netip.AddrPortFrom(gw, 53), bent(r, question))
		},
		func() []byte { return frame.UDP(d.Now, router, at(4001), netip.AddrPortFrom(gw, 53), noise(r, 1200)) },
		func() []byte { return frame.UDP(d.Now, all, at(5353), group("224.0.0.251:5353"), bent(r, announce)) },
		func() []byte { return frame.UDP(d.Now, all, at(1900), group("239.255.255.250:1900"), bent(r, ssdp)) },
		func() []byte { return frame.UDP(d.Now, all, at(68), group("255.255.255.255:67"), bent(r, lease)) },
		func() []byte { return frame.UDP(d.Now, all, at(67), group("255.255.255.255:68"), bent(r, lease)) },
		func() []byte {
			return frame.UDP(d.Now, router, at(uint16(r.Uint32())), netip.AddrPortFrom(gw, uint16(r.Uint32())), noise(r, 1200))
		},
		func() []byte {
			return frame.UDP(d.Now, router, at(uint16(r.Uint32())), netip.AddrPortFrom(nowhere4, 443), append([]byte{0xc3, 0, 0, 0, 1}, noise(r, 1200)...))
		},
		func() []byte {
			f := frame.ARP(uint16(r.IntN(4)), d.Now, all, d.Now, d.IPv4, router, gw)
			return append(f[:14], bent(r, f[14:])...)
		},
		func() []byte {
			return append(icmp6[:54:54], append([]byte{byte(133 + r.IntN(5)), 0, 0, 0}, noise(r, 64)...)...)
		},
		func() []byte {
			f := append(append(append([]byte(nil), all[:]...), d.Now[:]...), byte(r.Uint32()), byte(r.Uint32()))
			return append(f, noise(r, 1400)...)
		},
	}
}

func (w *world) discover(mac home.MAC, name string) []byte {
	m, err := dhcpv4.NewDiscovery(net.HardwareAddr(mac[:]), dhcpv4.WithOption(dhcpv4.OptHostName(name)))
	if err != nil {
		w.t.Error(err)
		return []byte{0}
	}
	return m.ToBytes()
}

// rubbishStreams talks nonsense to everything that takes connections.
func (w *world) rubbishStreams(r *rand.Rand, n int) {
	s, err := w.home.Space(camera)
	if err != nil {
		w.t.Error(err)
		return
	}
	long := strings.Repeat("a", 10<<10)
	for i := range n {
		port := []uint16{8480, 53, 8480, 443}[i%4]
		to := netip.AddrPortFrom(w.facts.Gateway4, port)
		if port == 443 {
			to = netip.AddrPortFrom(nowhere4, 443) // overheard: a name in its first packets is wanted
		}
		ctx, cancel := context.WithTimeout(w.ctx, 2*time.Second)
		c, err := s.Dial(ctx, "tcp", to.String())
		cancel()
		if err != nil {
			continue
		}
		c.SetDeadline(time.Now().Add(500 * time.Millisecond))
		for _, b := range [][]byte{
			[]byte("GET /" + long + " HTTP/1.1\r\nHost: " + long + "\r\n\r\n"),
			[]byte("POST /release HTTP/1.1\r\nHost: " + w.facts.Gateway4.String() + ":8480\r\nContent-Length: 99999999999\r\n\r\n" + long),
			append([]byte{0, 200}, noise(r, 400)...),
			append([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}, noise(r, 700)...),
			noise(r, 4096),
		}[i%5 : i%5+1] {
			c.Write(b) // it may be refused at any point
		}
		c.Read(make([]byte, 512))
		c.Close()
	}
}

// rubbishControl talks nonsense to the control socket, as root.
func (w *world) rubbishControl(r *rand.Rand, n int) {
	for i := range n {
		c, err := net.Dial("unix", lab.Socket)
		if err != nil {
			w.t.Error(err)
			return
		}
		c.SetDeadline(time.Now().Add(500 * time.Millisecond))
		body := string(noise(r, 300))
		switch i % 4 {
		case 0:
			c.Write(noise(r, 2000))
		case 1:
			fmt.Fprintf(c, "POST /v1/actions HTTP/1.1\r\nHost: agent\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		case 2:
			body = `{"verb":"quarantine","target":"` + strings.Repeat("[", 2000) + `"}`
			fmt.Fprintf(c, "POST /v1/actions HTTP/1.1\r\nHost: agent\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		case 3:
			fmt.Fprintf(c, "GET /v1/contacts?from=%x&limit=-1&device=../../etc/passwd HTTP/1.1\r\nHost: agent\r\n\r\n", body)
		}
		c.Read(make([]byte, 512))
		c.Close()
	}
}

// A device may call itself what it likes: where the name is shown, it is text and nothing else.
func TestHostileNamesAreShownAsText(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 102}, config: "  automatic: false\n"})
	for i, name := range hostileNames {
		w.introduce(fmt.Sprintf("stranger%d", i), name)
	}
	page, err := w.home.Browse(w.ctx, laptop, fmt.Sprintf("http://%v:8480/", w.facts.Gateway4), nil)
	body := strings.NewReplacer("\n", "", "\t", "").Replace(page.Body)
	if err != nil || !harmless(body) || strings.Contains(body, "<script") || strings.Contains(body, "<img") {
		t.Errorf("the portal shows: %v %s", err, page.Body)
	}
	if n := strings.Count(page.Body, "<h2>"); n < len(hostileNames) {
		t.Errorf("the portal shows %d of %d devices: %s", n, len(hostileNames), page.Body)
	}
	for _, command := range []string{"devices", "incidents"} {
		out, err := w.home.Exec(w.ctx, "gateway", agentProgram(), command, "--socket", lab.Socket)
		if err != nil || !harmless(strings.ReplaceAll(out, "\n", "")) {
			t.Errorf("cardea-agent %s prints %q (%v)", command, out, err)
		}
	}
	w.alive()
}

// introduce plugs a device in that says nothing but its name, and shuts it in, so that the portal names it.
func (w *world) introduce(cable, name string) {
	w.t.Helper()
	f, err := w.home.AddForeign(cable)
	w.must(err)
	s, err := w.home.Space(cable)
	w.must(err)
	raw, err := frame.Open(s, device.Iface, nil)
	w.must(err)
	defer raw.Close()
	from, to := netip.AddrPortFrom(netip.IPv4Unspecified(), 68), netip.MustParseAddrPort("255.255.255.255:67")
	hello := frame.UDP(f.MAC, home.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, from, to, w.discover(f.MAC, name))
	var d control.Device
	tries := 0
	w.eventually("a stranger is known", func() bool {
		_, err := raw.Write(hello)
		w.must(err)
		list, err := w.client.Devices(w.ctx)
		w.must(err)
		i := slices.IndexFunc(list, func(d control.Device) bool { return d.Is(f.MAC.String()) })
		if i < 0 {
			return false
		}
		d = list[i]
		tries++
		return len(d.Names) > 0 || tries > 10 // a name of which nothing is left is none
	})
	w.t.Logf("one that calls itself %.40q is named %.40q", name, d.Name)
	for _, n := range append(d.Names, d.Name) {
		if !harmless(n) || len(n) > 255 {
			w.t.Errorf("called %q the device is named %q", name, n)
		}
	}
	w.must(w.client.Ask(w.ctx, control.Action{Verb: "quarantine", Target: f.MAC.String()}, nil))
}

// harmless says whether a terminal and a reader can be shown it: no control, no change of direction, nothing invisible.
func harmless(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}) < 0
}
