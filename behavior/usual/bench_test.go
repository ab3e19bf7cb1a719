package usual

import (
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// many makes profiles of a model whose homes use a hundred endpoints.
func many() *profile.Set {
	counts := profile.NewCounts()
	l := profile.Level{Class: home.ClassCamera, Vendor: "Example", Model: "Example One"}
	for h := range 50 {
		u := profile.Use{Level: l, Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
		for i := range 100 {
			e := endpointOf(i)
			u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&e, false, false), Days: 7})
		}
		counts.Add(&u)
	}
	return counts.Build(profile.Options{Now: 100, Version: 7})
}

func endpointOf(i int) home.Endpoint {
	e := address(i)
	e.Name, e.Domain, e.Port = "cam"+string(rune('a'+i%26))+".example.com", "d"+string(rune('a'+i%26))+string(rune('a'+i/26))+".example", 8883
	e.Name = "x." + e.Domain
	return e
}

type nobody struct{}

func (nobody) Find(*home.Finding) {}

// watched is a detector and a device of a model that is known.
func watched(set *profile.Set) (*Detector, *Device) {
	net := &evidence.Internet{}
	d := New(evidence.NewTeller(nobody{}, time.Hour, nil), net, Config{Profiles: func() *profile.Set { return set }})
	return d, &Device{Device: &evidence.Device{ID: "x"}}
}

func contact(e home.Endpoint, at time.Time) *home.Observation {
	return &home.Observation{
		Event:  &home.Event{Kind: home.EventFlow, Time: at, Flow: &home.Flow{State: home.FlowNew, Proto: home.ProtoTCP, ID: 4}},
		Device: &home.Device{ID: "x", Identity: home.Identity{Class: home.ClassCamera, Vendor: "Example", Model: "Example One"}},
		Proven: true, Direction: home.Outbound, Far: e, Resolved: true,
	}
}

func TestAContactAllocatesNothing(t *testing.T) {
	d, dev := watched(many())
	i := 0
	o := contact(endpointOf(0), start)
	dev.level = profile.LevelOf(o.Device.Identity)
	n := testing.AllocsPerRun(2000, func() {
		i++
		o.Far = list[i%len(list)]
		o.Time = start.Add(time.Duration(i) * time.Minute)
		d.Contact(dev, o, o.Time.UnixNano())
	})
	if n != 0 {
		t.Errorf("%v allocations for a contact", n)
	}
}

var list = func() (l [200]home.Endpoint) {
	for i := range l {
		l[i] = endpointOf(i % 120)
	}
	return l
}()

// A contact of a device that goes through 120 endpoints, every one new or not seen today: the dearest there is.
func BenchmarkContact(b *testing.B) {
	d, dev := watched(many())
	o := contact(endpointOf(0), start)
	dev.level = profile.LevelOf(o.Device.Identity)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		o.Far = list[i%len(list)]
		o.Time = start.Add(time.Duration(i) * 10 * time.Minute)
		d.Contact(dev, o, o.Time.UnixNano())
	}
}

// A contact with what was used today: nearly all are.
func BenchmarkContactAgain(b *testing.B) {
	d, dev := watched(many())
	o := contact(endpointOf(0), start)
	dev.level = profile.LevelOf(o.Device.Identity)
	b.ReportAllocs()
	for b.Loop() {
		d.Contact(dev, o, start.UnixNano())
	}
}

func BenchmarkMarshal(b *testing.B) {
	var s State
	buf := make([]byte, 0, stateSize)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = s.AppendBinary(buf[:0])
	}
}
