package plan_test

import (
	"net/netip"
	"reflect"
	"testing"

	"cardea/home"
	"cardea/lab/plan"

	"pgregory.net/rapid"
)

var options = rapid.Custom(func(t *rapid.T) plan.Options {
	return plan.Options{Seed: rapid.Uint64().Draw(t, "seed"), Devices: rapid.IntRange(plan.MinDevices, plan.MaxDevices).Draw(t, "devices"),
		Scenario: rapid.SampledFrom(plan.Names()).Draw(t, "scenario")}
})

func TestAPlanIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := options.Draw(t, "options")
		p, err := plan.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := plan.New(o); err != nil || !reflect.DeepEqual(p, again) {
			t.Fatal("the same options gave another home")
		}
		names, macs, addrs, ports := map[string]bool{}, map[home.MAC]bool{p.LAN.MAC: true}, map[netip.Addr]bool{p.LAN.V4.Addr(): true}, map[string]int{}
		for _, d := range p.Devices {
			if names[d.Name] || macs[d.MAC] || addrs[d.IPv4] || d.MAC.IsGroup() {
				t.Fatalf("%s: name, hardware address or address taken twice: %+v", d.Name, d)
			}
			names[d.Name], macs[d.MAC], addrs[d.IPv4] = true, true, true
			ports[d.Port]++
			if !p.LAN.V4.Masked().Contains(d.IPv4) || d.IPv4.Compare(p.LAN.Pool[1]) <= 0 {
				t.Fatalf("%s has %v, outside of the home or in the strangers' pool", d.Name, d.IPv4)
			}
			if ports[d.Port] > 1 && d.Switch == "" {
				t.Fatalf("%s shares %s without a switch", d.Name, d.Port)
			}
		}
		sites, zone := map[netip.Addr]bool{}, map[string]bool{}
		for _, s := range p.Sites {
			if s.Alias == "" && sites[s.V4] || zone[s.Name] {
				t.Fatalf("%s: name or address taken twice", s.Name)
			}
			sites[s.V4], zone[s.Name] = true, true
		}
		for _, s := range p.Sites {
			if s.Alias != "" && !zone[s.Alias] {
				t.Fatalf("%s points nowhere", s.Name)
			}
		}
		for _, l := range p.Local() {
			if l.Overlaps(p.Attack.Targets) || l.Overlaps(p.Attack.Targets6) {
				t.Fatalf("%v answers for addresses that must stay silent", l)
			}
		}
	})
}

func TestSeedsChangeTheHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := options.Draw(t, "options")
		other := o
		other.Seed++
		p, err1 := plan.New(o)
		q, err2 := plan.New(other)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if p.Attack.C2 == q.Attack.C2 && p.LAN.V4 == q.LAN.V4 || reflect.DeepEqual(p.Devices, q.Devices) {
			t.Fatalf("seeds %d and %d give the same home", o.Seed, other.Seed)
		}
	})
}

func TestBadOptionsAreRefused(t *testing.T) {
	for _, o := range []plan.Options{{Devices: 5}, {Devices: 21}, {Devices: -1}, {Scenario: "nonsense"}} {
		if _, err := plan.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestStoriesAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := plan.New(options.Draw(t, "options"))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p.Stories(), p.Stories()) {
			t.Fatal("the stories change")
		}
		macs := map[home.MAC]bool{p.LAN.MAC: true}
		for _, d := range p.Devices {
			macs[d.MAC] = true
		}
		for _, s := range p.Stories() {
			if found, ok := p.Story(s.Name); !ok || s.Sentence == "" || !reflect.DeepEqual(found, s) {
				t.Fatalf("%+v", s)
			}
			for _, g := range s.Guests {
				if macs[g.MAC] || g.MAC.IsGroup() || g.Later.IsGroup() || g.Name == "" || g.Calls == "" {
					t.Fatalf("%s: %+v", s.Name, g)
				}
				macs[g.MAC] = true
			}
		}
	})
}
