// Package people adapts what the API needs about persons: accounts, ways in, members of a home, what they consent to, how they are told,
// and their gateways. It imports the contexts, cloud/rooms and the adapters' base, and has no state.
package people

import (
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
)

// Fit gives the API what is about people and gateways.
func Fit(a *base.Adapter, p *api.Parts) {
	p.Accounts, p.Gateways, p.Doors = Accounts{a}, Gateways{a}, doorsPart{a}
	p.Members, p.Own = membersPart{a}, ownPart{a}
	p.Consents, p.Notify = Consents{a}, Notify{a}
}
