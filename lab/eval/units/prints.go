package units

import (
	"cmp"
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
// times: a private address says nothing, since most homes have a 192.168.1.10.
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
	x := f.ID ^ uint64(ms)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // splitmix64: the low bits decide what is kept
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return print{x ^ x>>31, ms}
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
	slices.SortFunc(p.list, func(a, b print) int { return cmp.Compare(a.sum, b.sum) })
	p.list = slices.CompactFunc(p.list, func(a, b print) bool { return a.sum == b.sum })
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
// half of what the smaller one shows is in the other.
func (p *prints) same(o *prints) bool {
	if p == nil || o == nil || len(p.list) == 0 || len(o.list) == 0 {
		return false
	}
	from, to := p.span()
	from2, to2 := o.span()
	if from, to = max(from, from2), min(to, to2); from > to {
		return false
	}
	both, i := 0, 0
	for _, f := range p.list {
		for i < len(o.list) && o.list[i].sum < f.sum {
			i++
		}
		if i < len(o.list) && o.list[i].sum == f.sum {
			both++
		}
	}
	skip := p.skip | o.skip
	return both > 0 && 2*both >= min(p.count(from, to, skip), o.count(from, to, skip))
}

// alike lists which sources without Ethernet addresses show the same flows.
func alike(sources []*source) (pairs [][2]int) {
	type owned struct {
		sum uint64
		by  int
	}
	var all []owned
	for i, s := range sources {
		if s.prints != nil {
			for _, f := range s.prints.list {
				all = append(all, owned{f.sum, i})
			}
		}
	}
	slices.SortFunc(all, func(a, b owned) int { return cmp.Or(cmp.Compare(a.sum, b.sum), cmp.Compare(a.by, b.by)) })
	asked := map[[2]int]bool{}
	for i := 1; i < len(all); i++ {
		pair := [2]int{all[i-1].by, all[i].by} // neighbours are enough: they are joined one by one
		if all[i-1].sum != all[i].sum || pair[0] == pair[1] || asked[pair] {
			continue
		}
		asked[pair] = true
		if sources[pair[0]].prints.same(sources[pair[1]].prints) {
			pairs = append(pairs, pair)
		}
	}
	return pairs
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
			case s.prints.same(t.prints):
				return "it shows the same flows as " + o.Name
			case s.named && t.named && filepath.Dir(s.key) == filepath.Dir(t.key):
				return oneHomeFile + " says that it is of one home with " + o.Name
			}
		}
	}
	return ""
}
