package collateral

import (
	"cmp"
	"maps"
	"slices"

	"cardea/home"
)

// Losses gathers which of a device's endpoints ways of holding it would take from it: from the same contacts as its baseline, in one go.
type Losses struct {
	leaves []func(*home.Contact) bool
	ends   map[uint64]*end
}

// end is an endpoint as its contacts tell it.
type end struct {
	name  string // as people read it; of the most bytes
	most  uint64
	bytes uint64
	flows uint64
	lost  []uint64 // of these flows, by way
}

// NewLosses makes one. Each way of holding says of a contact whether it would leave it alone.
func NewLosses(leaves ...func(*home.Contact) bool) *Losses {
	return &Losses{leaves: leaves, ends: map[uint64]*end{}}
}

// Contact takes a contact of the past.
func (l *Losses) Contact(c *home.Contact) {
	key := keyOf(c)
	if key == 0 || c.Action == home.Block || !reached(c) {
		return
	}
	e := l.ends[key]
	if e == nil {
		if len(l.ends) >= maxKeys {
			return
		}
		e = &end{lost: make([]uint64, len(l.leaves))}
		l.ends[key] = e
	}
	flows, bytes := max(c.Flows, 1), c.Up+c.Down
	e.flows += flows
	e.bytes += bytes
	if e.name == "" || bytes > e.most {
		e.name, e.most = nameOf(c), bytes
	}
	for i, leaves := range l.leaves {
		if !leaves(c) {
			e.lost[i] += flows
		}
	}
}

// nameOf is an endpoint as people read it.
func nameOf(c *home.Contact) string {
	switch {
	case c.Local:
		return "a device at home"
	case c.Endpoint.Name != "":
		return c.Endpoint.Name
	}
	return c.Endpoint.IP.Unmap().String()
}

// Of says how many of a device's usual endpoints a way of holding it would take: most of what goes there. names are of those, each once,
// the one of the most bytes first.
func (l *Losses) Of(b *Baseline, way int) (lost int, names []string) {
	bytes := map[string]uint64{}
	for _, u := range b.Ends {
		if e := l.ends[u.Key]; e != nil && 2*e.lost[way] > e.flows {
			lost++
			bytes[e.name] += e.bytes
		}
	}
	names = slices.SortedFunc(maps.Keys(bytes), func(x, y string) int { return cmp.Or(cmp.Compare(bytes[y], bytes[x]), cmp.Compare(x, y)) })
	return lost, names
}
