package profile

// Only is what a set says of some levels and of those above them: it takes that much memory. Of any other level it knows no more than of its
// nearest parent that is kept. What it holds is not the canonical form, and is not marshalled.
func (s *Set) Only(levels ...Level) *Set {
	if s == nil {
		return nil
	}
	keep := map[*Profile]bool{s.by[Level{}]: true}
	for _, l := range levels {
		for ok := true; ok; l, ok = l.Parent() {
			if p := s.by[l]; p != nil {
				keep[p] = true
			}
		}
	}
	out := &Set{version: s.version, few: s.few, salt: s.salt, by: make(map[Level]*Profile, len(keep))}
	for _, p := range s.levels { // parents come before
		if !keep[p] {
			continue
		}
		q := *p
		q.set = out
		if p.parent != nil {
			q.parent = out.by[p.parent.level]
		}
		out.levels = append(out.levels, &q)
		out.by[q.level] = &q
	}
	return out
}
