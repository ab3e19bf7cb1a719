package profile

// priorHomes is how many homes' votes the parent's habits are worth.
const priorHomes = 2

// habits are the hours of the day and the bytes of a day, the parent's mixed in. Those of few homes would tell of these homes when
// somebody is up: they are left to the parent.
func (r *reading) habits(few uint32) {
	mine := r.homes >= few
	for h := range r.hours {
		r.hours[h] = 1. / 24
		if r.parent != nil {
			r.hours[h] = r.parent.hours[h]
		}
		if mine && r.week.hoursAll > 0 {
			own := r.week.hours[h] / r.week.hoursAll
			r.hours[h] = (r.weight*own + priorHomes*r.hours[h]) / (r.weight + priorHomes)
		}
	}
	if r.parent != nil {
		r.ups, r.sent = r.parent.ups, r.parent.sent
	}
	if !mine || r.week.upAll == 0 {
		return
	}
	below := 0.
	for b := range r.ups {
		below += r.week.ups[b]
		own := below / r.week.upAll
		if r.sent {
			own = (r.weight*own + priorHomes*r.ups[b]) / (r.weight + priorHomes)
		}
		r.ups[b] = own
	}
	r.sent = true
}

// quantile is the first bin below whose end a share q of the days stays.
func (r *reading) quantile(q float64) byte {
	if !r.sent {
		return unknownBin
	}
	for b, below := range r.ups {
		if below >= q-1e-9 {
			return byte(b)
		}
	}
	return upBins - 1
}
