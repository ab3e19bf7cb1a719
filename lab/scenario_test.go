package lab_test

import (
	"reflect"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/plan"
)

// eventually waits for what takes its time, without saying how long it may take on a slow machine.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}

func TestCameraScansWhenNobodyStopsIt(t *testing.T) {
	for _, seed := range []uint64{1, 2} { // raw SYNs and ordinary connects
		h := up(t, plan.Options{Seed: seed, Devices: 8, Scenario: "camera"})
		name, err := h.Infect(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if name != "kitchen-camera" {
			t.Errorf("the scenario infects %s", name)
		}
		eventually(t, "1,000 packets on the internet", func() bool { return h.Malicious().WAN > 1000 })
		eventually(t, "calls to the command server", func() bool { return h.Internet.Commands.Load() > 0 })
		c := h.Malicious()
		t.Logf("seed %d, raw %v, %d a second: %+v after %v", seed, h.Plan.Attack.Raw, h.Plan.Attack.Rate, c, c.Last.Sub(c.First))
		if c.LAN == 0 || c.Sent < c.WAN || !c.First.Before(c.Last) {
			t.Errorf("implausible: %+v", c)
		}
		if !find(t, h, "hall-camera").Infected || find(t, h, "hall-camera").Active {
			t.Errorf("the hall camera was not broken into, or runs malware: %+v", find(t, h, "hall-camera"))
		}
		if err := h.PowerCycle(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if find(t, h, name).Infected {
			t.Error("the malware survived a power cycle")
		}
		before := h.Malicious()
		time.Sleep(500 * time.Millisecond)
		if after := h.Malicious(); after.WAN != before.WAN || after.Sent != before.Sent {
			t.Errorf("something is still sent: %+v, then %+v", before, after)
		}
		if err := h.Reachable(t.Context(), name); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

func find(t *testing.T, h *lab.Home, name string) lab.Info {
	t.Helper()
	for _, d := range h.Devices() {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("no device %s", name)
	return lab.Info{}
}

func TestEveryScenarioReachesSomebody(t *testing.T) {
	wan := func(c lab.Counters) bool { return c.WAN > 100 }
	lan := func(c lab.Counters) bool { return c.LAN > 10 }
	for name, enough := range map[string]func(lab.Counters) bool{
		"worm":        wan,
		"blocklisted": func(c lab.Counters) bool { return c.WAN > 5 },
		"arp-spoofer": lan,
		"rogue-dhcp":  func(c lab.Counters) bool { return c.LAN > 5 },
		"rogue-ra":    func(c lab.Counters) bool { return c.LAN > 5 },
		"brute-force": func(c lab.Counters) bool { return c.LAN > 100 },
		"flooder":     func(c lab.Counters) bool { return c.WAN > 5000 },
		"framer":      wan,
		"mac-changer": func(c lab.Counters) bool { return c.WAN > 1000 },
		"shared-port": wan,
		"new-device":  wan,
		"many-ipv6":   wan,
	} {
		t.Run(name, func(t *testing.T) {
			h := up(t, plan.Options{Seed: 5, Devices: 7, Scenario: name})
			if _, err := h.Infect(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			eventually(t, "packets that reach somebody", func() bool { return enough(h.Malicious()) })
			c := h.Malicious()
			t.Logf("%+v after %v", c, c.Last.Sub(c.First))
			if c.First.IsZero() || c.Sent == 0 {
				t.Errorf("nothing was seen at the source: %+v", c)
			}
		})
	}
}

func TestAnOrdinaryDayCountsNothing(t *testing.T) {
	h := up(t, plan.Options{Seed: 9, Devices: 20})
	before := h.Internet.Requests.Load()
	eventually(t, "the devices to use the internet", func() bool { return h.Internet.Requests.Load() > before+50 })
	if c := h.Malicious(); c != (lab.Counters{}) {
		t.Errorf("counted %+v", c)
	}
}

func TestOfScenariosEachIsPlanned(t *testing.T) {
	for _, s := range plan.Scenarios {
		p, err := plan.New(plan.Options{Seed: 3, Devices: plan.MinDevices, Scenario: s.Name})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append([]string{s.Device, s.Framed, s.Joins}, s.Shares...) {
			if _, ok := p.Device(name); name != "" && !ok {
				t.Errorf("%s needs %s, which the smallest home has not", s.Name, name)
			}
		}
		q, err := plan.New(plan.Options{Seed: 3, Devices: plan.MinDevices, Scenario: s.Name})
		if err != nil || !reflect.DeepEqual(p, q) {
			t.Errorf("%s: the same seed gave another home", s.Name)
		}
	}
}

func TestSharedPortIsShared(t *testing.T) {
	h := up(t, plan.Options{Seed: 2, Devices: 6, Scenario: "shared-port"})
	a, b := find(t, h, "kitchen-camera"), find(t, h, "alarm-panel")
	if a.Port != b.Port || !a.Shared || !b.Shared {
		t.Errorf("not on one port: %+v, %+v", a, b)
	}
	for _, name := range []string{a.Name, b.Name} {
		if err := h.Reachable(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
}
