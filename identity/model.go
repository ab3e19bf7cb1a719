package identity

import (
	"math"
	"slices"
)

// level of the hierarchy.
type level uint8

const (
	levelGlobal level = iota
	levelClass
	levelVendor
	levelModel
	levels
)

// chain is the places of a label in the hierarchy, the most general first: all, its class, the vendor's in that class, the model.
// A place is named by what is left of the label.
func chain(l Label) [levels]place {
	return [levels]place{
		{levelGlobal, Label{}},
		{levelClass, Label{Class: l.Class}},
		{levelVendor, Label{Class: l.Class, Vendor: l.Vendor}},
		{levelModel, l},
	}
}

type place struct {
	level level
	Label
}

// leaf is a model with the places above it, as indexes into Model.units.
type leaf struct {
	label  Label
	places [levels]int32
	tokens []leafToken // what the model shows, by hash
	margin float64     // least fit at which a device is taken for this model
	// strange is the log-odds of a token that none of its class shows; lacks what it says when nothing is there, by the way of
	// weighing and the age.
	strange float64
	lacks   [2][ages]float64
}

// leafToken is a token of a model, with the share of its units' sessions that had shown it by an age.
type leafToken struct {
	hash uint64
	clue Clue
	by   [ages]float32
}

// holding is what one place holds of a token: the sum of its units' shares, over all ages.
type holding struct {
	place int32
	sum   float32
}

// Model is what was learned: how often devices of each model show each token. It never changes after it was made.
type Model struct {
	counts *Counts
	tuned  Tuning
	leaves []leaf
	units  []float64 // of each place
	leafAt []int32   // index of the leaf that is a place, -1 for places above
	tokens map[uint64]*learned
	mean   [clueEnd]float64 // how steady a model is in a token of a clue, on average
	twins  []Twin
}

// learned is a token with the places that hold it.
type learned struct {
	steady float64 // the largest share of any model: a token that nobody is steady in says little
	at     []holding
}

// Figures of the scoring. They were chosen by leaving out days and types of public captures, see docs/identification.md;
// the weights of the families also by what survives a change of unit and firmware: names do, bytes of the stack do not.
const (
	floor       = .02 // share of a token that was never seen
	kappaGlobal = 1   // how many units' worth a place takes over from the one above it
	kappa       = .15
	absent      = .3 // how much a token counts that is missing, beside one that is there
)

// weights of the families in the score of a model against another.
var weights = [families]float64{
	famAddress: 1, famCalls: 1, famDHCP: .5, famAsks: .5, famAnnounces: .5, famAgent: .5, famPorts: .3, famStack: .2,
}

// newModel makes a model of counts, which it keeps: they must not change any more.
func newModel(c *Counts, t Tuning) *Model {
	m := &Model{counts: c, tuned: t, tokens: map[uint64]*learned{}}
	index := map[place]int32{}
	for _, l := range c.Labels() {
		f, tally := leaf{label: l, margin: t.marginOf(l)}, c.models[l]
		for i, p := range chain(l) {
			k, ok := index[p]
			if !ok {
				k = int32(len(m.units))
				index[p] = k
				m.units = append(m.units, 0)
			}
			m.units[k] += tally.units.float()
			f.places[i] = k
		}
		m.fill(&f, tally)
		m.leaves = append(m.leaves, f)
	}
	m.average()
	m.prepare()
	return m
}

// fill takes over a model's tokens.
func (m *Model) fill(f *leaf, t *tally) {
	for h, k := range t.tokens {
		lt := leafToken{hash: h, clue: k.clue}
		for a := range ages {
			lt.by[a] = float32(min(1, k.by[a].float()/t.units.float()))
		}
		f.tokens = append(f.tokens, lt)
		l := m.tokens[h]
		if l == nil {
			l = &learned{}
			m.tokens[h] = l
		}
		l.steady = max(l.steady, float64(lt.by[ages-1]))
		for _, p := range f.places {
			l.add(p, float32(k.by[ages-1].float()))
		}
	}
	slices.SortFunc(f.tokens, func(a, b leafToken) int { return compareHashes(a.hash, b.hash) })
}

func compareHashes(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l *learned) add(p int32, sum float32) {
	for i := range l.at {
		if l.at[i].place == p {
			l.at[i].sum += sum
			return
		}
	}
	l.at = append(l.at, holding{p, sum})
}

// average works out how steady models are in the tokens of each clue.
func (m *Model) average() {
	var n [clueEnd]float64
	for i := range m.leaves {
		for _, t := range m.leaves[i].tokens {
			p := float64(t.by[ages-1])
			m.mean[t.clue] += p * p
			n[t.clue] += p
		}
	}
	for c := range m.mean {
		m.mean[c] = (m.mean[c] + .5) / (n[c] + 1)
	}
}

// Labels lists the models that were learned, in order.
func (m *Model) Labels() []Label { return m.counts.Labels() }

// sums is what each place holds of one token, for the token being scored.
type sums struct {
	at []float32
	l  *learned
}

func (s *sums) set(l *learned) {
	if s.l != nil {
		for _, h := range s.l.at {
			s.at[h.place] = 0
		}
	}
	s.l = l
	if l != nil {
		for _, h := range l.at {
			s.at[h.place] = h.sum
		}
	}
}

// share is the probability that a device of a leaf shows the token, from the most general place down:
// (h + κ·parent's) / (N + κ) at each, and the most general one's for comparison.
func (m *Model) share(f *leaf, s *sums) (p, global float64) {
	p = floor
	k := float64(kappaGlobal)
	for i, at := range f.places {
		p = (float64(s.at[at]) + k*p) / (m.units[at] + k)
		if i == 0 {
			global, k = p, kappa
		}
	}
	return p, global
}

// scores are log-odds of each leaf against a device in general, for what a session shows and what it lacks. Each token adds
// its own term, whatever the others are: so more evidence for a model never lowers its rank.
func (m *Model) scores(s Session) []float64 { return m.scoresOf(s, 0) }

// scoresOf are the scores by one of the ways to weigh families.
func (m *Model) scoresOf(s Session, way int) []float64 {
	out := make([]float64, len(m.leaves))
	age := min(s.Age, ages-1)
	for i := range m.leaves {
		out[i] = m.leaves[i].lacks[way][age]
	}
	at := sums{at: make([]float32, len(m.units))}
	for _, t := range s.Tokens {
		l := m.tokens[t.Hash]
		if l == nil {
			continue // nobody shows it: it tells no leaf from another
		}
		at.set(l)
		w := ways[way][t.Clue.info().fam] * math.Sqrt(l.steady)
		for i := range m.leaves {
			f := &m.leaves[i]
			if at.at[f.places[levelClass]] == 0 { // none of its class shows it
				out[i] += w * f.strange
				continue
			}
			p, global := m.share(f, &at)
			out[i] += w * math.Log(p/global)
		}
		for _, h := range l.at {
			if f := m.leafAt[h.place]; f >= 0 {
				m.found(&m.leaves[f], t.Hash, way, age, &out[f])
			}
		}
	}
	return out
}

// ways to weigh the families: everything, and only what a device says of itself.
var ways = [2]*[families]float64{&weights, &saysWeights}

// found takes back what a leaf's score lacks for a token that is there.
func (m *Model) found(f *leaf, hash uint64, way int, age uint8, score *float64) {
	if i, ok := slices.BinarySearchFunc(f.tokens, hash, func(t leafToken, h uint64) int { return compareHashes(t.hash, h) }); ok {
		*score -= m.lack(f, &f.tokens[i], way, age)
	}
}

// lack is what it says that a model should have shown a token by now and has not.
func (m *Model) lack(f *leaf, t *leafToken, way int, age uint8) float64 {
	w := ways[way][t.clue.info().fam]
	if w == 0 {
		return 0
	}
	n := m.units[f.places[levelModel]]
	p := float64(t.by[age]) * n / (n + kappa)
	return absent * w * math.Sqrt(m.tokens[t.hash].steady) * math.Log(1-min(p, .98))
}

// prepare works out what does not depend on the session.
func (m *Model) prepare() {
	m.leafAt = make([]int32, len(m.units))
	for i := range m.leafAt {
		m.leafAt[i] = -1
	}
	for i := range m.leaves {
		f := &m.leaves[i]
		m.leafAt[f.places[levelModel]] = int32(i)
		for _, p := range f.places[levelClass:] {
			f.strange += math.Log(kappa / (m.units[p] + kappa))
		}
		for k := range f.tokens {
			for way := range ways {
				for a := range uint8(ages) {
					f.lacks[way][a] += m.lack(f, &f.tokens[k], way, a)
				}
			}
		}
	}
}
