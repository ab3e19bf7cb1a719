package population

import (
	"math"
	"slices"
	"time"

	"cardea/home"
)

// act is one contact: a device's dealings with an endpoint in an hour.
type act struct {
	at     int32 // second of the day
	own    int8  // which of the model's own endpoints; -1: another
	ill    bool  // an infection's
	flows  uint16
	failed uint16
	up     uint32
	end    *end
}

// begin is the fleet's first day, a Monday.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func dayTime(day int, second int32) time.Time {
	return begin.AddDate(0, 0, day).Add(time.Duration(second) * time.Second)
}

const (
	mostWindows   = 3 // contacts with an endpoint in a day; more add nothing to what is scored
	personalEnds  = 6
	holidayLength = 7
	aloneOf       = 0.05 // of new endpoints nobody else ever meets: assumed
	// oddPort is on how many of its days a healthy thing reaches an address nobody knows on a port that its model never uses: assumed.
	// In the units' few ordinary days it never happened, which excludes no more than one day in seven.
	oddPort = 1e-4
)

// day lists a device's contacts on a day, in order.
func (w *world) day(h *house, index, day int, o *Options, out []act) []act {
	d := &h.devices[index]
	r := seeded(w.seed, 'd', h.id, uint64(index), uint64(day))
	out = out[:0]
	if day < h.joined {
		return out
	}
	personal, quiet := d.level.Class.Personal(), 1.0
	if h.away != 0 && day >= h.away && day < h.away+holidayLength {
		switch {
		case personal:
			return out
		case d.busy[0] < 0.02: // what people switch on; a neighbour looks after the home at other hours
			quiet = 0.2
		}
	}
	left, size := personalEnds, math.Exp2(d.spread*r.normal())
	if r.chance(0.01) { // a day like no other
		size *= 2 * o.Tail
	}
	for i := range d.ends {
		e := &d.ends[i]
		if d.uses&(1<<i) == 0 || !r.chance(e.daily*quiet) {
			continue
		}
		if personal {
			if left--; left < 0 {
				break
			}
		}
		out = d.use(&r, e, int8(i), quiet < 1, size, out)
	}
	rate := d.fresh * quiet
	if personal {
		rate = 3 * d.taste.fresh // whatever their people like; a sample of it
	}
	for range min(r.poisson(rate), 24) {
		out = d.use(&r, w.novel(d, &r, o), -1, quiet < 1, size, out)
	}
	if !personal && r.chance(oddPort*o.Tail) {
		e := lone(&r, uint16(1024+r.under(60000)), "tcp")
		out = d.use(&r, &e, -1, false, 1, out)
	}
	out = w.change(h, d, day, &r, out)
	if d.plague != nil {
		out = d.plague.day(w, h, d, day, &r, out)
	}
	sortActs(out)
	return out
}

func sortActs(a []act) {
	slices.SortStableFunc(a, func(a, b act) int { return int(a.at) - int(b.at) })
}

// use adds a day's contacts with an endpoint.
func (d *device) use(r *random, e *end, own int8, odd bool, size float64, out []act) []act {
	n := 1 + min(mostWindows-1, r.poisson(max(0, d.windows/2-1)))
	if own < 0 {
		n = 1
	}
	for range n {
		up := size * d.volume / 4 * (0.5 + r.float())
		out = append(out, act{at: d.when(r, odd), own: own, flows: uint16(1 + r.poisson(min(d.flows, 20)-1)), up: uint32(min(up, 1<<30)), end: e})
	}
	return out
}

// when draws a time of the day by the model's habits.
func (d *device) when(r *random, odd bool) int32 {
	x, hour := r.float(), 0
	for hour < 23 && d.busy[hour] < x {
		hour++
	}
	if odd {
		hour = r.under(24)
	}
	return int32(hour*3600 + r.under(3600))
}

// novel is an endpoint that turns up by itself: behind its own services, a time server, a host of its vendor or of others, or one
// that nobody else ever meets. Which share is of which kind is the units'; which of a kind, and how many are alone, is assumed.
// In the units' ordinary days all that was new without a name was on a port that the unit used anyway.
func (w *world) novel(d *device, r *random, o *Options) *end {
	switch {
	case r.chance(aloneOf * o.Tail):
		var e end
		switch {
		case r.chance(d.mix.bare):
			own := &d.ends[r.under(len(d.ends))]
			e = lone(r, own.Port, own.Proto)
			e.resolved = true
		default:
			domain := w.word(r) + ".example"
			e = end{Endpoint: named("cdn."+domain, domain, 443, 64507)}
			e = e.chained()
		}
		return &e
	case r.chance(d.mix.bare):
		if r.chance(0.3) {
			return &w.times[r.zipf(len(w.times))]
		}
		return &d.churn[r.zipf(len(d.churn))]
	case r.chance(d.mix.kin + 0.3):
		return &d.kin[r.zipf(len(d.kin))]
	}
	return &d.other[r.zipf(len(d.other))]
}

// guest is a device that nobody knows, for a day.
func (w *world) guest(h *house, day int) bool {
	r := seeded(w.seed, 'g', h.id, uint64(day))
	return r.chance(1.0 / 30)
}

// visitor is the model of a guest's device: none.
func visitor() *model {
	return &model{index: -1, busy: dayOfClass(home.ClassPhone), taste: temper{1}}
}
