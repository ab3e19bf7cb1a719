package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

type fakeProvisioning struct{ *cloud }

func (f fakeProvisioning) Provision(_ context.Context, by Session, account string, s view.Subscriber) (view.ProvisionedHome, bool, error) {
	return view.ProvisionedHome{Home: homeA, Account: account, Name: s.Name + mark(home.Place{Tenant: by.Tenant})}, account == "new", f.fail
}

func (f fakeProvisioning) Provisioned(_ context.Context, tenant, account string) (view.ProvisionedHome, error) {
	return view.ProvisionedHome{Home: homeA, Account: account, Name: mark(home.Place{Tenant: tenant})}, f.fail
}

func (f fakeProvisioning) GatewayClaim(_ context.Context, by Session, _ string, n view.NewGateway) (view.GatewayClaim, error) {
	out := view.GatewayClaim{Code: mark(home.Place{Tenant: by.Tenant})}
	if n.Revoke {
		out.Revoked = "g"
	}
	return out, f.fail
}

func (f fakeProvisioning) Leave(_ context.Context, by Session, _ string) (view.Leaving, error) {
	return view.Leaving{Home: mark(home.Place{Tenant: by.Tenant})}, f.fail
}
