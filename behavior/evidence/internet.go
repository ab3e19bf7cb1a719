package evidence

import (
	"net/netip"
	"time"

	"cardea/home"
)

// Internet judges whether the internet answers this home. While it does not, silence is evidence of nothing: a whole-WAN
// outage makes every device look like a scanner.
type Internet struct {
	down       bool // the gateway's own probe says so; overruled by an answer since then: only its servers may be dead
	downAt     int64
	lastAnswer int64 // anything from outside
	lastIPv6   int64 // the same over IPv6, which is broken in some homes while IPv4 works
	known      [8]expected
	lookups    bool
}

// expected is a far end that DNS gave or that has answered before, and when it was first asked since the last answer.
type expected struct {
	host  uint64
	start int64
}

const (
	// silentKnown far ends that ought to answer, each silent for silentFor, with no answer from anywhere since: the
	// internet is gone. Three, since one or two are a device's own dead cloud.
	silentKnown = 3
	silentFor   = 2 * time.Second
)

// Observe learns from an observation who answers.
func (n *Internet) Observe(o *home.Observation) {
	now := o.Time.UnixNano()
	switch o.Kind {
	case home.EventLookup:
		n.lookups = n.lookups || o.Lookup.Answer
		if o.Lookup.Answer && o.Lookup.Rcode != 2 && Outside(o.Lookup.Server.Addr()) { // SERVFAIL: RFC 1035 section 4.1.1
			n.answer(now)
		}
	case home.EventFlow:
		switch {
		case o.Direction == home.Inbound:
			n.answer(now)
			n.answer6(o, now)
		case o.Direction != home.Outbound:
		case o.Flow.State == home.FlowAnswered: // not Refused: a router without a line says "unreachable", too
			n.answer(now)
			n.answer6(o, now)
		case o.Flow.State == home.FlowNew && o.Resolved:
			n.expect(Hash(o.Flow.Dst.Addr()), now)
		}
	}
}

func (n *Internet) answer(now int64) {
	if now > n.lastAnswer {
		n.lastAnswer = now
	}
}

func (n *Internet) answer6(o *home.Observation, now int64) {
	if o.Flow.Dst.Addr().Unmap().Is6() {
		n.lastIPv6 = max(n.lastIPv6, now)
	}
}

// recentIPv6: silence over IPv6 tells something only if IPv6 worked within this time.
const recentIPv6 = 10 * time.Minute

// Works says whether silence of an address tells anything by its family.
func (n *Internet) Works(a netip.Addr, now int64) bool {
	return a.Unmap().Is4() || n.lastIPv6 != 0 && now-n.lastIPv6 < int64(recentIPv6)
}

// Up says whether silence since then is evidence.
func (n *Internet) Up(now int64) bool {
	if n.down && n.lastAnswer <= n.downAt {
		return false
	}
	silent := 0
	for i := range n.known {
		if k := &n.known[i]; k.start > n.lastAnswer && now-k.start >= int64(silentFor) {
			silent++
		}
	}
	return silent < silentKnown
}

// expect notes that an answer is due. With all places taken by hosts that are silent there is nothing more to learn.
func (n *Internet) expect(host uint64, now int64) {
	free := -1
	for i := range n.known {
		switch k := &n.known[i]; {
		case k.start <= n.lastAnswer:
			free = i
		case k.host == host:
			return
		}
	}
	if free >= 0 {
		n.known[free] = expected{host, now}
	}
}

// Probed tells the result of the gateway's own probe.
func (n *Internet) Probed(up bool, now int64) {
	if n.down, n.downAt = !up, now; up {
		n.answer(now)
	}
}

// Anew forgets all but the probe's result, when the clock is set back.
func (n *Internet) Anew() { *n = Internet{down: n.down, downAt: n.downAt} }

// Lookups says whether answers from DNS are seen in this home. Where none are, as in a log of flows, every address looks as if
// nobody had asked for it.
func (n *Internet) Lookups() bool { return n.lookups }

// LastAnswer is when anything from outside was heard last, in Unix nanoseconds; 0 for never.
func (n *Internet) LastAnswer() int64 { return n.lastAnswer }
