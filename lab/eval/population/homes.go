package population

import (
	"math"
	"strings"
)

// house is a simulated home. It is used by one goroutine at a time.
type house struct {
	id         uint64
	network    uint32 // access network
	calibrates bool   // lives by the calibrating units' figures, and its days set thresholds; else it is judged
	league     bool   // with others, wants the cloud to believe what is not so
	joined     int    // day
	away       int    // first day of a week's holiday; 0: none
	devices    []device
	incident   int // day from which it teaches again, after an incident
	found      int // day of its latest finding; 0: none
	gateway    *gateway
	judged     int // days on which its alerts counted
	alerts     int // of these, false ones once thresholds exist
	awayDays   int // of judged: the people are on holiday
	awayAlerts int
	guestAlert int // day of the latest about a guest, from 1
}

// device is a simulated device, apart from what its gateway keeps of it.
type device struct {
	*model
	uses    uint64 // which of the model's endpoints it ever uses
	fresh   float64
	volume  float64 // bytes on a usual day
	spread  float64 // of a day's, in doublings
	windows float64
	flows   float64
	mix     mix
	unknown bool // nobody knows what it is
	plague  *plague
	week    vote
	watched watched
}

// mix is of what kind the new endpoints are.
type mix struct{ rate, bare, odd, kin, flows, windows, spread float64 }

// mixOf sums up the units of one side: rates by days of ordinary life only, kinds by all new endpoints that were seen.
func mixOf(calibrates bool) (m mix) {
	var later, fresh, all, n float64
	for i := range units {
		u := &units[i]
		if u.Calibrates != calibrates {
			continue
		}
		d := float64(u.Days - 1)
		if u.ordinary() {
			later += d
			m.spread += u.UpSpread * d
			fresh += u.New * d
		}
		all += u.New * d
		m.bare += u.NewBare * u.New * d
		m.odd += u.NewOdd * u.New * d
		m.kin += u.NewKin * u.New * d
		m.flows += u.Flows
		m.windows += u.Windows
		n++
	}
	m.rate = fresh / later
	m.bare, m.odd, m.kin = m.bare/all, m.odd/all, m.kin/all
	m.flows, m.windows, m.spread = m.flows/n, m.windows/n, m.spread/later
	return m
}

const (
	networks   = 8
	thingsMean = 11 // of 18 devices in a home; the others are personal
	people     = 7
	unknownOf  = 0.03
)

// settle makes a home with its devices, of different products each.
func (w *world) settle(id uint64, o *Options) *house {
	r := seeded(w.seed, 'h', id)
	h := &house{id: id, network: uint32(1 + r.under(networks)), calibrates: r.chance(0.5)}
	h.league = r.chance(o.League)
	if r.chance(0.2) {
		h.joined = r.under(max(1, o.Days/2))
	}
	if r.chance(0.2) {
		h.away = o.Days*2/3 + r.under(max(1, o.Days/6))
	}
	mixed := mixOf(h.calibrates)
	n := max(2, thingsMean-5+r.poisson(5))
	had := [thingModels]bool{}
	for tries := 0; n > 0 && tries < 400; tries++ {
		i := r.zipf(thingModels)
		if i >= 24 && r.chance(0.5) { // a long tail, but not all of it
			i = 12 + r.under(thingModels-12)
		}
		if had[i] || w.models[i].rare && !r.chance(0.1) {
			continue
		}
		had[i] = true
		h.devices = append(h.devices, w.equip(h, w.models[i], mixed, &r, o))
		n--
	}
	if h.league && !had[leagueModel] { // they say what they like
		h.devices = append(h.devices, w.equip(h, w.models[leagueModel], mixed, &r, o))
	}
	for range people {
		h.devices = append(h.devices, w.equip(h, w.models[thingModels+r.under(personalModels)], mixed, &r, o))
	}
	return h
}

// equip makes a device of a model, as different from its kin as units are.
func (w *world) equip(h *house, m *model, x mix, r *random, o *Options) device {
	d := device{model: m, mix: x, unknown: r.chance(unknownOf)}
	for i := range m.ends {
		if r.chance(m.ends[i].share) {
			d.uses |= 1 << i
		}
	}
	habit := r.gamma(0.5)
	if habit > 1 { // tails
		habit *= o.Tail
	}
	d.fresh = x.rate * m.taste.fresh * habit
	d.windows, d.flows = x.windows, x.flows
	spread := 0.8 * r.normal()
	if spread > 0 {
		spread *= 1 + 0.5*(o.Tail-1)/2
	}
	d.volume, d.spread = m.up*math.Exp(spread), x.spread*(0.5+r.float())
	w.infect(h, &d, r, o)
	return d
}

// ordinary says whether the unit's captures are days of ordinary life, and not minutes after a factory reset.
func (f *Figures) ordinary() bool { return !strings.HasPrefix(f.Source, "device-id/") }
