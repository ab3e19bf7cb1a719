package profile

import (
	"iter"
	"math"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
)

// MaxBits is the dearest that a new endpoint can be.
const MaxBits = 20

// Set is the profiles of all levels as of a week: what is pushed to gateways. It does not change. A nil Set knows nothing.
type Set struct {
	version uint64
	few     uint32 // counts of homes below it are not told exactly
	salt    uint64
	levels  []*Profile // by level, ascending: the global one first
	by      map[Level]*Profile
	bytes   []byte // canonical
}

// nothing is the profile of whom nothing is known.
var nothing = &Profile{set: &Set{}}

// Version numbers what was built; 0 for nil.
func (s *Set) Version() uint64 {
	if s == nil {
		return 0
	}
	return s.version
}

// For is the profile of the finest level at or above l that homes were seen of. It is never nil and does not allocate.
func (s *Set) For(l Level) *Profile {
	if s == nil {
		return nothing
	}
	for ok := true; ok; l, ok = l.Parent() {
		if p := s.by[l]; p != nil {
			return p
		}
	}
	return nothing
}

// Few is the number of homes below which counts are not told exactly.
func (s *Set) Few() uint32 {
	if s == nil {
		return MinHomes
	}
	return s.few
}

// Profiles are all of them, the coarser before the finer.
func (s *Set) Profiles() iter.Seq[*Profile] {
	return func(yield func(*Profile) bool) {
		if s == nil {
			return
		}
		for _, p := range s.levels {
			if !yield(p) {
				return
			}
		}
	}
}

// Profile is what is normal at one level. It does not change.
type Profile struct {
	set    *Set
	level  Level
	parent *Profile // nil: global, or the hierarchy is left out
	homes  uint32   // that the level was seen in; below few: a rough figure
	weight float64  // homes, each week's decayed
	kappa  float64  // how many homes' votes the parent's opinion is worth
	own    float64  // π = own·share + up·π of the parent
	up     float64
	reach  [endpoint.Grains]float64 // chance that an endpoint in use is known by its name of this grain only
	fresh  float64
	hours  [24]float64
	ups    [len(upShares)]float64
	rows   [endpoint.Grains]table
	cut    [2]uint32
	cal    *calibrate.Tables
}

// Stat says how usual an endpoint is at a level.
type Stat struct {
	Homes    uint32 // that used it in a week; 1 to 19 are told as 19, unless the set is of the caller's own captures; of what is not found: at most
	Of       uint32 // homes that the level was seen in, told likewise
	Share    float64
	Standing Standing
	Level    Level
	Grain    endpoint.Grain // Host, or Domain where the host itself is not known
}

// Level is whose it is: not the one asked for where that is not known.
func (p *Profile) Level() Level { return p.level }

// Homes is how many homes it rests on; 0: none, nothing is known. 1 to 19 are told as 19.
func (p *Profile) Homes() uint32 { return p.told(p.homes) }

// Fresh is how many endpoints new to it a device of the level meets a day.
func (p *Profile) Fresh() float64 { return p.fresh }

// Hour is the share of contacts that begin in an hour of the day, 0 to 23, local time. Where nothing is known each hour is alike.
func (p *Profile) Hour(h int) float64 {
	if p.homes == 0 || h < 0 || h > 23 {
		return 1. / 24
	}
	return p.hours[h]
}

// Volume is the number of bytes to the internet that a share q of the level's days stay below; +Inf where that is not known.
// Between the shares that are pushed, and beyond the last of them (0.999), it is the next larger one that is known.
func (p *Profile) Volume(q float64) float64 {
	if p.homes == 0 {
		return math.Inf(1)
	}
	for i, s := range upShares {
		if q <= s && p.ups[i] >= 0 {
			return p.ups[i]
		}
	}
	return math.Inf(1)
}

// Calibration are the tables of the level, or of the next coarser one that has any; nil: there are none.
func (p *Profile) Calibration() *calibrate.Tables { return p.cal }

func (p *Profile) told(homes uint32) uint32 {
	if homes > 0 && homes < p.set.few {
		return p.set.few - 1
	}
	return homes
}

// Pi is the chance that a home's device of this level contacts the endpoint on a day on which it is active: from the finest level
// to the coarsest first, then from the endpoint's finest name to its coarsest. Where nothing is known it is 1: nothing is news.
func (p *Profile) Pi(c *endpoint.Chain) float64 {
	if p.weight == 0 {
		return 1
	}
	best := 0.
	for g, key := range c.Keys {
		reach := p.reach[g]
		if endpoint.Grain(g) == endpoint.Service && c.Flags&(endpoint.LAN|endpoint.Inbound) != 0 {
			reach = p.reach[endpoint.Domain] // the next name that such an endpoint has
		}
		if key == 0 || reach <= best {
			continue
		}
		best = max(best, reach*p.at(endpoint.Grain(g), p.set.print(key)))
	}
	return max(best, 1./(1<<MaxBits))
}

// at mixes what each level says of a name of that grain.
func (p *Profile) at(g endpoint.Grain, print uint32) float64 {
	pi, weight := 0., 1.
	for q := p; q != nil; q = q.parent {
		if r := q.rows[g].find(print); r != nil {
			pi += weight * q.own * r.share
		}
		weight *= q.up
	}
	return pi
}

// Bits are −log₂ of Pi, at most MaxBits: how much of a surprise a contact is. Where the endpoint is of a domain that devices of all
// kinds use, on a usual port, and the class is known to use it, the class is asked instead of the model.
func (p *Profile) Bits(c *endpoint.Chain) float64 {
	pi := p.Pi(c)
	const need, not = endpoint.Named | endpoint.Wide | endpoint.Usual, endpoint.Shared | endpoint.LAN | endpoint.Inbound
	if c.Flags&need == need && c.Flags&not == 0 && c.Keys[endpoint.Domain] != 0 {
		print := p.set.print(c.Keys[endpoint.Domain])
		if q := p.class(); q != nil && q.rows[endpoint.Domain].find(print) != nil {
			pi = max(pi, q.at(endpoint.Domain, print))
		}
	}
	if pi >= 1 {
		return 0
	}
	return min(-math.Log2(pi), MaxBits)
}

func (p *Profile) class() *Profile {
	for q := p; q != nil; q = q.parent {
		if q.level.depth() == 1 {
			return q
		}
	}
	return nil
}

// Known says how usual an endpoint is for the homes of the level. Of a host that is not known itself its domain is told, unless
// anybody may be behind it. It is false, with the homes that were asked, where none used it. A level of too few homes to tell
// anything leaves the answer to its parent.
func (p *Profile) Known(c *endpoint.Chain) (Stat, bool) {
	for q := p; q != nil; q = q.parent {
		best, found := Stat{Homes: q.told(q.cut[endpoint.Host]), Of: q.told(q.homes), Level: q.level}, false
		for _, g := range []endpoint.Grain{endpoint.Host, endpoint.Domain} {
			if c.Keys[g] == 0 || g == endpoint.Domain && (c.Flags&endpoint.Named == 0 || c.Flags&endpoint.Shared != 0) {
				continue
			}
			if r := q.rows[g].find(q.set.print(c.Keys[g])); r != nil && r.standing != believed && (!found || r.standing > best.Standing) {
				best.Homes, best.Share, best.Standing, best.Grain, found = q.told(max(r.homes, 1)), r.share, r.standing, g, true
			}
		}
		if found || q.homes >= q.set.few || q.parent == nil {
			return best, found
		}
	}
	return Stat{Level: p.level}, false
}

// print is the short form of a key in this set.
func (s *Set) print(key uint64) uint32 { return printOf(key, s.salt) }

func printOf(key, salt uint64) uint32 { return uint32(mix(key^salt) >> 32) }

func saltOf(version uint64) uint64 { return mix(version + 1) }
