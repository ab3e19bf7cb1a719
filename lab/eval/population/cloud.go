package population

import (
	"cmp"
	"slices"
	"time"

	"cardea/behavior/breaker"
	"cardea/behavior/calibrate"
	"cardea/behavior/herd"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/wire"
)

// told is a finding as a gateway tells it, with the truth beside it.
type told struct {
	at       int64 // Unix nanoseconds
	house    *house
	index    int // of the device; -1: a guest's
	device   *device
	detector home.Detector
	hard     bool
	contain  bool
	end      *end // what it is about; nil: nothing in particular
	ill      bool // it is about the infection
	first    bool // no finding: a first contact with what is unknown of its model
}

// cloud is the simulated cloud: it learns, and knows nothing that gateways do not tell.
type cloud struct {
	w        *world
	o        *Options
	counts   *profile.Counts
	set      *profile.Set
	tables   map[profile.Level]*calibrate.Tables
	sketches map[int]*calibrate.Sketch
	waiting  [][]sample // by day
	homes    map[string]int
	breaker  *breaker.Breaker
	trips    map[breaker.Cause]*trip
	ends     map[uint64]*end
	reports  []herd.Report
	due      []time.Time // when the herd is to be judged: see report
	day      int
	liars    []*house
	honest   []*house // that have the device which homes in league frame
	spoke    int      // first day on which soft detectors could speak; 0: not yet
	order    []*trip
	ill      map[uint64]bool             // homes that leave the calibration
	foundC2  map[uint64]bool             // endpoints that a finding about an infection named
	bad      map[herd.Endpoint]bool      // the truth: endpoints of infections
	ready    map[profile.Level]uint64    // the first version with tables by whose days Combined may be calibrated
	forced   map[herd.Endpoint]time.Time // indicators, since when they are in force
}

// trip is one incident for the operator.
type trip struct {
	breaker.Trip
	outbreak int64 // when it was called one, Unix nanoseconds; 0: it was not
	at       time.Time
}

const (
	lag       = 30 // days by which calibration lags
	recalDays = 7
	openDays  = 14 // a home with an incident does not teach for so long after its latest finding
)

func newCloud(w *world, o *Options) *cloud {
	return &cloud{w: w, o: o, counts: profile.NewCounts(), tables: map[profile.Level]*calibrate.Tables{}, sketches: map[int]*calibrate.Sketch{},
		homes: map[string]int{}, breaker: breaker.New(), trips: map[breaker.Cause]*trip{}, ends: map[uint64]*end{}, forced: map[herd.Endpoint]time.Time{},
		ill: map[uint64]bool{}, ready: map[profile.Level]uint64{}, foundC2: map[uint64]bool{}, bad: map[herd.Endpoint]bool{}}
}

// meet counts whose devices there are.
func (c *cloud) meet(h *house) {
	if h.league {
		c.liars = append(c.liars, h)
	}
	for i := range h.devices {
		d := &h.devices[i]
		if !d.unknown {
			c.homes[d.level.Model]++
		}
		if d.model.role == framed && !h.league {
			c.honest = append(c.honest, h)
		}
		if d.plague != nil {
			c.bad[herdEndpoint(d.plague.c2)] = true
		}
	}
}

// speaks says whether soft detectors can: thresholds exist.
func (c *cloud) speaks() bool { return c.spoke > 0 }

// take collects what a shard's homes told on the day.
func (c *cloud) take(sh *shard) {
	if sh.counts != nil {
		c.counts.Merge(sh.counts)
		sh.counts = nil
	}
	if n := len(c.waiting); n > 0 {
		c.waiting[n-1] = append(c.waiting[n-1], sh.samples...)
	}
}

// night is what the cloud does with a day: incidents, breaker, herd protection, learning.
func (c *cloud) night(day int, all []told, b *book) {
	slices.SortStableFunc(all, func(x, y told) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.house.id, y.house.id), cmp.Compare(x.index, y.index))
	})
	c.day = day
	c.lie(day)
	c.watch(day, all, b)
	for i := range all {
		t := &all[i]
		if t.first {
			continue
		}
		t.house.found, t.house.incident = day, day+openDays
		if t.hard {
			c.ill[t.house.id] = true
		}
	}
	c.learn(day)
	c.waiting = append(c.waiting, nil)
}

// watch plays the day in quarters of an hour.
func (c *cloud) watch(day int, all []told, b *book) {
	i := 0
	for step := range 24 * 4 {
		now := dayTime(day, int32((step+1)*900))
		for ; i < len(all) && all[i].at < now.UnixNano(); i++ {
			c.finding(&all[i], b)
		}
		if len(all) == 0 {
			return
		}
		c.judge(now)
	}
}

func (c *cloud) finding(t *told, b *book) {
	e := breaker.Event{Home: t.house.id, Network: t.house.network, Since: dayTime(t.house.joined, 0), At: time.Unix(0, t.at), Hard: t.hard}
	e.Model, e.Reason = "", string(t.detector)
	if t.device != nil && !t.device.unknown {
		e.Model = t.device.level.Model
	}
	e.Family = breaker.FamilyOf(t.detector)
	if t.end != nil {
		e.Endpoint, e.Flags = t.end.Endpoint.Hash(), t.end.chain.Flags
		c.ends[e.Endpoint] = t.end
		if t.hard {
			c.report(t, herd.Vote)
		}
	}
	if t.first {
		e.Reason, e.Family = firstTime, calibrate.FamilyNovelty
		if p := t.device.plague; p != nil && t.ill && p.first == 0 {
			p.first = t.at
		}
	}
	if e.Model != "" {
		c.breaker.Add(e)
	}
	if t.first {
		return
	}
	quiet := int64(0) // residents are told then; -1: never
	if !t.hard {
		for _, reason := range [2]string{e.Reason, firstTime} {
			k := e.Cause
			k.Reason = reason
			if tr := c.trips[k]; tr != nil && (reason != firstTime || e.Family == calibrate.FamilyNovelty) && time.Unix(0, t.at).Before(tr.Quiet) {
				if quiet = tr.Quiet.UnixNano(); tr.Kind == breaker.Update {
					quiet = -1
				}
			}
		}
	}
	if t.ill && t.end != nil {
		c.foundC2[e.Endpoint] = true
	}
	b.finding(t, c.day, c.speaks(), quiet)
}

// firstTime is the reason by which the breaker counts first contacts, before they are findings.
const firstTime = "first contact"

// judge asks the breaker and the herd.
func (c *cloud) judge(now time.Time) {
	vendor := func(k breaker.Cause) bool {
		e := c.ends[k.Endpoint]
		return e != nil && c.vendorOf(k.Model) != "" && e.Domain == c.vendorOf(k.Model)+".example"
	}
	for _, t := range c.breaker.Judge(now, func(m string) int { return c.homes[m] }, vendor) {
		if old := c.trips[t.Cause]; old == nil {
			x := &trip{Trip: t, at: now}
			c.trips[t.Cause], c.order = x, append(c.order, x)
		} else {
			old.Trip = t
		}
		if x := c.trips[t.Cause]; t.Kind == breaker.Outbreak && x.outbreak == 0 {
			x.outbreak = now.UnixNano()
		}
	}
	c.judgeHerd(now)
}

// judgeHerd judges at the minutes at which the cloud, which does so each minute, can come to another answer: after a report, and when
// what it agreed on leaves its shadow. Only reports that are about what is not in force yet bring one.
func (c *cloud) judgeHerd(now time.Time) {
	slices.SortFunc(c.due, time.Time.Compare)
	c.due = slices.Compact(c.due)
	for len(c.due) > 0 && !c.due[0].After(now) {
		at := c.due[0]
		c.due = c.due[1:]
		open := slices.ContainsFunc(c.reports, func(r herd.Report) bool { _, ok := c.forced[r.Endpoint]; return !ok })
		if !open {
			continue
		}
		for _, x := range herd.Judge(c.reports, at, herd.Options{}) {
			if _, ok := c.forced[x.Endpoint]; !ok && !x.Shadow {
				c.forced[x.Endpoint] = at
			}
		}
	}
}

// herdSteps are after how long a report may change what homes agree on: the next judgement, and the first after the shadow.
var herdSteps = [...]time.Duration{time.Minute, 6 * time.Minute}

// voted notes when the herd is to be judged.
func (c *cloud) voted(r herd.Report) {
	c.reports = append(c.reports, r)
	if _, ok := c.forced[r.Endpoint]; ok {
		return
	}
	for _, d := range herdSteps {
		c.due = append(c.due, r.At.Truncate(time.Minute).Add(d))
	}
}

func (c *cloud) vendorOf(m string) string {
	for _, x := range c.w.models {
		if x.level.Model == m {
			return x.level.Vendor
		}
	}
	return ""
}

func herdEndpoint(e *end) herd.Endpoint {
	x := herd.Endpoint{Name: e.Name, Port: e.Port, Proto: e.Proto}
	if e.Name == "" {
		x.Addr = e.IP
	}
	return x
}

func (c *cloud) report(t *told, k herd.Kind) {
	c.voted(herd.Report{Endpoint: herdEndpoint(t.end), Kind: k, Home: t.house.id, Network: t.house.network,
		Since: dayTime(t.house.joined, 0), At: time.Unix(0, t.at), Flags: c.flags(t.device, t.end)})
}

// learn feeds the thresholds with what is old enough, and makes profiles of what was told.
func (c *cloud) learn(day int) {
	fed := false
	if old := day - lag; old >= 0 && old < len(c.waiting) {
		for i := range c.waiting[old] {
			x := &c.waiting[old][i]
			s := c.sketches[x.model]
			if s == nil {
				s = calibrate.NewSketch(c.w.seed)
				c.sketches[x.model] = s
			}
			s.Add(&x.Sample)
			fed = true
		}
		c.waiting[old] = nil
	}
	week := day%7 == 6
	if !week && !(fed && c.spoke == 0 && len(c.sketches) > 0 && day%recalDays == 3) {
		return
	}
	if len(c.sketches) > 0 {
		c.calibrate()
		if c.spoke == 0 {
			c.spoke = day + 1
		}
	}
	for l, t := range c.tables {
		if _, ok := c.ready[l]; !ok && t.Ready() {
			c.ready[l] = uint64(day + 1)
		}
	}
	c.set = c.counts.Build(profile.Options{Now: wire.Week(dayTime(day, 0)), Version: uint64(day + 1), Fleet: uint32(c.o.Homes), Facts: c.facts,
		Calibration: func(l profile.Level) *calibrate.Tables { return c.tables[l] }})
}
