package console

import (
	"context"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms/faults"
)

// brokersPart shows staff the message brokers.
type brokersPart struct{ *base.Adapter }

// Brokers are the whole installation's: how many gateways are connected, and what waits, is not told to one provider of several.
func (a brokersPart) Brokers(ctx context.Context, tenant string) (view.Brokers, error) {
	ok, err := a.Steers(ctx, tenant)
	switch {
	case err != nil:
		return view.Brokers{}, faults.Tell(err)
	case !ok:
		return view.Brokers{AsOf: a.Now().UTC(), Words: "Several providers share this installation: how its message brokers do is shown to the provider that operates it."}, nil
	case a.Adapter.Brokers == nil:
		return view.Brokers{AsOf: a.Now().UTC(), Words: "This part of the cloud does not know the message brokers."}, nil
	}
	return a.Adapter.Brokers(ctx), nil
}
