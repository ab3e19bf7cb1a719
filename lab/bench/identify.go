package bench

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
)

const (
	identifyDevices = 512
	identifyModels  = 300
	sightedRounds   = 6 // times each device shows the same again in a round, as devices do
)

// Identify measures what it costs a gateway to know its devices: made-up devices of made-up models show themselves, with the facts
// that ship and a model learned of some homes.
func Identify(ctx context.Context, o Options) (*Report, error) {
	o.defaults(10)
	end := time.Now().Add(time.Duration(o.Seconds) * time.Second)
	r := newReport("identify", o)
	devices, models := o.scaled(identifyDevices), o.scaled(identifyModels)
	facts.Default() // read before memory is measured
	m, bundle, err := madeUpModel(models)
	if err != nil {
		return nil, err
	}
	r.Input = map[string]int{"devices": devices, "models": models}
	var sighting, again, who, bytes []float64
	identifyRound(m, devices, models) // warms the caches, which are no device's
	for round := 0; round < 15 && (round == 0 || time.Now().Before(end)); round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one := identifyRound(m, devices, models)
		sighting, again = append(sighting, one.fresh), append(again, one.again)
		who, bytes = append(who, one.who), append(bytes, one.bytes)
		o.Say("round %d: new sighting %.0f ns, known one %.0f ns, identity %.1f us, %.0f bytes a device", round+1, one.fresh, one.again, one.who, one.bytes)
	}
	r.add(measure("sighting that is new", "ns", sighting).atMost(20000))
	r.add(measure("sighting that is known", "ns", again).atMost(20000))
	r.add(measure("who a device is, worked out again", "us", who))
	r.add(measure("memory of a device, all that is kept", "B", bytes).atMost(2048))
	r.add(measure("bundle of the models", "B", []float64{float64(len(bundle))}))
	r.note("Devices and models are made up: 24 sightings of 14 kinds a device. Who a device is is worked out only when something new was seen.")
	return r.done(), nil
}

type identifyCost struct{ fresh, again, who, bytes float64 }

func identifyRound(m *identity.Model, devices, models int) identifyCost {
	var out identifyCost
	list := make([][]home.Observation, devices)
	for i := range list {
		list[i] = madeUpSightings(i%models, i)
	}
	n := float64(devices * len(list[0]))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	book := identity.NewBook(identity.Config{Facts: facts.Default(), Devices: devices})
	book.Set(m)
	play := func() time.Duration {
		begun := time.Now()
		for i := range list {
			for k := range list[i] {
				book.Observe(&list[i][k])
			}
		}
		return time.Since(begun)
	}
	out.fresh = float64(play().Nanoseconds()) / n
	begun := time.Now()
	for i := range list {
		book.Identity(list[i][0].Device.ID)
	}
	out.who = float64(time.Since(begun).Microseconds()) / float64(devices)
	book.Changed()
	runtime.GC()
	runtime.ReadMemStats(&after)
	out.bytes = float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / float64(devices)
	var took time.Duration
	for range sightedRounds {
		took += play()
	}
	out.again = float64(took.Nanoseconds()) / n / sightedRounds
	runtime.KeepAlive(book)
	return out
}

// madeUpModel learns the models of three homes each.
func madeUpModel(models int) (*identity.Model, []byte, error) {
	c := identity.NewCounts()
	for i := range models {
		for unit := range 3 {
			book := identity.NewBook(identity.Config{})
			list := madeUpSightings(i, 100000+i*3+unit)
			for k := range list {
				book.Observe(&list[k])
			}
			c.Add(identity.Unit{
				Home: fmt.Sprint(unit), Sessions: []identity.Session{book.Session(list[0].Device.ID)},
				Label: identity.Label{Model: fmt.Sprint("Maker", i%40, " Model", i), Vendor: fmt.Sprint("Maker", i%40), Class: [...]home.DeviceClass{home.ClassPlug, home.ClassCamera, home.ClassHub}[i%3]},
			})
		}
	}
	m := c.Model(nil)
	b, err := m.MarshalBinary()
	if err != nil {
		return nil, nil, fmt.Errorf("write the model: %w", err)
	}
	return m, b, nil
}

// madeUpSightings are what one unit of a model shows in its first minutes.
func madeUpSightings(model, unit int) []home.Observation {
	mac := home.MAC{0, byte(model % 40), 1, byte(unit >> 16), byte(unit >> 8), byte(unit)}
	d := &home.Device{ID: home.DeviceIDOf(mac.String()), MAC: mac, MACs: []home.MAC{mac}, Maker: fmt.Sprint("Maker", model%40)}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var out []home.Observation
	add := func(dir home.Direction, e home.Event) {
		at = at.Add(time.Second)
		e.Time, e.Source = at, mac
		out = append(out, home.Observation{Event: &e, Device: d, Direction: dir})
	}
	add(home.Local, home.Event{Kind: home.EventLease, Lease: &home.Lease{
		Op: 1, Client: mac, Hostname: fmt.Sprintf("model%c%c", 'a'+model%26, 'a'+model/26%26), Vendor: "udhcp 1.2.3", Params: []byte{1, 3, 6, byte(model)}, MaxSize: 576,
		Options: []byte{53, 61, 55}, ClientID: append([]byte{1}, mac[:]...),
	}})
	for i := range 12 {
		name := fmt.Sprintf("h%c.model%d.example", 'a'+i, model)
		add(home.Outbound, home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{Question: name, Type: 1}})
		out[len(out)-1].Far = home.Endpoint{Name: name, Domain: fmt.Sprintf("model%d.example", model)}
	}
	for i := range 6 {
		add(home.Outbound, home.Event{Kind: home.EventFlow, Flow: &home.Flow{
			State: home.FlowNew, Proto: home.ProtoTCP, Src: netip.MustParseAddrPort("10.0.0.9:40000"),
			Dst: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), uint16(1000+model+i)), SYN: &home.SYN{Hops: 64, Window: 5840, MSS: 1460, Scale: 2, Options: "MSTNW"},
		}})
	}
	for i := range 5 {
		add(home.Local, home.Event{Kind: home.EventAnnounce, Announce: &home.Announce{
			Protocol: "mdns", Services: []string{fmt.Sprintf("_s%d._tcp", model+i)}, Names: []string{fmt.Sprintf("m%c-%d", 'a'+model%26, i)}, Details: []string{fmt.Sprint("md=Model", model)},
		}})
	}
	return out
}
