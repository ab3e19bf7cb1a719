package detect

import (
	"context"
	"math"
	"time"

	"cardea/behavior/calibrate"
	"cardea/home"
	"cardea/lab/eval/detect/baseline"
	"cardea/lab/eval/units"
)

// level is one of the two budgets that everything is counted at.
type level int

const (
	atBudget level = iota
	atQuarter
	levels
)

// alert is one thing that a method told.
type alert struct {
	device home.DeviceID
	time   time.Time
	value  float64
	f      *home.Finding // of the detectors; nil of a baseline
}

// pass is one unit played through the detectors and the baselines at once.
type pass struct {
	unit    *units.Unit
	attack  *attacked // nil: the unit is benign
	methods []*passed
	cardea  *subject
	watched *watched
	limits  [][levels]float64 // of the methods: alert above; nil while calibrating

	began     bool
	onset     time.Time
	flows     map[uint64]bool
	counted   map[uint64]uint64
	packets   map[home.DeviceID]uint64 // malicious ones
	total     uint64
	attackers map[home.DeviceID]bool
}

// passed is what one method made of the unit.
type passed struct {
	maxima   maxima
	alerts   [levels]map[dayKey]bool
	contain  map[dayKey]bool
	by       map[told]bool
	findings []alert // at most maxAlerts
	told     int
	first    [levels]*hit
	early    []alert
}

const maxAlerts = 200

// hit is the first alert about an attack.
type hit struct {
	alert
	packets uint64
}

func newPassed() *passed {
	return &passed{maxima: maxima{}, alerts: [levels]map[dayKey]bool{{}, {}}, contain: map[dayKey]bool{}, by: map[told]bool{}}
}

// The detectors are two methods: as a gateway runs them, where a score stays silent while too few device-days calibrate it for the
// budget, and with the calibration's maximum for a threshold there, as every baseline has it. Baselines follow.
const (
	asGateway = iota
	atMaximum
	ownMethods
)

// play plays a unit. Methods are the detectors' own, then the baselines in their order.
func play(ctx context.Context, u *units.Unit, r *run, limits [][levels]float64, a *attacked) (*pass, error) {
	p := &pass{
		unit: u, attack: a, watched: newWatched(), limits: limits,
		flows: map[uint64]bool{}, counted: map[uint64]uint64{}, packets: map[home.DeviceID]uint64{}, attackers: map[home.DeviceID]bool{},
	}
	for range ownMethods + len(r.baselines) {
		p.methods = append(p.methods, newPassed())
	}
	p.cardea = r.subject(p)
	var others []baseline.Watcher
	for i, m := range r.baselines {
		of := p.methods[ownMethods+i]
		others = append(others, m.Judge(modelName, func(s baseline.Score) { p.score(ownMethods+i, of, s) }))
	}
	err := u.Play(ctx, func(o *home.Observation) {
		p.note(o)
		p.cardea.observe(o)
		for _, w := range others {
			w.Observe(o)
		}
	}, p.cardea.contact)
	for _, w := range others {
		w.Close()
	}
	p.cardea.close()
	return p, err
}

// note keeps what is needed to tell when the attack began and how much of it there was.
func (p *pass) note(o *home.Observation) {
	p.watched.observe(o)
	if p.attack == nil || o.Kind == home.EventTick || !p.attack.malicious(o) {
		return
	}
	if !p.began {
		p.began, p.onset = true, o.Time
	}
	device := home.DeviceID("")
	if o.Device != nil && !o.Device.Gateway {
		device = o.Device.ID
		p.attackers[device] = true
	}
	n := uint64(1)
	switch o.Kind {
	case home.EventFlow:
		n = p.count(o.Flow)
	case home.EventName, home.EventServed, home.EventLookup:
		n = 0 // counted with its flow
	}
	p.packets[device] += n
	p.total += n
}

// count is how many packets of a malicious flow are new.
func (p *pass) count(f *home.Flow) uint64 {
	p.flows[f.ID] = true
	sum, was := max(1, f.UpPackets+f.DownPackets), p.counted[f.ID]
	if f.State == home.FlowNew {
		was = 0
	}
	p.counted[f.ID] = max(sum, was)
	return sum - min(sum, was)
}

// score takes a baseline's.
func (p *pass) score(method int, of *passed, s baseline.Score) {
	of.maxima.add(s.Device, s.Time, s.Value)
	if p.limits == nil {
		return
	}
	a := alert{device: s.Device, time: s.Time, value: s.Value}
	for l := range levels {
		if s.Value > p.limits[method][l] {
			p.alert(method, l, a, false)
		}
	}
}

// find takes a finding of the detectors; those without a p are rules and count at any budget.
func (p *pass) find(f *home.Finding, quarter float64) {
	a := alert{device: f.Device, time: f.Time, value: f.Score, f: f}
	hard, beyond := contains(f), f.Facts["how"] == calibrate.Maximum.String()
	for i := range ownMethods {
		if beyond && i != atMaximum {
			continue
		}
		p.alert(i, atBudget, a, hard)
		if f.P == nil || *f.P <= quarter || beyond { // the maximum is the same threshold at any budget
			p.alert(i, atQuarter, a, false)
		}
	}
}

// contains says whether a finding would contain its device: hard ones do, and several soft kinds at once that say so.
func contains(f *home.Finding) bool {
	together, _ := f.Facts["contain"].(bool)
	return together || f.Strength == home.Hard
}

// tells says whether the host tells the same of the device-day without the attack.
func (p *pass) tells(method int, l level, k dayKey, f *home.Finding) bool {
	if p == nil {
		return false
	}
	of := p.methods[method]
	return of.alerts[l][k] && (f == nil || of.by[told{k, f.Detector}])
}

// told is that a detector told of a device-day.
type told struct {
	dayKey
	detector home.Detector
}

func (p *pass) alert(method int, l level, a alert, contain bool) {
	of := p.methods[method]
	k := dayKey{a.device, dayOf(a.time)}
	fresh := !of.alerts[l][k]
	of.alerts[l][k] = true
	if a.f != nil {
		of.by[told{k, a.f.Detector}] = true
	}
	if contain {
		of.contain[k] = true
	}
	if l == atBudget && (a.f != nil || fresh) {
		if of.told++; len(of.findings) < maxAlerts {
			of.findings = append(of.findings, a)
		}
	}
	if p.attack == nil {
		return
	}
	if !p.began || !p.attackers[a.device] || a.time.Before(p.onset) || p.attack.host.tells(method, l, k, a.f) {
		if l == atBudget && (a.f != nil || fresh) && len(of.early) < maxAlerts {
			of.early = append(of.early, a)
		}
		return
	}
	if of.first[l] == nil {
		of.first[l] = &hit{a, p.packets[a.device] + p.packets[""]}
	}
}

// outcome is the attack's detection by one method: seconds and packets from onset, infinite when it was missed.
func (p *pass) outcome(method int, l level) (seconds, packets float64) {
	h := p.methods[method].first[l]
	if h == nil {
		return math.Inf(1), math.Inf(1)
	}
	return h.time.Sub(p.onset).Seconds(), float64(h.packets)
}

// most is the device that sent, or got, most of the attack.
func (p *pass) most() (device home.DeviceID) {
	most := uint64(0)
	for id, n := range p.packets {
		if id != "" && (n > most || n == most && id < device) {
			device, most = id, n
		}
	}
	return device
}
