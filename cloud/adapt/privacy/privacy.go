// Package privacy adapts what the API needs for people to see what is kept of them, to take it along and to have it erased. The table of
// everything that is kept is in kept.go. It imports the contexts, cloud/rooms, the adapters' base, people and homes, and has no state.
package privacy

import (
	"context"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// Fit gives the API what is kept of people, for them to see, take and erase.
func Fit(a *base.Adapter, p *api.Parts) { p.Privacy = Privacy{a} }

type Privacy struct{ *base.Adapter }

func (a Privacy) EraseDevice(ctx context.Context, p home.Place, by api.Session, device string) (view.Erased, error) {
	if _, err := a.History.Device(ctx, p.OfHome(), device); err != nil {
		return view.Erased{}, faults.Tell(err)
	}
	e, err := a.Rooms.EraseDevice(ctx, p.OfHome(), device, by.Person.ID)
	return base.ErasedView(api.Language(ctx), e), faults.Tell(err)
}
