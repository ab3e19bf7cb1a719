// Package adapt lets the API see the contexts: what an app asks for is put together here from several of them, with its words. Below it,
// each part implements interfaces of cloud/api and says in its Fit which:
//
//   - people: accounts, ways in, members, consents, how people are told, gateways as theirs
//   - homes: what a home shows its residents, and what they do in it
//   - privacy: what is kept, taken along and erased
//   - console: what staff see and do, and providers' own systems
//   - base: what these have in common
//
// Each imports the contexts, cloud/rooms and those named before it; people and homes import none of privacy and console. Nobody here has
// state.
package adapt

import (
	"context"

	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/console"
	"cardea/cloud/adapt/homes"
	"cardea/cloud/adapt/people"
	"cardea/cloud/adapt/privacy"
	"cardea/cloud/api"
)

// Parts is all that the API needs.
func Parts(a *base.Adapter, ready func(context.Context) error) api.Parts {
	p := api.Parts{Ready: ready}
	people.Fit(a, &p)
	homes.Fit(a, &p)
	privacy.Fit(a, &p)
	console.Fit(a, &p)
	return p
}
