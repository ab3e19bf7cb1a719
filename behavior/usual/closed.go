package usual

import (
	"math"

	"cardea/behavior/calibrate"
	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Closed takes a contact whose window closed: bytes count, and the hours in which the device was busy.
func (d *Detector) Closed(dev *Device, c *home.Contact) {
	if dev.Gateway || c.Lookup || c.Last.IsZero() || c.Endpoint.IP.IsValid() && !someone(c.Endpoint.IP) {
		return
	}
	m := evidence.Moment{Time: c.Last, Proven: !dev.MAC.IsZero()}
	w := d.who(dev)
	if !c.Local && !c.Inbound {
		d.sent(dev, &w, c, m)
	}
	if c.Flows > 0 && !c.Inbound {
		d.busy(dev, &w, c, m)
	}
}

// Norms is what is normal of volumes and hours for a device's model, as *profile.Profile answers.
type Norms interface {
	Hour(int) float64
	Volume(q float64) float64 // bytes a day that the share q of days stays below; 0: not known
}

// Sent takes bytes sent to the internet into the open day and says how unusual the day has become, in deviations: by the
// device's own days, of which it takes three, and by its model's. It is unusual only if it is by both, where both are known.
func (s *State) Sent(bytes uint64, norm Norms, now int64) float64 {
	s.Turn(now)
	s.begin(now)
	s.today.Up += min(bytes, math.MaxUint64-s.today.Up)
	x, up := -1.0, float64(s.today.Up)
	if s.volumes >= ownVolumes {
		x = Volume(up, float64(s.mean), math.Sqrt(float64(s.spread)))
	}
	if norm != nil {
		if middle, high := norm.Volume(.5), norm.Volume(.95); high > 0 {
			// between the median and the 95th percentile lie 1.645 deviations of a normal distribution
			z := Volume(up, Log(middle), (Log(high)-Log(middle))/1.645)
			if x < 0 || z < x {
				x = z
			}
		}
	}
	x = max(x, 0)
	s.raise(calibrate.Volume, x)
	return x
}

const ownVolumes = 3

func (d *Detector) sent(dev *Device, w *who, c *home.Contact, m evidence.Moment) {
	x := dev.Sent(c.Up, w.norms(), m.Time.UnixNano())
	p := w.profile.Calibration().P(calibrate.Volume, x)
	if p.How == calibrate.Silent || x == 0 || p.How == calibrate.Maximum && dev.active <= ownDays {
		return
	}
	d.against(dev, calibrate.FamilyVolume, p, m)
	if !d.enough(dev, p, partVolume) {
		d.together(dev, w, m, &c.Endpoint)
		return
	}
	if today := uint32(dev.day); dev.volumeTold == today || !d.tell.May(dev.Device, home.DetectVolume, uint64(today), false, m.Time.UnixNano()) {
		return
	}
	dev.volumeTold = uint32(dev.day)
	value, up := p.Value, dev.today.Up
	f := found{dev: dev, who: *w, far: &c.Endpoint, moment: m}
	usually := math.Exp2(float64(dev.mean))
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectVolume, Strength: home.Soft, Score: x, P: &value,
		Said: saidVolume(up, dev.volumes, usually),
		Facts: map[string]any{
			"unit": "deviations", "bytes_up": up, "usually": usually, "device_days": p.N, "homes": p.Homes, "floor": p.Floor, "how": p.How.String(),
			"profile": w.version,
		},
		Symptom: symptom(&c.Endpoint),
		Card:    f.card([]home.Number{{Name: "sent today", Value: float64(up), Unit: "bytes"}, {Name: "usually a day", Value: usually, Unit: "bytes"}, {Name: "chance a day", Value: value, Unit: ""}}),
	})
}

func saidVolume(up uint64, days uint16, usually float64) home.Words {
	if days < ownVolumes {
		return say.New("sent {0} to the internet today; devices of its kind send far less", say.Bytes(up))
	}
	return say.New("sent {0} to the internet today; on a usual day it sends {1}", say.Bytes(up), say.Bytes(uint64(min(usually, 1e18))))
}

// Busy says how surprising it is, in bits, that the device is busy in an hour of the day; after a week of its own days.
func (s *State) Busy(hour int, norm Norms, now int64) float64 {
	s.Turn(now)
	if s.active <= ownDays || hour < 0 || hour > 23 {
		return 0
	}
	total := 0
	for _, n := range s.hours {
		total += int(n)
	}
	share := 1. / 24
	if norm != nil {
		share = norm.Hour(hour)
	}
	x := Habit(float64(s.hours[hour]), float64(total), share)
	s.raise(calibrate.HoursOfDay, x)
	return x
}

// ownDays of a device are needed before its hours tell anything.
const ownDays = 7

func (d *Detector) busy(dev *Device, w *who, c *home.Contact, m evidence.Moment) {
	hour := d.hour(c.First)
	x := dev.Busy(hour, w.norms(), m.Time.UnixNano())
	if x == 0 {
		return
	}
	p := w.profile.Calibration().P(calibrate.HoursOfDay, x)
	if p.How == calibrate.Silent {
		return
	}
	d.against(dev, calibrate.FamilyHours, p, m)
	if !d.enough(dev, p, partHours) {
		d.together(dev, w, m, &c.Endpoint)
		return
	}
	if !alone(w.class) || !d.tell.May(dev.Device, home.DetectHours, uint64(hour), false, m.Time.UnixNano()) {
		return // people are up at any hour
	}
	value := p.Value
	f := found{dev: dev, who: *w, far: &c.Endpoint, moment: m}
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectHours, Strength: home.Soft, Score: x, P: &value,
		Said: say.New("was busy between {0} and {1} o'clock, when neither it nor its kind ever is", say.Count(hour), say.Count((hour+1)%24)),
		Facts: map[string]any{
			"unit": "bits", "hour": hour, "device_days": p.N, "homes": p.Homes, "floor": p.Floor, "how": p.How.String(), "profile": w.version,
		},
		Symptom: symptom(&c.Endpoint),
		Card:    f.card([]home.Number{{Name: "surprise", Value: x, Unit: "bits"}, {Name: "chance a day", Value: value, Unit: ""}}),
	})
}
