// Package permits says which names and addresses a device may use while a containment mode holds it to a list: its maker's, what
// brings updates and sets clocks, what homes with the same model are known to use. It also says beforehand what a mode would stop, from
// the contacts of the past (Preview) and live (Try). It decides nothing about modes and touches no kernel.
//
// It is pure: no clock, no I/O. It may import home, intel, identity and its tables, and behavior's names of endpoints; what is normal for
// a model comes through Profiles. A Book owns who is held; it is safe for several goroutines, since the resolver asks with each question.
package permits

import (
	"maps"
	"net/netip"
	"slices"
	"sync"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// Subject is who a device was known to be when it began to be held. That is kept with it: a device cannot change what it may use by
// looking like another one.
type Subject struct {
	Vendor string           `json:"vendor,omitempty"`
	Class  home.DeviceClass `json:"class,omitempty"`
	Model  string           `json:"model,omitempty"`
}

// SubjectOf is who a device is now.
func SubjectOf(d *home.Device) Subject {
	return Subject{Vendor: d.Vendor, Class: d.Class, Model: d.Model}
}

// Profiles is what the fleet knows of models.
type Profiles interface {
	// Uses says whether an endpoint is normal for devices of this model in many homes, not whether this home's device ever used it.
	Uses(s Subject, c *endpoint.Chain) bool
}

// Config is what a Book has to be told.
type Config struct {
	Profiles Profiles                 // nil: nothing is known of any model
	Guard    []string                 // names that set clocks or bring updates to any device, each with all below it
	Domain   func(name string) string // registrable domain; nil: the whole name
	Own      func(netip.Addr) bool    // the gateway's own addresses; nil: none are known
}

// Bounds.
const (
	MaxHeld   = 512 // devices, as many as a home has; beyond it a device is held without a list: it may use what everybody may
	MaxTrials = 16
)

// Held is a device that is held to a list.
type Held struct {
	Mode    home.Mode `json:"mode"`
	Subject Subject   `json:"subject"`
}

// Book knows who is held, and what they may use.
type Book struct {
	cfg   Config
	guard map[string]bool

	mu      sync.RWMutex
	held    map[home.DeviceID]Held
	trials  map[home.DeviceID]*trial
	answers map[home.DeviceID]*answers
}

// New makes an empty book.
func New(c Config) *Book {
	b := &Book{cfg: c, guard: map[string]bool{}, held: map[home.DeviceID]Held{}, trials: map[home.DeviceID]*trial{}, answers: map[home.DeviceID]*answers{}}
	for _, n := range c.Guard {
		b.guard[n] = true
	}
	return b
}

// Hold notes that a mode holds for a device now; one that is not a list's frees it. Who it is stays as it was when it began to be held.
func (b *Book) Hold(id home.DeviceID, mode home.Mode, s Subject) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was, there := b.held[id]
	switch {
	case !mode.Listing():
		delete(b.held, id)
	case there:
		b.held[id] = Held{mode, was.Subject}
	case len(b.held) < MaxHeld:
		b.held[id] = Held{mode, s}
	}
}

// Of is how a device is held; false: it is not held to a list.
func (b *Book) Of(id home.DeviceID) (Held, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	h, ok := b.held[id]
	return h, ok
}

// Keep frees all devices that are no longer known.
func (b *Book) Keep(known func(home.DeviceID) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.held, func(id home.DeviceID, _ Held) bool { return !known(id) })
	maps.DeleteFunc(b.trials, func(id home.DeviceID, _ *trial) bool { return !known(id) })
	maps.DeleteFunc(b.answers, func(id home.DeviceID, _ *answers) bool { return !known(id) })
}

// Snapshot is who is held, to be kept over a restart.
func (b *Book) Snapshot() map[home.DeviceID]Held {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return maps.Clone(b.held)
}

// Restore takes what Snapshot gave. What makes no sense is left out.
func (b *Book) Restore(held map[home.DeviceID]Held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = map[home.DeviceID]Held{}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if h := held[id]; h.Mode.Listing() && len(b.held) < MaxHeld {
			b.held[id] = h
		}
	}
}

// May says whether a device may have the address of a name in a mode. In modes without a list it may have any. A device that is not held
// yet has no subject: it may use what everybody may.
func (b *Book) May(id home.DeviceID, mode home.Mode, name string) bool {
	h, _ := b.Of(id)
	return b.Permits(h.Subject, mode, name)
}

// MayAddr says whether a device may reach an address that no name led to.
func (b *Book) MayAddr(id home.DeviceID, mode home.Mode, addr netip.Addr, port uint16, proto string) bool {
	h, _ := b.Of(id)
	return b.PermitsAddr(h.Subject, mode, addr, port, proto)
}
