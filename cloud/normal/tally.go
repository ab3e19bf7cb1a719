package normal

import (
	"maps"
	"math"
	"slices"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/wire"
)

// tally is what is counted of homes. Two that counted different homes merge to what one would have counted of all.
type tally struct {
	now      time.Time
	before   map[profile.Level]int // homes of each model when they were counted last: how large the sample of them is
	troubled func(home.Place) bool

	counts    *profile.Counts
	sketches  map[profile.Level]*calibrate.Sketch
	models    map[profile.Level]*model
	adoptions map[profile.Level]*adoption
	ill       map[uint64]bool // homes with hard evidence: their days calibrate nothing
	homes     int
	teach     int
	heard     int  // endpoints since it was looked at how many are kept
	full      bool // of models that many homes have: no further ones are counted

	device record.Device // what is being read
	scores record.Scores
}

// model is what is counted of a model beside its profile, for people to see.
type model struct {
	homes   map[string]int // that have it, by tenant
	votes   int            // homes that voted
	ends    map[uint64]*end
	wrong   map[Wrong]int // homes where people said so
	dropped int           // endpoints of single homes that there was no room for
}

// end is an endpoint of a model.
type end struct {
	chain endpoint.Chain
	homes int    // that used it in the last four weeks
	since uint32 // week
	last  uint64 // home that was counted last
}

const (
	maxModels      = 20_000
	maxTold        = 4000 // endpoints of a model; those of single homes give way
	maxWrong       = 1000
	allCalibrators = 100_000 // homes, summed over the models
	lagDays        = 30      // calibration lags so much: what is found meanwhile leaves it
	warmDays       = 8       // a device's first days calibrate nothing: the longest sum runs over a week, and those before it is full are too mild
	recent         = 4       // weeks
)

func newTally(now time.Time, before map[profile.Level]int, troubled func(home.Place) bool) *tally {
	return &tally{now: now, before: before, troubled: troubled, counts: profile.NewCounts(), sketches: map[profile.Level]*calibrate.Sketch{},
		models: map[profile.Level]*model{}, adoptions: map[profile.Level]*adoption{}, ill: map[uint64]bool{}}
}

// add counts a home.
func (t *tally) add(h *aHome) error {
	t.homes++
	id := number(h.place)
	if slices.ContainsFunc(h.found, func(f aFinding) bool { return f.hard && !f.dismissed }) {
		t.ill[id] = true
	}
	of := map[profile.Level]bool{}
	for _, l := range h.levels {
		of[l] = true
	}
	for l := range of {
		if m := t.model(l); m != nil {
			m.homes[h.place.Tenant]++
		}
	}
	t.feedback(h)
	if t.now.Sub(h.since) < MinAge {
		return nil
	}
	if err := t.calibrate(h, id); err != nil {
		return err
	}
	return t.vote(h, id, t.troubled(h.place))
}

// feedback counts what people said was no trouble.
func (t *tally) feedback(h *aHome) {
	type of struct {
		l profile.Level
		w Wrong
	}
	once := map[of]bool{}
	for _, f := range h.found {
		l, ok := h.levels[f.device]
		if !ok || !f.dismissed {
			continue
		}
		for _, e := range parseTargets(f.ends) {
			once[of{l, Wrong{Detector: f.detector, Endpoint: e.hash()}}] = true
		}
		once[of{l, Wrong{Detector: f.detector}}] = true
	}
	for o := range once {
		if m := t.model(o.l); m != nil && len(m.wrong) < maxWrong {
			m.wrong[o.w]++
		}
	}
}

func (t *tally) model(l profile.Level) *model {
	m := t.models[l]
	if m == nil {
		if len(t.models) >= maxModels && !t.full {
			t.thinModels()
		}
		if len(t.models) >= maxModels {
			return nil
		}
		m = &model{homes: map[string]int{}, ends: map[uint64]*end{}, wrong: map[Wrong]int{}}
		t.models[l] = m
	}
	return m
}

// sampled says whether a home is of the fair sample of those that have a model. It is the same sample each time while their
// number is, and nobody can choose to be in it: homes do not choose their ids.
func (t *tally) sampled(l profile.Level, id uint64, most int) bool {
	n := t.before[l]
	return n <= most || mix(id^hashOf(l.String()))%uint64(n) < uint64(most)
}

// calibrators is how many homes of each model calibrate it: all models together have to fit into memory.
func (t *tally) calibrators() int {
	return min(max(allCalibrators/max(len(t.before), 1), 100), MaxVotes)
}

// calibrate keeps how unusual the days of its devices were, long enough ago.
func (t *tally) calibrate(h *aHome, id uint64) error {
	until := uint16(max(t.now.Unix()/86400-lagDays, 0))
	for i := range h.devices {
		d := &h.devices[i]
		l, ok := h.levels[d.id]
		if !ok || d.days == nil || t.models[l] == nil || !t.sampled(l, id, t.calibrators()) {
			continue
		}
		scores, err := record.ParseScores(d.days, t.scores)
		if err != nil {
			return err
		}
		t.scores = scores
		s := t.sketches[l]
		if s == nil {
			s = calibrate.NewSketch(0)
			t.sketches[l] = s
		}
		for _, one := range scores {
			if one.Day > until || !one.Known || one.Day < scores[0].Day+warmDays {
				continue
			}
			x := calibrate.Sample{Home: id, Day: uint32(one.Day)}
			copy(x.Max[:], one.Max[:])
			if x.Max[calibrate.Combined] == 0 { // nothing was put together that day: there were no tables yet, or nothing spoke
				x.Max[calibrate.Combined] = calibrate.Unscored
			}
			s.Add(&x)
		}
	}
	return nil
}

// vote has the home's devices vote, a week at a time. Those of a home with an open incident, and those of a model of which something
// was found in the home not long ago, teach nothing: what they use is held against that.
func (t *tally) vote(h *aHome, id uint64, troubled bool) error {
	uses := map[uint32][]*profile.Use{}
	voted := map[profile.Level]bool{}
	last := wire.Week(t.now) - 1 // the present week is not over
	ill := map[profile.Level]bool{}
	for _, f := range h.found {
		if l, ok := h.levels[f.device]; ok && !f.dismissed && f.late {
			ill[l] = true
		}
	}
	for i := range h.devices {
		d := &h.devices[i]
		l, ok := h.levels[d.id]
		if !ok || d.data == nil || l.Class.Personal() || !t.sampled(l, id, MaxVotes) || t.models[l] == nil || t.models[l].votes >= 2*MaxVotes {
			continue
		}
		if err := t.device.Parse(d.data); err != nil {
			return err
		}
		m := t.model(l)
		if !troubled && !ill[l] {
			voted[l] = true
		} else {
			m = nil // nor is it told to people as what the model does
		}
		t.device.Each(func(w *record.Week) {
			if w.Number == last+1 {
				t.adopt(h, id, l, w, troubled || ill[l])
			}
			if w.Number > last || w.Number+record.Weeks <= last {
				return
			}
			u := &profile.Use{Level: l, Week: w.Number, Home: id, Network: network(h.network), Active: w.Active, First: w.First, Finding: troubled || ill[l], Hours: w.Hours,
				Fresh: w.Fresh}
			for _, up := range w.Up {
				u.Up = append(u.Up, uint64(record.Bytes(up)))
			}
			for i := range w.Ends {
				e := &w.Ends[i]
				u.Ends = append(u.Ends, profile.End{Chain: e.Chain, Days: e.Days})
				if t.heard++; m != nil && w.Number+recent > last {
					m.tell(e, id)
				}
			}
			uses[w.Number] = append(uses[w.Number], u)
		})
	}
	t.thinEnds()
	if len(voted) > 0 {
		t.teach++
	}
	for l := range voted {
		if m := t.models[l]; m != nil {
			m.votes++
		}
	}
	for _, w := range slices.Sorted(maps.Keys(uses)) {
		t.counts.Add(uses[w]...)
	}
	return nil
}

// tell counts an endpoint of a home, once.
func (m *model) tell(u *record.Used, id uint64) {
	e := m.ends[u.Chain.Keys[endpoint.Host]]
	if e == nil {
		if len(m.ends) >= maxTold {
			m.thin()
		}
		e = &end{chain: u.Chain, since: u.Since}
		m.ends[u.Chain.Keys[endpoint.Host]] = e
	}
	e.since = min(e.since, u.Since)
	if e.homes == 0 || e.last != id {
		e.homes, e.last = e.homes+1, id
	}
}

// thin forgets endpoints of the fewest homes (lossy counting, Manku and Motwani 2002): those that many use come back, and are
// short of those few.
func (m *model) thin() {
	for few := 1; len(m.ends) >= maxTold; few *= 2 {
		m.drop(few)
	}
}

// merge adds what another counted of other homes.
func (t *tally) merge(o *tally) error {
	t.homes, t.teach = t.homes+o.homes, t.teach+o.teach
	t.counts.Merge(o.counts)
	maps.Copy(t.ill, o.ill)
	t.mergeAdoptions(o)
	for l, s := range o.sketches {
		if t.sketches[l] == nil {
			t.sketches[l] = s
		} else if err := t.sketches[l].Merge(s); err != nil {
			return err
		}
	}
	for l, m := range o.models {
		mine := t.model(l)
		if mine == nil {
			continue
		}
		mine.votes, mine.dropped = mine.votes+m.votes, mine.dropped+m.dropped
		for tenant, n := range m.homes {
			mine.homes[tenant] += n
		}
		for w, n := range m.wrong {
			mine.wrong[w] += n
		}
		for k, e := range m.ends {
			if have := mine.ends[k]; have != nil {
				have.homes, have.since = have.homes+e.homes, min(have.since, e.since)
			} else {
				mine.ends[k] = e
			}
		}
	}
	return nil
}

// tables are the calibration of each level: of a model by its own homes, of what is above it by the models' in their own units.
func (t *tally) tables() (map[profile.Level]*calibrate.Tables, error) {
	o := calibrate.Options{Except: func(id uint64) bool { return t.ill[id] }}
	above := map[profile.Level][]*calibrate.Sketch{}
	out := map[profile.Level]*calibrate.Tables{}
	for _, l := range slices.SortedFunc(maps.Keys(t.sketches), byLevel) {
		s := t.sketches[l]
		out[l] = s.Build(o)
		for up, ok := l.Parent(); ok; up, ok = up.Parent() {
			above[up] = append(above[up], s)
		}
	}
	for l, list := range above {
		if own := t.sketches[l]; own != nil { // devices of which no more is known
			list = append(list, own)
		}
		if len(list) == 1 { // nothing to bring into one scale
			out[l] = list[0].Build(o)
			continue
		}
		pooled, err := calibrate.Pooled(o, list...)
		if err != nil {
			return nil, err
		}
		out[l] = pooled
	}
	final := make(map[profile.Level]*calibrate.Tables, len(out))
	for l, own := range out {
		chain := []*calibrate.Tables{own}
		for up, ok := l.Parent(); ok; up, ok = up.Parent() {
			if t := out[up]; t != nil {
				chain = append(chain, t)
			}
		}
		final[l] = lent(chain).Told()
	}
	return final, nil
}

// lent has levels above lend their days to one that has too few of its own for the smallest share of the alert budget; where even all
// have too few, for a larger share.
func lent(chain []*calibrate.Tables) *calibrate.Tables {
	budget := calibrate.BudgetP(calibrate.PerHomeQuarter, calibrate.Devices)
	for _, share := range []float64{8, 6, 4} {
		if t := calibrate.PoolFor(budget/share, chain...); t != nil {
			return t
		}
	}
	return calibrate.Pool(chain...)
}

// qualify judges endpoints as a fleet's default does, with as many homes in league as may be among those that voted for the level: of a
// model that very many homes have only a sample votes.
func (t *tally) qualify() func(profile.Level, profile.Evidence) profile.Standing {
	all, voted := map[profile.Level]int{}, map[profile.Level]int{}
	for l, m := range t.models {
		homes := 0
		for _, n := range m.homes {
			homes += n
		}
		for at, ok := l, true; ok; at, ok = at.Parent() {
			all[at] += homes
			voted[at] += min(m.votes, homes)
		}
	}
	league := profile.LeagueOf(uint32(t.homes))
	return func(l profile.Level, e profile.Evidence) profile.Standing {
		e.League = league
		if n := all[l]; n > 0 {
			e.League = uint32(math.Ceil(float64(league) * float64(voted[l]) / float64(n)))
		}
		return profile.DefaultQualify(l, e)
	}
}
