package same

import (
	"testing"
	"time"
)

func TestARandomAddressComesBack(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, phone, laptop)
	h.pass(time.Hour)
	back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
	h.life(time.Minute, back, laptop)
	old, young := h.devices[phone.mac].ID, h.devices[back.mac].ID
	links := h.l.Proposals()
	if len(links) != 1 || links[0].Into != old || links[0].From != young || links[0].Confidence < 0.95 || len(links[0].Why) < 3 {
		t.Fatalf("proposals: %+v", links)
	}
	if links[0].Automatic {
		t.Error("merged before it was clear that the other one is gone")
	}
	h.life(3*time.Minute, back, laptop)
	if links = h.l.Proposals(); len(links) != 1 || !links[0].Automatic {
		t.Fatalf("proposals: %+v", links)
	}
	h.standing[old] = Standing{Contained: true}
	if links = h.l.Proposals(); !links[0].Automatic || !links[0].Contained {
		t.Errorf("it sheds its containment by a new address: %+v", links)
	}
	h.standing[old] = Standing{Protected: true}
	if links = h.l.Proposals(); links[0].Automatic || !links[0].Protected {
		t.Errorf("a newcomer gets a protection by looking alike: %+v", links)
	}
	if err := h.l.Merge(old, young, Evidence); err != nil {
		t.Fatal(err)
	}
	if len(h.l.Proposals()) != 0 || len(h.l.Links()) != 1 || len(h.l.Doubts()) != 0 {
		t.Errorf("after the merge: %v %v %v", h.l.Proposals(), h.l.Links(), h.l.Doubts())
	}
	h.want(t)
}

// What neighbours can copy is never enough by itself.
func TestACopyIsNotMerged(t *testing.T) {
	copyOf := again(phone, "06:00:00:00:00:66", "192.168.1.66")
	copyOf.asks, copyOf.syn, copyOf.ja4 = []string{"a.test", "b.test", "c.test", "d.test", "e.test"}, winSYN, "t12d0000h1_000000000000_000000000000"
	h := newHouse()
	h.life(10*time.Minute, phone, laptop)
	h.life(time.Hour, copyOf, laptop)
	for _, k := range h.l.Proposals() {
		if k.Automatic {
			t.Errorf("merged by itself: %+v", k)
		}
	}
}

func TestWhoWasHereAtOnceIsNotTheSame(t *testing.T) {
	other := again(phone, "06:00:00:00:00:77", "192.168.1.77")
	h := newHouse()
	h.life(5*time.Minute, phone, other, laptop)
	for _, p := range h.l.compare(h.l.faces[phone.mac], h.l.faces[other.mac], h.l.popular()).parts {
		if p.clue == ClientID || p.clue == Named {
			t.Errorf("what two had at once still tells: %v", p)
		}
	}
	h.pass(time.Hour)
	h.life(time.Hour, other)
	if links := h.l.Proposals(); len(links) != 0 {
		t.Errorf("two phones are one: %+v", links)
	}
	if err := h.l.Merge(h.devices[phone.mac].ID, h.devices[other.mac].ID, Evidence); err == nil {
		t.Error("merged by evidence")
	}
	if err := h.l.Merge(h.devices[phone.mac].ID, h.devices[other.mac].ID, Owner); err != nil {
		t.Error("the owner's word does not count:", err)
	}
	h.want(t)
}

func TestTwoIdenticalPlugs(t *testing.T) {
	plug := thing{mac: mac("24:6f:28:00:00:01"), port: "lan3", addr: "192.168.1.50", name: "ESP-plug", client: []byte("esp-client-000001"), params: busybox,
		asks: []string{"api.plug.example", "time.plug.example", "mqtt.plug.example", "ota.plug.example"}, syn: phoneSYN}
	twin := again(plug, "24:6f:28:00:00:02", "192.168.1.51")
	twin.port = "lan4"
	for name, play := range map[string]func(h *house){
		"at once":       func(h *house) { h.life(10*time.Minute, plug, twin, laptop) },
		"never at once": func(h *house) { h.life(10*time.Minute, plug, laptop); h.life(time.Hour, twin, laptop) },
		"own identifiers": func(h *house) {
			plug, twin := plug, twin
			plug.client, twin.client = append([]byte{1}, plug.mac[:]...), append([]byte{1}, twin.mac[:]...)
			h.life(10*time.Minute, plug, laptop)
			h.life(time.Hour, twin, laptop)
		},
	} {
		h := newHouse()
		h.who.Class = "plug"
		play(h)
		for _, k := range h.l.Proposals() {
			t.Errorf("%s: %+v", name, k)
		}
		h.want(t)
	}
}

func TestTheResidentsWordHolds(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, phone)
	h.pass(time.Hour)
	back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
	h.life(5*time.Minute, back)
	old, young := h.devices[phone.mac].ID, h.devices[back.mac].ID
	h.l.Different(old, young)
	if links := h.l.Proposals(); len(links) != 0 {
		t.Errorf("proposed again: %+v", links)
	}
	after := New(h.config())
	after.Restore(h.l.Snapshot())
	if links := after.Proposals(); len(links) != 0 {
		t.Errorf("proposed again after a restart: %+v", links)
	}
	if err := after.Merge(old, young, Owner); err != nil || len(after.Links()) != 1 || after.Links()[0].By != Owner {
		t.Fatalf("%v %+v", err, after.Links())
	}
	after.Split(old, back.mac, young)
	if len(after.Links()) != 0 || len(after.Proposals()) != 0 {
		t.Errorf("after the split: %+v %+v", after.Links(), after.Proposals())
	}
	if err := after.Merge(old, young, Evidence); err == nil {
		t.Error("evidence overrules the owner")
	}
}
