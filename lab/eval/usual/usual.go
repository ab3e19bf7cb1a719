// Package usual measures on real units what the detectors of what is usual do: how many endpoints a unit meets after a day that
// it had not used before, what of a unit's contacts is called unusual, and what is told of its past when its models are learnt
// later. It plays units through the same code that judges on a gateway. It may import lab/eval/units, behavior and the gateway's judge.
package usual

import (
	"context"
	"fmt"
	"time"

	"cardea/behavior"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
	"cardea/lab/eval/units"
)

// News is what was new to a device of a unit after its first 24 hours.
type News struct {
	Unit   string
	Device home.Device
	Days   int      // active device-days after the first 24 hours, also begun ones
	Fresh  int      // endpoints by domain and port that it had not used before, as the gateway counts them
	Named  []string // contacts that were called unusual for the device, by domain or address and port, each once
}

// Options say how units are judged. The zero value: without profiles, by what is known of them after the whole unit was seen.
type Options struct {
	Profiles *profile.Set
	Level    func(*units.Device) profile.Level    // nil: profile.LevelOf its identity
	Class    func(*units.Device) home.DeviceClass // nil: of its identity
	When     func(time.Time) bool                 // LookBack: contacts that began at other times are not judged; nil: all are
}

// Judge plays a unit through all detectors and returns what they found, and what was new to each device.
func Judge(ctx context.Context, u *units.Unit, o Options) ([]*home.Finding, []News, error) {
	r := &run{unit: u, by: map[home.DeviceID]*News{}, odd: map[home.DeviceID]map[string]bool{}}
	level, class := o.of(u)
	for i := range u.Devices {
		d := &u.Devices[i]
		r.by[d.ID] = &News{Unit: u.Name, Device: d.Device}
		r.order = append(r.order, d.ID)
	}
	r.detect = behavior.New(behavior.Config{Usual: usual.Config{
		Profiles: func() *profile.Set { return o.Profiles },
		Level:    func(d *home.Device) profile.Level { return level[d.ID] },
		Class:    func(d *home.Device) home.DeviceClass { return class[d.ID] },
	}}, r)
	if err := u.Play(ctx, r.observe, r.contact); err != nil {
		return nil, nil, fmt.Errorf("play %s: %w", u.Name, err)
	}
	r.days(r.last.Add(24 * time.Hour))
	var news []News
	for _, id := range r.order {
		news = append(news, *r.by[id])
	}
	return r.found, news, nil
}

// of says who a unit's devices are.
func (o *Options) of(u *units.Unit) (map[home.DeviceID]profile.Level, map[home.DeviceID]home.DeviceClass) {
	level, class := map[home.DeviceID]profile.Level{}, map[home.DeviceID]home.DeviceClass{}
	for i := range u.Devices {
		d := &u.Devices[i]
		level[d.ID], class[d.ID] = profile.LevelOf(d.Identity), d.Class
		if o.Level != nil {
			level[d.ID] = o.Level(d)
		}
		if o.Class != nil {
			class[d.ID] = o.Class(d)
		}
	}
	return level, class
}

// run is one unit that is played.
type run struct {
	unit   *units.Unit
	detect *behavior.Detectors
	found  []*home.Finding
	by     map[home.DeviceID]*News
	order  []home.DeviceID
	odd    map[home.DeviceID]map[string]bool
	last   time.Time
}

// Find takes a finding.
func (r *run) Find(f *home.Finding) { r.found = append(r.found, f) }

func (r *run) observe(o *home.Observation) {
	if !r.last.IsZero() && o.Time.Truncate(24*time.Hour).After(r.last) {
		r.days(o.Time)
	}
	r.last = o.Time
	r.detect.Observe(o)
}

// days takes the figures of the days that are over.
func (r *run) days(now time.Time) {
	r.detect.Days(now, func(id home.DeviceID, d usual.Day) {
		n := r.by[id]
		if n == nil {
			return
		}
		n.Fresh += int(d.Fresh)
		s, _ := r.detect.Normal(id)
		if began, _, _ := s.Seen(); (int64(d.Of)+1)*86400 > began+int64(usual.Learning/time.Second) {
			n.Days++
		}
	})
}

func (r *run) contact(c *home.Contact) {
	r.detect.Contact(c)
	n := r.by[c.Device]
	if n == nil || c.Lookup || c.Local || c.Inbound {
		return
	}
	if u := r.detect.Usual(c); u.Device == nil || *u.Device {
		return
	}
	who := c.Endpoint.Domain
	if who == "" {
		who = c.Endpoint.IP.String()
	}
	key := fmt.Sprintf("%s:%d", who, c.Endpoint.Port)
	if r.odd[c.Device] == nil {
		r.odd[c.Device] = map[string]bool{}
	}
	if !r.odd[c.Device][key] {
		r.odd[c.Device][key] = true
		n.Named = append(n.Named, key)
	}
}
