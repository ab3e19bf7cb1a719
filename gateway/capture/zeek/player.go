package zeek

import (
	"cmp"
	"time"

	"cardea/gateway/capture"
	"cardea/home"
)

// Ticks are bounded: a log cannot buy hours of work with a few jumps.
const (
	maxGap     = 3600 // ticks for a gap between two events
	tickBudget = 100_000
	tickEarned = 64 // that each event adds to the budget
)

// player puts connections in the order of time and tells their events.
type player struct {
	sink     capture.Sink
	maxFlows int
	begun    heap             // connections that have not begun, by their beginning
	running  heap             // that go on, by their next event; those that are over already among them
	current  map[uint64]*life // of running: whose events are told, by flow; a tuple may be used again
	free     []*life
	now      int64
	started  bool
	second   int64
	budget   int64
	late     uint64
	evicted  uint64
	event    home.Event
	flow     home.Flow
	tick     home.Event
}

func (p *player) add(r *Row) {
	l := p.make()
	*l = lifeOf(r)
	if p.started && l.next < p.now {
		p.late++
		d := p.now - l.next
		l.next += d
		l.took = max(0, l.took-d)
		l.start = l.next
	}
	p.begun.push(l)
}

// until plays events in their order until it is enough.
func (p *player) until(enough func() bool) {
	for !enough() {
		switch b, r := p.begun.first(), p.running.first(); {
		case b == nil && r == nil:
			return
		case r == nil || b != nil && cmp.Or(cmp.Compare(b.next, r.next), cmp.Compare(b.line, r.line)) < 0:
			p.play(p.begun.pop())
		default:
			p.play(p.running.pop())
		}
	}
}

// play tells a connection's next event and files it for the one after.
func (p *player) play(l *life) {
	if l.stage == stageOver {
		p.free = append(p.free, l)
		return
	}
	p.pass(l.next, l.line)
	if l.stage == stageNew {
		if old := p.current[l.id]; old != nil { // its tuple is used again before its time was over
			p.end(old)
		}
		if len(p.current) >= p.maxFlows {
			p.evict()
		}
		p.current[l.id] = l
	}
	p.tell(l)
	if l.stage == stageEnd {
		delete(p.current, l.id)
		p.free = append(p.free, l)
		return
	}
	l.advance()
	p.running.push(l)
}

// end tells a connection's end now. It stays filed and is dropped when its time comes.
func (p *player) end(l *life) {
	l.stage = stageEnd
	p.tell(l)
	l.stage = stageOver
	delete(p.current, l.id)
}

// evict ends the connection whose next event is the nearest.
func (p *player) evict() {
	for {
		l := p.running.pop()
		if l.stage != stageOver {
			p.evicted++
			p.end(l)
			p.free = append(p.free, l)
			return
		}
		p.free = append(p.free, l)
	}
}

func (p *player) make() *life {
	if n := len(p.free); n > 0 {
		l := p.free[n-1]
		p.free = p.free[:n-1]
		return l
	}
	return &life{}
}

func (p *player) tell(l *life) {
	l.fill(&p.flow)
	p.event = home.Event{Kind: home.EventFlow, Time: time.Unix(0, p.now).UTC(), Frame: uint64(l.line), Flow: &p.flow}
	p.sink.Handle(&p.event)
}

// pass lets the time up to at pass, with a tick in each second.
func (p *player) pass(at int64, line int) {
	sec := at / int64(time.Second)
	if !p.started {
		p.started, p.second, p.budget = true, sec, tickBudget
	}
	p.now = max(p.now, at)
	p.budget += tickEarned
	gap := sec - p.second
	if gap <= 0 {
		return
	}
	n := min(gap, maxGap, max(p.budget, 0))
	p.budget -= n
	for range n {
		p.second++
		p.tickAt(p.second, line)
	}
	if p.second < sec {
		p.second = sec
		p.tickAt(sec, line)
	}
}

// tickAt tells that a second has passed, before what the line tells: as of packets, it bears the number of what comes next.
func (p *player) tickAt(sec int64, line int) {
	p.tick = home.Event{Kind: home.EventTick, Time: time.Unix(sec, 0).UTC(), Frame: uint64(line)}
	p.sink.Handle(&p.tick)
}

// heap is a binary heap of connections: the earliest next event first, then the first line.
type heap struct{ list []*life }

func (h *heap) len() int { return len(h.list) }

func (h *heap) first() *life {
	if len(h.list) == 0 {
		return nil
	}
	return h.list[0]
}

func (h *heap) less(i, j int) bool {
	a, b := h.list[i], h.list[j]
	return a.next < b.next || a.next == b.next && a.line < b.line
}

func (h *heap) push(l *life) {
	h.list = append(h.list, l)
	for i := len(h.list) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.less(i, up) {
			return
		}
		h.list[i], h.list[up] = h.list[up], h.list[i]
		i = up
	}
}

func (h *heap) pop() *life {
	out := h.list[0]
	end := len(h.list) - 1
	h.list[0] = h.list[end]
	h.list[end] = nil
	h.list = h.list[:end]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < end; c++ {
			if h.less(c, least) {
				least = c
			}
		}
		if least == i {
			return out
		}
		h.list[i], h.list[least] = h.list[least], h.list[i]
		i = least
	}
}
