package population

import (
	"net/netip"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
)

// watched is what a gateway keeps of a device.
type watched struct {
	evidence.Device
	usual  usual.Device
	alert  int // day of its latest finding that residents were told of, from 1
	scored int // day from which profiles scored it, from 1
	cut    int // day from which it is contained, from 1; 0: it is not
	past   past
}

// gateway is a home's. It is used by one goroutine at a time. What homes have in common (profiles) does not change during a day.
type gateway struct {
	house    *house
	profiles func() *profile.Set
	detector *usual.Detector
	ready    map[profile.Level]uint64 // the cloud's
	event    home.Event
	flow     home.Flow
	seen     home.Observation
	window   home.Contact
	now      *device // whose contact it is; nil: a guest's
	index    int
	act      *act
	sh       *shard
	day      int
}

// strangeBits: less than one device of a model in four thousand is thought to use the endpoint on a day.
const strangeBits = 12

// warmUp: the longest sum runs over a week. Days before it is full are milder than those on which thresholds will be used.
const warmUp = 8

// online is a home whose internet answers: outages are not simulated.
var online evidence.Internet

func newGateway(h *house, c *cloud) *gateway {
	g := &gateway{house: h, profiles: func() *profile.Set { return c.set }, ready: c.ready}
	g.detector = usual.New(evidence.NewTeller(g, time.Hour, nil), &online, usual.Config{
		Profiles: g.profiles,
		Level:    func(d *home.Device) profile.Level { return profile.LevelOf(d.Identity) },
	})
	g.event = home.Event{Kind: home.EventFlow, Flow: &g.flow}
	g.seen = home.Observation{Event: &g.event, Proven: true, Direction: home.Outbound}
	for i := range h.devices {
		g.plug(&h.devices[i])
	}
	return g
}

// plug makes a device known to the gateway.
// It asks DNS before each contact by name.
func (g *gateway) plug(d *device) {
	w := &d.watched
	w.ID = d.model.identity.ID
	w.usual.Device = &w.Device
}

var answered = home.Observation{Event: &home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{Answer: true, Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}}}

func (g *gateway) begin(sh *shard, day int) { g.sh, g.day = sh, day }

// contact is one contact: its first flow, then its closed window.
func (g *gateway) contact(d *device, index int, a *act) {
	if d.watched.cut != 0 && g.day+1 >= d.watched.cut {
		return // contained: nothing of it gets out
	}
	g.now, g.index, g.act = d, index, a
	if a.ill {
		g.fell(d, index, a)
	}
	who := &d.model.identity
	if d.unknown {
		who = &stranger
	}
	at := dayTime(g.day, a.at)
	g.event.Time = at
	g.flow = home.Flow{ID: uint64(a.at) + 1, State: home.FlowNew, Proto: proto(a.end.Proto), Start: at}
	g.seen.Device, g.seen.Far, g.seen.Fresh, g.seen.Resolved = who, a.end.Endpoint, true, a.end.resolved
	if a.end.Name != "" {
		g.detector.Lookup(&d.watched.usual, &answered)
	}
	before := d.watched.usual.Today().Fresh
	g.detector.Contact(&d.watched.usual, &g.seen, at.UnixNano())
	if index >= 0 && d.watched.usual.Today().Fresh > before {
		g.first(d, index, a, at)
	}
	g.window = home.Contact{Device: who.ID, Endpoint: a.end.Endpoint, Flows: uint64(a.flows), Failed: uint64(a.failed), Up: uint64(a.up), Down: uint64(a.up), Packets: uint64(a.flows) * 8, First: at, Last: at.Add(10 * time.Minute)}
	g.detector.Closed(&d.watched.usual, &g.window)
	if index >= 0 && !d.unknown && !d.level.Class.Personal() {
		d.watched.past.keep(a, g.day)
	}
}

func proto(p string) uint8 {
	if p == "udp" {
		return home.ProtoUDP
	}
	return home.ProtoTCP
}

// end closes the device's day and tells how unusual it was.
// fell notes that an infection begins. A worm scans as it does: the real detectors say when that is found, and the device is contained.
func (g *gateway) fell(d *device, index int, a *act) {
	p, at := d.plague, dayTime(g.day, a.at)
	if p == nil || p.onset != 0 {
		return
	}
	p.onset = at.UnixNano()
	if p.kind != kindWorm {
		r := seeded(uint64(p.onset), g.house.id, 'b')
		gap := time.Duration((1 + 9*r.float()) * float64(time.Minute))
		if took, ok := callsOnce(r, p.c2, gap, r.float(), r.chance(aliveShare)); ok {
			g.sh.told = append(g.sh.told, told{at: p.onset + int64(took*1e9), house: g.house, index: index, device: d, detector: home.DetectBeacon, end: a.end, ill: true})
		}
		return
	}
	r := seeded(uint64(p.onset), g.house.id)
	if took, _, ok := scanOnce(r, 23, 3600*(1+20*r.float()), 0.05); ok {
		d.watched.cut = g.day + 1
		g.sh.told = append(g.sh.told, told{at: p.onset + int64(took*1e9), house: g.house, index: index, device: d, detector: home.DetectScanWAN,
			hard: true, contain: true, end: a.end, ill: true})
	}
}

// first tells the cloud of an endpoint that the device never used, where nobody like it is known to use it either.
func (g *gateway) first(d *device, index int, a *act, at time.Time) {
	if d.unknown || d.level.Class.Personal() {
		return
	}
	if p := g.profiles().For(d.level); p.Level() == d.level && p.Bits(&a.end.chain) >= strangeBits {
		g.sh.told = append(g.sh.told, told{at: at.UnixNano(), house: g.house, index: index, device: d, end: a.end, ill: a.ill, first: true})
	}
}

// guest is a day of somebody's phone that nobody knows.
func (g *gateway) guest(w *world, day int) {
	r := seeded(w.seed, 'G', g.house.id, uint64(day))
	d := device{model: w.visitor, unknown: true, mix: g.house.devices[0].mix, volume: 100_000}
	g.plug(&d)
	for i := range 12 {
		m := w.models[r.under(len(w.models))]
		a := act{at: int32(36000 + i*600 + r.under(600)), own: -1, flows: 3, up: 20_000}
		if a.end = &m.other[r.under(len(m.other))]; r.chance(0.3) {
			a.end = &m.ends[r.under(len(m.ends))]
		}
		g.contact(&d, -1, &a)
	}
}

func (g *gateway) end(d *device) {
	d.watched.usual.Turn(dayTime(g.day+1, 0).UnixNano())
	x, ok := d.watched.usual.Day()
	if !ok {
		return
	}
	d.week.fresh += x.Fresh
	if d.watched.scored == 0 && x.Profile != 0 {
		d.watched.scored = g.day + 1
	}
	if !g.house.calibrates || x.Profile == 0 || d.unknown || g.day+1-d.watched.scored < warmUp {
		return
	}
	if v, ok := g.ready[d.level]; !ok || x.Profile < v {
		x.Max[calibrate.Combined] = calibrate.Unscored
	}
	g.sh.samples = append(g.sh.samples, sample{d.index, calibrate.Sample{Home: g.house.id, Day: x.Of, Max: x.Max}})
}

// Find takes a finding of what is judged just now.
func (g *gateway) Find(f *home.Finding) {
	if g.now != nil && f.Facts["first"] == true {
		g.now.watched.past.first(&f.Card.Seen[0].Endpoint)
	}
	contain, _ := f.Facts["contain"].(bool)
	t := told{contain: contain || f.Strength == home.Hard, at: f.Time.UnixNano(), house: g.house, index: g.index, device: g.now, detector: f.Detector, hard: f.Strength == home.Hard}
	if g.act != nil {
		t.end, t.ill = g.act.end, g.act.ill
	}
	g.sh.told = append(g.sh.told, t)
}

// stranger is who a device is that nobody knows.
var stranger = home.Device{ID: home.DeviceIDOf("nobody knows it")}
