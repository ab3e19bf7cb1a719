package kernel

import (
	"slices"
	"time"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// hold lets a flow wait for its first packet: Config.Hold, and longer only while there is a backlog.
func (t *table) hold(f *flow, slot int32, now time.Time) {
	if len(t.held) >= 2*t.cfg.MaxFlows { // most have been proven or forgotten meanwhile
		t.held = slices.DeleteFunc(t.held, func(h heldFlow) bool {
			f := t.at(h.slot)
			return f.serial != h.serial || !f.has(bitHeld)
		})
	}
	f.bits |= bitHeld
	t.holding++
	t.held = append(t.held, heldFlow{slot, f.serial, now.Add(t.cfg.Hold).UnixNano()})
	if len(t.held) == 1 {
		t.wake()
	}
}

func (t *table) unhold(f *flow) {
	if f.has(bitHeld) {
		f.bits &^= bitHeld
		t.holding--
	}
}

// backlog is how long held flows go on waiting while first packets wait to be read: on a busy machine the packet that
// proves a flow's sender may be late by our own fault.
const backlog = 500 * time.Millisecond

// release tells of held flows whose time is up and says how long until the next.
func (t *table) release(now time.Time) time.Duration {
	n := now.UnixNano()
	i := 0
	for ; i < len(t.held); i++ {
		h := t.held[i]
		f := t.at(h.slot)
		if f.serial != h.serial || f.has(bitTold) {
			continue // proven or ended meanwhile
		}
		// A clock that was set back must not hold flows for years.
		if wait := h.deadline - n; wait > 0 && wait <= int64(t.cfg.Hold) {
			break
		} else if late := -wait; late >= 0 && late < int64(backlog) && t.backlogged() {
			t.held = t.held[:copy(t.held, t.held[i:])]
			return 2 * time.Millisecond
		}
		t.tellUnproven(f, h.slot, now)
	}
	t.held = t.held[:copy(t.held, t.held[i:])]
	if len(t.held) == 0 {
		return time.Hour
	}
	return time.Duration(t.held[0].deadline - n)
}

// tellUnproven tells of a flow without its sender's MAC, if there is attention left for such.
func (t *table) tellUnproven(f *flow, slot int32, now time.Time) {
	t.unknown.tokens.refill(now)
	if !t.unknown.take() {
		t.c.shed.Add(1)
		t.end(slot, now)
		return
	}
	t.c.unproven.Add(1)
	t.tell(f, slot, now, nil)
}

// tell emits New, with the packet that showed it or nil, and what became known while the flow was held: it may have ended, and is forgotten then.
func (t *table) tell(f *flow, slot int32, now time.Time, p *dissect.Packet) {
	t.unhold(f)
	f.bits |= bitTold
	t.emit(f, home.FlowNew, now, p)
	switch {
	case f.has(bitAnswered):
		t.answer(f, now)
	case f.has(bitRefused):
		t.refuse(f, now)
	}
	if f.has(bitOver) {
		t.end(slot, now)
	}
}

// answer notes the first answer and emits it once the flow has been told of.
func (t *table) answer(f *flow, now time.Time) {
	f.bits |= bitAnswered
	if f.has(bitTold) && !f.has(bitAnswerTold) {
		f.bits |= bitAnswerTold
		t.emit(f, home.FlowAnswered, now, nil)
	}
}

// refuse notes a refusal, and emits it unless the flow is held, or was answered or refused before.
func (t *table) refuse(f *flow, now time.Time) {
	f.bits |= bitRefused
	if f.has(bitTold) && !f.has(bitAnswerTold) {
		f.bits |= bitAnswerTold
		t.emit(f, home.FlowRefused, now, nil)
	}
}
