package file

import (
	"time"

	"cardea/home"
)

const (
	maxGap      = 3600 // seconds: at most this many ticks for a gap between two packets
	tickBudget  = 100_000
	tickEarned  = 64 // ticks that each packet adds to the budget
	reorderMost = 60 // seconds back that are reordering; further back the clock was set
)

// clock makes a steady clock of capture times, which repeat, run back and jump by years (merged files, devices without a
// battery). Forward steps count up to maxGap, longer than any timeout; backward ones not at all.
type clock struct {
	started bool
	second  int64 // capture time of the last tick, seconds since 1970
	steady  int64 // milliseconds, whole seconds only
	budget  int64 // ticks that may still be given: a file cannot buy hours of work with a few jumps
}

// passTime lets the seconds up to t pass: in each, what times out ends, then a tick.
func (p *player) passTime(t time.Time) {
	c := &p.clock
	sec := t.Unix()
	if !c.started {
		c.started, c.second, c.budget = true, sec, tickBudget
		return
	}
	c.budget += tickEarned
	switch gap := sec - c.second; {
	case gap <= 0 && gap >= -reorderMost:
		return
	case gap < 0: // the clock was set back: go on from there
		c.second = sec
		p.step(t.Truncate(time.Second))
	default:
		p.gap(gap, sec)
	}
}

func (p *player) gap(gap, sec int64) {
	c := &p.clock
	ticks := gap
	if ticks > maxGap || ticks > c.budget {
		ticks = min(maxGap, max(c.budget, 0))
	}
	c.budget -= ticks
	for range ticks {
		c.second++
		p.step(time.Unix(c.second, 0).UTC())
	}
	if c.second == sec {
		return
	}
	// The rest of a long gap passes in one tick; the flow table has every second up to its longest timeout.
	c.second = sec
	at := time.Unix(sec, 0).UTC()
	p.table.event.Time = at
	for range min(gap-ticks, wheelSlots) {
		c.steady += 1000
		p.table.advance(c.steady)
	}
	p.emitTick(at)
}

// step lets one second pass.
func (p *player) step(at time.Time) {
	p.clock.steady += 1000
	p.table.event.Time = at
	p.table.advance(p.clock.steady)
	p.emitTick(at)
}

func (p *player) emitTick(at time.Time) {
	p.tick.Kind, p.tick.Time, p.tick.Frame = home.EventTick, at, p.packet.Frame
	p.sink.Handle(&p.tick)
}
