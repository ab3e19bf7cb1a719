package population

// changes draws what comes to use in the course of time.
func (w *world) changes(r *random) {
	w.league = w.c2(kindNamed, 1<<40)
	for i, port := range [2]uint16{4917, 443} {
		domain := w.word(r) + w.word(r) + ".example"
		e := end{Endpoint: named("gate."+domain, domain, port, 64510)}
		e = e.chained()
		w.sickC2[i] = &e
	}
	for _, m := range w.models {
		domain := m.level.Vendor + ".example"
		switch m.role {
		case updated:
			for range 3 {
				e := end{Endpoint: named(w.word(r)+"."+domain, domain, 443, 64496+uint32(m.index%8))}
				m.news = append(m.news, e.chained())
			}
		case adopting:
			other := w.word(r) + ".example"
			e := end{Endpoint: named("events."+other, other, 443, 64507)}
			m.news = append(m.news, e.chained())
			e = end{Endpoint: named(w.word(r)+".cloudfront.net", "cloudfront.net", 443, 64505)}
			m.news = append(m.news, e.chained())
		}
	}
}

// change adds what is new in the device's life on a day, other than by chance.
func (w *world) change(h *house, d *device, day int, r *random, out []act) []act {
	luck := seeded(w.seed, 'u', h.id, uint64(d.index))
	switch x := luck.float(); d.role {
	case updated: // nine in ten within a day, the rest in the next
		first := w.part(0.7)
		if x > 0.9 {
			first++
		}
		if day < first {
			break
		}
		for i := range d.news {
			before := len(out)
			out = d.use(r, &d.news[i], -1, false, 1, out)
			if day == first {
				out[before].at = int32(3*3600 + luck.under(20*3600))
				out[before].up, out[before].flows = 40_000, 8
			}
		}
	case adopting: // six in ten in the end, evenly over half of the time
		from, span := w.part(0.4), w.part(0.5)
		if x > 0.6 || day < from+int(x/0.6*float64(span)) {
			break
		}
		for i := range d.news {
			out = d.use(r, &d.news[i], -1, false, 1, out)
		}
	case leagued:
		if h.league {
			out = d.use(r, w.league, -1, false, 1, out)
		}
	}
	return out
}

// part is a share of the time.
func (w *world) part(share float64) int { return int(float64(w.days) * share) }
