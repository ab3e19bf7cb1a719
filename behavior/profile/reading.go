package profile

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"

	"cardea/behavior/endpoint"
)

// halfLife is after how many days a week's votes count half, for and against alike.
const halfLife = 30

// recentWeeks are those by which it is told how many homes use an endpoint now.
const recentWeeks = 4

// decay is what a week's votes still count.
func decay(now, week uint32) float64 { return math.Exp2(-7 * float64(now-week) / halfLife) }

// reading is a level's counts as of a week, each week's decayed. A home that votes week after week is one home: weights are those
// of the week that weighs most, shares are of all weeks.
type reading struct {
	level  Level
	parent *reading
	homes  uint32         // the most of a week
	recent uint32         // the most of a recent week
	weight float64        // homes, decayed
	folds  [Folds]float64 // of weight, by part
	ill    map[uint32]illness
	rows   [endpoint.Grains][]entry
	kappa  float64
	reach  [endpoint.Grains]float64
	fresh  float64
	newly  float64 // share of the endpoints in use that are new
	hours  [24]float64
	ups    [upBins]float64 // share of days that stay below the end of each bin
	sent   bool            // whether ups are known
	week   sums
	above  []int32          // of each host: where the parent has it; -1: nowhere
	held   [][Folds]float64 // of each host: what the other parts foretell
	mass   [2][Folds]float64
}

// illness is how many homes taught in a week, and how many did not for their findings.
type illness struct{ homes, ill uint32 }

// sums are a level's weeks, decayed and added.
type sums struct {
	days, used, fresh, hoursAll, upAll float64
	hours                              [24]float64
	ups                                [upBins]float64
}

// entry is an endpoint at one grain.
type entry struct {
	key   uint64
	flags endpoint.Flags
	votes float64 // of weight
	folds [Folds]float64
	homes uint32 // the most of a week
	last  uint32 // week
	seen  Evidence
}

func readLevel(l Level, t *tally, priors []Prior, o Options) *reading {
	r := &reading{level: l, ill: map[uint32]illness{}}
	var scale, flowScale float64
	if t != nil {
		scale, flowScale = r.readWeeks(t, o)
		for g := range t.rows {
			r.rows[g] = make([]entry, 0, len(t.rows[g]))
			for _, key := range slices.Sorted(maps.Keys(t.rows[g])) {
				if e, ok := r.readRow(key, t.rows[g][key], o, scale, flowScale); ok {
					r.rows[g] = append(r.rows[g], e)
				}
			}
		}
	}
	for _, p := range priors {
		r.believe(p)
	}
	return r
}

// readWeeks sums the weeks up, and says by what votes and flows are scaled: so that they are shares of weight.
func (r *reading) readWeeks(t *tally, o Options) (scale, flowScale float64) {
	var votes, flows float64
	for i := range t.weeks {
		w := &t.weeks[i]
		if w.week > o.Now {
			continue
		}
		n, d := w.taught(), decay(o.Now, w.week)
		for f, h := range w.homes {
			r.folds[f] += d * float64(h)
		}
		r.homes, r.weight = max(r.homes, n), max(r.weight, d*float64(n))
		if o.Now-w.week < recentWeeks {
			r.recent = max(r.recent, n)
		}
		r.ill[w.week] = illness{n, w.ill}
		votes, flows = votes+d*float64(n), flows+d*float64(w.flows)
		r.week.add(w, d)
	}
	if votes > 0 {
		scale = r.weight / votes
	}
	if flows > 0 {
		flowScale = r.weight / flows
	}
	for f := range r.folds {
		r.folds[f] *= scale
	}
	return scale, flowScale
}

func (s *sums) add(w *week, d float64) {
	s.days, s.used, s.fresh = s.days+d*float64(w.days), s.used+d*float64(w.used), s.fresh+d*float64(w.fresh)
	for h, n := range w.hours {
		s.hours[h] += d * float64(n)
		s.hoursAll += d * float64(n)
	}
	for b, n := range w.up {
		s.ups[b] += d * float64(n)
		s.upAll += d * float64(n)
	}
}

func (r *reading) readRow(key uint64, w *row, o Options, scale, flowScale float64) (entry, bool) {
	e := entry{key: key, flags: w.flags}
	var flows float64
	for i := range w.cells {
		c := &w.cells[i]
		if c.week > o.Now {
			continue
		}
		d := decay(o.Now, c.week)
		for f, v := range c.votes {
			e.folds[f] += scale * d * float64(v) / Vote
		}
		flows += flowScale * d * float64(c.flows)
		e.homes = max(e.homes, c.homes)
		if c.homes > 0 {
			e.last = c.week
		}
	}
	for _, v := range e.folds {
		e.votes += v
	}
	if o.FlowVotes {
		e.votes = flows
	}
	e.seen = r.evidence(w, o)
	return e, e.votes > 0 || e.seen.Homes > 0
}

// evidence is what an endpoint's standing is judged by.
func (r *reading) evidence(w *row, o Options) Evidence {
	e, now := Evidence{Of: r.recent, Flags: w.flags, League: o.league()}, o.Now
	var nets uint64
	var since, last uint32
	var first, most, latest *cell
	held := false
	for i := range w.cells {
		c := &w.cells[i]
		if c.week > now {
			break
		}
		if first == nil {
			first = c
		}
		if shared(c.homes, r.ill[c.week].homes, e.League) {
			if !held || c.week-last > recentWeeks { // after a longer gap it begins anew
				since = c.week
			}
			held, last = true, c.week
		}
		if now-c.week >= recentWeeks {
			continue
		}
		nets |= c.nets
		if latest = c; most == nil || c.homes > most.homes {
			most = c
		}
	}
	if first != nil {
		e.Weeks = now - first.week
	}
	if held && now-last <= recentWeeks {
		e.Held = now - since
	}
	if latest != nil {
		e.Homes, e.FindingsUpper = most.homes, max(r.findings(most), r.findings(latest))
	}
	e.Networks = uint32(bits.OnesCount64(nets))
	return e
}

// findings is the upper bound of how much more often homes that use an endpoint have findings.
func (r *reading) findings(c *cell) float64 {
	w := r.ill[c.week]
	return enrichment(c.ill, c.homes+c.ill, w.ill, w.homes+w.ill)
}

// believe adds what a document says, as votes of so many homes.
func (r *reading) believe(p Prior) {
	u := Use{Level: p.Level, Active: 7, Ends: p.Ends}
	r.weight += float64(p.Homes)
	for _, b := range once(u.ballots(nil, new(uint64))) {
		votes := float64(p.Homes) * float64(b.votes) / Vote
		rows := r.rows[b.grain]
		i, ok := slices.BinarySearchFunc(rows, b.key, func(e entry, key uint64) int { return cmp.Compare(e.key, key) })
		if !ok {
			r.rows[b.grain] = slices.Insert(rows, i, entry{key: b.key, flags: b.flags, seen: Evidence{Of: r.recent, Flags: b.flags}})
		}
		r.rows[b.grain][i].votes += votes
	}
}

// find is the index of a key.
func (r *reading) find(g endpoint.Grain, key uint64) (int, bool) {
	return slices.BinarySearchFunc(r.rows[g], key, func(e entry, key uint64) int { return cmp.Compare(e.key, key) })
}
