package profile

import "cardea/behavior/endpoint"

// One home may tell of so many endpoints that nobody else uses, of so many models that nobody else has, that some dozens of homes would
// fill a machine's memory, and a few would leave no room at a coarse level for what all use. So where room is short, what the fewest
// homes use is forgotten first (lossy counting, Manku and Motwani 2002). What counts for anybody is used by MinHomes; what is forgotten
// is in Shed. The order in which homes were counted matters only then.

// size is what a row takes: itself, once it is used, and its weeks.
func (r *row) size() int {
	if len(r.cells) == 0 {
		return 0
	}
	return 1 + len(r.cells)
}

// most is in how many homes it was in a week.
func (r *row) most() (n uint32) {
	for i := range r.cells {
		n = max(n, add32(r.cells[i].homes, r.cells[i].ill))
	}
	return n
}

// makeRoom forgets what few homes use where t, or all levels together, are nearly full. Where that does not help, what many homes claim
// fills it: it is not tried again.
func (c *Counts) makeRoom(t *tally) {
	const enough = MaxRows * 3 / 4 // one home's vote is smaller than the rest
	for g := range t.rows {
		if len(t.rows[g]) <= enough || t.full[g] {
			continue
		}
		for few := uint32(1); len(t.rows[g]) > enough/2 && few < MinHomes; few *= 2 {
			c.thin(t, endpoint.Grain(g), few)
		}
		t.full[g] = len(t.rows[g]) > enough
	}
	if c.cells <= c.most || c.full {
		return
	}
	for few := uint32(1); c.cells > c.most/2 && few < MinHomes; few *= 2 {
		for _, one := range c.levels {
			for g := range one.rows {
				c.thin(one, endpoint.Grain(g), few)
			}
		}
	}
	c.full = c.cells > c.most
}

// rowOf is t.row where there is room.
func (c *Counts) rowOf(t *tally, g endpoint.Grain, key uint64) *row {
	if c.full && t.rows[g][key] == nil {
		return nil
	}
	return t.row(g, key)
}

// thin forgets what was never used by more than few homes in a week. Which rows go does not depend on their order.
func (c *Counts) thin(t *tally, g endpoint.Grain, few uint32) {
	kept := map[uint64]*row{} // a map never gives room back
	for key, r := range t.rows[g] {
		if r.most() > few {
			kept[key] = r
			continue
		}
		c.cells -= r.size()
		c.shed = add64(c.shed, 1)
	}
	t.rows[g] = kept
}

// thinLevels forgets levels that the fewest homes have.
func (c *Counts) thinLevels() {
	for few := uint32(1); len(c.levels) > MaxLevels*3/4 && few < MinHomes; few *= 2 {
		for l, t := range c.levels {
			most := uint32(0)
			for i := range t.weeks {
				most = max(most, add32(t.weeks[i].taught(), t.weeks[i].ill))
			}
			if most > few {
				continue
			}
			for g := range t.rows {
				for _, r := range t.rows[g] {
					c.cells -= r.size()
				}
			}
			delete(c.levels, l)
			c.shed = add64(c.shed, 1)
		}
	}
	c.crowded = len(c.levels) >= MaxLevels
}
