package behavior

import (
	"maps"
	"slices"
	"time"

	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
)

// Usual says how usual a contact is for its device and for the device's model.
func (d *Detectors) Usual(c *home.Contact) home.Usual {
	dev := d.devices[c.Device]
	if dev == nil {
		return home.Usual{}
	}
	return d.usual.Usual(&dev.usual, c)
}

// Contact takes a contact whose window closed, before or after Usual was asked of it.
func (d *Detectors) Contact(c *home.Contact) {
	if dev := d.devices[c.Device]; dev != nil {
		d.usual.Closed(&dev.usual, c)
	}
}

// Normal is what was learnt of a device, to be kept; false for one that is not known.
func (d *Detectors) Normal(id home.DeviceID) (usual.State, bool) {
	dev := d.devices[id]
	if dev == nil {
		return usual.State{}, false
	}
	return dev.usual.State, true
}

// Restore gives a device what was learnt of it before; a device that is not known yet is made known.
func (d *Detectors) Restore(id home.DeviceID, s usual.State) {
	dev := d.devices[id]
	if dev == nil {
		dev = d.add(id)
		dev.last = s.Last()
	}
	dev.usual.State = s
}

// Days tells of every device the day that is over, once, in the order in which they were first seen. Call it now and then, at
// least once a day.
func (d *Detectors) Days(now time.Time, yield func(home.DeviceID, usual.Day)) {
	for _, dev := range d.order {
		dev.usual.Turn(now.UnixNano())
		if day, ok := dev.usual.Day(); ok {
			yield(dev.ID, day)
		}
	}
}

// Past is for judging contacts of the past by what is known now of their devices' models; nil: no profile is in force.
// better says of a device whether that its model is known in so many homes is news.
func (d *Detectors) Past(devices []home.Device, now time.Time, better func(home.DeviceID, profile.Level, uint32) bool) *usual.Past {
	p := d.usual.NewPast()
	if p == nil {
		return nil
	}
	for i := range devices {
		var known *usual.Device
		if dev := d.devices[devices[i].ID]; dev != nil {
			known = &dev.usual
		}
		d.usual.Add(p, known, &devices[i], now.UnixNano(), better)
	}
	return p
}

// Doubt takes an endpoint that a finding of the past was about for unusual of its device.
func (d *Detectors) Doubt(id home.DeviceID, far *home.Endpoint) {
	if dev := d.devices[id]; dev != nil {
		d.usual.Doubt(&dev.usual, far)
	}
}

// add makes a device known; the one that was silent the longest makes room.
func (d *Detectors) add(id home.DeviceID) *device {
	if len(d.order) >= d.cfg.MaxDevices {
		d.evict()
	}
	dev := newDevice(id)
	if d.cfg.Usual.Salt != nil {
		dev.usual.Salt(d.cfg.Usual.Salt())
	}
	d.devices[id] = dev
	d.order = append(d.order, dev)
	return dev
}

// anew forgets all but what is normal for each device: it was learnt over weeks, and no clock makes it wrong.
func (d *Detectors) anew() {
	for i, old := range d.order {
		dev := newDevice(old.ID)
		dev.usual.State = old.usual.State
		d.devices[dev.ID], d.order[i] = dev, dev
	}
}

// Card gives a finding without one its evidence for people: how usual for the model, what the device did before, the detector's
// numbers, what would be blocked. What was seen is the caller's to add.
func (d *Detectors) Card(f *home.Finding) {
	if f.Card != nil {
		return
	}
	f.Card = &home.Card{Seen: []home.Seen{}, Numbers: []home.Number{}, Blocks: []string{}}
	if dev := d.devices[f.Device]; dev != nil {
		f.Card = d.usual.Card(&dev.usual, &f.Symptom)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Facts)) {
		if v, ok := number(f.Facts[name]); ok && len(f.Card.Numbers) < cardNumbers {
			f.Card.Numbers = append(f.Card.Numbers, home.Number{Name: name, Value: v})
		}
	}
	if f.Strength == home.Hard {
		f.Card.Blocks = append(f.Card.Blocks, "*")
		return
	}
	f.Card.Blocks = append(f.Card.Blocks, f.Symptom.Names...)
	for _, a := range f.Symptom.Addrs {
		f.Card.Blocks = append(f.Card.Blocks, a.String())
	}
}

const cardNumbers = 12

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint8:
		return float64(v), true
	case uint16:
		return float64(v), true
	case uint32:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// Accept takes an endpoint that a finding was about for usual of its device: its owner said that it is fine.
func (d *Detectors) Accept(id home.DeviceID, far *home.Endpoint) {
	if dev := d.devices[id]; dev != nil {
		d.usual.Accept(&dev.usual, far)
	}
}
