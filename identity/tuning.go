package identity

import (
	"cmp"
	"math"
	"slices"
)

// Tuning is what was fitted on sessions that were left out of learning.
type Tuning struct {
	Margin  float64           // least fit at which a device is taken for one of the models
	Margins map[Label]float64 // the same for models whose own sessions vary more
	Sharpen float64           // exponent that makes probabilities of the scores
	Slope   float64           // how fast the probability of being one of the models rises with the fit
	Center  float64           // fit at which it is one half
}

// Bounds of what may be fitted: however few sessions there are, a margin stays near what many types of device showed.
const (
	leastMargin, mostMargin = .58, .70
	ownMargin               = .46 // least margin of one model
)

// DefaultTuning serves where there is too little to fit anything on.
func DefaultTuning() Tuning { return Tuning{Margin: .64, Sharpen: .3, Slope: 14, Center: .60} }

func (t *Tuning) marginOf(l Label) float64 {
	if v, ok := t.Margins[l]; ok {
		return v
	}
	return t.Margin
}

// Twin is a model whose devices are taken for another's when it was never learned: nothing tells the two apart by itself.
type Twin struct {
	Model, Other string
	Share        float64 // of its sessions
}

// LearnOptions say how Learn works. The zero value is fit for use.
type LearnOptions struct {
	Tuning *Tuning // nil: fitted by leaving out sessions and models, where there are enough
	Most   int     // most rounds of leaving out; default 128
}

// Learn counts the units and tunes the model on what it says of sessions and models that are left out in turn.
func Learn(units []Unit, o LearnOptions) *Model {
	c := NewCounts()
	for _, u := range units {
		c.Add(u)
	}
	if o.Tuning != nil {
		return c.Model(o.Tuning)
	}
	if o.Most <= 0 {
		o.Most = 128
	}
	known := tryKnown(units, o.Most)
	unseen, twins := tryUnseen(units, o.Most)
	t := tune(known, unseen)
	m := c.Model(&t)
	m.twins = twins
	return m
}

// Model makes a model of the counts; nil means DefaultTuning. The counts may be added to afterwards.
func (c *Counts) Model(t *Tuning) *Model {
	if t == nil {
		d := DefaultTuning()
		t = &d
	}
	own := NewCounts()
	own.Merge(c)
	return newModel(own, *t)
}

// Twins are the models that were found to have one, when the model was learned here; a bundle does not carry them.
func (m *Model) Twins() []Twin { return m.twins }

// trial is a session judged by a model that had not learned it.
type trial struct {
	label  Label // what it is
	winner Label
	fit    float64
	best   []float64 // scores, the true label's first; nil when that was not learned
}

func try(m *Model, l Label, s Session) (trial, bool) {
	scores := m.scores(s)
	if len(scores) == 0 || len(s.Tokens) == 0 {
		return trial{}, false
	}
	best := argmax(scores)
	t := trial{label: l, winner: m.leaves[best].label, fit: m.fit(&m.leaves[best], s).all}
	for i := range m.leaves {
		if m.leaves[i].label == l {
			scores[0], scores[i] = scores[i], scores[0]
			t.best = scores
		}
	}
	return t, true
}

func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

// tryKnown leaves out one day of a unit, or one unit where the model has several, or a fifth of a unit's only day.
func tryKnown(units []Unit, most int) []trial {
	perLabel := map[Label]int{}
	for _, u := range units {
		perLabel[u.Label]++
	}
	var out []trial
	rounds := 0
	for i, u := range units {
		for _, part := range parts(u, perLabel[u.Label] > 1) {
			if rounds++; rounds > most {
				return out
			}
			rest := NewCounts()
			for k, v := range units {
				if k == i {
					v.Sessions = without(v.Sessions, part)
				}
				rest.Add(v)
			}
			m := newModel(rest, DefaultTuning())
			for _, p := range part {
				if t, ok := try(m, u.Label, u.Sessions[p]); ok {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// parts are the indexes of the sessions that are left out together.
func parts(u Unit, whole bool) [][]int {
	all := make([]int, len(u.Sessions))
	days := map[uint16][]int{}
	for i, s := range u.Sessions {
		all[i] = i
		days[s.Day] = append(days[s.Day], i)
	}
	switch {
	case whole:
		return [][]int{all}
	case len(days) > 1:
		var out [][]int
		for _, d := range days {
			out = append(out, d)
		}
		slices.SortFunc(out, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
		return out
	case len(all) < 2:
		return nil
	}
	out := make([][]int, min(5, len(all)))
	for i := range all {
		out[i%len(out)] = append(out[i%len(out)], i)
	}
	return out
}

func without(s []Session, part []int) []Session {
	var out []Session
	for i := range s {
		if !slices.Contains(part, i) {
			out = append(out, s[i])
		}
	}
	return out
}

// tryUnseen leaves out one model after the other and tells which ones are taken for another.
func tryUnseen(units []Unit, most int) ([]trial, []Twin) {
	all := NewCounts()
	for _, u := range units {
		all.Add(u)
	}
	labels := all.Labels()
	if len(labels) < 2 {
		return nil, nil
	}
	var out []trial
	var twins []Twin
	for _, l := range labels[:min(len(labels), most)] {
		rest := &Counts{models: map[Label]*tally{}}
		for k, t := range all.models {
			if k != l {
				rest.models[k] = t
			}
		}
		m := newModel(rest, DefaultTuning())
		taken, n := map[string]int{}, 0
		for _, u := range units {
			if u.Label != l {
				continue
			}
			for _, s := range u.Sessions {
				t, ok := try(m, l, s)
				if !ok {
					continue
				}
				out = append(out, t)
				if n++; t.fit >= mostMargin {
					taken[t.winner.Model]++
				}
			}
		}
		for other, k := range taken {
			if 2*k > n {
				twins = append(twins, Twin{l.Model, other, float64(k) / float64(n)})
			}
		}
	}
	return out, twins
}

// tune fits the figures.
func tune(known, unseen []trial) Tuning {
	t := DefaultTuning()
	if len(known) < 10 {
		return t
	}
	inside := fits(known, func(k trial) bool { return k.winner == k.label })
	typical := quantile(inside, .5)
	outside := fits(unseen, func(k trial) bool { return k.fit < typical }) // the others are twins: no margin keeps them out
	low, high := quantile(inside, .02), .5
	if len(outside) >= 10 {
		high = quantile(outside, .95)
	}
	t.Margin = low
	if high < low {
		t.Margin = high + (low-high)/2
	}
	t.Margin = round(min(max(t.Margin, leastMargin), mostMargin))
	t.Center = t.Margin - .04
	t.Margins = map[Label]float64{}
	for _, k := range known {
		if k.winner == k.label && k.fit < t.Margin+.03 {
			t.Margins[k.label] = round(max(ownMargin, min(t.marginOf(k.label), k.fit-.03)))
		}
	}
	t.Sharpen = sharpen(known)
	return t
}

// round keeps a figure short in the bundle.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func fits(trials []trial, keep func(trial) bool) []float64 {
	var out []float64
	for _, t := range trials {
		if keep(t) {
			out = append(out, t.fit)
		}
	}
	slices.Sort(out)
	return out
}

// quantile of sorted values; .5 without any.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return .5
	}
	return v[min(len(v)-1, int(q*float64(len(v))))]
}

// sharpen finds the exponent at which the probabilities of the true models are most likely.
func sharpen(known []trial) float64 {
	best, least := DefaultTuning().Sharpen, math.Inf(1)
	for _, e := range [...]float64{.05, .08, .12, .2, .3, .45, .7, 1} {
		loss := 0.
		for _, k := range known {
			if len(k.best) > 0 {
				loss -= math.Log(posterior(k.best, e)[0] + 1e-6)
			}
		}
		if loss < least {
			best, least = e, loss
		}
	}
	return best
}

// posterior makes probabilities of scores.
func posterior(scores []float64, exponent float64) []float64 {
	out := make([]float64, len(scores))
	if len(scores) == 0 {
		return out
	}
	top, sum := scores[argmax(scores)], 0.
	for i, v := range scores {
		out[i] = math.Exp(exponent * (v - top))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}
