package profile

import (
	"cmp"
	"math"
	"slices"

	"cardea/behavior/endpoint"
)

// page is the level as it is pushed.
func (r *reading) page(o Options, caps [endpoint.Grains]int) *page {
	p := &page{level: r.level, homes: roughly(r.homes, o.Few), weight: r.weight, kappa: r.kappa, reach: r.reach, fresh: r.fresh}
	if r.homes < o.Few {
		p.weight = float64(roughly(uint32(math.Ceil(r.weight)), o.Few))
	}
	most := slices.Max(r.hours[:])
	for h, share := range r.hours {
		p.hours[h] = byte(math.Round(255 * share / most))
	}
	for i, q := range upShares {
		p.ups[i] = r.quantile(q)
	}
	if o.Calibration != nil {
		if t := o.Calibration(r.level); t != nil {
			b, err := t.MarshalBinary()
			if err == nil {
				p.cal = b
			}
		}
	}
	var vendors []uint64
	if o.Facts != nil {
		vendors = o.Facts(r.level)
	}
	for g := range r.rows {
		rows := r.most(endpoint.Grain(g))
		n := len(rows)
		if rows = slices.DeleteFunc(rows, func(e *entry) bool { return o.theirs(e.homes) }); len(rows) < n && g <= int(endpoint.Domain) {
			p.cut[g] = roughly(alone-1, o.Few)
		}
		if len(rows) > caps[g] {
			if g <= int(endpoint.Domain) {
				p.cut[g] = roughly(rows[caps[g]].homes, o.Few)
			}
			rows = rows[:caps[g]]
		}
		p.rows[g] = r.lines(rows, endpoint.Grain(g), o, vendors)
	}
	return p
}

// alone is from how many homes on anything of a model, or of an endpoint, is pushed to other homes, where homes are not the caller's own:
// what fewer have is theirs, and prints can be tried out.
const alone = 3

// theirs says whether so few homes have it that it is not pushed. What a document says, and no home did, is.
func (o Options) theirs(homes uint32) bool { return o.Few >= alone && homes > 0 && homes < alone }

// lines writes endpoints down.
func (r *reading) lines(rows []*entry, g endpoint.Grain, o Options, vendors []uint64) []line {
	salt := saltOf(o.Version)
	out := make([]line, 0, len(rows))
	for _, e := range rows {
		l := line{print: printOf(e.key, salt), share: shareCode(r.share(e, o))}
		if e.homes >= o.Few {
			l.homes = e.homes
		}
		if e.homes == 0 {
			l.standing = believed
		} else if g <= endpoint.Domain {
			l.standing = r.standing(e, g, o, vendors)
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.print, b.print), cmp.Compare(a.standing, b.standing), cmp.Compare(a.share, b.share), cmp.Compare(a.homes, b.homes))
	})
	return slices.CompactFunc(out, func(a, b line) bool { return a.print == b.print }) // of two that cannot be told apart the stricter
}

// share is that of homes' days, as it may be told: that of few homes says how long ago they were seen, and not how many they are.
func (r *reading) share(e *entry, o Options) float64 {
	switch {
	case r.weight == 0:
		return 0
	case e.homes >= o.Few || e.homes == 0: // many homes', or a document's
		return e.votes / r.weight
	}
	return float64(roughly(e.homes, o.Few)) / float64(roughly(r.homes, o.Few)) * decay(o.Now, e.last) / 2
}

// most are the endpoints of a grain, those of the most homes first.
func (r *reading) most(g endpoint.Grain) []*entry {
	rows := make([]*entry, len(r.rows[g]))
	for i := range rows {
		rows[i] = &r.rows[g][i]
	}
	slices.SortFunc(rows, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.homes, a.homes), cmp.Compare(b.votes, a.votes), cmp.Compare(a.key, b.key))
	})
	return rows
}

func (r *reading) judged(e *entry, g endpoint.Grain, vendors []uint64) Evidence {
	ev := e.seen
	ev.Key, ev.Grain = e.key, g
	ev.Vendor = g == endpoint.Domain && slices.Contains(vendors, e.key)
	return ev
}

func (r *reading) standing(e *entry, g endpoint.Grain, o Options, vendors []uint64) Standing {
	return min(o.Qualify(r.level, r.judged(e, g, vendors)), Normal)
}
