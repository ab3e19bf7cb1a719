package intel

import (
	"cmp"
	"slices"

	"cardea/home"
)

// meeting is which homes met entries of a list. What a home met is kept of as many homes only as are looked at day by day: those that come
// first by their hash, so that they are the same ones whatever else is asked. That bounds what very many homes cost.
type meeting struct {
	homes   map[home.Place]*met
	devices int
	looked  []hashed // homes whose endpoints are kept: at most twice maxDryHome
	last    *hashed  // homes behind it are not among them; nil: all are
}

// met is a home's part.
type met struct {
	ends    map[uint64]bool // nil where it is not looked at day by day
	devices []string        // ids; a home has few
}

type hashed struct {
	hash  uint64
	place home.Place
}

func (a hashed) compare(b hashed) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), byHome(a.place, b.place))
}

func newMeeting() *meeting { return &meeting{homes: map[home.Place]*met{}} }

// add notes that a home, or a device of it where that is known, met an endpoint.
func (m *meeting) add(p home.Place, device string, end uint64) {
	h := m.homes[p]
	if h == nil {
		h = &met{}
		m.homes[p] = h
		m.look(p, h)
	}
	if h.ends != nil {
		h.ends[end] = true
	}
	if device != "" && !slices.Contains(h.devices, device) {
		h.devices = append(h.devices, device)
		m.devices++
	}
}

// look decides whether a home that is new may be one of those whose days are looked at.
func (m *meeting) look(p home.Place, h *met) {
	x := hashed{hashOf(p), p}
	if m.last != nil && x.compare(*m.last) > 0 {
		return
	}
	h.ends = map[uint64]bool{}
	if m.looked = append(m.looked, x); len(m.looked) == 2*maxDryHome {
		m.cut()
	}
}

// cut keeps the endpoints of the first homes only.
func (m *meeting) cut() {
	slices.SortFunc(m.looked, hashed.compare)
	if len(m.looked) <= maxDryHome {
		return
	}
	for _, x := range m.looked[maxDryHome:] {
		m.homes[x.place].ends = nil
	}
	m.looked = m.looked[:maxDryHome]
	last := m.looked[maxDryHome-1]
	m.last = &last
}

// sample are the homes whose days are looked at.
func (m *meeting) sample() []home.Place {
	m.cut()
	out := make([]home.Place, len(m.looked))
	for i, x := range m.looked {
		out[i] = x.place
	}
	return out
}

// met says whether a home of the sample met an endpoint.
func (m *meeting) met(p home.Place, end uint64) bool {
	h := m.homes[p]
	return h != nil && h.ends[end]
}
