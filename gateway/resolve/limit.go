package resolve

import (
	"hash/maphash"
	"net/netip"
	"sync"
)

const (
	limitSets = 256
	limitWays = 4
)

// limiter is a token bucket for each client, in a fixed table of 1,024: a client that does not fit takes the place of
// the one seen longest ago in its set, so an address that is forged anew for each query only ever costs its own set.
type limiter struct {
	seed  maphash.Seed
	rate  uint64 // tokens a second; 0: no bound
	burst uint64
	sets  [limitSets]struct {
		mu   sync.Mutex
		ways [limitWays]bucket
	}
}

type bucket struct {
	client netip.Addr
	last   uint64 // ms
	tokens uint64 // thousandths
}

func newLimiter(rate int) *limiter {
	l := &limiter{seed: maphash.MakeSeed()}
	if rate > 0 {
		l.rate, l.burst = uint64(rate), 2*uint64(rate)
	}
	return l
}

// allow takes a token. now is in milliseconds and never goes back.
func (l *limiter) allow(client netip.Addr, now uint64) bool {
	if l.rate == 0 {
		return true
	}
	s := &l.sets[maphash.Comparable(l.seed, client)%limitSets]
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.ways[0]
	for i := range s.ways {
		w := &s.ways[i]
		if w.client == client {
			b = w
			break
		}
		if w.last < b.last {
			b = w
		}
	}
	if b.client != client {
		*b = bucket{client: client, last: now, tokens: l.burst * 1000}
	}
	if now > b.last {
		b.tokens = min(b.tokens+(now-b.last)*l.rate, l.burst*1000)
		b.last = now
	}
	if b.tokens < 1000 {
		return false
	}
	b.tokens -= 1000
	return true
}
