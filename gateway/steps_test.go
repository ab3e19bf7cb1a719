package gateway

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/gateway/respond"
	"cardea/home"
)

// says has the camera tell the version of its software.
func says(g *Gateway, version string, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.who.exposed.Observe(&home.Observation{Event: &home.Event{Kind: home.EventAnnounce, Time: at, Announce: &home.Announce{Protocol: "mdns", Details: []string{"fw=" + version}}},
		Device: &home.Device{ID: "camera"}})
}

// A step that asks for new software is done when the device tells another version than before the case, and only then.
func TestFirmwareIsSeenToChange(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []string // told before and after the case began
		ok            bool
		sentence      string
	}{
		"it tells none":                   {nil, nil, false, "It does not say which software it runs"},
		"the same as ever":                {[]string{"5.4.1"}, []string{"5.4.1"}, false, "It still says that its software is 5.4.1."},
		"another one":                     {[]string{"5.4.1"}, []string{"5.5.0"}, true, "It runs other software now: 5.5.0 (before: 5.4.1)."},
		"it changed before the case":      {[]string{"5.4.1", "5.5.0"}, []string{"5.5.0"}, false, "It still says that its software is 5.5.0."},
		"it told none before":             {nil, []string{"5.5.0"}, false, "It still says that its software is 5.5.0."},
		"an older one is another one too": {[]string{"5.5.0"}, []string{"5.4.1"}, true, "It runs other software now: 5.4.1 (before: 5.5.0)."},
	} {
		g, _ := start(t, t.TempDir())
		now := g.now()
		for i, v := range c.before {
			says(g, v, now.Add(time.Duration(i-9)*time.Hour))
		}
		g.Find(hard("camera"))
		inc, _ := g.responder.Of("camera")
		for _, v := range c.after {
			says(g, v, now.Add(2*time.Second))
		}
		task := respond.Task{Incident: inc.ID, Device: "camera", Check: respond.CheckFirmware}
		if ok, sentence, seen := g.look(t.Context(), task); ok != c.ok || !seen || !strings.HasPrefix(sentence, c.sentence) {
			t.Errorf("%s: %v %v %q", name, ok, seen, sentence)
		}
	}
}

// Who its names come from is seen by whom it asks since it was said to be put right: not before, not whom it asks for other things, not the
// gateway, not somebody else.
func TestWhomItAsksForNamesIsSeen(t *testing.T) {
	const foreign = "It still asks 203.0.113.53 for names."
	for name, c := range map[string]struct {
		to     string
		from   byte // the end of a MAC: 2 is the camera's
		proto  uint8
		before bool
		right  bool
	}{
		"nobody":                   {"", 2, 0, false, true},
		"another resolver":         {"203.0.113.53:53", 2, home.ProtoUDP, false, false},
		"another resolver, by TLS": {"203.0.113.53:853", 2, home.ProtoTCP, false, false},
		"another one, before that": {"203.0.113.53:53", 2, home.ProtoUDP, true, true},
		"a web page":               {"203.0.113.53:443", 2, home.ProtoTCP, false, true},
		"a resolver at home":       {"192.168.1.1:53", 2, home.ProtoUDP, false, true},
		"the lamp, not the camera": {"203.0.113.53:53", 3, home.ProtoUDP, false, true},
	} {
		g, _ := start(t, t.TempDir())
		since := g.now().Add(-time.Minute)
		at := since.Add(30 * time.Second)
		if c.before {
			at = since.Add(-30 * time.Second)
		}
		if c.to != "" {
			e := event(c.from, 40000, at)
			to := netip.MustParseAddrPort(c.to)
			e.Flow.Dst, e.Flow.Proto, e.Flow.ID = to, c.proto, home.FlowID(c.proto, e.Flow.Src, to)
			e.Flow.Local = to.Addr().IsPrivate()
			g.Handle(e)
		}
		ok, sentence, seen := g.look(t.Context(), respond.Task{Device: "camera", Check: respond.CheckDNSRight, Since: since})
		if ok != c.right || !seen || !c.right && !strings.HasPrefix(sentence, foreign) {
			t.Errorf("%s: %v %v %q", name, ok, seen, sentence)
		}
	}
}

// The port that a device was entered by is tried once, for real: it answers, or it does not.
func TestAPortIsTried(t *testing.T) {
	g, _ := start(t, t.TempDir())
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan struct{})
	go func() { // ends with Close
		defer close(taken)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	port := netip.MustParseAddrPort(l.Addr().String()).Port()
	r := *g.roster.Load()
	r.ids["camera"].Addresses = []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")}
	r.exposed = map[home.DeviceID][]home.Exposure{"camera": {{Device: "camera", Kind: home.ExposedTelnet, Proto: "tcp", Port: port}}}
	g.roster.Store(&r)
	task := respond.Task{Device: "camera", Check: respond.CheckPortClosed}
	if ok, sentence, seen := g.look(t.Context(), task); ok || !seen || !strings.HasPrefix(sentence, "It still answers on port ") {
		t.Errorf("while it is open: %v %v %q", ok, seen, sentence)
	}
	shut := map[home.DeviceID]respond.Acts{"camera": {Shut: []home.PortRule{{Proto: home.ProtoTCP, Port: port}}}}
	g.deeds.Store(&shut)
	if ok, sentence, seen := g.look(t.Context(), task); !ok || !seen || !strings.HasPrefix(sentence, "Nobody can reach that port any more") {
		t.Errorf("while the gateway keeps it shut: %v %v %q", ok, seen, sentence)
	}
	g.deeds.Store(&map[home.DeviceID]respond.Acts{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	<-taken
	if ok, sentence, seen := g.look(t.Context(), task); !ok || !seen || !strings.HasPrefix(sentence, "It does not answer there") {
		t.Errorf("closed: %v %v %q", ok, seen, sentence)
	}
	if ok, sentence, _ := g.look(t.Context(), respond.Task{Device: "nobody", Check: respond.CheckPortClosed}); ok || !strings.HasPrefix(sentence, "We cannot find the device now") {
		t.Errorf("of nobody: %v %q", ok, sentence)
	}
}

// Whatever made a computer or a phone, its system and its virus scanner have updates of their own: so there is a list for it. A lamp of nobody
// knows whom has none.
func TestWhatCanBeScannedCanBeHeldToUpdates(t *testing.T) {
	g, _ := start(t, t.TempDir())
	who := (*g.roster.Load()).ids
	who["phone"].Class, who["lamp"].Class = home.ClassPhone, home.ClassLight
	for id, want := range map[home.DeviceID]bool{"phone": true, "lamp": false, "nobody": false} {
		if g.knows(id, home.ModeUpdateOnly) != want || g.knows(id, home.ModeVendorOnly) {
			t.Errorf("%s: not %v", id, want)
		}
	}
}
