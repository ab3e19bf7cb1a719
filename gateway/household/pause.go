package household

import (
	"cmp"
	"slices"
	"time"

	"cardea/home"
)

// Paused says until when a device is without internet, and by what: the name of a schedule, or ByPause. The zero time: it is not
// paused, as nobody is while the household rests. What follows without a gap counts as one pause, up to a week ahead.
//
// An essential device is paused only by what names it itself, never with everybody or with whose device it is.
func (h *Household) Paused(device home.DeviceID, now time.Time) (until time.Time, by string) {
	if h.rests.Load() {
		return time.Time{}, ""
	}
	t := now.Unix()
	end, last := t, t // of the whole pause, and of the longest that holds now
	for _, x := range h.state().spans(device, t) {
		if x.from > end {
			break
		}
		if x.from <= t && x.until > last {
			last, by = x.until, x.by
		}
		end = max(end, x.until)
	}
	if last == t {
		return time.Time{}, ""
	}
	return time.Unix(end, 0).UTC(), by
}

type named struct {
	span
	by string
}

// spans are all stretches that end after t in which a device is paused, the earliest first.
func (s *state) spans(device home.DeviceID, t int64) (out []named) {
	lists, pause := [][]int{s.own[device]}, s.pauses[device]
	if s.policies[device].Essential == "" {
		lists = append(lists, s.others[device], s.all)
		pause = max(pause, s.shared[device], s.pauseAll)
	}
	today := day(s.zone.local(t))
	for _, list := range lists {
		for _, i := range list {
			sch := &s.Schedules[i]
			for d := today - daysBefore; d <= today+daysAfter; d++ {
				if x, ok := s.zone.span(sch, d); ok && x.until > t {
					out = append(out, named{x, sch.Name})
				}
			}
		}
	}
	if pause > t {
		out = append(out, named{span{t, pause}, ByPause})
	}
	slices.SortStableFunc(out, func(a, b named) int { return cmp.Compare(a.from, b.from) })
	return out
}

// whole is the first whole second at which a time is over.
func whole(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// Next is when something may change by itself after now: somebody's pause begins or ends. The zero time: nothing will.
func (h *Household) Next(now time.Time) time.Time {
	if h.rests.Load() {
		return time.Time{}
	}
	s := h.state()
	t := now.Unix()
	var next int64
	see := func(at int64) {
		if at > t && (next == 0 || at < next) {
			next = at
		}
	}
	today := day(s.zone.local(t))
	for i := range s.Schedules {
		if s.Schedules[i].Off {
			continue
		}
		for d := today - daysBefore; d <= today+daysAfter; d++ {
			if x, ok := s.zone.span(&s.Schedules[i], d); ok {
				see(x.from)
				see(x.until)
			}
		}
	}
	for _, p := range s.Pauses {
		see(whole(p.Until))
	}
	if next == 0 {
		return time.Time{}
	}
	return time.Unix(next, 0).UTC()
}
