package intel

import (
	"strings"

	"cardea/home"
)

// ReasonNamesOnly is why an address on a list of class adult is left out: many sites share an address, and only names are refused.
const ReasonNamesOnly Reason = "an address, and lists of this class are of names only"

// Names of class adult are kept beside all others and found by Adult alone. So they are nobody's evidence, hide no entry of another
// class, reach neither the kernel nor what is remembered of contacts, and cost nothing where there are none.

// Adult looks a name and all its parent domains up among those of class adult. An exception excuses it as it does from any list.
func (s *Set) Adult(name string) (home.Indicator, bool) {
	if s == nil || s.adult == nil {
		return home.Indicator{}, false
	}
	m, ok := s.adult.Find(name)
	if !ok || s.allow && s.freed(name) {
		return home.Indicator{}, false
	}
	return m.Indicator(), true
}

// HasAdult says whether any list is of that class.
func (s *Set) HasAdult() bool { return s != nil && s.adult != nil }

// freed says whether the list of exceptions has a name or a parent of it.
func (s *Set) freed(name string) bool {
	for rest := name; ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return false
		}
		for _, w := range s.run(rest) {
			if w&classMask == removed {
				continue
			}
			if c := &s.classes[w&classMask]; c.Allow && c.Class == ClassAllow && (!c.Exact || len(rest) == len(name)) {
				return true
			}
		}
		rest = rest[dot+1:]
	}
}

func (b *Builder) addAdult(l *List, e Entry) Reason {
	switch {
	case e.Name == "":
		return ReasonNamesOnly
	case b.adult == nil:
		b.adult = NewBuilder()
		b.adult.key = b.key
	}
	if b.n+b.adult.n >= MaxIndicators {
		return ReasonFull
	}
	return b.adult.add(l, e)
}

func (b *Builder) keepAdult(old *Set, source string) int {
	if old == nil {
		return 0
	}
	if b.adult == nil {
		b.adult = NewBuilderFrom(old)
	}
	n := b.adult.Keep(old, source)
	if b.adult.n == 0 {
		b.adult = nil
	}
	return n
}

// applyAdult gives the part of a delta that is about names of class adult to them, and the rest back.
func (s *Set) applyAdult(d Delta) (adult *Set, rest Delta, refused int) {
	var own Delta
	rest.Remove = d.Remove
	for _, a := range d.Add {
		switch {
		case a.List.Class != home.ClassAdult:
			rest.Add = append(rest.Add, a)
		case a.Entry.Name == "":
			refused++
		default:
			own.Add = append(own.Add, a)
		}
	}
	if s.adult == nil && len(own.Add) == 0 {
		return nil, rest, refused
	}
	own.Remove = d.Remove
	adult, more := s.adult.apply(own)
	return adult, rest, refused + more
}
