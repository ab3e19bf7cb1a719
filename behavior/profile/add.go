package profile

import (
	"cmp"
	"slices"

	"cardea/behavior/endpoint"
)

// hourVote is a home's whole vote on the hours of the day.
const hourVote = 24 * Vote

// Add counts what one home's devices did in one week: a vote for each level that they belong to, however many of them there are.
// Uses of another home or week in the same call are refused and counted as shed. Nothing of them is kept.
func (c *Counts) Add(uses ...*Use) {
	if len(uses) == 0 {
		return
	}
	first := uses[0]
	var mine []*Use
	for _, u := range uses {
		if u.Home != first.Home || u.Week != first.Week || !u.Level.fits() {
			c.shed = add64(c.shed, 1)
			continue
		}
		mine = append(mine, u)
	}
	if len(mine) == 1 {
		c.scratch = mine[0].ballots(c.scratch[:0], &c.shed)
		ballots := once(c.scratch)
		for l, ok := mine[0].Level, true; ok; l, ok = l.Parent() {
			c.vote(l, mine, ballots)
		}
		return
	}
	var levels []Level
	for _, u := range mine {
		for l, ok := u.Level, true; ok; l, ok = l.Parent() {
			if !slices.Contains(levels, l) {
				levels = append(levels, l)
			}
		}
	}
	for _, l := range levels {
		var of []*Use
		var ballots []ballot
		for _, u := range mine {
			if l.holds(u.Level) {
				of, ballots = append(of, u), u.ballots(ballots, &c.shed)
			}
		}
		c.vote(l, of, once(ballots))
	}
}

// holds says whether o is at l or below it.
func (l Level) holds(o Level) bool {
	for ok := true; ok; o, ok = o.Parent() {
		if o == l {
			return true
		}
	}
	return false
}

// ballot is one home's vote for one endpoint.
type ballot struct {
	grain endpoint.Grain
	key   uint64
	votes uint32
	flows uint64
	flags endpoint.Flags
}

// vote counts one home at one level.
func (c *Counts) vote(l Level, uses []*Use, ballots []ballot) {
	t := c.tally(l)
	if t == nil {
		return
	}
	c.makeRoom(t)
	w := t.week(uses[0].Week)
	if w == nil {
		c.shed = add64(c.shed, 1)
		return
	}
	ill := slices.ContainsFunc(uses, func(u *Use) bool { return u.Finding })
	if ill {
		w.ill = add32(w.ill, 1)
	} else {
		w.teach(uses, ballots)
	}
	for i := range ballots {
		c.count(t, &ballots[i], uses[0], ill)
	}
}

// count counts one ballot.
func (c *Counts) count(t *tally, b *ballot, u *Use, ill bool) {
	var e *cell
	r := c.rowOf(t, b.grain, b.key)
	if r != nil {
		r.flag(b.flags)
		n := r.size()
		e = r.cell(u.Week)
		c.cells += r.size() - n
	}
	switch {
	case e == nil:
		c.shed = add64(c.shed, 1)
	case ill:
		e.ill = add32(e.ill, 1)
	default:
		fold := mix(u.Home) % Folds
		e.homes, e.flows, e.nets = add32(e.homes, 1), add64(e.flows, b.flows), e.nets|netBit(u.Network)
		e.votes[fold] = add32(e.votes[fold], b.votes)
	}
}

// teach counts a home without findings.
func (w *week) teach(uses []*Use, ballots []ballot) {
	fold := mix(uses[0].Home) % Folds
	w.homes[fold] = add32(w.homes[fold], 1)
	for _, u := range uses {
		w.freshness(u)
	}
	for i := range ballots {
		w.flows = add64(w.flows, ballots[i].hostFlows())
	}
	w.times(uses)
	w.volumes(uses)
}

// ballots adds the votes of one use, an endpoint once for each of its names.
func (u *Use) ballots(to []ballot, shed *uint64) []ballot {
	ends := u.Ends
	if len(ends) > MaxEnds {
		*shed = add64(*shed, uint64(len(ends)-MaxEnds))
		ends = ends[:MaxEnds]
	}
	for i := range ends {
		e := &ends[i]
		for g, key := range e.Chain.Keys {
			if key != 0 {
				to = append(to, ballot{endpoint.Grain(g), key, u.share(e), uint64(e.Flows), e.Chain.Flags})
			}
		}
	}
	return to
}

// once makes of several ballots for one endpoint one: the largest share of all.
func once(bs []ballot) []ballot {
	slices.SortFunc(bs, func(a, b ballot) int { return cmp.Or(cmp.Compare(a.grain, b.grain), cmp.Compare(a.key, b.key)) })
	out := bs[:0]
	for _, b := range bs {
		if n := len(out); n > 0 && out[n-1].grain == b.grain && out[n-1].key == b.key {
			o := &out[n-1]
			o.votes, o.flows = max(o.votes, b.votes), add64(o.flows, b.flows)
			o.flags = meet(o.flags, b.flags)
			continue
		}
		out = append(out, b)
	}
	return out
}

func (b *ballot) hostFlows() uint64 {
	if b.grain == endpoint.Host {
		return b.flows
	}
	return 0
}

// some are flags of which one home that tells of them is enough; the others must be told by all.
const some = endpoint.Shared | endpoint.LAN | endpoint.Inbound

func meet(a, b endpoint.Flags) endpoint.Flags { return (a|b)&some | a&b&^some }

func (r *row) flag(f endpoint.Flags) {
	if len(r.cells) == 0 {
		r.flags = f
	}
	r.flags = meet(r.flags, f)
}

// freshness counts how many of the endpoints in use were new, on days that could have shown it.
func (w *week) freshness(u *Use) {
	active := uint64(min(u.Active, 7))
	counted := active
	if u.First && counted > 0 {
		counted--
	}
	if counted == 0 {
		return
	}
	var used uint64
	for i := range u.Ends[:min(len(u.Ends), MaxEnds)] {
		used += uint64(u.share(&u.Ends[i]))
	}
	w.days = add64(w.days, counted)
	w.used = add64(w.used, used*counted/Vote)
	w.fresh = add64(w.fresh, uint64(u.Fresh))
}

// times counts the hours at which a home's devices begin contacts: one vote, whatever their number.
func (w *week) times(uses []*Use) {
	var sum [24]uint64
	var all uint64
	for _, u := range uses {
		for h, n := range u.Hours {
			sum[h] += uint64(n)
			all += uint64(n)
		}
	}
	for h, n := range sum {
		if all > 0 {
			w.hours[h] = add32(w.hours[h], uint32(n*hourVote/all))
		}
	}
}

// volumes counts what was sent a day: one vote, spread over the days.
func (w *week) volumes(uses []*Use) {
	days := 0
	for _, u := range uses {
		days += min(len(u.Up), 7)
	}
	for _, u := range uses {
		for _, up := range u.Up[:min(len(u.Up), 7)] {
			b := upBin(up)
			w.up[b] = add32(w.up[b], uint32(max(1, Vote/days)))
		}
	}
}

// mix spreads a home's number over all bits (the finaliser of MurmurHash3, public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func netBit(network uint32) uint64 {
	if network == 0 {
		return 0
	}
	return 1 << (mix(uint64(network)) % 64)
}
