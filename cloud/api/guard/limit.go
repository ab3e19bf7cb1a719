// Package guard stands between the network and the API: addresses, limits, headers, ids. It imports the standard library
// and problem only. A Limiter owns its own state; nothing is stored.
package guard

import (
	"sync"
	"time"
)

// Limiter lets each key have Burst requests at once and one more each Every. It keeps at most Max keys: when there are
// more, any of them are forgotten, which lets somebody have a burst again but never costs more memory.
type Limiter struct {
	every time.Duration
	burst time.Duration
	max   int
	now   func() time.Time
	mu    sync.Mutex           // guards due
	due   map[string]time.Time // when a key's bucket will be full again (GCRA)
}

// NewLimiter makes one.
func NewLimiter(every time.Duration, burst, maxKeys int, now func() time.Time) *Limiter {
	return &Limiter{every: every, burst: every * time.Duration(burst), max: maxKeys, now: now, due: map[string]time.Time{}}
}

// Take takes one request of key's; it answers how long to wait if there is none, else 0.
func (l *Limiter) Take(key string) time.Duration {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	due, ok := l.due[key]
	if !ok && len(l.due) >= l.max {
		l.forget(now)
	}
	if due.Before(now) {
		due = now
	}
	due = due.Add(l.every)
	if wait := due.Sub(now) - l.burst; wait > 0 {
		return wait
	}
	l.due[key] = due
	return 0
}

// forget makes room: it looks at some keys, which a map gives in no order, drops those that are full again, and one in
// any case.
func (l *Limiter) forget(now time.Time) {
	n := 0
	for k, due := range l.due {
		if n == 0 || due.Before(now) {
			delete(l.due, k)
		}
		if n++; n >= 16 {
			return
		}
	}
}
