package normal

import "cardea/behavior/profile"

// Homes can claim models that nobody else has, and endpoints that nobody else uses, so many that a few homes leave no room for what all
// have, and some dozens fill the memory. What the fewest homes claim gives way. What is told to anybody is of MinHomes.

const (
	maxEnds = 1 << 20 // endpoints that are kept of all models together, in one part
	hearing = 200_000 // endpoints between two looks at how many that are
)

// thinModels forgets models that the fewest homes have.
func (t *tally) thinModels() {
	for few := 1; len(t.models) > maxModels*3/4 && few < MinHomes; few *= 2 {
		for l, m := range t.models {
			n := 0
			for _, homes := range m.homes {
				n += homes
			}
			if n <= few {
				t.forget(l)
			}
		}
	}
	t.full = len(t.models) >= maxModels
}

func (t *tally) forget(l profile.Level) {
	delete(t.models, l)
	delete(t.sketches, l)
	delete(t.adoptions, l)
}

// thinEnds forgets endpoints that the fewest homes use, now and then.
func (t *tally) thinEnds() {
	if t.heard < hearing {
		return
	}
	t.heard = 0
	count := func() (n int) {
		for _, m := range t.models {
			n += len(m.ends)
		}
		for _, a := range t.adoptions {
			n += len(a.ends)
		}
		return n
	}
	for few := 1; few < MinHomes && count() > maxEnds; few *= 2 {
		for _, m := range t.models {
			m.drop(few)
		}
		for _, a := range t.adoptions {
			a.drop(few)
		}
	}
}

// drop forgets endpoints of so few homes.
func (m *model) drop(few int) {
	for k, e := range m.ends {
		if e.homes <= few {
			delete(m.ends, k)
			m.dropped++
		}
	}
}

// thin makes room for a new endpoint.
func (a *adoption) thin() {
	for few := 1; len(a.ends) >= maxAdopted; few *= 2 {
		a.drop(few)
	}
}

func (a *adoption) drop(few int) {
	for k, x := range a.ends {
		if len(x.homes) <= few {
			delete(a.ends, k)
		}
	}
}
