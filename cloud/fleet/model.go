package fleet

import (
	"cardea/home"
	"cardea/identity"
)

// unitOf is a home's vote as package identity counts it.
func unitOf(u Unit) identity.Unit {
	s := identity.Session{Age: uint8(min(u.Age, maxAge))}
	for _, t := range u.Tokens {
		s.Tokens = append(s.Tokens, identity.Shown{Token: identity.Token{Hash: t.GetHash(), Clue: identity.Clue(t.GetClue())}, Age: uint8(min(t.GetAge(), maxAge))})
	}
	return identity.Unit{Home: u.Home, Label: identity.Label{Model: u.Label.Model, Vendor: u.Label.Vendor, Class: home.DeviceClass(u.Label.Class)}, Sessions: []identity.Session{s}}
}
