// Package breaker tells when one thing happens to one model in many homes at once: an update or an outbreak. It becomes one
// incident for the operator instead of an alert in every home. It is pure: no I/O, no clock; a Breaker belongs to one goroutine.
// It may import home and what behavior's parts share.
//
// What it may be used for is narrow, because findings can be made on purpose: a trip pauses soft actions for its own cause (one
// model, one reason, one endpoint), for a day at most and once in 30 days. Other causes of the same devices and all hard evidence
// act as ever. What looks like an outbreak is told to residents at once.
package breaker

import (
	"math"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/home"
)

// The rule's numbers.
const (
	Window      = 24 * time.Hour      // homes that show the cause within it are counted
	MinAge      = 14 * 24 * time.Hour // younger homes do not count: they are cheap to make
	MinNetworks = 3                   // access networks that they must be on
	Improbable  = 1e-6                // Poisson, at the model's own rate
	Pause       = 24 * time.Hour      // at most, and
	Again       = 30 * 24 * time.Hour // not again for so long
	Odd         = time.Hour           // residents wait no longer than that for what reaches a bare address or an odd port
)

// What it keeps at most.
const (
	MaxCauses  = 8192
	MaxPerHome = 32   // causes that a home may open in a day
	kept       = 256  // homes of a cause, those that hash lowest: the count of more is estimated within some 6 %
	seenHomes  = 4096 // homes a day that make a model's rate
	rateDays   = 30
)

// Cause is what is counted: one reason (a detector), one model, one endpoint.
type Cause struct {
	Model    string
	Reason   string
	Endpoint uint64 // home.Endpoint.Hash; 0: none
}

// Event is one home's finding with that cause.
type Event struct {
	Cause
	Family  calibrate.Family // of the reason; FamilyNone: by the reason's name
	Flags   endpoint.Flags   // of the endpoint
	Home    uint64
	Network uint32    // access network that the cloud saw it come from; 0: not known, counts for none
	Since   time.Time // the home is known to the cloud
	At      time.Time // when the cloud received it: a home's own clock is only a claim
	Hard    bool
}

// Breaker counts findings. All but what is over is kept within the bounds above.
type Breaker struct {
	salt   uint64
	first  int64 // of all events, Unix nanoseconds; 0: none yet
	causes map[key]*cause
	rates  map[subject]*rate
	today  uint32
	opened map[uint64]uint8 // causes that a home opened today
	lost   uint64
}

type subject struct{ model, reason string }

// key keeps hard findings apart from soft ones of the same cause: nobody exempts a cause by a hard one.
type key struct {
	Cause
	hard bool
}

// cause is who shows it.
type cause struct {
	family  calibrate.Family
	flags   endpoint.Flags
	limit   uint64
	homes   map[uint64]adopter // by the hash of the home
	last    int64
	tripped int64 // when it tripped first; 0: never
}

type adopter struct {
	first, last int64
	network     uint32
}

// rate is how often a model has a reason: homes a day.
type rate struct {
	days map[uint32]uint32
	day  uint32
	seen map[uint64]struct{} // homes of that day
}

// New makes an empty one.
func New() *Breaker { return Salted(0) }

// Salted makes an empty one whose choice of homes, where there are too many to keep, nobody can foresee who does not know the
// salt. Breakers that merge need the same.
func Salted(salt uint64) *Breaker {
	return &Breaker{salt: salt, causes: map[key]*cause{}, rates: map[subject]*rate{}, opened: map[uint64]uint8{}}
}

// Lost is how many events were not counted, because a home told too much or there was no room.
func (b *Breaker) Lost() uint64 { return b.lost }

// Causes is how many causes are kept.
func (b *Breaker) Causes() int { return len(b.causes) }

// Add counts an event. Events come about in the order of time.
func (b *Breaker) Add(e Event) {
	if e.At.Sub(e.Since) < MinAge || e.Model == "" {
		return
	}
	if e.Family == calibrate.FamilyNone {
		e.Family = FamilyOf(home.Detector(e.Reason))
	}
	at := e.At.UnixNano()
	day := uint32(e.At.Unix() / 86400)
	if day > b.today {
		b.today = day
		clear(b.opened)
	}
	if b.first == 0 || at < b.first {
		b.first = at
	}
	h := mix(e.Home ^ b.salt)
	if !e.Hard {
		b.rate(subject{e.Model, e.Reason}).add(day, h)
	}
	k := key{e.Cause, e.Hard}
	c := b.causes[k]
	if c == nil {
		if b.opened[h] >= MaxPerHome || len(b.opened) > 1<<18 {
			b.lost++
			return
		}
		b.opened[h]++
		if len(b.causes) >= MaxCauses {
			b.makeRoom()
		}
		c = &cause{limit: math.MaxUint64, homes: map[uint64]adopter{}}
		b.causes[k] = c
	}
	c.family, c.flags = max(c.family, e.Family), c.flags|e.Flags
	c.last = max(c.last, at)
	c.add(h, adopter{at, at, e.Network})
}

func (c *cause) add(h uint64, a adopter) {
	if h > c.limit {
		return
	}
	if o, ok := c.homes[h]; ok {
		a.first, a.last, a.network = min(a.first, o.first), max(a.last, o.last), max(a.network, o.network)
	}
	c.homes[h] = a
	if len(c.homes) > kept {
		top := uint64(0)
		for k := range c.homes {
			top = max(top, k)
		}
		delete(c.homes, top)
		c.limit = top - 1
	}
}

func (b *Breaker) rate(s subject) *rate {
	r := b.rates[s]
	if r == nil {
		if len(b.rates) >= MaxCauses { // more models than there are: start anew with none's history
			clear(b.rates)
		}
		r = &rate{days: map[uint32]uint32{}, seen: map[uint64]struct{}{}}
		b.rates[s] = r
	}
	return r
}

func (r *rate) add(day uint32, h uint64) {
	if day > r.day {
		r.day = day
		clear(r.seen)
		for d := range r.days {
			if d+rateDays+2 < day {
				delete(r.days, d)
			}
		}
	}
	if _, ok := r.seen[h]; ok && day == r.day || len(r.seen) >= seenHomes {
		return
	}
	if day == r.day {
		r.seen[h] = struct{}{}
	}
	if day+rateDays+2 >= r.day {
		r.days[day]++
	}
}

// perHomeDay is the model's own rate before today's window: a gamma prior worth one finding at the alert budget's rate, and what
// was seen in as many home-days.
func (r *rate) perHomeDay(now int64, first int64, homes int) float64 {
	const prior = calibrate.PerHomeQuarter / calibrate.Quarter
	from, to := uint32(max(0, now/int64(24*time.Hour)-rateDays)), uint32(now/int64(24*time.Hour))
	n, days := 0.0, 0.0
	for d := max(from, uint32(first/int64(24*time.Hour))); d+1 < to; d++ { // a whole window before today
		n += float64(r.days[d])
		days++
	}
	return (1 + n) / (1/prior + days*float64(homes))
}

// makeRoom drops a quarter of the causes: those of the fewest homes, of these the oldest. What has tripped stays.
func (b *Breaker) makeRoom() {
	order := b.weakest()
	for _, k := range order[:min(len(order), MaxCauses/4)] {
		b.lost++
		delete(b.causes, k)
	}
}

// mix is the finaliser of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
