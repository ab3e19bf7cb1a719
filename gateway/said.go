package gateway

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"

	"cardea/gateway/report"
	"cardea/home"
	"cardea/identity"
)

// said is what people said of devices: who they are, and what protects them. Its lock is held for memory only.
type said struct {
	mu      sync.RWMutex
	who     map[home.DeviceID]identity.Correction
	protect map[home.DeviceID][]report.Protection
	makers  map[home.DeviceID]string // who made what is kept vendor-only, as it was known when that was asked for: it cannot change that by itself
	fixed   map[home.DeviceID]bool   // never contained by itself, by the configuration
	two     map[[2]home.MAC]bool     // addresses of two devices: evidence does not bring them together again
}

const (
	maxProtections = 16   // of one device
	maxTwo         = 1024 // pairs; of further ones only the linker knows
)

// saidMemory is what is remembered of it.
type saidMemory struct {
	Who     map[home.DeviceID]identity.Correction `json:"who,omitempty"`
	Protect map[home.DeviceID][]report.Protection `json:"protect,omitempty"`
	Makers  map[home.DeviceID]string              `json:"makers,omitempty"`
	Two     [][2]home.MAC                         `json:"two,omitempty"`
}

func (s *said) restore(m saidMemory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makers = map[home.DeviceID]string{}
	maps.Copy(s.makers, m.Makers)
	s.who, s.protect, s.fixed = map[home.DeviceID]identity.Correction{}, map[home.DeviceID][]report.Protection{}, map[home.DeviceID]bool{}
	maps.Copy(s.who, m.Who)
	for id, list := range m.Protect {
		s.protect[id] = list[:min(len(list), maxProtections)]
	}
	s.two = map[[2]home.MAC]bool{}
	for _, p := range m.Two[:min(len(m.Two), maxTwo)] {
		s.two[twoOf(p[0], p[1])] = true
	}
}

func twoOf(a, b home.MAC) [2]home.MAC {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return [2]home.MAC{a, b}
}

// separate notes that addresses are of two devices; reconcile takes it back.
func (s *said) separate(a, b []home.MAC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range a {
		for _, y := range b {
			if p := twoOf(x, y); x != y && len(s.two) < maxTwo {
				s.two[p] = true
			}
		}
	}
}

func (s *said) reconcile(a, b []home.MAC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range a {
		for _, y := range b {
			delete(s.two, twoOf(x, y))
		}
	}
}

// twoBy says whether people said that these are two devices.
func (s *said) twoBy(a, b []home.MAC) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, x := range a {
		for _, y := range b {
			if s.two[twoOf(x, y)] {
				return true
			}
		}
	}
	return false
}

func (s *said) memory() saidMemory {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := saidMemory{Who: maps.Clone(s.who), Makers: maps.Clone(s.makers), Protect: map[home.DeviceID][]report.Protection{}}
	for id, list := range s.protect {
		m.Protect[id] = slices.Clone(list)
	}
	m.Two = slices.SortedFunc(maps.Keys(s.two), func(a, b [2]home.MAC) int {
		return cmp.Or(bytes.Compare(a[0][:], b[0][:]), bytes.Compare(a[1][:], b[1][:]))
	})
	return m
}

// fix notes that the configuration spares a device.
func (s *said) fix(id home.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed[id] = true
}

// about says whether people said anything of a device.
func (s *said) about(id home.DeviceID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, named := s.who[id]
	return named || len(s.protect[id]) > 0 || s.fixed[id]
}

// spared says whether a device is never contained by itself: the configuration names it, or people said that somebody's health or
// safety hangs on it. A device cannot talk itself into that.
func (s *said) spared(id home.DeviceID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.fixed[id] || s.who[id].Class.SetByPeople()
}

func (s *said) identity(id home.DeviceID) (identity.Correction, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.who[id]
	return c, ok
}

// name notes who a device is; nothing takes it back.
func (s *said) name(id home.DeviceID, c identity.Correction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Model == "" && c.Vendor == "" && c.Class == "" {
		delete(s.who, id)
	} else {
		s.who[id] = c
	}
}

// guard notes a protection, or takes it back.
func (s *said) guard(id home.DeviceID, p report.Protection, maker string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.protect[id]), func(q report.Protection) bool { return q == p })
	if on {
		if list = append(list, p); len(list) > maxProtections {
			return errProtections
		}
	}
	if s.protect[id] = list; len(list) == 0 {
		delete(s.protect, id)
	}
	if p.Kind == home.ProtectVendorOnly {
		if delete(s.makers, id); on {
			s.makers[id] = maker
		}
	}
	return nil
}

// maker is who made a device that is kept vendor-only; "" for any other.
func (s *said) maker(id home.DeviceID) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.makers[id]
}

// guards are the protections of a device.
func (s *said) guards(id home.DeviceID) []report.Protection {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.protect[id])
}

// merge gives one device what was said of another. It stays noted of that one too: it holds again when they are split.
func (s *said) merge(into, from home.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.who[into]; !ok && s.who[from] != (identity.Correction{}) {
		s.who[into] = s.who[from]
	}
	for _, p := range s.protect[from] {
		if !slices.Contains(s.protect[into], p) && len(s.protect[into]) < maxProtections {
			s.protect[into] = append(s.protect[into], p)
		}
	}
	if m := s.makers[from]; m != "" && s.makers[into] == "" {
		s.makers[into] = m
	}
}

// keep forgets what was said of devices that are gone.
func (s *said) keep(known map[home.DeviceID]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.who, func(id home.DeviceID, _ identity.Correction) bool { return !known[id] })
	maps.DeleteFunc(s.makers, func(id home.DeviceID, _ string) bool { return !known[id] })
	maps.DeleteFunc(s.protect, func(id home.DeviceID, _ []report.Protection) bool { return !known[id] })
}

// spared says whether a device is never contained by itself.
