package console

import (
	"context"

	"cardea/cloud/adapt/base"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type insightPart struct{ *base.Adapter }

func (a insightPart) Consented(ctx context.Context, p home.Place) (bool, error) {
	c, err := a.Accounts.Consent(ctx, p.OfHome())
	return c != nil, faults.Tell(err)
}

func (a insightPart) Troubled(ctx context.Context, p home.Place) (map[string]bool, error) {
	cases, err := a.OpenCases(ctx, p.OfHome())
	if err != nil {
		return nil, err
	}
	devices := map[string]bool{}
	for _, c := range cases {
		devices[c.GetDevice()] = true
	}
	return devices, nil
}
