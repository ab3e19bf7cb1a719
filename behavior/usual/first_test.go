package usual

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// scene is a camera and its like in 30 homes: all use the maker's cloud, and its broker on a port of its own; plugs of another
// maker reach bare addresses on high ports.
type scene struct {
	t     *testing.T
	d     *Detector
	dev   *Device
	net   *evidence.Internet
	found []*home.Finding
	set   *profile.Set
	now   time.Time
	who   home.Identity
	flow  uint64
}

func (s *scene) Find(f *home.Finding) { s.found = append(s.found, f) }

func named(name, domain string, port uint16) home.Endpoint {
	return home.Endpoint{Name: name, Domain: domain, IP: netip.MustParseAddr("198.51.100.7"), Port: port, Proto: "tcp"}
}

func at(addr string, port uint16, proto string) home.Endpoint {
	return home.Endpoint{IP: netip.MustParseAddr(addr), Port: port, Proto: proto}
}

var lamp = home.Identity{Class: home.ClassLight, Vendor: "Example", Model: "Example Lamp"}

func learnt() *profile.Set {
	counts := profile.NewCounts()
	for h := range 30 {
		for _, m := range []struct {
			who  home.Identity
			ends []home.Endpoint
		}{
			{lamp, []home.Endpoint{named("api.example.com", "example.com", 443), at("192.168.1.1", 53, "udp"), named("time.example.org", "example.org", 123)}},
			{home.Identity{Class: home.ClassPlug, Vendor: "Other", Model: "Other Plug"}, []home.Endpoint{at("203.0.113.9", 50001, "tcp"), named("x.other.example", "other.example", 50443)}},
		} {
			u := profile.Use{Level: profile.LevelOf(m.who), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
			for i := range m.ends {
				local := m.ends[i].IP.IsPrivate()
				u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&m.ends[i], local, false), Days: 7})
			}
			counts.Add(&u)
		}
	}
	return counts.Build(profile.Options{Now: 100, Version: 3})
}

func newScene(t *testing.T, who home.Identity) *scene {
	s := &scene{t: t, net: &evidence.Internet{}, set: learnt(), now: start, who: who}
	s.d = New(evidence.NewTeller(s, time.Hour, nil), s.net, Config{Profiles: func() *profile.Set { return s.set }})
	s.dev = &Device{Device: &evidence.Device{ID: "lamp", MAC: home.MAC{2, 0, 0, 0, 0, 9}}}
	return s
}

func (s *scene) observation(kind home.EventKind, e home.Endpoint) *home.Observation {
	proto := home.ProtoTCP
	if e.Proto == "udp" {
		proto = home.ProtoUDP
	}
	o := &home.Observation{
		Event:  &home.Event{Kind: kind, Time: s.now},
		Device: &home.Device{ID: "lamp", Identity: s.who}, Proven: true, Direction: home.Outbound, Far: e, Resolved: e.Name != "",
	}
	s.flow++
	o.Flow = &home.Flow{ID: s.flow * 2, State: home.FlowNew, Proto: proto, Src: netip.MustParseAddrPort("192.168.1.9:40000"), Dst: netip.AddrPortFrom(e.IP, e.Port)}
	if e.IP.IsPrivate() {
		o.Direction = home.Local
	}
	return o
}

// calls begins a contact.
func (s *scene) calls(e home.Endpoint) *home.Observation {
	s.now = s.now.Add(time.Minute)
	o := s.observation(home.EventFlow, e)
	s.d.Flow(s.dev, o, s.now.UnixNano())
	return o
}

// asks hears an answer of DNS.
func (s *scene) asks() {
	s.d.Lookup(s.dev, &home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: s.now,
		Lookup: &home.Lookup{Answer: true, Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.7")}}}})
}

// waits lets time pass, as ticks do.
func (s *scene) waits(d time.Duration) {
	s.now = s.now.Add(d)
	if s.d.Due(s.now.UnixNano()) {
		s.d.Settle(s.dev, &home.Observation{Event: &home.Event{Kind: home.EventTick, Time: s.now}}, s.now.UnixNano())
	}
}

// lives lets an hour of the ordinary pass.
func (s *scene) lives() {
	for range 7 {
		s.asks()
		s.calls(named("api.example.com", "example.com", 443))
		s.waits(10 * time.Minute)
	}
}

func TestFirstContact(t *testing.T) {
	phone, nobody, other := lamp, lamp, lamp
	phone.Class, nobody.Class, other.Model = home.ClassPhone, "", "Example Bulb"
	for _, v := range []struct {
		name string
		who  home.Identity
		far  home.Endpoint
		told bool
	}{
		{"a name nobody knows on an odd port", lamp, named("bot.example.net", "example.net", 4975), true},
		{"telnet of a bare address", lamp, at("203.0.113.77", 23, "tcp"), true},
		{"a bare address on an odd port", lamp, at("203.0.113.77", 6667, "tcp"), true},
		{"a bare address on a web port of one who goes by names", lamp, at("203.0.113.77", 443, "tcp"), true},
		{"a new name on a web port may be anything", lamp, named("www.example.net", "example.net", 443), false},
		{"the maker's own domain on another port", lamp, named("cam.example.com", "example.com", 4975), false},
		{"a platform of all", lamp, named("mtalk.google.com", "google.com", 5228), false},
		{"a broker of another maker", lamp, named("mqtt.example.net", "example.net", 8883), false},
		{"time", lamp, at("203.0.113.77", 123, "udp"), false},
		{"another resolver", lamp, at("203.0.113.77", 53, "udp"), false},
		{"a mail server that its owner entered", lamp, named("smtp.example.net", "example.net", 587), false},
		{"a phone", phone, named("bot.example.net", "example.net", 4975), false},
		{"a class that nobody knows", nobody, named("bot.example.net", "example.net", 4975), false},
		{"a model that nobody knows", other, named("bot.example.net", "example.net", 4975), false},
		{"a high port that its kind is known to use", home.Identity{Class: home.ClassPlug, Vendor: "Other", Model: "Other Plug"}, at("203.0.113.77", 6667, "tcp"), false},
		{"in the home", lamp, at("192.168.1.30", 4975, "tcp"), false},
	} {
		s := newScene(t, v.who)
		s.lives()
		s.calls(v.far)
		s.waits(4 * time.Second)
		if got := len(s.found) > 0; got != v.told {
			t.Errorf("%s: told %v, want %v", v.name, got, v.told)
		}
		for _, f := range s.found {
			if f.Detector != home.DetectNovelty || f.Strength != home.Soft || f.Card == nil || f.Card.Model == "" || len(f.Card.Blocks) != 1 ||
				len(f.Card.Seen) != 1 || f.Symptom.Ports[0] != v.far.Port || f.Facts["first"] != true || strings.ContainsAny(f.Sentence, "<>!") {
				t.Errorf("%s: %+v %+v", v.name, f, f.Card)
			}
		}
	}
}

// Plugs of a maker that has a broker on a port of its own, by name. To call a bare address there is another thing, once DNS was heard
// long enough to know that it has no name.
func TestBareAddressesOfAKindWithOddPorts(t *testing.T) {
	counts := profile.NewCounts()
	plug := home.Identity{Class: home.ClassPlug, Vendor: "Example", Model: "Example Plug"}
	bot := at("203.0.113.77", 6667, "tcp")
	for h := range 30 {
		for i, ends := range [][]home.Endpoint{
			{named("api.example.com", "example.com", 443), named("x.example.com", "example.com", 50443)},
			{named("api.example.com", "example.com", 443), at("203.0.113.9", 50001, "tcp"), named("x.other.example", "other.example", 50443)},
		} {
			u := profile.Use{Level: profile.Level{Class: home.ClassPlug, Vendor: "Example", Model: "Example Plug"}, Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
			if i == 1 {
				u.Level = profile.Level{Class: home.ClassGadget, Vendor: "Other", Model: "Other Thing"}
			}
			for j := range ends {
				u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&ends[j], false, false), Days: 7})
			}
			counts.Add(&u)
		}
	}
	set := counts.Build(profile.Options{Now: 100, Version: 3})
	camera := home.Identity{Class: home.ClassCamera, Vendor: "Example", Model: "Example Cam"}
	for _, v := range []struct {
		name string
		who  home.Identity
		live func(*scene)
		told bool
	}{
		{"heard for an hour", plug, (*scene).lives, true},
		{"just begun: its name may have been told before", plug, func(s *scene) { s.asks() }, false},
		{"a model that does so itself", home.Identity{Class: home.ClassGadget, Vendor: "Other", Model: "Other Thing"}, (*scene).lives, false},
		{"a model that nobody knows, on its first day", camera, (*scene).lives, false},
		{"a model that nobody knows, after days of its own", camera, func(s *scene) { s.days(5) }, true},
		{"which did so on them", camera, func(s *scene) { s.days(3); s.calls(at("192.0.2.1", 7777, "tcp")); s.days(3) }, false},
		{"people's", home.Identity{Class: home.ClassComputer, Vendor: "Example", Model: "Example Book"}, func(s *scene) { s.days(5) }, false},
	} {
		s := newScene(t, v.who)
		s.set = set
		v.live(s)
		for range heardFrom {
			s.asks()
		}
		s.found = nil
		s.calls(bot)
		if got := len(s.found) > 0; got != v.told {
			t.Errorf("%s: told %v", v.name, got)
		}
		for _, f := range s.found {
			if strings.Contains(f.Sentence, "any .") || strings.HasSuffix(f.Sentence, " ") || strings.HasSuffix(f.Sentence, "any") {
				t.Errorf("%s: %q", v.name, f.Sentence)
			}
		}
	}
}

// Broadcasts and groups are nobody's address, whatever tells of them.
func TestBroadcastsNeverCount(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	before := s.dev.State
	for _, e := range []home.Endpoint{at("255.255.255.255", 67, "udp"), at("239.255.255.250", 1900, "udp"), at("ff02::1", 5353, "udp")} {
		for _, dir := range []home.Direction{home.Outbound, home.Inbound, home.Local} {
			o := s.observation(home.EventFlow, e)
			o.Direction = dir
			s.d.Flow(s.dev, o, s.now.UnixNano())
			s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: e, Flows: 9, Up: 1 << 40, First: s.now, Last: s.now})
		}
	}
	if s.dev.State != before || len(s.found) > 0 {
		t.Errorf("counted: %+v, found %v", s.dev.Today(), s.found)
	}
}

// Of a device that was just restarted nobody knows what it was told by DNS before.
func TestBareAddressesAreNotToldTooEarly(t *testing.T) {
	s := newScene(t, lamp)
	s.asks()
	s.calls(named("api.example.com", "example.com", 443))
	s.calls(at("203.0.113.77", 443, "tcp"))
	s.waits(4 * time.Second)
	if len(s.found) > 0 {
		t.Error(s.found[0].Sentence)
	}
}

// A name that comes with the first packets is waited for; the contact is judged by it.
func TestTheNameIsWaitedFor(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	o := s.calls(at("203.0.113.77", 443, "tcp"))
	s.waits(time.Second)
	o.Kind, o.Time = home.EventName, s.now
	o.Name = &home.Name{Flow: *o.Flow, Host: "eu.example.com"}
	o.Far.Name, o.Far.Domain = "eu.example.com", "example.com"
	s.d.Named(s.dev, o)
	s.waits(10 * time.Second)
	if len(s.found) > 0 || s.dev.bare != 0 {
		t.Errorf("%d bare, found %v", s.dev.bare, s.found)
	}
	if _, _, n := s.dev.Seen(); n != 1 {
		t.Errorf("%d endpoints, want the one domain", n)
	}
}

// Who scans meets hundreds of addresses: that is told once, and its command server on another port all the same.
func TestAScannersFirstContactsAreToldByPort(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	for i := range 50 {
		s.calls(at(netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}).String(), 23, "tcp"))
	}
	s.calls(at("198.51.100.66", 6667, "tcp"))
	var ports []uint16
	for _, f := range s.found {
		ports = append(ports, f.Symptom.Ports...)
	}
	if !slices.Equal(ports, []uint16{23, 6667}) {
		t.Errorf("told of ports %v", ports)
	}
}

// The same address under a name, or without one later: not new.
func TestOneHostUnderAnotherName(t *testing.T) {
	s := newScene(t, lamp)
	e := named("a.iot.example.net", "example.net", 8883)
	s.calls(e)
	s.waits(25 * time.Hour)
	s.calls(home.Endpoint{IP: e.IP, Port: e.Port, Proto: e.Proto})
	s.waits(4 * time.Second)
	if d := s.dev.Today(); d.Fresh != 0 {
		t.Errorf("%d new", d.Fresh)
	}
	other := home.Endpoint{IP: netip.MustParseAddr("198.51.100.99"), Port: 8883, Proto: "tcp"}
	s.calls(other)
	s.waits(4 * time.Second)
	if d := s.dev.Today(); d.Fresh != 1 {
		t.Errorf("%d new, want the other address", d.Fresh)
	}
}

// While the internet is silent, what devices try tells nothing of them.
func TestOutage(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	s.net.Probed(false, s.now.UnixNano())
	s.calls(named("bot.example.net", "example.net", 4975))
	if len(s.found) > 0 {
		t.Error(s.found[0].Sentence)
	}
	s.net.Probed(true, s.now.Add(time.Second).UnixNano())
	s.calls(named("bot.example.net", "example.net", 4975))
	if len(s.found) != 1 {
		t.Errorf("%d findings once it is back", len(s.found))
	}
}

func TestUsual(t *testing.T) {
	s := newScene(t, lamp)
	is := func(e home.Endpoint) string {
		u := s.d.Usual(s.dev, &home.Contact{Endpoint: e, First: s.now, Last: s.now, Local: e.IP.IsPrivate()})
		word := func(b *bool) string {
			switch {
			case b == nil:
				return "?"
			case *b:
				return "yes"
			}
			return "no"
		}
		return word(u.Device) + " " + word(u.Model)
	}
	cloud, odd := named("api.example.com", "example.com", 443), named("bot.example.net", "example.net", 4975)
	s.calls(cloud)
	if got := is(cloud); got != "? no" { // used by 30 of 30 homes, but for a week only: pending
		t.Errorf("while it is learnt: %s", got)
	}
	s.waits(25 * time.Hour)
	s.calls(odd)
	if got := is(cloud); got != "yes no" {
		t.Errorf("the day after: %s", got)
	}
	if got := is(odd); got != "no no" {
		t.Errorf("new: %s", got)
	}
	s.waits(24 * time.Hour)
	s.calls(odd)
	if got := is(odd); got != "no no" {
		t.Errorf("told of yesterday: %s", got)
	}
	plain := named("www.example.net", "example.net", 443)
	s.calls(plain)
	s.waits(24 * time.Hour)
	if got := is(plain); got != "yes no" {
		t.Errorf("used yesterday: %s", got)
	}
	s.set = nil
	s.calls(cloud)
	if got := is(cloud); got != "yes ?" {
		t.Errorf("without profiles: %s", got)
	}
}

func TestNewProfilesKeepWhatWasLearnt(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	before := s.dev.State
	s.set = learnt()
	s.d.Usual(s.dev, &home.Contact{Endpoint: named("api.example.com", "example.com", 443), Last: s.now})
	if s.dev.State != before {
		t.Error("the state changed")
	}
}

// What its owner accepts is usual from then on.
func TestAccept(t *testing.T) {
	s := newScene(t, lamp)
	s.lives()
	s.waits(24 * time.Hour)
	odd := named("bot.example.net", "example.net", 4975)
	s.calls(odd)
	c := &home.Contact{Endpoint: odd, Last: s.now}
	if u := s.d.Usual(s.dev, c); len(s.found) != 1 || *u.Device {
		t.Fatalf("%d findings, usual %v", len(s.found), *u.Device)
	}
	s.d.Accept(s.dev, &odd)
	if u := s.d.Usual(s.dev, c); !*u.Device {
		t.Error("still not usual")
	}
}
