package same

import (
	"cmp"
	"math"
	"slices"

	"cardea/home"
)

// comparison is what speaks for and against two faces being one device.
type comparison struct {
	score  float64 // log odds
	unique bool    // something agrees that few share
	hidden float64 // of what neighbours do not see
	parts  []part
}

type part struct {
	clue  Clue
	worth float64
}

// Before anything is known: how likely an address is one of a device that is known by another one. Addresses from a maker's range
// stay as they are as a rule; two of them are two interfaces at best.
const (
	priorRandom = -3.0 // both are random
	priorOne    = -4.0
	priorFixed  = -9.0
	priorTwins  = -18.0 // both from one range: two things of one maker agree in everything
)

func prior(a, b *face) float64 {
	switch {
	case a.mac.IsLocal() && b.mac.IsLocal():
		return priorRandom
	case a.mac.IsLocal() || b.mac.IsLocal():
		return priorOne
	case [3]byte(a.mac[:3]) == [3]byte(b.mac[:3]):
		return priorTwins
	}
	return priorFixed
}

// compare weighs two faces. It is symmetric.
func (l *Linker) compare(a, b *face, p *popular) comparison {
	c := comparison{score: prior(a, b)}
	for _, clue := range []Clue{ClientID, OwnID, Interface, Habits, Stack, Hello} {
		shared, differs := l.shared(a, b, clue)
		switch {
		case shared:
			c.add(clue, clues[clue].same)
		case differs:
			c.add(clue, clues[clue].differ)
		}
	}
	thing := a.class != "" && !a.personal || b.class != "" && !b.personal
	l.names(a, b, thing, &c)
	questions(a, b, thing, p, &c)
	if a.class != "" && b.class != "" {
		if a.class == b.class {
			c.add(Kind, clues[Kind].same)
		} else {
			c.add(Kind, clues[Kind].differ)
		}
	}
	slices.SortStableFunc(c.parts, func(x, y part) int { return cmp.Compare(y.worth, x.worth) })
	return c
}

func (c *comparison) add(clue Clue, worth float64) {
	if worth == 0 {
		return
	}
	c.score += worth
	if worth > 0 && clues[clue].unique {
		c.unique = true
	}
	if worth > 0 && clues[clue].hidden {
		c.hidden += worth
	}
	c.parts = append(c.parts, part{clue, worth})
}

// against says whether anything disagrees.
func (c *comparison) against() bool {
	return slices.ContainsFunc(c.parts, func(p part) bool { return p.worth < 0 })
}

// why gives the reasons, the strongest first.
func (c *comparison) why() (list []string) {
	for _, p := range c.parts {
		if p.worth > 0 && clues[p.clue].agrees != "" && len(list) < 5 {
			list = append(list, clues[p.clue].agrees)
		}
	}
	return list
}

// confidence is the score as a probability; nobody is ever certain.
func (c *comparison) confidence() float64 { return min(1/(1+math.Exp(-c.score)), 0.99) }

// shared says whether two faces have a value of a clue in common that not everybody has, and whether both have values but none
// in common.
func (l *Linker) shared(a, b *face, clue Clue) (shared, differs bool) {
	mine, theirs, common := 0, 0, false
	b.each(clue, func(mark) { theirs++ })
	a.each(clue, func(m mark) {
		mine++
		if !slices.ContainsFunc(b.marks, func(n mark) bool { return n.key() == m.key() }) {
			return
		}
		if l.common[m.value] {
			common = true
		} else {
			shared = true
		}
	})
	return shared, !shared && !common && mine > 0 && theirs > 0
}

// names weighs what both call themselves: the most telling name that agrees, unless each has another one that the other has not;
// then what agrees is the name of a service. What a thing is called is often its maker's choice, and its twin's name as well.
func (l *Linker) names(a, b *face, thing bool, c *comparison) {
	best, common := Clue(0), false
	mine, otherMine := Clue(0), false
	for _, m := range a.marks {
		if !m.clue.name() {
			continue
		}
		mine = tellsMore(mine, m.clue)
		i := slices.IndexFunc(b.marks, func(n mark) bool { return n.clue.name() && n.value == m.value })
		switch {
		case i < 0:
			otherMine = otherMine || m.clue != Plain
		case l.common[m.value]:
			common = true
		default:
			best = tellsMore(best, tellsMore(m.clue, b.marks[i].clue))
		}
	}
	theirs, otherTheirs := Clue(0), false
	for _, m := range b.marks {
		if m.clue.name() {
			theirs = tellsMore(theirs, m.clue)
			have := slices.ContainsFunc(a.marks, func(n mark) bool { return n.clue.name() && n.value == m.value })
			otherTheirs = otherTheirs || !have && m.clue != Plain
		}
	}
	switch {
	case mine == 0 || theirs == 0:
	case best != 0 && (best == Serial || !otherMine || !otherTheirs):
		worth := clues[best].same
		if thing && best == Named {
			worth = 1.5
		}
		c.add(best, worth)
	case best != 0 || !common:
		both := max(mine, theirs) // the less telling of the two
		c.add(both, clues[both].differ)
	}
}

// tellsMore is the more telling of two kinds of name; 0 is none.
func tellsMore(a, b Clue) Clue {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// leastAsked names must be known of both, or the set tells nothing.
const leastAsked = 4

// questions weighs the names that both asked for: each that few others ask for speaks for one device, each that only the one with
// fewer asked for speaks against it. Things of one model ask for the same names, people do not.
func questions(a, b *face, thing bool, p *popular, c *comparison) {
	if len(a.asked) > len(b.asked) {
		a, b = b, a
	}
	if len(a.asked) < leastAsked {
		return
	}
	highest := uint32(math.MaxUint32)
	if len(b.asked) >= sketch {
		highest = b.asked[len(b.asked)-1]
	}
	worth, known := 0.0, 0
	for _, h := range a.asked {
		if h > highest {
			break // the other may have asked for it: it keeps the lowest only
		}
		known++
		if _, ok := slices.BinarySearch(b.asked, h); ok {
			worth += p.rarity(h)
		} else {
			worth -= 0.8
		}
	}
	if known < leastAsked-1 {
		return
	}
	top := clues[Asked].same
	switch {
	case thing:
		top = 1
	case !a.personal || !b.personal:
		top = 2
	}
	c.add(Asked, max(clues[Asked].differ, min(top, worth)))
}

// popular counts by how many devices a name was asked for, and the devices that asked for enough.
type popular struct {
	names   map[uint32]int
	devices int
}

func (l *Linker) popular() *popular {
	type asked struct {
		id   home.DeviceID
		name uint32
	}
	p, seen, devices := &popular{names: map[uint32]int{}}, map[asked]bool{}, map[home.DeviceID]bool{}
	for _, f := range l.faces {
		if len(f.asked) < leastAsked {
			continue
		}
		devices[f.id] = true
		for _, h := range f.asked {
			if k := (asked{f.id, h}); !seen[k] {
				seen[k] = true
				p.names[h]++
			}
		}
	}
	p.devices = len(devices)
	return p
}

// rarity is what it says that two devices asked for a name, by how many others did.
func (p *popular) rarity(h uint32) float64 {
	others, asked := max(0, p.devices-2), max(0, p.names[h]-2)
	return min(1.2, math.Log(float64(others+2)/float64(asked+1)))
}
