package profile

import (
	"maps"
	"slices"

	"cardea/behavior/endpoint"
)

// Fact is what is counted of an endpoint at a level: for the page of a model. Counts are exact; who shows them keeps those below
// MinHomes back.
type Fact struct {
	Evidence
	Standing Standing
	Share    float64 // π without the parent: of homes' days
	Before   float64 // the same as of a half-life ago; falls where homes leave it, rises where they come
}

// Seen is what is counted of a level.
type Seen struct {
	Level Level
	Homes uint32  // the most of a recent week
	Weeks uint32  // since the first
	Kappa float64 // how many homes' votes its parent's opinion is worth
	Fresh float64 // endpoints new to a device a day
	Facts []Fact  // hosts and domains, the most used first
}

// At tells what is counted of the levels asked for; those of whom nothing is are left out. It fits κ for all, so ask once for many.
func (c *Counts) At(o Options, levels ...Level) []Seen {
	o = c.filled(o)
	all := c.read(o)
	fitKappas(all, o)
	ago := o
	ago.Now = o.Now - min(o.Now, (halfLife+6)/7)
	var out []Seen
	for _, r := range all {
		if !slices.Contains(levels, r.level) {
			continue
		}
		s := Seen{Level: r.level, Homes: r.recent, Kappa: r.kappa, Fresh: r.fresh}
		t := c.levels[r.level]
		if t != nil && len(t.weeks) > 0 {
			s.Weeks = o.Now - min(o.Now, t.weeks[0].week)
		}
		before := readLevel(r.level, t, nil, ago)
		s.Facts = r.facts(before, o)
		out = append(out, s)
	}
	return out
}

func (r *reading) facts(before *reading, o Options) []Fact {
	var vendors []uint64
	if o.Facts != nil {
		vendors = o.Facts(r.level)
	}
	var out []Fact
	for _, g := range []endpoint.Grain{endpoint.Host, endpoint.Domain} {
		for _, e := range r.most(g) {
			f := Fact{Evidence: r.judged(e, g, vendors), Standing: r.standing(e, g, o, vendors), Share: e.votes / r.weight}
			if i, ok := before.find(g, e.key); ok && before.weight > 0 {
				f.Before = before.rows[g][i].votes / before.weight
			}
			out = append(out, f)
		}
	}
	return out
}

// Levels are all that are counted, in ascending order.
func (c *Counts) Levels() []Level { return slices.SortedFunc(maps.Keys(c.levels), Level.compare) }

// Forget drops what was counted before a week: it no longer weighs.
func (c *Counts) Forget(before uint32) {
	for l, t := range c.levels {
		t.weeks = slices.DeleteFunc(t.weeks, func(w week) bool { return w.week < before })
		for g := range t.rows {
			for key, r := range t.rows[g] {
				r.cells = slices.DeleteFunc(r.cells, func(e cell) bool { return e.week < before })
				if len(r.cells) == 0 {
					delete(t.rows[g], key)
				}
			}
		}
		if len(t.weeks) == 0 {
			delete(c.levels, l)
		}
	}
}
