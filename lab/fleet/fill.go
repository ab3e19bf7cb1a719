package fleet

import (
	"fmt"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

// Filling is what a made-up fleet looks like at a moment.
type Filling struct {
	Seed  uint64
	Homes int
	Now   time.Time
}

// Told is something that a gateway told and when.
type Told struct {
	At   time.Time
	Item *pb.Item
}

// Done is something that somebody did at a home.
type Done struct {
	At                time.Time
	Who, Act, Why, On string
}

// Made is one made-up home.
type Made struct {
	ID, Gateway           string
	Name, Account, Serial string
	Created               time.Time
	From                  netip.Addr // by which the gateway comes in
	Told                  []Told
	Beat                  *pb.Heartbeat // nil: no gateway came yet
	Seen                  time.Time     // when it beat last
	Done                  []Done
	Shadow                []*pb.ShadowHit // what the tried version of the lists would have stopped
}

// fillWeeks is how far back there is a history.
const fillWeeks = 8

// Home makes up the nth home: the same for the same seed, whoever else is made.
func (f Filling) Home(n int) Made {
	r := seeded(f.Seed, 1, uint64(n))
	// One after the other, as customers come: what is stored by their ids is then written in order.
	created := f.Now.Add(-560*24*time.Hour + time.Duration(n%100_000)*7*time.Minute).Truncate(time.Second)
	if r.chance(0.03) { // one that came lately
		created = f.Now.Add(-time.Duration(1+r.under(20*24)) * time.Hour).Truncate(time.Second)
	}
	m := Made{ID: r.id(created.UnixMilli()), Name: fmt.Sprintf("%s %d", places[r.under(len(places))], 1+r.under(180)), Account: fmt.Sprintf("SIM-%07d", 1_000_000+n), Created: created,
		From: from(n)}
	if r.chance(0.008) {
		return m
	}
	m.Gateway, m.Serial = r.id(created.UnixMilli()), fmt.Sprintf("sg%08d", 30_000_000+n)
	devices, models := f.devices(r, created)
	m.Beat = f.beat(r, len(devices))
	m.Seen = f.Now.Add(-time.Duration(r.under(60)) * time.Second)
	if r.chance(0.015) {
		m.Seen = f.Now.Add(-time.Duration(5+r.under(60*24*5)) * time.Minute)
	}
	list := &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: devices}}}
	m.Told = append(m.Told, Told{m.Seen, list}, Told{m.Seen, sightings(devices, models, f.Now, n%tellsSigns == 0)})
	f.cases(r, &m, devices, models)
	f.week(r, &m, devices, models)
	f.line(seeded(f.Seed, 3, uint64(n)), &m, devices)
	f.scores(seeded(f.Seed, 4, uint64(n)), &m, devices, models)
	f.tried(seeded(f.Seed, 5, uint64(n)), &m, devices)
	if len(m.Beat.Degraded) == 0 && r.chance(0.012) {
		m.Beat.Degraded = []string{[]string{"The upstream DNS does not answer", "Little memory: new devices are not identified", "The clock is not set"}[r.under(3)]}
	}
	return m
}

// from is an address of RFC 2544, nobody's. Neighbours by number are of different access networks, so that a small fleet has some, too.
func from(n int) netip.Addr {
	n = n * 40503 & 0x1ffff // an odd number, so no two of as many homes are the same
	return netip.AddrFrom4([4]byte{198, byte(18 + n>>16), byte(n >> 8), byte(n)})
}

func (f Filling) beat(r *random, devices int) *pb.Heartbeat {
	v := pick(r, versions, func(v version) float64 { return v.share })
	p := pick(r, platforms, func(v version) float64 { return v.share })
	b := &pb.Heartbeat{Protocol: wire.Protocol, Sent: f.Now.UnixMilli(), Version: v.name, Armed: true, Devices: uint32(devices), Indicators: 1_042_118,
		Started: f.Now.Add(-time.Duration(1+r.under(60*24*40)) * time.Minute).UnixMilli(), Software: &pb.Software{Platform: p.name, Version: v.name, State: "steady"},
		Bundles: []*pb.BundleVersion{{Name: "lists", Version: 412}, {Name: "models", Version: 37}, {Name: "profiles", Version: 36}},
		Health: &pb.Health{Asked: uint64(4000 + r.under(40_000)), Findings: uint32(r.under(3)), Memory: uint64(18+r.under(14)) << 20, Throughput: uint64(2+r.under(90)) << 20,
			Stops: uint32(r.under(400))}}
	b.Health.Unanswered = b.Health.Asked * uint64(r.under(20)) / 10_000
	if r.chance(0.004) {
		b.Health.Crashes = uint32(1 + r.under(3))
	}
	return b
}

// devices makes up those of a home; models are in the same order.
func (f Filling) devices(r *random, created time.Time) (out []*pb.Device, models []model) {
	for i := range 2 + r.under(6) {
		m := pick(r, market, func(m model) float64 { return m.share })
		first := created.Add(time.Duration(r.under(14*24)) * time.Hour)
		if first.After(f.Now) {
			first = created
		}
		d := &pb.Device{Id: r.id(first.UnixMilli()), Name: m.called + rooms[r.under(len(rooms))], Vendor: m.vendor, Model: m.product(), Class: string(m.class), Mode: "off",
			Macs:      []string{fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m.oui>>16, m.oui>>8&0xff, m.oui&0xff, r.under(256), r.under(256), r.under(256))},
			Addresses: []string{fmt.Sprintf("192.168.1.%d", 20+i)}, First: first.UnixMilli(), Last: f.Now.Add(-time.Duration(r.under(600)) * time.Minute).UnixMilli(),
			IdentifiedBy: "rules", Confidence: 0.8 + 0.19*r.float(), Evidence: []string{"Its DHCP request is of this model (simulated)"}}
		if m.name == "" {
			d.Model, d.Class, d.IdentifiedBy, d.Confidence, d.Evidence = "", string(home.ClassGadget), "", 0, nil
		}
		if m.ill > 4 && r.chance(0.2) {
			d.Exposures = []*pb.Exposure{{Id: "e1", Kind: "telnet", Proto: "tcp", Port: 23, Sentence: "It lets people in by telnet, which is not encrypted (simulated).", Advice: "Switch telnet off.",
				First: d.First, Last: d.Last, Certain: true}}
		}
		out, models = append(out, d), append(models, m)
	}
	return out, models
}

// week is what was stopped, what devices use, and how much went through.
func (f Filling) week(r *random, m *Made, devices []*pb.Device, models []model) {
	at := f.Now.Add(-time.Duration(r.under(20)) * time.Hour)
	m.Told = append(m.Told, Told{at, &pb.Item{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: uint64(20 + r.under(900))}}}})
	f.uses(r, m, devices, models, r.chance(tellsHours))
}
