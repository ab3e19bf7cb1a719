package identity

import (
	"cmp"
	"slices"

	"cardea/home"
)

// Session is what one device showed while it was watched once: a capture, a day, or all that a home knows of it.
type Session struct {
	Tokens []Shown
	Age    uint8  // how long it was watched, as Shown.Age
	Day    uint16 // days since the epoch; sessions of one day are left out together when a model is tried
}

// Shown is a token with how old the device's watch was when it was first shown: 0 up to 5 s, 1 up to 30 s, 2 up to 5 minutes,
// 3 longer.
type Shown struct {
	Token
	Age uint8
}

// Unit is one home's one device, or one laboratory's one device. It has one vote, however many sessions it has.
type Unit struct {
	Home     string // whose device it is
	Label    Label
	Sessions []Session
}

// share is part of a unit's vote, in units of 2⁻²⁰: sums of them do not depend on their order.
type share uint64

const wholeVote share = 1 << 20

func (s share) float() float64 { return float64(s) / float64(wholeVote) }

// tally is what was counted of one model.
type tally struct {
	units  share
	tokens map[uint64]*count
}

// count of one token: by the age up to which it was shown.
type count struct {
	clue Clue
	by   [ages]share // cumulative
}

// Counts is what a Model is made of. Counts of disjoint homes merge by addition, in any order.
type Counts struct {
	models map[Label]*tally
}

// NewCounts makes empty counts.
func NewCounts() *Counts { return &Counts{models: map[Label]*tally{}} }

// Add counts a unit, as one whole vote. A unit whose label has no model is not counted.
func (c *Counts) Add(u Unit) {
	if u.Label.Model == "" || len(u.Sessions) == 0 {
		return
	}
	each := map[Token]*[ages]int{}
	for _, s := range u.Sessions {
		for _, t := range s.Tokens {
			n := each[t.Token]
			if n == nil {
				n = new([ages]int)
				each[t.Token] = n
			}
			for a := min(t.Age, ages-1); a < ages; a++ {
				n[a]++
			}
		}
	}
	t := c.at(u.Label)
	t.units += wholeVote
	for token, n := range each {
		k := t.token(token.Hash, token.Clue)
		for a := range ages {
			k.by[a] += min(share(n[a]), share(len(u.Sessions))) * wholeVote / share(len(u.Sessions))
		}
	}
}

func (t *tally) token(hash uint64, c Clue) *count {
	k := t.tokens[hash]
	if k == nil {
		k = &count{clue: c}
		t.tokens[hash] = k
	}
	return k
}

func (c *Counts) at(l Label) *tally {
	t := c.models[l]
	if t == nil {
		t = &tally{tokens: map[uint64]*count{}}
		c.models[l] = t
	}
	return t
}

// Merge adds the counts of other homes.
func (c *Counts) Merge(from *Counts) {
	for l, t := range from.models {
		into := c.at(l)
		into.units += t.units
		for h, k := range t.tokens {
			to := into.token(h, k.clue)
			for a := range ages {
				to.by[a] += k.by[a]
			}
		}
	}
}

// Labels lists the models that were counted, in order.
func (c *Counts) Labels() []Label {
	out := make([]Label, 0, len(c.models))
	for l := range c.models {
		out = append(out, l)
	}
	slices.SortFunc(out, compareLabels)
	return out
}

func compareLabels(a, b Label) int {
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Model, b.Model))
}

// classOf is a class as it may be learned: what only people may say is never learned from behaviour.
func classOf(c home.DeviceClass) home.DeviceClass {
	if c.SetByPeople() {
		return ""
	}
	return c
}
