package gateway

import (
	"runtime/metrics"
	"sync"
	"time"

	"cardea/say"
)

// When memory or CPU run short the agent does less, in this order, and says so; packets on the kernel's own path are never
// slowed down:
//
//  1. first packets of a port over its rate are not looked at (capture): flows of it may stay nameless
//  2. contacts of a device over its bound are folded into one for each port (observe)
//  3. new flows over the table's bound are counted, not followed (observe, capture)
//  4. DNS questions of a client over its rate are dropped, and forwarding over its bound is refused (resolve)
//  5. over memoryShort of heap, the resolver's cache is emptied
//
// Blocking and quarantine are the kernel's and are never shed.
const (
	shedEvery   = 10 * time.Second
	shedShown   = 5 * time.Minute // how long it is told after it was over
	memoryShort = 40 << 20        // bytes of live heap objects
)

// shedding watches the counters of what was not done. Owned by the clock; what is shown is guarded by mu.
type shedding struct {
	last map[string]uint64
	next time.Time

	mu    sync.Mutex
	shown map[string]shed
}

type shed struct {
	count uint64
	until time.Time
}

// sheds are the counters that mean "less than usual was done", with what that means to people.
var sheds = map[string]say.Pattern{
	"capture_shed":         "One port sends so much that {0} of its first packets were not looked at.",
	"capture_overruns":     "The kernel had more to tell than could be read, {0} times; what was missed was looked up afterwards.",
	"capture_lost_packets": "{0} first packets could not be delivered: some flows have no name.",
	"contacts_folded":      "One device talks to so many places that {0} contacts were counted together.",
	"flows_forgotten":      "There were more flows than can be followed: {0} were only counted.",
	"dns_rate_limited":     "One device asks for so many names that {0} questions were not answered.",
	"jobs_dropped":         "{0} tasks were dropped because too much happened at once.",
	"memory_short":         "Memory ran short {0} times: kept answers of DNS were dropped.",
}

// watch looks every shedEvery at what was shed since.
func (g *Gateway) watchShedding(now time.Time) {
	s := &g.shedding
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(shedEvery)
	if heapBytes() > memoryShort {
		g.resolver.Flush()
		g.count("memory_short", 1)
	}
	counts := g.counts()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == nil {
		s.shown = map[string]shed{}
	}
	for name := range sheds {
		if n := counts[name] - s.last[name]; n > 0 && s.last != nil {
			s.shown[name] = shed{s.shown[name].count + n, now.Add(shedShown)}
		} else if now.After(s.shown[name].until) {
			delete(s.shown, name)
		}
	}
	s.last = counts
}

// degraded says in plain words what was shed lately.
func (s *shedding) degraded() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, words := range sheds {
		if v, ok := s.shown[name]; ok {
			list = append(list, say.English(say.New(words, say.Count(v.count))))
		}
	}
	return list
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
