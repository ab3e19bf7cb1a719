// Package intel holds indicators: it reads feeds in the formats that they come in, compiles them into a small immutable
// Set, looks names and addresses up in it and applies deltas to it. It also knows the well-known services of the
// internet (Service) and the public resolvers that hide what a device asks (Bypass).
//
// It is pure: readers are passed in, no file, clock or network is touched. It imports home and the public suffix list.
// A Set never changes after it was made, so any number of goroutines may use it; whoever made it owns which one is in
// force.
package intel

import (
	"net/netip"
	"strconv"

	"cardea/home"
)

// ClassAllow is the class of a list of exceptions: what it names is excused from every other list. An exception inside a
// list of another class excuses only from lists of that same class, so that an advertising list cannot free a
// botnet's server.
const ClassAllow home.Class = "allow"

// List is what holds for a whole feed.
type List struct {
	Source     string     // the feed's name, as people are told it
	Class      home.Class // "" means malware
	Family     string     // malware family when the whole feed is about one
	Confidence uint8      // 1–100; 0 means DefaultConfidence
	Exact      bool       // names without a wildcard mean only themselves, not what is below them
	Format     Format     // 0: find out from the first lines
}

// DefaultConfidence is that of a list which says nothing about it.
const DefaultConfidence = 80

// Entry is one indicator of a feed, before it is compiled. Either Name or Prefix is set.
type Entry struct {
	Name       string       // host name as home.CleanName leaves it
	Exact      bool         // only Name itself; otherwise Name and all below it
	Prefix     netip.Prefix // an address block; one address is a /32 or /128
	Port       uint16       // only this far port of the one address; 0 means all
	Allow      bool         // an exception, not an indicator
	Confidence uint8        // 0: the list's
}

// Class is what many indicators of a Set share; it is stored once.
type Class struct {
	Class      home.Class
	Family     string
	Source     string
	Confidence uint8
	Exact      bool // names: not what is below them
	Allow      bool
}

// Match is a hit. It costs no allocation: Name is a slice of the name that was asked for.
type Match struct {
	Name   string       // what matched, for a name
	Prefix netip.Prefix // what matched, for an address
	Port   uint16       // set when only this port of the address is listed
	Class  *Class       // belongs to the Set; do not change
}

// Indicator is the match as it is told to people. It allocates for addresses.
func (m Match) Indicator() home.Indicator {
	i := home.Indicator{
		Class: m.Class.Class, Family: m.Class.Family, Source: m.Class.Source, Confidence: m.Class.Confidence,
	}
	switch {
	case m.Name != "" && m.Class.Exact:
		i.Kind, i.Value = home.IndicatorHost, m.Name
	case m.Name != "":
		i.Kind, i.Value = home.IndicatorDomain, m.Name
	case !m.Prefix.IsSingleIP():
		i.Kind, i.Value = home.IndicatorPrefix, m.Prefix.String()
	case m.Port != 0:
		i.Kind, i.Value = home.IndicatorAddr, netip.AddrPortFrom(m.Prefix.Addr(), m.Port).String()
	default:
		i.Kind, i.Value = home.IndicatorAddr, m.Prefix.Addr().String()
	}
	return i
}

func (e Entry) String() string {
	s := e.Name
	if e.Name == "" {
		s = e.Prefix.String()
	}
	if e.Port != 0 {
		s += " port " + strconv.Itoa(int(e.Port))
	}
	if e.Allow {
		s = "not " + s
	}
	return s
}

// severity orders classes: a name on two lists is told as the worse of the two. It also numbers the classes for the
// exceptions' bit mask; what we do not know counts as tracking does, the mildest.
func severity(c home.Class) int {
	switch c {
	case home.ClassMalware:
		return 4
	case home.ClassPhishing:
		return 3
	case home.ClassBypass:
		return 2
	case home.ClassTracking:
		return 1
	}
	return 0
}

// better says whether a is to be told rather than b when both match the same thing.
func better(a, b *Class) bool {
	if x, y := severity(a.Class), severity(b.Class); x != y {
		return x > y
	}
	return a.Confidence > b.Confidence
}

// excuse is the bit of an exception, or of the class that it must excuse.
func excuse(c home.Class) uint8 {
	if c == ClassAllow {
		return 0xff
	}
	return 1 << severity(c)
}
