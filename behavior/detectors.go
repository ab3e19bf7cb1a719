package behavior

import (
	"slices"
	"time"

	"cardea/home"
)

// Detectors judges observations. Use New.
type Detectors struct {
	cfg     Config
	sink    Sink
	stats   Stats
	net     internet
	link    link
	servers servers
	devices map[home.DeviceID]*device
	order   []*device // by first sight: sweeps must not depend on map order
	latest  int64     // the clock
	wake    int64     // when contacts that wait are to be looked at again
}

// device is what is remembered of one device. What only some devices do is allocated when they first do it.
type device struct {
	id       home.DeviceID
	mac      home.MAC
	port     string
	last     int64
	doubtful int64 // until then its MAC is in use on two ports
	gateway  bool
	told     [tellings]told
	wan, lan *scanner
	ports    *portScanner
	flood    *flood
	logins   *logins
	inbound  *inbound
	twoPorts twoPorts
	claims   claims
	offers   int // DHCP answers though it is not the server
}

// moment is when and how something became known.
type moment struct {
	time   time.Time
	frame  uint64
	proven bool
}

func momentOf(o *home.Observation) moment { return moment{o.Time, o.Frame, o.Proven} }

// New makes detectors that tell their findings to sink.
func New(c Config, sink Sink) *Detectors {
	if c.MaxDevices <= 0 {
		c.MaxDevices = 512
	}
	if c.Again <= 0 {
		c.Again = time.Hour
	}
	c.Own, c.OwnAddrs = slices.Clone(c.Own), slices.Clone(c.OwnAddrs)
	d := &Detectors{cfg: c, sink: sink, devices: make(map[home.DeviceID]*device)}
	d.link.init()
	return d
}

// Internet tells the result of the gateway's own probe. While it is down, silence from outside is no evidence.
func (d *Detectors) Internet(up bool, now time.Time) {
	d.net.down, d.net.downAt = !up, now.UnixNano()
	if up {
		d.net.answer(now.UnixNano())
	}
}

// Stats returns the counters.
func (d *Detectors) Stats() Stats { return d.stats }

// Forget drops what is remembered of a device, as when an incident with it was closed.
func (d *Detectors) Forget(id home.DeviceID) {
	if dev := d.devices[id]; dev != nil {
		delete(d.devices, id)
		d.order = slices.DeleteFunc(d.order, func(x *device) bool { return x == dev })
	}
}

// Observe takes one observation; its time is the clock.
func (d *Detectors) Observe(o *home.Observation) {
	d.stats.Observations++
	now := o.Time.UnixNano()
	d.turnBack(now)
	d.net.observe(o)
	d.link.hear(o, now)
	if o.Device != nil {
		dev := d.device(o, now)
		d.observeDuplicate(dev, o, now)
		switch o.Kind {
		case home.EventFlow:
			d.flow(dev, o, now)
		case home.EventName:
			d.observeBanner(dev, o, now)
		case home.EventNeighbor:
			d.observeAsked(dev, o, now)
			d.observeClaim(dev, o, now)
		case home.EventLease:
			d.observeLease(dev, o, now)
		case home.EventRouter:
			d.observeRouter(dev, o, now)
		case home.EventAnnounce:
			observeAnnounce(dev, o)
		}
	}
	if now >= d.wake && d.wake != 0 {
		d.sweep(o, now)
	}
}

// turnBack starts anew when the clock is set back: what is remembered would lie in the future, and keep findings silent
// or a device in doubt until then. Disorder within a minute is a capture's ordinary life.
func (d *Detectors) turnBack(now int64) {
	if now < d.latest-int64(time.Minute) {
		d.order, d.wake, d.latest = nil, 0, now
		clear(d.devices)
		d.link, d.servers = link{}, servers{}
		d.link.init()
		d.net = internet{down: d.net.down, downAt: d.net.downAt}
	}
	d.latest = max(d.latest, now)
}

func (d *Detectors) flow(dev *device, o *home.Observation, now int64) {
	switch o.Direction {
	case home.Outbound:
		d.observeSource(dev, o, now)
		d.observeScan(dev, o, now)
	case home.Local:
		d.observeScan(dev, o, now)
	case home.Inbound:
		d.observeInbound(dev, o, now)
		d.floodAnswered(dev, o)
		return
	}
	d.observePorts(dev, o, now)
	d.observeFlood(dev, o, now)
	d.observeLogin(dev, o, now)
}

// device finds or adds the state of the observation's device.
func (d *Detectors) device(o *home.Observation, now int64) *device {
	dev := d.devices[o.Device.ID]
	if dev == nil {
		if len(d.order) >= d.cfg.MaxDevices {
			d.evict()
		}
		dev = &device{id: o.Device.ID}
		d.devices[dev.id] = dev
		d.order = append(d.order, dev)
	}
	dev.last, dev.mac, dev.gateway = now, o.Device.MAC, o.Device.Gateway || slices.Contains(d.cfg.Own, o.Device.MAC)
	if o.Port != "" && o.Proven { // a forged frame must not move the evidence to its own port, or away from it
		dev.port = o.Port
	} else if dev.port == "" {
		dev.port = o.Device.Port
	}
	return dev
}

// evict forgets the device that was silent the longest.
func (d *Detectors) evict() {
	at := 0
	for i, dev := range d.order {
		if dev.last < d.order[at].last {
			at = i
		}
	}
	delete(d.devices, d.order[at].id)
	d.order = slices.Delete(d.order, at, at+1)
	d.stats.Forgotten++
}

// wakeEvery is how often contacts that wait are weighed again without a new event of their device.
const wakeEvery = 50 * time.Millisecond

func (d *Detectors) wakeAt(now int64) {
	if d.wake == 0 || d.wake < now-int64(time.Minute) || d.wake > now+int64(wakeEvery) {
		d.wake = now + int64(wakeEvery)
	}
}

// sweep weighs again what waits, in every device.
func (d *Detectors) sweep(o *home.Observation, now int64) {
	d.wake = 0
	for _, dev := range d.order {
		if dev.wan != nil && dev.wan.ring.open > 0 {
			d.weigh(dev, dev.wan, false, moment{o.Time, o.Frame, dev.wan.proven})
		}
		if dev.lan != nil && dev.lan.ring.open > 0 {
			d.weigh(dev, dev.lan, true, moment{o.Time, o.Frame, dev.lan.proven})
		}
		if dev.ports != nil && dev.ports.open > 0 {
			d.weighPorts(dev, moment{o.Time, o.Frame, dev.ports.proven})
		}
	}
}
