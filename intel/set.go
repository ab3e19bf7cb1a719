package intel

import (
	"net/netip"
	"strings"

	"cardea/home"
)

// Set is a compiled set of indicators. It is immutable; a nil *Set is empty. Names must be as home.CleanName leaves them.
type Set struct {
	key     key
	classes []Class
	names   table
	over    table // what deltas changed since names was compiled: it hides the same hash in names
	n       int   // names, exceptions and removals considered
	allow   bool  // there may be an exception among the names
	excused bool  // there is one among the addresses
	addrs   addrs
	adult   *Set // names of class adult; nil: there are none
}

// Name looks a name and all its parent domains up. The most specific listing wins, an exception wins over all listings
// that it excuses. It allocates nothing.
func (s *Set) Name(name string) (home.Indicator, bool) {
	m, ok := s.Find(name)
	if !ok {
		return home.Indicator{}, false
	}
	return m.Indicator(), true
}

// Addr looks an address up, alone and in listed blocks. Listings of one port of the address do not count: see Endpoint.
func (s *Set) Addr(a netip.Addr) (home.Indicator, bool) { return s.Endpoint(netip.AddrPortFrom(a, 0)) }

// Endpoint looks up what a flow goes to: its address as Addr does, and feeds' address:port pairs. It is what to ask
// about a flow.
func (s *Set) Endpoint(ap netip.AddrPort) (home.Indicator, bool) {
	m, ok := s.FindAddr(ap)
	if !ok {
		return home.Indicator{}, false
	}
	return m.Indicator(), true
}

// Find is Name without making an Indicator of the result.
func (s *Set) Find(name string) (Match, bool) {
	if s == nil {
		return Match{}, false
	}
	if s.allow {
		return s.findExcused(name)
	}
	for rest := name; ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return Match{}, false // a top-level domain is never listed
		}
		if run := s.run(rest); run != nil {
			if c := s.pick(run, len(rest) == len(name)); c != nil {
				return Match{Name: rest, Class: c}, true
			}
		}
		rest = rest[dot+1:]
	}
}

// run gives the words of one name, without its parents.
func (s *Set) run(name string) []uint64 { return s.runOf(s.key.sum(name)) }

func (s *Set) runOf(h uint64) []uint64 {
	if s.over.n > 0 {
		if run := s.over.find(h); run != nil {
			return run
		}
	}
	return s.names.find(h)
}

// pick is the listing to tell of one name; whole says that it is the name asked for, not a parent.
func (s *Set) pick(run []uint64, whole bool) (best *Class) {
	for _, w := range run {
		if w&classMask == removed {
			continue
		}
		c := &s.classes[w&classMask]
		if c.Allow || c.Exact && !whole {
			continue
		}
		if best == nil || better(c, best) {
			best = c
		}
	}
	return best
}

// findExcused is Find for a set with exceptions: it must look at all parents before it knows.
func (s *Set) findExcused(name string) (Match, bool) {
	var t tally
	for rest := name; ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return t.result()
		}
		for _, w := range s.run(rest) {
			if w&classMask == removed {
				continue
			}
			if c := &s.classes[w&classMask]; !c.Exact || len(rest) == len(name) {
				t.add(Match{Name: rest, Class: c}, len(rest))
			}
		}
		rest = rest[dot+1:]
	}
}

// Len is the number of indicators and exceptions.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return s.n + s.addrs.len() + s.adult.Len()
}

// Names is the number of names among them.
func (s *Set) Names() int {
	if s == nil {
		return 0
	}
	return s.n + s.adult.Names()
}

// Bytes is the memory that the set holds, without its table of classes (some hundred bytes a list).
func (s *Set) Bytes() int {
	if s == nil {
		return 0
	}
	return s.names.bytes() + s.over.bytes() + s.addrs.bytes() + s.adult.Bytes()
}
