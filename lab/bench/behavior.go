package bench

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"time"
	"unsafe"

	"cardea/behavior"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
)

const (
	behaviorModels    = 300
	behaviorHomes     = 40 // of each model
	behaviorEndpoints = 50 // of each model
	behaviorDevices   = 128
	behaviorShards    = 8
)

// Behavior measures what it costs to know what is normal: on a gateway a contact and what is kept of a device, in the cloud adding
// homes up, and what is pushed of a model. Homes and models are made up.
func Behavior(ctx context.Context, o Options) (*Report, error) {
	o.defaults(10)
	end := time.Now().Add(time.Duration(o.Seconds) * time.Second)
	r := newReport("behavior", o)
	models, devices := o.scaled(behaviorModels), o.scaled(behaviorDevices)
	shards := make([]*profile.Counts, behaviorShards)
	for i := range shards {
		shards[i] = profile.NewCounts()
	}
	begun := time.Now()
	for i := range models * behaviorHomes {
		shards[i%behaviorShards].Add(madeUpUse(i%models, i))
	}
	adding := float64(models*behaviorHomes*behaviorEndpoints) / time.Since(begun).Seconds()
	begun = time.Now()
	for _, s := range shards[1:] {
		shards[0].Merge(s)
	}
	merging := float64(models*behaviorEndpoints*(behaviorShards-1)) / time.Since(begun).Seconds()
	bundle, err := shards[0].Build(profile.Options{Now: behaviorWeek + 1, Version: 1}).MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("write profiles: %w", err)
	}
	set, err := profile.Parse(bundle)
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	r.Input = map[string]int{"devices": devices, "models": models, "homes_of_a_model": behaviorHomes, "endpoints_of_a_model": behaviorEndpoints}
	var fresh, again, allocated []float64
	for round := 0; round < 15 && (round == 0 || time.Now().Before(end)); round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one := behaviorRound(set, devices, models)
		fresh, again, allocated = append(fresh, one.fresh), append(again, one.again), append(allocated, one.allocated)
		o.Say("round %d: first contact of a day %.0f ns, later ones %.0f ns", round+1, one.fresh, one.again)
	}
	r.add(measure("contact with an endpoint, the first of the day, all detectors", "ns", fresh).atMost(2000))
	r.add(measure("contact with an endpoint, a later one, all detectors", "ns", again).atMost(2000))
	r.add(measure("allocations of such a contact", "", allocated).atMost(0))
	r.add(measure("what is kept of what is normal for a device", "B", []float64{float64(unsafe.Sizeof(usual.State{}))}).atMost(512))
	r.add(measure("pushed of a model", "B", []float64{float64(len(bundle)) / float64(models)}).atMost(1024))
	r.add(measure("endpoints of homes added up a second", "/s", []float64{adding}))
	r.add(measure("endpoints of shards merged a second", "/s", []float64{merging}))
	r.note("Homes and models are made up. A contact is a flow's first event through all detectors; most of it is what the machine's memory costs.")
	return r.done(), nil
}

const behaviorWeek = 2900

func madeUpFar(model, i int) home.Endpoint {
	domain := fmt.Sprintf("model%d.example", model)
	return home.Endpoint{Name: fmt.Sprintf("h%c%c.%s", 'a'+i%26, 'a'+i/26, domain), Domain: domain, Port: 443, Proto: "tcp", IP: netip.AddrFrom4([4]byte{198, 18, byte(model), byte(i)})}
}

func madeUpLevel(model int) profile.Level {
	return profile.Level{Class: home.ClassCamera, Vendor: fmt.Sprint("Maker", model%40), Model: fmt.Sprint("Maker", model%40, " Model", model)}
}

func madeUpUse(model, unit int) *profile.Use {
	u := &profile.Use{Level: madeUpLevel(model), Week: behaviorWeek, Home: uint64(unit)*0x9e3779b97f4a7c15 + 1, Network: uint32(unit % 9), Active: 7}
	for i := range behaviorEndpoints {
		far := madeUpFar(model, i)
		u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&far, false, false), Days: uint8(1 + (unit+i)%7)})
	}
	return u
}

type behaviorCost struct{ fresh, again, allocated float64 }

// nobody takes findings: made-up devices are all well.
type nobody struct{}

func (nobody) Find(*home.Finding) {}

func behaviorRound(set *profile.Set, devices, models int) behaviorCost {
	var out behaviorCost
	d := behavior.New(behavior.Config{MaxDevices: devices, Usual: usual.Config{Profiles: func() *profile.Set { return set }}}, nobody{})
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	list := make([]home.Observation, 0, devices*behaviorEndpoints)
	for i := range devices {
		l := madeUpLevel(i % models)
		mac := home.MAC{0, 1, 2, 3, byte(i >> 8), byte(i)}
		dev := &home.Device{ID: home.DeviceIDOf(mac.String()), MAC: mac, Identity: home.Identity{Model: l.Model, Vendor: l.Vendor, Class: l.Class}}
		for k := range behaviorEndpoints {
			far := madeUpFar(i%models, k)
			f := &home.Flow{ID: uint64(len(list) + 1), Proto: home.ProtoTCP, Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, 1, byte(2 + i%200)}), 40000),
				Dst: netip.AddrPortFrom(far.IP, far.Port), State: home.FlowNew}
			list = append(list, home.Observation{Event: &home.Event{Kind: home.EventFlow, Flow: f, Source: mac}, Device: dev, Proven: true, Direction: home.Outbound, Far: far, Resolved: true})
		}
	}
	play := func() (nanos, allocated float64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := time.Now()
		for i := range list {
			at = at.Add(time.Millisecond)
			list[i].Time, list[i].Flow.Start = at, at
			d.Observe(&list[i])
		}
		took := time.Since(begun)
		runtime.ReadMemStats(&after)
		return float64(took.Nanoseconds()) / float64(len(list)), float64(after.Mallocs-before.Mallocs) / float64(len(list))
	}
	play() // devices become known
	for range 3 {
		at = at.Add(24 * time.Hour)
		fresh, allocated := play()
		again, _ := play()
		out.fresh, out.again, out.allocated = fresh, again, float64(int(allocated))
	}
	return out
}
