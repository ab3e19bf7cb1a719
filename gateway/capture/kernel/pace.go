package kernel

import (
	"time"

	"cardea/gateway/capture/kernel/nl"
)

// pace lets a reader nap between reads while messages come fast, so that it wakes for many at once: under a storm of new
// flows, waking for each cost more than what is done with them. While they come slower than napAbove nothing waits: the
// first packets of a scan are judged at once.
type pace struct {
	nap   time.Duration
	last  time.Time
	level float64 // messages of the last napWindow, older ones faded out
}

const (
	napWindow = 50 * time.Millisecond
	napAbove  = 1000                 // messages a second
	napLevel  = napAbove * 0.05      // of them in napWindow
	logNap    = time.Millisecond     // first packets come before conntrack's news of them,
	eventNap  = 2 * time.Millisecond // which then finds a proven flow and need not hold one
)

// count notes a message that was read.
func (p *pace) count(now time.Time) {
	if d := now.Sub(p.last); d > 0 {
		p.level *= max(0, 1-float64(d)/float64(napWindow))
		p.last = now
	}
	p.level++
}

// wait naps, if it is time to: what was read has been dealt with, there is no more of it, and messages come fast.
func (p *pace) wait(s *nl.Socket) {
	if p.level > napLevel && s.Left() == 0 && !s.Full() {
		time.Sleep(p.nap)
	}
}
