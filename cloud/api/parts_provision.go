package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Provisioning is for a provider's own systems, which know homes by their own account numbers. What changes something is written down.
type Provisioning interface {
	// Provision makes sure that there is a home; asked twice it makes one.
	Provision(ctx context.Context, by Session, account string, s view.Subscriber) (h view.ProvisionedHome, created bool, err error)
	Provisioned(ctx context.Context, tenant, account string) (view.ProvisionedHome, error)
	// GatewayClaim makes a code for a gateway, and first ends the one that is there if it is told to.
	GatewayClaim(ctx context.Context, by Session, account string, n view.NewGateway) (view.GatewayClaim, error)
	// Leave ends a subscription: people, access and history are gone when it answers.
	Leave(ctx context.Context, by Session, account string) (view.Leaving, error)
}
