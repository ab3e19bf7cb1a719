package resolve

import (
	"sync/atomic"

	"cardea/gateway/resolve/cache"
	"cardea/gateway/resolve/upstream"
)

// counters are what happened since the start.
type counters struct {
	queries, blocked, blockedAnswers, rebinds, local, contained, hits, forwarded, joined atomic.Uint64
	malformed, refused, failed, foreign, rateLimited, flightsFull, connsFull, truncated  atomic.Uint64
	unsent                                                                               atomic.Uint64
}

// Stats is a copy of the counters for people and metrics.
type Stats struct {
	Queries        uint64            `json:"queries"`         // from the home's side, malformed ones included
	Blocked        uint64            `json:"blocked"`         // by name
	BlockedAnswers uint64            `json:"blocked_answers"` // by what the name leads to
	Rebinds        uint64            `json:"rebinds"`         // public names that answered with a private address
	Local          uint64            `json:"local"`           // canary names, local zones, the gateway itself
	Contained      uint64            `json:"contained"`       // by contained devices
	Hits           uint64            `json:"cache_hits"`
	Forwarded      uint64            `json:"forwarded"`
	Joined         uint64            `json:"joined"` // waited for the same query of somebody else
	Malformed      uint64            `json:"malformed"`
	Refused        uint64            `json:"refused"` // types and classes that are not served
	Failed         uint64            `json:"failed"`  // no upstream answered, or with rubbish
	Foreign        uint64            `json:"foreign"` // dropped: not from the home's side
	RateLimited    uint64            `json:"rate_limited"`
	FlightsFull    uint64            `json:"flights_full"` // refused: too many in flight
	ConnsFull      uint64            `json:"conns_full"`
	Truncated      uint64            `json:"truncated"`
	Unsent         uint64            `json:"unsent"`        // times that the kernel would not send a reply; the client asks again
	Stray          uint64            `json:"stray_answers"` // matched no question: late, or forged
	Flights        int               `json:"in_flight"`
	Cache          cache.Counters    `json:"cache"`
	Upstreams      []upstream.Health `json:"upstreams"`
}

// Stats reads the counters.
func (r *Resolver) Stats() Stats {
	c := &r.count
	s := Stats{
		Queries: c.queries.Load(), Blocked: c.blocked.Load(), BlockedAnswers: c.blockedAnswers.Load(),
		Rebinds: c.rebinds.Load(), Local: c.local.Load(), Contained: c.contained.Load(), Hits: c.hits.Load(),
		Forwarded: c.forwarded.Load(), Joined: c.joined.Load(), Malformed: c.malformed.Load(), Refused: c.refused.Load(),
		Failed: c.failed.Load(), Foreign: c.foreign.Load(), RateLimited: c.rateLimited.Load(),
		FlightsFull: c.flightsFull.Load(), ConnsFull: c.connsFull.Load(), Truncated: c.truncated.Load(),
		Unsent: c.unsent.Load(), Flights: r.flights.len(), Cache: r.cache.Counters(),
	}
	for _, p := range []*upstream.Pool{r.pool, r.router} {
		if p != nil {
			s.Upstreams = append(s.Upstreams, p.Health()...)
			s.Stray += p.Stray.Load()
		}
	}
	return s
}
