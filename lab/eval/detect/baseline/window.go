package baseline

import (
	"math"
	"net/netip"
	"time"

	"cardea/home"
)

// The counts of one device in one window, after N-BaIoT (Meidan et al., IEEE Pervasive Computing 17(3), 2018) and Kitsune
// (Mirsky et al., NDSS 2018): how much, to how many, and the same damped over longer times.
const (
	countFlows = iota
	countFailed
	countInbound
	countLocal
	countHosts // different far hosts
	countPorts // different far ports
	countNew   // far hosts that the device had not contacted before
	countUp
	countDown
	countPackets
	countLookups
	countNoName // look-ups of names that do not exist
	counts
)

// windowLength is one minute: Kitsune's slowest damped window; N-BaIoT's is as long.
const windowLength = time.Minute

// dampings are the shares that damped counts keep from one window to the next: half-lives of about 5 windows and 1 hour.
var dampings = [2]float64{.87, .9885}

// window is what a device did in a minute, and before.
type window struct {
	id     home.DeviceID
	end    time.Time
	now    [counts]float64
	damped [len(dampings)][counts]float64
}

// features are logarithms of counts: a hundred flows more mean something to a bulb and nothing to a laptop.
func (w *window) features() []float64 {
	out := make([]float64, 0, counts*(1+len(dampings)))
	for _, v := range w.now {
		out = append(out, math.Log1p(v))
	}
	for i := range w.damped {
		for _, v := range w.damped[i] {
			out = append(out, math.Log1p(v))
		}
	}
	return out
}

// windows makes windows of one unit's observations and hands over each in which the device did anything. A window is handed over
// when it is over: a baseline is no faster than that.
type windows struct {
	each    func(*window)
	minute  int64
	devices map[home.DeviceID]*counted
	order   []*counted // by first sight
	flows   map[uint64]home.Flow
}

type counted struct {
	window
	hosts map[netip.Addr]bool // in this window
	ports map[uint16]bool
	known map[netip.Addr]bool // ever; bounded
	any   bool
}

const (
	maxKnown = 1 << 16 // far hosts remembered of a device
	maxFlows = 1 << 16
)

func newWindows(each func(*window)) *windows {
	return &windows{each: each, devices: map[home.DeviceID]*counted{}, flows: map[uint64]home.Flow{}}
}

// Observe implements Watcher.
func (w *windows) Observe(o *home.Observation) {
	if m := o.Time.UnixNano() / int64(windowLength); m != w.minute {
		w.turn(m)
	}
	if o.Device == nil || o.Device.Gateway {
		return
	}
	switch o.Kind {
	case home.EventFlow:
		w.flow(o)
	case home.EventLookup:
		d := w.device(o)
		d.now[countLookups]++
		if o.Lookup.Answer && o.Lookup.Rcode == 3 { // NXDOMAIN, RFC 1035 section 4.1.1
			d.now[countNoName]++
		}
	case home.EventNeighbor, home.EventAnnounce, home.EventLease:
		w.device(o).now[countPackets]++
	}
}

// Close implements Watcher.
func (w *windows) Close() { w.turn(w.minute + 1) }

func (w *windows) turn(to int64) {
	for _, d := range w.order {
		idle := max(0, to-w.minute)
		if d.any {
			d.end = time.Unix(0, (w.minute+1)*int64(windowLength)).UTC()
			d.damp(1, &d.now)
			w.each(&d.window)
			idle--
			d.now, d.any = [counts]float64{}, false
			clear(d.hosts)
			clear(d.ports)
		}
		if idle > 0 {
			d.damp(idle, &[counts]float64{})
		}
	}
	w.minute = to
}

// damp moves the damped counts on by so many windows that all held the same.
func (w *window) damp(windows int64, held *[counts]float64) {
	for i, keep := range dampings {
		k := math.Pow(keep, float64(windows))
		for j, v := range held {
			w.damped[i][j] = w.damped[i][j]*k + v*(1-k)
		}
	}
}

func (w *windows) device(o *home.Observation) *counted {
	d := w.devices[o.Device.ID]
	if d == nil {
		d = &counted{window: window{id: o.Device.ID}, hosts: map[netip.Addr]bool{}, ports: map[uint16]bool{}, known: map[netip.Addr]bool{}}
		w.devices[d.id] = d
		w.order = append(w.order, d)
	}
	d.any = true
	return d
}

func (w *windows) flow(o *home.Observation) {
	d, f := w.device(o), o.Flow
	was := w.flows[f.ID]
	if f.State == home.FlowNew {
		was = home.Flow{}
		d.now[countFlows]++
		switch o.Direction {
		case home.Inbound:
			d.now[countInbound]++
		case home.Local:
			d.now[countLocal]++
		case home.Outbound:
		}
		w.far(d, o)
	}
	if f.State == home.FlowRefused || f.State == home.FlowEnd && !f.Answered && was.State != home.FlowRefused {
		d.now[countFailed]++
	}
	up, down, packets := delta(f.UpBytes, was.UpBytes), delta(f.DownBytes, was.DownBytes), delta(f.UpPackets+f.DownPackets, was.UpPackets+was.DownPackets)
	if o.Direction == home.Inbound {
		up, down = down, up
	}
	d.now[countUp] += up
	d.now[countDown] += down
	d.now[countPackets] += packets
	if f.State == home.FlowEnd {
		delete(w.flows, f.ID)
	} else if len(w.flows) < maxFlows || was.State != 0 {
		now := *f
		now.SYN = nil
		w.flows[f.ID] = now
	}
}

func (w *windows) far(d *counted, o *home.Observation) {
	ip := o.Far.IP
	if !d.hosts[ip] {
		d.hosts[ip] = true
		d.now[countHosts]++
	}
	if !d.ports[o.Far.Port] {
		d.ports[o.Far.Port] = true
		d.now[countPorts]++
	}
	if !d.known[ip] && len(d.known) < maxKnown {
		d.known[ip] = true
		d.now[countNew]++
	}
}

func delta(now, was uint64) float64 {
	if now <= was {
		return 0
	}
	return float64(now - was)
}
