package units

import (
	"errors"
	"fmt"
	"time"

	"cardea/home"
)

// Splice says what is put where.
type Splice struct {
	Attack *Unit
	From   home.DeviceID // the infected device of the attack; "": the one that begins the most
	At     time.Time     // when the attack's capture begins, in the benign unit's time; zero: in the middle of the benign unit
}

// Splice plays an attack into this unit's time: the infected device's addresses become those of the unit's own device (and its
// router those of this router), times are shifted, the gaps between packets stay. What else the attack's home shows keeps its own
// addresses, moved out of the way of this home's. What the infected device told of itself (leases, announcements, how its TCP
// stack opens connections) is left out: it is another device's. The unit itself is not changed. A benign capture may be spliced
// as well: a sham, in which nothing must be found.
func (u *Unit) Splice(device home.DeviceID, s Splice) (*Unit, error) {
	victim, ok := u.Device(device)
	if !ok {
		return nil, fmt.Errorf("splice: %s has no device %s", u.Name, device)
	}
	if s.Attack == nil || len(s.Attack.Devices) == 0 {
		return nil, errors.New("splice: an attack without a device")
	}
	if u.Attack != nil || s.Attack.Attack != nil {
		return nil, errors.New("splice: a spliced unit cannot be spliced again")
	}
	if s.From == "" {
		s.From = s.Attack.Devices[0].ID
	}
	infected, ok := s.Attack.Device(s.From)
	if !ok {
		return nil, fmt.Errorf("splice: %s has no device %s", s.Attack.Name, s.From)
	}
	if s.At.IsZero() {
		s.At = u.First.Add(u.Last.Sub(u.First) / 2)
	}
	shift := s.At.Sub(s.Attack.First)
	out := *u
	out.Name = u.Name + " + " + s.Attack.Name
	out.Attack = &Attack{Name: s.Attack.Name, Device: device, From: s.From, At: s.At, End: s.Attack.Last.Add(shift), Shift: shift}
	out.sources = nil
	for _, src := range u.sources {
		c := *src
		c.mute = true
		out.sources = append(out.sources, &c)
	}
	m := newRemap(u, &victim, s.Attack, &infected, shift)
	for _, src := range s.Attack.sources {
		c := *src
		c.remap = m
		c.first, c.last = src.first.Add(shift), src.last.Add(shift)
		out.sources = append(out.sources, &c)
	}
	return &out, nil
}
