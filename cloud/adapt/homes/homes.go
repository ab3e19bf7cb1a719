// Package homes adapts what the API needs about a home: its devices, incidents, orders, rules and line, as residents see them and as staff
// do whom a resident let in. It imports the contexts, cloud/rooms, the adapters' base and people, and has no state.
package homes

import (
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
)

// Fit gives the API what a home shows and what is done in it.
func Fit(a *base.Adapter, p *api.Parts) {
	p.Homes, p.Incidents, p.Orders, p.Lines = Homes{a}, incidentsPart{a}, Orders{a}, linesPart{a}
	p.Live, p.Feed, p.Reports = Live{a}, feedPart{a}, Reports{a}
	p.People, p.Owners, p.Rules = peoplePart{a}, peoplePart{a}, rulesPart{a}
}
