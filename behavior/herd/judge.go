package herd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// book is what is reported of one endpoint.
type book struct {
	flags   Flags
	votes   map[uint64]vote
	healthy map[uint64]use
	watched map[uint64]use
	targets map[uint64]struct{}
}

type vote struct {
	first, last time.Time
	network     uint32
}

type use struct {
	at      time.Time
	network uint32
}

// Judge says what the reports make of endpoints at a time, the most agreed on first. The order of the reports does not matter.
func Judge(reports []Report, now time.Time, o Options) []Indicator {
	o = o.filled()
	books := collect(reports, now, o)
	var out []Indicator
	for e, b := range books {
		if len(b.votes) < o.Homes {
			continue
		}
		if i, ok := b.judge(e, now, o); ok {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b Indicator) int {
		return cmp.Or(cmp.Compare(b.Homes, a.Homes), compare(a.Endpoint, b.Endpoint))
	})
	return out[:min(len(out), o.Most)]
}

func compare(a, b Endpoint) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Proto, b.Proto))
}

// collect sorts reports by endpoint, one of each kind a home.
func collect(reports []Report, now time.Time, o Options) map[Endpoint]*book {
	books := map[Endpoint]*book{}
	for _, e := range voted(reports, now, o) {
		if books[e.Endpoint] == nil {
			books[e.Endpoint] = &book{votes: map[uint64]vote{}, healthy: map[uint64]use{}, watched: map[uint64]use{}, targets: map[uint64]struct{}{}}
		}
		books[e.Endpoint].vote(e)
	}
	for i := range reports {
		r := &reports[i]
		b := books[r.Endpoint]
		if b == nil {
			continue
		}
		b.flags |= r.Flags
		if now.Sub(r.Since) < o.Age || r.At.After(now) {
			continue
		}
		switch r.Kind {
		case Healthy:
			b.healthy[r.Home] = first(b.healthy[r.Home], use{r.At, r.Network})
		case Watched:
			b.watched[r.Home] = first(b.watched[r.Home], use{r.At, r.Network})
		case Target:
			b.targets[r.Home] = struct{}{}
		}
	}
	return books
}

// first is the earlier; of equal ones that of the smaller network, so that the order of reports does not matter.
func first(a, b use) use {
	if !a.at.IsZero() && cmp.Or(a.at.Compare(b.at), cmp.Compare(a.network, b.network)) <= 0 {
		return a
	}
	return b
}

// voted are the votes that count, at most perDay endpoints a home and day, the earliest.
func voted(reports []Report, now time.Time, o Options) []*Report {
	type homeDay struct {
		home uint64
		day  int64
	}
	byDay := map[homeDay][]*Report{}
	for i := range reports {
		r := &reports[i]
		if r.Kind == Vote && r.Endpoint.proper() && r.At.Sub(r.Since) >= o.Age && !r.At.After(now) && now.Sub(r.At) < voteWindow {
			k := homeDay{r.Home, r.At.Unix() / 86400}
			byDay[k] = append(byDay[k], r)
		}
	}
	var out []*Report
	for _, list := range byDay {
		slices.SortFunc(list, func(a, b *Report) int {
			return cmp.Or(a.At.Compare(b.At), compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Network, b.Network))
		})
		seen := map[Endpoint]struct{}{}
		for _, r := range list {
			if _, ok := seen[r.Endpoint]; !ok && len(seen) >= perDay {
				continue
			}
			seen[r.Endpoint] = struct{}{}
			out = append(out, r)
		}
	}
	return out
}

func (b *book) vote(r *Report) {
	v, ok := b.votes[r.Home]
	if !ok || r.At.Before(v.first) || r.At.Equal(v.first) && r.Network < v.network {
		v.first, v.network = r.At, r.Network
	}
	if r.At.After(v.last) {
		v.last = r.At
	}
	b.votes[r.Home] = v
}

func (b *book) judge(e Endpoint, now time.Time, o Options) (Indicator, bool) {
	i := Indicator{Endpoint: e}
	votes := slices.SortedFunc(maps.Values(b.votes), func(x, y vote) int {
		return cmp.Or(x.first.Compare(y.first), cmp.Compare(x.network, y.network))
	})
	nets := map[uint32]struct{}{}
	var last time.Time
	for n, v := range votes {
		if v.network != 0 {
			nets[v.network] = struct{}{}
		}
		if v.last.After(last) {
			last = v.last
		}
		if n+1 >= o.Homes && len(nets) >= o.Networks && i.Since.IsZero() {
			i.Since = v.first
		}
	}
	i.Homes, i.Networks, i.Expires = len(votes), len(nets), last.Add(o.Keep)
	if i.Since.IsZero() || !now.Before(i.Expires) {
		return i, false
	}
	i.Force = i.Since.Add(o.Shadow)
	i.Why = fmt.Sprintf("Hard findings in %d homes on %d access networks agree on it", i.Homes, i.Networks)
	if why := b.refused(votes[0].first); why != "" {
		i.Shadow, i.Refused = true, true
		i.Why += ", but " + why + "."
		return i, true
	}
	switch n := b.strangers(); {
	case now.Before(i.Force):
		i.Shadow = true
		i.Why += "; it is in shadow first."
	case n >= max(fewHealthy, len(b.votes)/2):
		i.Shadow = true
		i.Why += fmt.Sprintf("; it stays in shadow, because %d homes without findings deal with it now.", n)
	default:
		i.Why += "; it is in force for all homes."
	}
	return i, true
}

// refused says why an endpoint is nobody's to frame; "" when nothing speaks for it.
func (b *book) refused(firstVote time.Time) string {
	switch {
	case b.flags&Allowed != 0:
		return "it is on an allow-list"
	case b.flags&Normal != 0:
		return "it is normal for a model"
	case b.flags&Shared != 0:
		return "many customers share it"
	case b.flags&Wide != 0:
		return "devices of all kinds use it"
	case len(b.targets) >= len(b.votes):
		return "more homes saw it attacked than used for attacks: it is a victim"
	}
	n, nets := 0, map[uint32]struct{}{}
	for home, u := range b.healthy {
		// A use in a home that votes, or that only just preceded the findings, is likely the infection's.
		if _, voted := b.votes[home]; voted || u.at.After(firstVote.Add(-before)) {
			continue
		}
		n++
		nets[u.network] = struct{}{}
	}
	if n >= max(fewHealthy, (len(b.votes)+perVotes-1)/perVotes) && len(nets) >= twoNets {
		return fmt.Sprintf("%d homes without findings used it before", n)
	}
	return ""
}

// strangers are homes without a vote that deal with it while it is watched.
func (b *book) strangers() int {
	n := 0
	for home := range b.watched {
		if _, voted := b.votes[home]; !voted {
			n++
		}
	}
	return n
}
