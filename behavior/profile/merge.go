package profile

import (
	"cmp"
	"slices"

	"cardea/behavior/endpoint"
)

// Merge adds what others counted of other homes. o is not changed and shares nothing with c afterwards.
func (c *Counts) Merge(o *Counts) {
	c.shed = add64(c.shed, o.shed)
	for l, ot := range o.levels {
		t := c.tally(l)
		if t == nil {
			continue
		}
		c.makeRoom(t)
		for i := range ot.weeks {
			if w := t.week(ot.weeks[i].week); w != nil {
				w.add(&ot.weeks[i])
			} else {
				c.shed = add64(c.shed, 1)
			}
		}
		for g := range ot.rows {
			for key, or := range ot.rows[g] {
				c.mergeRow(t, endpoint.Grain(g), key, or)
			}
		}
	}
}

func (c *Counts) mergeRow(t *tally, g endpoint.Grain, key uint64, or *row) {
	r := c.rowOf(t, g, key)
	if r == nil {
		c.shed = add64(c.shed, 1)
		return
	}
	r.flag(or.flags)
	n := r.size()
	defer func() { c.cells += r.size() - n }()
	for i := range or.cells {
		if e := r.cell(or.cells[i].week); e != nil {
			e.add(&or.cells[i])
		} else {
			c.shed = add64(c.shed, 1)
		}
	}
}

func (w *week) add(o *week) {
	for i := range w.homes {
		w.homes[i] = add32(w.homes[i], o.homes[i])
	}
	for i := range w.hours {
		w.hours[i] = add32(w.hours[i], o.hours[i])
	}
	for i := range w.up {
		w.up[i] = add32(w.up[i], o.up[i])
	}
	w.ill, w.flows = add32(w.ill, o.ill), add64(w.flows, o.flows)
	w.days, w.used, w.fresh = add64(w.days, o.days), add64(w.used, o.used), add64(w.fresh, o.fresh)
}

func (e *cell) add(o *cell) {
	for i := range e.votes {
		e.votes[i] = add32(e.votes[i], o.votes[i])
	}
	e.homes, e.ill, e.nets, e.flows = add32(e.homes, o.homes), add32(e.ill, o.ill), e.nets|o.nets, add64(e.flows, o.flows)
}

// tally finds or makes a level's; nil when there are too many.
func (c *Counts) tally(l Level) *tally {
	t := c.levels[l]
	if t == nil {
		if len(c.levels) >= MaxLevels && !c.crowded {
			c.thinLevels()
		}
		if len(c.levels) >= MaxLevels {
			c.shed = add64(c.shed, 1)
			return nil
		}
		t = &tally{}
		c.levels[l] = t
	}
	return t
}

func (t *tally) week(n uint32) *week {
	i, ok := slices.BinarySearchFunc(t.weeks, n, func(w week, n uint32) int { return cmp.Compare(w.week, n) })
	if !ok {
		if len(t.weeks) >= MaxWeeks {
			return nil
		}
		t.weeks = slices.Insert(t.weeks, i, week{week: n})
	}
	return &t.weeks[i]
}

func (t *tally) row(g endpoint.Grain, key uint64) *row {
	r := t.rows[g][key]
	if r == nil {
		if len(t.rows[g]) >= MaxRows {
			return nil
		}
		if t.rows[g] == nil {
			t.rows[g] = map[uint64]*row{}
		}
		r = &row{}
		t.rows[g][key] = r
	}
	return r
}

func (r *row) cell(n uint32) *cell {
	if last := len(r.cells) - 1; last >= 0 && r.cells[last].week == n {
		return &r.cells[last]
	}
	i, ok := slices.BinarySearchFunc(r.cells, n, func(e cell, n uint32) int { return cmp.Compare(e.week, n) })
	if !ok {
		if len(r.cells) >= MaxWeeks {
			return nil
		}
		r.cells = slices.Insert(r.cells, i, cell{week: n})
	}
	return &r.cells[i]
}
