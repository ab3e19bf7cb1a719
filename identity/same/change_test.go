package same

import (
	"testing"
	"time"

	"cardea/home"
)

func TestAForgedAddress(t *testing.T) {
	h := newHouse()
	camera := thing{mac: mac("c0:56:e3:00:00:03"), port: "lan3", addr: "192.168.1.60", name: "kitchen-camera", params: busybox, vendor: "udhcp 1.24.1"}
	h.life(10*time.Minute, phone, laptop, camera)
	h.owner["lan3"] = h.devices[camera.mac].ID
	forger := camera
	forger.mac, forger.addr = laptop.mac, laptop.addr
	h.life(time.Minute, laptop, forger)
	h.want(t, home.DetectForgedMAC)
	if f := h.found[0]; f.Device != h.devices[camera.mac].ID || f.MAC != laptop.mac || f.Port != "lan3" {
		t.Errorf("%+v", f)
	}
}

// Where the port does not say who it is, both are heard by it.
func TestAForgedAddressOnASharedPort(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, laptop)
	forger := laptop
	forger.name, forger.params, forger.vendor = "kitchen-camera", busybox, "udhcp 1.24.1"
	h.dhcp(forger)
	h.life(time.Minute, laptop)
	h.want(t, home.DetectForgedMAC)
	if f := h.found[0]; f.Device != h.devices[laptop.mac].ID || f.Port != "" {
		t.Errorf("%+v", f)
	}
}

func TestASuddenlyOtherDevice(t *testing.T) {
	h := newHouse()
	laptop := laptop
	laptop.client = append([]byte{1}, laptop.mac[:]...)
	h.life(10*time.Minute, laptop)
	other := laptop
	other.name, other.params, other.vendor, other.client = "kitchen-camera", busybox, "udhcp 1.24.1", duid
	h.life(5*time.Minute, other)
	h.want(t, home.DetectIdentity)
	h.life(5*time.Minute, laptop) // two systems on one machine are told once
	h.life(5*time.Minute, other)
	h.want(t, home.DetectIdentity)
	if got := h.l.Behind(h.devices[laptop.mac].ID); got != nil {
		t.Errorf("two systems of one machine are shown as two devices: %+v", got)
	}
}

// A device that is slow to speak after it asked for an address is found when it does.
func TestAnotherDeviceThatIsSlowToSpeak(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, laptop)
	other := laptop
	other.name, other.params, other.vendor = "kitchen-camera", busybox, "udhcp 1.24.1"
	h.tell(other, home.Event{Kind: home.EventLease, Lease: &home.Lease{Op: 1, Client: other.mac, Hostname: other.name, Vendor: other.vendor, Params: other.params}})
	h.pass(20 * time.Minute)
	h.want(t)
	h.life(5*time.Minute, other)
	h.want(t, home.DetectIdentity)
}

// One question with the names of another device is enough where the port says whose it is.
func TestOneForgedQuestion(t *testing.T) {
	h := newHouse()
	camera := thing{mac: mac("c0:56:e3:00:00:03"), port: "lan3", addr: "192.168.1.60", name: "kitchen-camera", params: busybox, vendor: "udhcp 1.24.1"}
	h.life(10*time.Minute, laptop, camera)
	h.owner["lan3"] = h.devices[camera.mac].ID
	forger := camera
	forger.mac = laptop.mac
	h.dhcp(forger)
	h.want(t)
	h.connect(laptop)
	h.want(t, home.DetectForgedMAC)
}

func TestWhatIsNoChange(t *testing.T) {
	for name, play := range map[string]func(h *house){
		"a new name": func(h *house) {
			x := laptop
			x.name = "study-laptop"
			h.life(10*time.Minute, laptop)
			h.life(10*time.Minute, x)
		},
		"a new version": func(h *house) {
			x, y := laptop, laptop
			x.vendor, y.vendor = "udhcp 1.24.1", "udhcp 1.36.0"
			h.life(10*time.Minute, x)
			h.life(10*time.Minute, y)
		},
		"another port": func(h *house) {
			x := laptop
			x.port = "lan7"
			h.life(10*time.Minute, laptop)
			h.life(10*time.Minute, x)
			h.life(10*time.Minute, laptop)
		},
		"to and fro past another device": func(h *house) {
			x := laptop
			x.port = phone.port
			h.life(10*time.Minute, phone, laptop)
			h.owner[phone.port] = h.devices[phone.mac].ID
			h.life(time.Minute, phone, x)
			h.life(time.Minute, phone, laptop)
		},
		"it asks once and is gone": func(h *house) {
			x := laptop
			x.params, x.name = busybox, "kitchen-camera"
			h.life(10*time.Minute, laptop)
			h.tell(x, home.Event{Kind: home.EventLease, Lease: &home.Lease{Op: 1, Client: x.mac, Hostname: x.name, Params: x.params}})
			h.pass(time.Hour)
		},
		"it asks once, and is soon who it was": func(h *house) {
			x := laptop
			x.params, x.name = busybox, "kitchen-camera"
			h.life(10*time.Minute, laptop)
			h.tell(x, home.Event{Kind: home.EventLease, Lease: &home.Lease{Op: 1, Client: x.mac, Hostname: x.name, Params: x.params}})
			h.pass(20 * time.Minute)
			h.life(10*time.Minute, laptop)
		},
		"it boots from the network": func(h *house) {
			x, y := laptop, laptop
			y.client = append([]byte{1}, y.mac[:]...)
			x.vendor, x.params, x.name, x.client = "PXEClient:Arch:00007", []byte{1, 2, 3}, "", []byte("\x00uuid-of-the-machine-12")
			h.life(10*time.Minute, y)
			h.dhcp(x)
			h.life(10*time.Minute, y)
		},
	} {
		h := newHouse()
		play(h)
		t.Run(name, func(t *testing.T) { h.want(t) })
	}
}

func TestARepeater(t *testing.T) {
	repeater := thing{mac: mac("50:c7:bf:00:00:10"), port: "lan5", addr: "192.168.1.80", name: "RE220", params: busybox, syn: phoneSYN}
	one, two := phone, laptop
	for name, keep := range map[string]bool{"keeps the addresses in DHCP": true, "rewrites them": false} {
		h := newHouse()
		for _, x := range []*thing{&one, &two} {
			if x.inner = (home.MAC{}); keep {
				x.inner = map[string]home.MAC{"annas-phone": phone.mac, "office-laptop": laptop.mac}[x.name]
			}
			x.mac, x.port = repeater.mac, repeater.port
		}
		h.life(10*time.Minute, repeater)
		h.life(10*time.Minute, repeater, one)
		h.life(20*time.Minute, repeater, one, two)
		id := h.devices[repeater.mac].ID
		got := h.l.Behind(id)
		names := map[string]bool{}
		for _, g := range got {
			names[g.Name] = true
			if keep && g.Name == "annas-phone" && (g.MAC != phone.mac || g.Address.String() != phone.addr) {
				t.Errorf("%s: %+v", name, g)
			}
		}
		if len(got) != 3 || !names["RE220"] || !names["annas-phone"] || !names["office-laptop"] {
			t.Errorf("%s: behind the repeater: %+v", name, got)
		}
		if len(h.l.Behind("nobody")) != 0 {
			t.Error("somebody is behind nobody")
		}
		h.want(t)
	}
}

func TestOneDeviceIsNotSeveral(t *testing.T) {
	h := newHouse()
	h.life(time.Hour, laptop)
	moved := again(laptop, laptop.mac.String(), "192.168.1.90") // another lease and another name
	moved.name, moved.params = "study-laptop", busybox
	h.life(time.Hour, moved)
	alias := again(laptop, laptop.mac.String(), "192.168.1.91") // a second address of its own
	for range 10 {
		h.connect(moved)
		h.connect(alias)
	}
	if got := h.l.Behind(h.devices[laptop.mac].ID); got != nil {
		t.Errorf("%+v", got)
	}
	h.want(t, home.DetectIdentity) // which it may be, with another name and other habits
}

func TestACopiedIdentifier(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, phone)
	camera := thing{mac: mac("c0:56:e3:00:00:03"), port: "lan3", addr: "192.168.1.60", name: "annas-phone", client: duid, params: busybox}
	h.life(10*time.Minute, phone, camera)
	h.want(t, home.DetectIdentity)
	if f := h.found[0]; f.Device != h.devices[camera.mac].ID {
		t.Errorf("the finding is about %s", f.Device)
	}
}
