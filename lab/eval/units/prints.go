package units

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"cardea/home"
)

// maxPrints bounds the flows of one capture that are kept to know it again; of more, every second, fourth and so on is kept, the
// same ones in every capture.
const maxPrints = 1 << 16

// print is one flow: who with whom by which ports, and when to the millisecond.
type print struct {
	sum uint64
	at  int64 // milliseconds since 1970
}

// prints are a capture's flows. Two captures without Ethernet addresses are of one home when they show the same flows at the same
// times: a private address says nothing, since most homes have a 192.168.1.10. So are one with and one without when the times are near.
type prints struct {
	list []print
	skip uint64 // bits of a sum that must be 0 for it to be kept
	most int    // 0: maxPrints
}

func printOf(f *home.Flow, at time.Time) print {
	if !f.Start.IsZero() {
		at = f.Start
	}
	ms := at.UnixMilli()
	return print{mixed(f.ID ^ uint64(ms)*0x9e3779b97f4a7c15), ms}
}

// mixed is splitmix64: the low bits decide what is kept.
func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// nearOf is a flow as captures of other kinds show it: who begins it may be told otherwise, and when by some rounding. So its time is
// no part of the sum, but for the hour, without which few sums would stand for all. False: it is of no use, since many homes show
// the same, as the time that is asked for from port 123.
func nearOf(f *home.Flow, at time.Time) (print, bool) {
	known := max(f.Src.Port(), f.Dst.Port()) < 1024 || f.Src.Port() == f.Dst.Port()
	if f.Proto != home.ProtoTCP && f.Proto != home.ProtoUDP || known || isGroup(f.Dst.Addr().Unmap()) || f.Src.Addr().IsUnspecified() {
		return print{}, false
	}
	if !f.Start.IsZero() {
		at = f.Start
	}
	return print{mixed(between(f) ^ uint64(at.Unix()/3600)*0x9e3779b97f4a7c15), at.UnixMilli()}, true
}

// between is a flow's id, whoever began it.
func between(f *home.Flow) uint64 {
	src, dst := netip.AddrPortFrom(f.Src.Addr().Unmap(), f.Src.Port()), netip.AddrPortFrom(f.Dst.Addr().Unmap(), f.Dst.Port())
	if src.Compare(dst) > 0 {
		src, dst = dst, src
	}
	return home.FlowID(f.Proto, src, dst)
}

func (p *prints) add(f print) {
	if f.sum&p.skip != 0 {
		return
	}
	p.list = append(p.list, f)
	most := cmp.Or(p.most, maxPrints)
	if len(p.list) <= most {
		return
	}
	for p.sort(); len(p.list) > most/2; {
		p.skip = p.skip<<1 | 1
		p.list = slices.DeleteFunc(p.list, func(f print) bool { return f.sum&p.skip != 0 })
	}
}

func (p *prints) sort() {
	slices.SortFunc(p.list, func(a, b print) int { return cmp.Or(cmp.Compare(a.sum, b.sum), cmp.Compare(a.at, b.at)) })
	p.list = slices.Compact(p.list)
}

// count is how many of the flows are from and to these times (milliseconds), of those that another capture keeps as well.
func (p *prints) count(from, to int64, skip uint64) (n int) {
	for _, f := range p.list {
		if f.at >= from && f.at <= to && f.sum&skip == 0 {
			n++
		}
	}
	return n
}

func (p *prints) span() (from, to int64) {
	for i, f := range p.list {
		if i == 0 || f.at < from {
			from = f.at
		}
		if i == 0 || f.at > to {
			to = f.at
		}
	}
	return from, to
}

// same says whether one is a copy or an excerpt of the other, or both are excerpts of a third: in the time that both cover, at least
// half of what the smaller one shows is in the other. Times of one flow may be so far apart.
func (p *prints) same(o *prints, apart time.Duration) bool {
	if p == nil || o == nil || len(p.list) == 0 || len(o.list) == 0 {
		return false
	}
	from, to := p.span()
	from2, to2 := o.span()
	most := apart.Milliseconds()
	if from, to = max(from, from2)-most, min(to, to2)+most; from > to {
		return false
	}
	both := 0
	for i, j := 0, 0; i < len(p.list) && j < len(o.list); {
		a, b := p.list[i], o.list[j]
		switch early := cmp.Or(cmp.Compare(a.sum, b.sum), cmp.Compare(a.at, b.at)); {
		case a.sum == b.sum && max(a.at-b.at, b.at-a.at) <= most:
			both, i, j = both+1, i+1, j+1
		case early < 0:
			i++
		default:
			j++
		}
	}
	skip := p.skip | o.skip
	return both > 0 && 2*both >= min(p.count(from, to, skip), o.count(from, to, skip))
}

// alike says whether two sources show the same flows. Those that both have Ethernet addresses are known by these.
func (s *source) alike(o *source) bool {
	if (s.link == nil) != (o.link == nil) {
		return s.near.same(o.near, near)
	}
	return s.prints.same(o.prints, 0)
}

// alike lists which sources show the same flows, when not both have Ethernet addresses.
func alike(sources []*source) (pairs [][2]int) {
	asked := map[[2]int]bool{}
	meet(sources, func(s *source) *prints { return s.prints }, func(i, j int) {
		pair := [2]int{i, j}
		if !asked[pair] && sources[i].prints.same(sources[j].prints, 0) {
			pairs = append(pairs, pair)
		}
		asked[pair] = true
	})
	clear(asked)
	meet(sources, func(s *source) *prints { return s.near }, func(i, j int) {
		pair := [2]int{i, j}
		if (sources[i].link == nil) == (sources[j].link == nil) || asked[pair] {
			return
		}
		asked[pair] = true
		if sources[i].alike(sources[j]) {
			pairs = append(pairs, pair)
		}
	})
	return pairs
}

// meet tells which sources show a flow of one sum: each with the one before it, and with the one before it of the other kind. That is
// enough, since they are joined one by one.
func meet(sources []*source, of func(*source) *prints, both func(i, j int)) {
	type owned struct {
		sum uint64
		by  int
	}
	var all []owned
	for i, s := range sources {
		if p := of(s); p != nil {
			for _, f := range p.list {
				all = append(all, owned{f.sum, i})
			}
		}
	}
	slices.SortFunc(all, func(a, b owned) int { return cmp.Or(cmp.Compare(a.sum, b.sum), cmp.Compare(a.by, b.by)) })
	last := [2]int{-1, -1} // of those with Ethernet addresses, and of those without
	for i, f := range all {
		if i > 0 && all[i-1].sum != f.sum {
			last = [2]int{-1, -1}
		}
		for _, j := range last {
			if j >= 0 && j != f.by {
				both(j, f.by)
			}
		}
		kind := 0
		if sources[f.by].link != nil {
			kind = 1
		}
		last[kind] = f.by
	}
}

// Same says whether two units show the same home, and how that is known; "" when nothing says so.
func (u *Unit) Same(o *Unit) string {
	ids := map[home.DeviceID]bool{}
	for i := range o.Devices {
		ids[o.Devices[i].ID] = true
	}
	for i := range u.Devices {
		if d := &u.Devices[i]; ids[d.ID] && !slices.ContainsFunc(d.MACs, madeUp) {
			return "it shows a device of " + o.Name
		}
	}
	for _, s := range u.sources {
		for _, t := range o.sources {
			switch {
			case s.alike(t):
				return "it shows the same flows as " + o.Name
			case s.named && t.named && filepath.Dir(s.key) == filepath.Dir(t.key):
				return oneHomeFile + " says that it is of one home with " + o.Name
			}
		}
	}
	return ""
}
