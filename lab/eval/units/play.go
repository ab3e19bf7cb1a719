package units

import (
	"context"
	"fmt"

	"golang.org/x/net/publicsuffix"

	"cardea/gateway/capture"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity/oui"
)

// sink hands what the observer makes on, with who each device is.
type sink struct {
	unit     *Unit
	observer *observe.Observer
	observed func(*home.Observation)
	contact  func(*home.Contact)
	known    map[home.DeviceID]bool
}

// Observe hands one observation on. Who a device is was found out before, over the whole unit: it is told at once.
func (s *sink) Observe(o *home.Observation) {
	if d := o.Device; d != nil && !s.known[d.ID] {
		s.known[d.ID] = true
		if have, ok := s.unit.Device(d.ID); ok {
			s.observer.Identify(d.ID, have.Identity)
		}
	}
	if s.observed != nil {
		s.observed(o)
	}
}

// Contact hands one contact on.
func (s *sink) Contact(c *home.Contact) {
	if s.contact != nil {
		s.contact(c)
	}
}

// Play plays the unit as one home, in the order of time: each observation, and each contact as its hour closes, as the gateway's
// observer makes them. Both are valid during the call only; either function may be nil. Devices have their ids and identities
// as in Devices. In a unit that Splice made, Event.Frame is the attack's for the attack's events and 0 for the others.
func (u *Unit) Play(ctx context.Context, observed func(*home.Observation), contact func(*home.Contact)) error {
	s := &sink{unit: u, observed: observed, contact: contact, known: map[home.DeviceID]bool{}}
	s.observer = observe.New(u.observing(), s)
	if err := u.Events(ctx, s.observer); err != nil {
		return err
	}
	s.observer.Close()
	return nil
}

// observing is how a unit's home is observed.
func (u *Unit) observing() observe.Config {
	return observe.Config{Home: u.home, Vendor: vendor, Domain: registrable}
}

// Events plays the unit's events, in the order of time, without an observer.
func (u *Unit) Events(ctx context.Context, to capture.Sink) error {
	if err := merge(ctx, u.sources, to); err != nil {
		return fmt.Errorf("play %s: %w", u.Name, err)
	}
	return nil
}

// registrable is the registrable domain of a name (Public Suffix List), "" where the name is itself a public suffix.
func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// vendor is the maker by address range; nobody's where the address was made up for a log that has none.
func vendor(m home.MAC) string {
	if madeUp(m) {
		return ""
	}
	return oui.Vendor(m)
}
