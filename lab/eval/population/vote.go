package population

import (
	"cardea/behavior/profile"
	"cardea/wire"
)

// vote is what a device did this week, as its gateway will tell it.
type vote struct {
	mine   [maxEnds]uint8 // days, of the model's own endpoints
	last   [maxEnds]int8  // day of the week of the latest, from 1
	extra  []extraEnd
	hours  [24]uint16
	up     [7]uint64
	active uint8
	fresh  uint16
}

// extraEnd is another endpoint.
type extraEnd struct {
	end  *end
	days uint8
	last int8
}

// count takes a contact.
func (v *vote) count(a *act, day int) {
	today := int8(day%7 + 1)
	v.hours[a.at/3600]++
	v.up[day%7] += uint64(a.up)
	if a.own >= 0 {
		if v.last[a.own] != today {
			v.last[a.own] = today
			v.mine[a.own]++
		}
		return
	}
	for i := range v.extra {
		if x := &v.extra[i]; x.end == a.end || x.end.chain == a.end.chain {
			if x.last != today {
				x.last, x.days = today, x.days+1
			}
			return
		}
	}
	v.extra = append(v.extra, extraEnd{a.end, 1, today})
}

// close ends the day.
func (v *vote) close(active bool) {
	if active {
		v.active++
	}
}

// vote tells the cloud the home's week: not of people's devices, not of unknown ones, and nothing while an incident is open.
func (h *house) vote(sh *shard, day int) {
	week := wire.Week(dayTime(day, 0))
	var uses []*profile.Use
	teaches := h.incident <= day
	for i := range h.devices {
		d := &h.devices[i]
		if teaches && d.week.active > 0 && !d.level.Class.Personal() && !d.unknown {
			uses = append(uses, d.used(h, week, day))
		}
		d.week = vote{extra: d.week.extra[:0]}
	}
	if sh.counts == nil {
		sh.counts = profile.NewCounts()
	}
	sh.counts.Add(uses...)
}

func (d *device) used(h *house, week uint32, day int) *profile.Use {
	v := &d.week
	u := &profile.Use{
		Level: d.level, Week: week, Home: h.id, Network: h.network, Active: v.active, Hours: v.hours, Fresh: v.fresh,
		First: day-h.joined < 7, Finding: h.found != 0 && day-h.found < 28,
	}
	for i, n := range v.mine {
		if n > 0 {
			u.Ends = append(u.Ends, profile.End{Chain: d.ends[i].chain, Days: n, Flows: uint32(n)})
		}
	}
	for _, x := range v.extra {
		u.Ends = append(u.Ends, profile.End{Chain: x.end.chain, Days: x.days, Flows: uint32(x.days)})
	}
	for _, up := range v.up {
		if up > 0 {
			u.Up = append(u.Up, up)
		}
	}
	return u
}
