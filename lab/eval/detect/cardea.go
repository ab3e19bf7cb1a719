package detect

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"cardea/behavior"
	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/gateway/judge"
	"cardea/home"
	"cardea/intel/network/data"
	"cardea/lab/eval/units"
)

// subject is the gateway's judge with its detectors, as it judges one home; it gets no list.
type subject struct {
	judge   *judge.Judge
	pass    *pass
	quarter float64
	hour    int64
	last    time.Time
	days    []deviceDay

	minutes bool // also keep what each minute's score was
	minute  int64
	active  map[home.DeviceID]bool // in this minute
	each    []deviceDay
	fresh   map[endpointKey]bool // new to its device; true: to the model as well
	order   []endpointKey
}

// endpointKey is a device's endpoint: domain (or name, or address) and port.
type endpointKey struct {
	device home.DeviceID
	far    string
	port   uint16
	proto  string
}

// deviceDay is one block: the maxima of a device's day, or of its minute.
type deviceDay struct {
	device home.DeviceID
	usual.Day
}

// subject makes one for a pass.
func (r *run) subject(p *pass) *subject {
	s := &subject{pass: p, quarter: r.budget.QuarterP, minutes: r.o.Ablation.MinuteCalibration, active: map[home.DeviceID]bool{}, fresh: map[endpointKey]bool{}}
	off := map[home.Detector]bool{}
	for _, d := range r.o.Ablation.Off {
		off[d] = true
	}
	set := r.learned.set
	s.judge = judge.New(judge.Config{Behavior: behavior.Config{
		Off:   off,
		Usual: usual.Config{Profiles: func() *profile.Set { return set }, Network: networks(), Maximum: true},
	}}, s)
	return s
}

// networks tells the operator's number of an address's network; built without the table large operators are known still.
var networks = sync.OnceValue(func() func(netip.Addr) uint32 {
	table, _ := data.Default()
	return func(a netip.Addr) uint32 {
		n, _ := table.Of(a)
		return n.ASN
	}
})

func (s *subject) observe(o *home.Observation) {
	s.last = o.Time
	if h := o.Time.Unix() / 3600; h != s.hour {
		s.hour = h
		s.take(o.Time)
	}
	if s.minutes {
		s.sum(o)
	}
	s.judge.Observe(o)
}

// take fetches the days that are over.
func (s *subject) take(now time.Time) {
	s.judge.Days(now, func(id home.DeviceID, d usual.Day) { s.days = append(s.days, deviceDay{id, d}) })
}

// sum keeps the scores that devices had at the end of each of their minutes.
func (s *subject) sum(o *home.Observation) {
	if m := o.Time.Unix() / 60; m != s.minute {
		s.minute = m
		for _, id := range slices.Sorted(keys(s.active)) {
			st, ok := s.judge.Normal(id)
			if !ok {
				continue
			}
			d := deviceDay{device: id, Day: st.Today()}
			for i, v := range st.Sums() {
				d.Max[int(calibrate.Minutes)+i] = v
			}
			s.each = append(s.each, d)
		}
		clear(s.active)
	}
	if o.Device != nil && !o.Device.Gateway && o.Kind == home.EventFlow {
		s.active[o.Device.ID] = true
	}
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *subject) contact(c *home.Contact) {
	s.judge.Closed(c)
	if !c.Local && !c.Inbound && !c.Lookup {
		s.meet(c)
	}
}

// meet keeps endpoints that are not usual for their device.
func (s *subject) meet(c *home.Contact) {
	k := endpointKey{c.Device, cmp.Or(c.Endpoint.Domain, c.Endpoint.Name), c.Endpoint.Port, c.Endpoint.Proto}
	if k.far == "" {
		k.far = c.Endpoint.IP.String()
	}
	if _, seen := s.fresh[k]; seen {
		return
	}
	u := c.Usual
	if u == nil || u.Device == nil || *u.Device {
		return
	}
	s.fresh[k] = u.Model == nil || !*u.Model
	s.order = append(s.order, k)
}

// Find takes a finding.
func (s *subject) Find(f *home.Finding) { s.pass.find(f, s.quarter) }

func (s *subject) close() { s.take(s.last.Add(24 * time.Hour)) }

// learned is what the detectors know of what is normal.
type learned struct {
	counts *profile.Counts
	set    *profile.Set // nil: nothing was learned
	tables *calibrate.Tables
}

// add counts what a training unit did; whole: it was watched for most of the days that it was active on, else a day's bytes are not
// known.
func (l *learned) add(uses []profile.Use, whole bool) {
	uses = units.Compact(uses)
	for i := range uses {
		if !whole {
			uses[i].Up = nil
		}
		l.counts.Add(&uses[i])
	}
}

// build makes the profiles of what was counted.
func (l *learned) build(o profile.Options) {
	if l.tables != nil {
		o.Calibration = func(level profile.Level) *calibrate.Tables {
			if level == (profile.Level{}) {
				return l.tables
			}
			return nil // too few units for a level of their own: all lend theirs
		}
	}
	l.set = l.counts.Build(o)
}
