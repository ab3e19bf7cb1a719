package beacon

import (
	"cardea/behavior/evidence"
	"cardea/home"
)

// call takes a new connection to a host that is followed.
func (d *Detector) call(dev *Device, c *caller, o *home.Observation, k kind, now int64) {
	fl := o.Flow
	if x := c.attempt(fl.Src.Port(), fl.Dst.Port(), now); x != nil {
		x.flow = fl.ID // a log that splits one attempt: an answer to any part answers it
		return
	}
	c.leak(now)
	odds := c.odds(k)
	prev := c.latest()
	if prev != nil && now-prev.start < int64(apart) && prev.port == fl.Dst.Port() {
		c.dense++
		c.last = now
		return
	}
	switch {
	case c.kinds == 0:
		c.add(odds.first)
		c.proven = true
	case c.kinds&(1<<k) == 0:
		if c.kinds == 1<<web && !c.named {
			c.add(odds.first - bare[web].first)
		}
		if !c.named && c.answered > 0 {
			c.add(both)
		}
	}
	fresh := c.notePort(fl.Dst.Port()) && c.tries > 0
	if fresh {
		c.others++
	}
	c.proven = c.proven && o.Proven
	c.kinds |= 1 << k
	if prev != nil {
		switch since := now - prev.start; {
		case prev.state == dead && since < int64(persistSpan) && !fresh:
			c.addMost(odds.persist, &c.fromDead, odds.deadMost)
		case prev.state == answered && since < int64(churnSpan) && !prev.worked && prev.port == fl.Dst.Port():
			if c.addMost(odds.churn, &c.churned, odds.churnMost) > 0 {
				c.add(float64(prev.okayed)) // that it was answered is in the churn's odds
				prev.okayed = 0
			}
		}
	}
	c.tries++
	c.last = now
	x := &c.calls[c.next]
	*x = call{flow: fl.ID, start: now, port: fl.Dst.Port(), src: fl.Src.Port(), kind: k, state: waiting, fresh: fresh && c.answered == 0}
	c.next = (c.next + 1) % uint8(len(c.calls))
	d.wakeAt(now + int64(settled))
	if fl.Answered {
		d.answer(c, x)
	}
	d.judge(dev, c, evidence.MomentOf(o))
}

// outcome takes what became of a flow.
func (d *Detector) outcome(dev *Device, o *home.Observation, now int64) {
	fl := o.Flow
	c, x := dev.callers.flow(fl.ID)
	if c == nil {
		return
	}
	x.ended = fl.State == home.FlowEnd
	switch {
	case fl.State == home.FlowAnswered || fl.Answered:
		d.answer(c, x)
		if due := c.due(x); due != 0 {
			d.wakeAt(max(due, now))
		}
		if x.kind != web && !x.worked && fl.UpBytes+fl.DownBytes > useBytes {
			x.worked = true
			c.add(useful)
		}
	case fl.State == home.FlowRefused:
		if x.state == waiting {
			d.dead(dev, c, x, evidence.MomentOf(o))
		}
	}
}

func (d *Detector) answer(c *caller, x *call) {
	if x.state == answered {
		return
	}
	if x.state == dead {
		c.score = max(0, c.score-float64(x.charged))
		c.fromDead -= x.charged
		c.silent--
	}
	x.state = answered
	before := c.score
	c.add(c.odds(x.kind).ok)
	x.okayed = float32(before - c.score)
	c.answered++
}

// dead charges a call that nobody answered, unless the internet was silent as a whole. While that is not known it waits on.
func (d *Detector) dead(dev *Device, c *caller, x *call, m evidence.Moment) {
	now := m.Time.UnixNano()
	heard := d.net.LastAnswer() // the gateway's own probe says more than an answer before it
	if up := d.net.Up(now) && now-heard < int64(recent); !d.net.Works(c.addr, now) || !up && heard < x.start {
		if x.delay += int64(doubted); x.delay > int64(doubtMost) {
			x.state = unknown
			return
		}
		d.wakeAt(x.start + x.delay)
		return
	}
	x.state = dead
	c.silent++
	if x.kind == web {
		dev.pool.note(c.host, now, poolSpan)
	}
	c.leak(now)
	if odds := c.odds(x.kind); !x.fresh { // a program that tries its alternatives at a host that is gone finds them all silent
		x.charged = c.addMost(odds.dead, &c.fromDead, odds.deadMost)
	}
	d.judge(dev, c, m)
}
