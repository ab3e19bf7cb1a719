package breaker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/home"
)

// Kind is what a trip looks like.
type Kind uint8

// Kinds of trip.
const (
	Unknown Kind = iota
	Update
	Outbreak
)

func (k Kind) String() string { return [...]string{"unknown", "update", "outbreak"}[min(k, Outbreak)] }

// Trip is a cause that happens in far more homes than the model's own rate explains. Soft findings of it are not told to
// residents until Quiet, and do not contain until Until; afterwards they act as if there were no trip. Hard ones act throughout.
type Trip struct {
	Cause
	Kind     Kind
	Why      string
	Homes    int // that showed it within Window; estimated where more than some hundreds
	Networks int
	Expected float64 // at the model's own rate
	P        float64
	Hard     int // of 100 homes, that had hard evidence besides
	Second   int // of 100 homes, that showed another kind of evidence besides
	First    time.Time
	Quiet    time.Time
	Until    time.Time
}

// An outbreak is told from an update by what else the homes show. A home in league can show anything, so that shares count: from
// a fifth of the homes on; for the vendor's own endpoint, where an update is likelier than a theft of the vendor's servers, half.
const (
	besides       = 0.2
	besidesVendor = 0.5
	unsure        = 0.025
)

// Judge says which causes trip at a time, and forgets what is over. homes: how many homes of 14 days and more have the model.
// vendor: whether the endpoint is at the model's vendor's own domain by signed facts, on a usual port; nil: never.
func (b *Breaker) Judge(now time.Time, homes func(model string) int, vendor func(Cause) bool) []Trip {
	t := now.UnixNano()
	b.forget(t)
	if vendor == nil {
		vendor = func(Cause) bool { return false }
	}
	var out []Trip
	models := map[string][]key{}
	for k := range b.causes {
		models[k.Model] = append(models[k.Model], k)
	}
	for k, c := range b.causes {
		trip, ok := b.judge(k, c, t, homes)
		if !ok {
			continue
		}
		b.classify(&trip, c, models[k.Model], vendor)
		out = append(out, trip)
	}
	slices.SortFunc(out, func(x, y Trip) int { return compare(x.Cause, y.Cause) })
	return out
}

func compare(a, b Cause) int {
	return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Endpoint, b.Endpoint))
}

func hardLast(k key) int {
	if k.hard {
		return 1
	}
	return 0
}

// judge tells whether a cause is tripped: now, or within its pause.
func (b *Breaker) judge(k key, c *cause, now int64, count func(model string) int) (Trip, bool) {
	if k.hard { // hard findings act anyway: there is nothing to pause
		return Trip{}, false
	}
	n, networks := c.count()
	r := b.rates[subject{k.Model, k.Reason}]
	if r == nil {
		r = &rate{}
	}
	homes := max(count(k.Model), 1)
	mean := r.perHomeDay(now, b.first, homes) * float64(homes) * Window.Hours() / 24
	trip := Trip{Cause: k.Cause, Homes: n, Networks: networks, Expected: mean, P: calibrate.PoissonAtLeast(n, mean)}
	if c.tripped == 0 && trip.P < Improbable && networks >= MinNetworks {
		c.tripped = now
	}
	if c.tripped == 0 || now-c.tripped >= int64(Pause) && trip.P >= Improbable {
		return Trip{}, false
	}
	trip.First, trip.Until = time.Unix(0, c.tripped).UTC(), time.Unix(0, c.tripped).Add(Pause).UTC()
	return trip, true
}

// count is how many homes show it, and on how many access networks.
func (c *cause) count() (homes, networks int) {
	var seen []uint32
	for _, a := range c.homes {
		if a.network != 0 && !slices.Contains(seen, a.network) && len(seen) < 64 {
			seen = append(seen, a.network)
		}
	}
	n := float64(len(c.homes))
	if c.limit < math.MaxUint64 { // only those below the limit are kept: a share of all (Z. Bar-Yossef et al., RANDOM 2002)
		n /= float64(c.limit) / math.MaxUint64
	}
	return int(math.Round(n)), len(seen)
}

// classify looks at what else the homes show.
func (b *Breaker) classify(t *Trip, c *cause, others []key, vendor func(Cause) bool) {
	own := vendor(t.Cause)
	hard, second, what := b.besides(c, others, own, vendor)
	t.Hard, t.Second = 100*hard.k/max(hard.n, 1), 100*second.k/max(second.n, 1)
	need := besides
	if own {
		need = besidesVendor
	}
	seen := fmt.Sprintf("%d homes with %s on %d access networks within a day, where %.2g are usual", t.Homes, t.Model, t.Networks, t.Expected)
	t.Quiet = t.Until
	switch {
	case hard.k > 0 && hard.atLeast() >= need:
		t.Kind, t.Quiet = Outbreak, t.First
		t.Why = fmt.Sprintf("%s; %d of %d looked at have hard evidence besides: an outbreak.", seen, hard.k, hard.n)
	case second.k > 0 && second.atLeast() >= need:
		t.Kind, t.Quiet = Outbreak, t.First
		t.Why = fmt.Sprintf("%s; %d of %d looked at show other evidence besides (%s): an outbreak.", seen, second.k, second.n, what)
	case own:
		t.Kind = Update
		t.Why = seen + "; it is the vendor's own endpoint, and nothing else is wrong: an update."
	case c.flags&endpoint.Usual == 0 && FamilyOf(home.Detector(t.Reason)) != calibrate.FamilyNone:
		// an update goes to its vendor, or to others on ports that all use: so many devices on a port that none of their kind uses
		// are told, though some update may be, for once. First contacts alone, which nothing was found in, are not enough.
		t.Kind, t.Quiet = Outbreak, t.First
		t.Why = seen + "; found on an unusual port that is not the vendor's: an outbreak."
	case c.flags&endpoint.Named == 0 || c.flags&endpoint.Usual == 0:
		t.Quiet = t.First.Add(Odd)
		t.Why = seen + "; a bare address or an unusual port, but nothing else is wrong: not known whether an update or an outbreak."
	default:
		t.Why = seen + "; not the vendor's own endpoint, but nothing else is wrong: not known whether an update or an outbreak."
	}
}

// share is k of n homes that show something.
type share struct{ k, n int }

// better: more surely large. The order is total, so that what is told does not depend on the order of a map.
func better(a, b share) bool {
	return cmp.Or(cmp.Compare(a.atLeast(), b.atLeast()), cmp.Compare(a.k, b.k), cmp.Compare(a.n, b.n)) > 0
}

func (s share) atLeast() float64 { return calibrate.LowerShare(s.k, s.n, unsure) }

// besides is how many of the cause's kept homes show hard evidence, and how many another family of evidence. For a vendor's own
// endpoint, evidence at the vendor's other endpoints is part of the same update. Homes are kept by the same hash everywhere, so
// that those of two causes can be compared: below the lower of their limits, where all homes of both are kept. Causes that are
// kept as far as this one count together, others each by itself.
func (b *Breaker) besides(c *cause, others []key, own bool, vendor func(Cause) bool) (hard, second share, what string) {
	hard.n, second.n = len(c.homes), len(c.homes)
	hards, seconds := map[uint64]struct{}{}, map[uint64]struct{}{}
	var names []string
	for _, o := range others {
		x := b.causes[o]
		same := x.family == c.family || x.family == calibrate.FamilyNone || c.family == calibrate.FamilyNone
		if !o.hard && (same || own && vendor(o.Cause)) {
			continue
		}
		to, all := &second, seconds
		if o.hard {
			to, all = &hard, hards
		}
		alone := share{}
		for h := range c.homes {
			if h > x.limit {
				continue
			}
			alone.n++
			if _, ok := x.homes[h]; ok {
				alone.k++
				if x.limit >= c.limit {
					all[h] = struct{}{}
				}
			}
		}
		if x.limit < c.limit && better(alone, *to) {
			*to = alone
		}
		if name := x.family.String(); alone.k > 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for to, all := range map[*share]map[uint64]struct{}{&hard: hards, &second: seconds} {
		if u := (share{len(all), len(c.homes)}); better(u, *to) {
			*to = u
		}
	}
	slices.Sort(names)
	return hard, second, strings.Join(names, ", ")
}

// forget drops homes that showed a cause longer than Window ago, and causes that are over.
func (b *Breaker) forget(now int64) {
	for k, c := range b.causes {
		for h, a := range c.homes {
			if now-a.last > int64(Window) {
				delete(c.homes, h)
			}
		}
		if len(c.homes) > 0 {
			continue
		}
		c.limit = math.MaxUint64
		if c.tripped == 0 || now-c.tripped > int64(Again) {
			delete(b.causes, k)
		}
	}
}

// weakest are the causes that may be dropped, the least first.
func (b *Breaker) weakest() []key {
	var out []key
	for k, c := range b.causes {
		if c.tripped == 0 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(x, y key) int {
		a, c := b.causes[x], b.causes[y]
		return cmp.Or(cmp.Compare(len(a.homes), len(c.homes)), cmp.Compare(a.last, c.last), compare(x.Cause, y.Cause), hardLast(x)-hardLast(y))
	})
	return out
}

// Merge adds another's counts, of other homes; o stays as it is. Whether shards are merged or all is added to one makes no
// difference, as long as no bound was met.
func (b *Breaker) Merge(o *Breaker) {
	if o.first != 0 && (b.first == 0 || o.first < b.first) {
		b.first = o.first
	}
	for k, x := range o.causes {
		c := b.causes[k]
		if c == nil {
			if len(b.causes) >= MaxCauses {
				b.makeRoom()
			}
			c = &cause{limit: math.MaxUint64, homes: map[uint64]adopter{}}
			b.causes[k] = c
		}
		c.family, c.flags, c.last = max(c.family, x.family), c.flags|x.flags, max(c.last, x.last)
		if x.tripped != 0 && (c.tripped == 0 || x.tripped < c.tripped) {
			c.tripped = x.tripped
		}
		if x.limit < c.limit {
			c.limit = x.limit
			for h := range c.homes {
				if h > c.limit {
					delete(c.homes, h)
				}
			}
		}
		for h, a := range x.homes {
			c.add(h, a)
		}
	}
	for s, x := range o.rates {
		b.rate(s).merge(x)
	}
	b.lost += o.lost
}

func (r *rate) merge(x *rate) {
	if x.day > r.day {
		r.day = x.day
		clear(r.seen)
	}
	for d, n := range x.days {
		r.days[d] += n
	}
	if x.day == r.day {
		for h := range x.seen {
			r.seen[h] = struct{}{}
		}
	}
}
