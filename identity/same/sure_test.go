package same

import (
	"testing"
	"time"

	"cardea/home"
)

// What an automatic merge needs: each of it is needed.
func TestWhatAnAutomaticMergeNeeds(t *testing.T) {
	const young, addr = "06:00:00:00:00:99", "192.168.1.40"
	for name, c := range map[string]struct {
		change  func(old, back *thing)
		between func(h *house, old, back thing)
		want    bool
	}{
		"all of it":                          {want: true},
		"nothing that few share":             {change: func(old, back *thing) { old.client, back.client = nil, nil }},
		"nothing that neighbours do not see": {change: func(old, back *thing) { back.asks, back.syn, back.ja4 = nil, nil, "" }},
		"nothing against it: another system": {change: func(old, back *thing) { back.params = windows }},
		"nothing against it: another name":   {change: func(old, back *thing) { back.name = "bens-telephone" }},
		"a random address":                   {change: func(old, back *thing) { old.mac, back.mac = mac("a4:c3:f0:00:00:09"), mac("3c:cd:5d:00:00:09") }},
		"the old one is gone":                {between: func(h *house, old, back thing) { h.connect(back); h.now = h.now.Add(time.Second); h.connect(old) }},
		"only one that it may be": {between: func(h *house, old, back thing) {
			h.life(5*time.Minute, again(old, "06:00:00:00:00:55", "192.168.1.55"))
			h.pass(time.Hour)
		}},
		"frames that prove something": {between: func(h *house, old, back thing) {
			h.device(back.mac, back.addr).Port = "lan8" // it belongs there, and is heard elsewhere
		}},
	} {
		h := newHouse()
		h.who.Class = home.ClassPhone
		old := phone
		back := again(phone, young, addr)
		if c.change != nil {
			c.change(&old, &back)
		}
		h.life(10*time.Minute, old, laptop)
		h.pass(time.Hour)
		if c.between != nil {
			c.between(h, old, back)
		}
		h.life(10*time.Minute, back, laptop)
		got := false
		for _, k := range h.l.Proposals() {
			got = got || k.Automatic
		}
		if got != c.want {
			t.Errorf("%s: automatic %v: %+v", name, got, h.l.Proposals())
		}
	}
}

// A device of several addresses is here as long as one of them is.
func TestAllAddressesOfADeviceCount(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, phone)
	h.pass(time.Hour)
	tv := thing{mac: mac("38:8c:50:00:00:05"), addr: "192.168.1.70", name: "living-room", params: busybox, syn: winSYN}
	back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
	h.life(time.Minute, tv)
	if err := h.l.Merge(h.devices[phone.mac].ID, h.devices[tv.mac].ID, Owner); err != nil {
		t.Fatal(err)
	}
	h.devices[tv.mac].ID = h.devices[phone.mac].ID
	h.life(10*time.Minute, back, tv)
	if links := h.l.Proposals(); len(links) != 0 {
		t.Errorf("%+v", links)
	}
}

// Who only answers is here as well.
func TestAnsweringIsBeingHere(t *testing.T) {
	h := newHouse()
	h.life(5*time.Minute, phone)
	h.pass(30 * time.Minute)
	back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
	h.dhcp(back)
	for range 30 {
		h.now = h.now.Add(10 * time.Second)
		h.connect(back)
		e := &home.Event{Kind: home.EventFlow, Time: h.now, Flow: &home.Flow{State: home.FlowAnswered}}
		h.l.Observe(&home.Observation{Event: e, Device: h.devices[back.mac], Peer: h.devices[phone.mac], Direction: home.Local}, home.Identity{})
	}
	if links := h.l.Proposals(); len(links) != 0 {
		t.Errorf("%+v", links)
	}
}

// Names that a service has, and what is asked for, are nobody's own.
func TestNamesThatTellNothing(t *testing.T) {
	h := newHouse()
	speak := func(m string, query bool, names ...string) *face {
		x := thing{mac: mac(m)}
		h.tell(x, home.Event{Kind: home.EventAnnounce, Announce: &home.Announce{Protocol: "mdns", Query: query, Names: names, Details: []string{"id=0123456789ab"}}})
		return h.l.faces[x.mac]
	}
	a, b := speak("02:00:00:00:00:01", false, "Maker Service", "garden-gate"), speak("02:00:00:00:00:02", false, "Maker Service", "attic-door")
	a.marks, b.marks = a.marks[1:], b.marks[1:] // without the identifier
	if c := h.l.compare(a, b, h.l.popular()); c.score >= priorRandom {
		t.Errorf("a service's name makes them one: %+v", c)
	}
	if asks := speak("02:00:00:00:00:03", true, "garden-gate"); len(asks.marks) != 0 {
		t.Errorf("what it asks for is taken for its own: %+v", asks.marks)
	}
	h.l.common[a.marks[0].value], h.l.common[a.marks[1].value] = true, true
	if c := h.l.compare(a, a, h.l.popular()); c.score != priorRandom {
		t.Errorf("what everybody has speaks for it: %+v", c)
	}
}

// Twins behind a repeater differ by their DHCP identifiers and addresses only.
func TestTwinsBehindARepeater(t *testing.T) {
	h := newHouse()
	one := thing{mac: mac("50:c7:bf:00:00:10"), port: "lan5", addr: "192.168.1.81", name: "sensor", client: []byte("sensor-client-0001"), params: busybox}
	two := one
	two.addr, two.client = "192.168.1.82", []byte("sensor-client-0002")
	for range 5 {
		h.life(time.Minute, one, two)
	}
	if got := h.l.Behind(h.devices[one.mac].ID); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	h.want(t)
}
