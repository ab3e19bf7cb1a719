package intel

// tally collects everything that matches one name or address and says at the end what to tell: the most specific
// listing that no exception excuses; of equally specific ones the worst.
type tally struct {
	found   [5]Match // by severity, the most specific
	rank    [5]int
	excused uint8
}

func (t *tally) add(m Match, rank int) {
	if m.Class.Allow {
		t.excused |= excuse(m.Class.Class)
		return
	}
	i := severity(m.Class.Class)
	if old := t.found[i].Class; old == nil || rank > t.rank[i] || rank == t.rank[i] && better(m.Class, old) {
		t.found[i], t.rank[i] = m, rank
	}
}

func (t *tally) result() (Match, bool) {
	best := -1
	for i := range t.found {
		if c := t.found[i].Class; c == nil || t.excused&excuse(c.Class) != 0 {
			continue
		}
		if best < 0 || t.rank[i] >= t.rank[best] {
			best = i
		}
	}
	if best < 0 {
		return Match{}, false
	}
	return t.found[best], true
}
