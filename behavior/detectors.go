package behavior

import (
	"slices"
	"time"

	"cardea/behavior/access"
	"cardea/behavior/beacon"
	"cardea/behavior/evidence"
	"cardea/behavior/flood"
	"cardea/behavior/names"
	"cardea/behavior/scan"
	"cardea/behavior/spoof"
	"cardea/behavior/usual"
	"cardea/home"
)

// Detectors judges observations. Use New.
type Detectors struct {
	cfg     Config
	stats   Stats
	tell    *evidence.Teller
	net     evidence.Internet
	spoof   *spoof.Detector
	scan    *scan.Detector
	flood   *flood.Detector
	access  *access.Detector
	beacon  *beacon.Detector
	names   *names.Detector
	usual   *usual.Detector
	devices map[home.DeviceID]*device
	order   []*device // by first sight: sweeps must not depend on map order
	latest  int64     // the clock
}

// device is what is remembered of one device. The detectors' parts point to the first.
type device struct {
	evidence.Device
	last   int64
	spoof  spoof.Device
	scan   scan.Device
	flood  flood.Device
	access access.Device
	usual  usual.Device
	beacon beacon.Device
	names  names.Device
}

func newDevice(id home.DeviceID) *device {
	dev := &device{Device: evidence.Device{ID: id}}
	dev.usual.Device = &dev.Device
	dev.spoof.Device, dev.scan.Device, dev.flood.Device, dev.access.Device = &dev.Device, &dev.Device, &dev.Device, &dev.Device
	dev.beacon.Device, dev.names.Device = &dev.Device, &dev.Device
	return dev
}

// New makes detectors that tell their findings to sink.
func New(c Config, sink Sink) *Detectors {
	if c.MaxDevices <= 0 {
		c.MaxDevices = 512
	}
	if c.Again <= 0 {
		c.Again = time.Hour
	}
	d := &Detectors{cfg: c, tell: evidence.NewTeller(sink, c.Again, c.Off), devices: make(map[home.DeviceID]*device)}
	d.spoof = spoof.New(d.tell, c.Own, c.OwnAddrs, func(yield func(*spoof.Device) bool) {
		for _, dev := range d.order {
			if !yield(&dev.spoof) {
				return
			}
		}
	})
	d.scan, d.flood, d.access = scan.New(d.tell, &d.net, d.spoof), flood.New(d.tell, &d.net), access.New(d.tell)
	d.usual = usual.New(d.tell, &d.net, c.Usual)
	d.beacon, d.names = beacon.New(d.tell, &d.net), names.New(d.tell)
	return d
}

// Internet tells the result of the gateway's own probe. While it is down, silence from outside is no evidence.
func (d *Detectors) Internet(up bool, now time.Time) { d.net.Probed(up, now.UnixNano()) }

// Stats returns the counters.
func (d *Detectors) Stats() Stats {
	s := d.stats
	s.Findings, s.Suppressed = d.tell.Findings, d.tell.Suppressed
	return s
}

// Forget drops what detectors hold against a device, as when an incident with it was closed. What is normal for it stays.
func (d *Detectors) Forget(id home.DeviceID) {
	if old := d.devices[id]; old != nil {
		dev := newDevice(id)
		dev.last, dev.MAC, dev.Port, dev.usual.State = old.last, old.MAC, old.Port, old.usual.State
		d.devices[id], d.order[slices.Index(d.order, old)] = dev, dev
	}
}

// Drop drops all that is remembered of a device that is no more.
func (d *Detectors) Drop(id home.DeviceID) {
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
	d.net.Observe(o)
	d.spoof.Hear(o, now)
	if o.Device != nil {
		dev := d.device(o, now)
		d.spoof.Ports(&dev.spoof, o, now)
		switch o.Kind {
		case home.EventFlow:
			d.flow(dev, o, now)
			d.usual.Flow(&dev.usual, o, now)
			d.answers(dev, o, now)
		case home.EventName:
			d.access.Banner(&dev.access, o, now)
			d.usual.Named(&dev.usual, o)
			d.access.Sent(&dev.access, o, now)
			d.beacon.Named(&dev.beacon, o)
		case home.EventLookup:
			d.usual.Lookup(&dev.usual, o)
			d.beacon.Lookup(&dev.beacon, o, now)
			d.names.Lookup(&dev.names, o, now)
		case home.EventMapping:
			d.access.Mapping(&dev.access, o, now)
		case home.EventNeighbor:
			d.scan.Asked(&dev.scan, o, now)
			d.spoof.Claim(&dev.spoof, o, now)
		case home.EventLease:
			d.spoof.Lease(&dev.spoof, o, now)
		case home.EventRouter:
			d.spoof.Router(&dev.spoof, o, now)
		case home.EventAnnounce:
			d.spoof.Announce(&dev.spoof, o)
		}
	}
	if d.usual.Due(now) {
		for _, dev := range d.order {
			d.usual.Settle(&dev.usual, o, now)
		}
	}
	if d.scan.Due(now) {
		for _, dev := range d.order {
			d.scan.Weigh(&dev.scan, o)
		}
	}
	if d.beacon.Due(now) {
		for _, dev := range d.order {
			d.beacon.Weigh(&dev.beacon, o)
		}
	}
}

// answers tells of the device that a flow reached whether it answers there: the one that is reached from outside, or the other in the
// home, if it is known.
func (d *Detectors) answers(dev *device, o *home.Observation, now int64) {
	switch {
	case o.Direction == home.Inbound:
		d.usual.Answers(&dev.usual, o.Device, o, now)
	case o.Direction == home.Local && o.Peer != nil:
		if peer := d.devices[o.Peer.ID]; peer != nil && peer != dev {
			d.usual.Answers(&peer.usual, o.Peer, o, now)
		}
	}
}

// turnBack starts anew when the clock is set back: what is remembered would lie in the future, and keep findings silent
// or a device in doubt until then. Disorder within a minute is a capture's ordinary life.
func (d *Detectors) turnBack(now int64) {
	if now < d.latest-int64(time.Minute) {
		d.latest = now
		d.anew()
		d.scan.Anew()
		d.beacon.Anew()
		d.spoof.Anew()
		d.net.Anew()
	}
	d.latest = max(d.latest, now)
}

func (d *Detectors) flow(dev *device, o *home.Observation, now int64) {
	switch o.Direction {
	case home.Outbound:
		d.flood.Source(&dev.flood, o, now)
		d.scan.Flow(&dev.scan, o, now)
		d.beacon.Flow(&dev.beacon, o, now)
	case home.Local:
		d.scan.Flow(&dev.scan, o, now)
	case home.Inbound:
		d.access.Inbound(&dev.access, o, now)
		d.flood.Answered(&dev.flood, o)
		return
	}
	d.scan.Ports(&dev.scan, o, now)
	d.flood.Flow(&dev.flood, &dev.scan, o, now)
	d.access.Login(&dev.access, o, now)
}

// device finds or adds the state of the observation's device.
func (d *Detectors) device(o *home.Observation, now int64) *device {
	dev := d.devices[o.Device.ID]
	if dev == nil {
		dev = d.add(o.Device.ID)
	}
	dev.last, dev.MAC, dev.Gateway = now, o.Device.MAC, o.Device.Gateway || d.spoof.Own(o.Device.MAC)
	if o.Port != "" && o.Proven { // a forged frame must not move the evidence to its own port, or away from it
		dev.Port = o.Port
	} else if dev.Port == "" {
		dev.Port = o.Device.Port
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
	delete(d.devices, d.order[at].ID)
	d.order = slices.Delete(d.order, at, at+1)
	d.stats.Forgotten++
}
