// Package stay counts the nights that devices were in the home, and says by them who is taken for a guest's though nobody said so. It is
// pure: no I/O, no clock of its own. It may import home only; whoever wires it keeps what Snapshot gives.
package stay

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"cardea/home"
)

const (
	// Nights is how many nights a device has to have been here to be of the household: visitors of a day and of a long weekend have
	// fewer, and who lives here has them within a week or two.
	Nights = 7
	// Meets is how long after a gateway began all whom it meets are of the household: it cannot know who was there before it.
	Meets = 24 * time.Hour
	// A night is counted by who is here in its small hours.
	from, until = 2, 5
	maxKept     = 4096
)

// Book has the nights of devices. Its zero value is empty. All methods may be called by many goroutines.
type Book struct {
	mu sync.Mutex
	of map[home.DeviceID]Stay // nil: none
}

// Stay is how often a device spent the night.
type Stay struct {
	Device home.DeviceID `json:"device"`
	Nights uint8         `json:"nights"` // at most Nights
	Last   int64         `json:"last"`   // the latest, in days since 1970 by the home's own calendar
}

// Here notes that a device is here at a time of the home's own clock. By day it does nothing.
func (b *Book) Here(id home.DeviceID, at time.Time) {
	if at.Hour() < from || at.Hour() >= until {
		return
	}
	y, m, d := at.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	b.mu.Lock()
	defer b.mu.Unlock()
	s, known := b.of[id]
	if known && s.Last == day || !known && len(b.of) >= maxKept {
		return
	}
	b.put(Stay{Device: id, Nights: min(s.Nights+1, Nights), Last: day})
}

// put keeps one. The lock is held.
func (b *Book) put(s Stay) {
	if b.of == nil {
		b.of = map[home.DeviceID]Stay{}
	}
	b.of[s.Device] = s
}

// Keep forgets devices that are not known any more.
func (b *Book) Keep(known func(home.DeviceID) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.of, func(id home.DeviceID, _ Stay) bool { return !known(id) })
}

// Guest says whether a device is taken for a guest's: something that a person carries, or that nobody knows what it is, with an address
// that it made up, new since the gateway began, and not yet here for so many nights. What its people said comes before that.
func (b *Book) Guest(d *home.Device, began time.Time) bool {
	if d.Gateway || d.Class != "" && !d.Class.Personal() || !d.First.After(began.Add(Meets)) || len(d.MACs) == 0 {
		return false
	}
	if slices.ContainsFunc(d.MACs, func(m home.MAC) bool { return !m.IsLocal() }) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of[d.ID].Nights < Nights
}

// Snapshot is what is to be kept, in a stable order.
func (b *Book) Snapshot() []Stay {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.of), func(a, b Stay) int { return cmp.Compare(a.Device, b.Device) })
}

// Restore puts back what Snapshot gave.
func (b *Book) Restore(list []Stay) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range list[:min(len(list), maxKept)] {
		s.Nights = min(s.Nights, Nights)
		b.put(s)
	}
}
