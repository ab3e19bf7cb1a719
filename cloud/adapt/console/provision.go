package console

import (
	"context"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/ingest"
	"cardea/cloud/rooms/faults"
	"cardea/cloud/webhook"
	"cardea/home"
)

// provisioningPart is for a provider's own systems. Its acts are in the audit by account's notes, with who did them.
type provisioningPart struct{ *base.Adapter }

func (a provisioningPart) Provision(ctx context.Context, by api.Session, number string, s view.Subscriber) (view.ProvisionedHome, bool, error) {
	h, created, err := a.Accounts.Provision(ctx, account.Subscriber{Tenant: by.Tenant, Account: number, Name: s.Name, Plan: s.Plan}, by.Person.ID)
	if err != nil {
		return view.ProvisionedHome{}, false, faults.Tell(err)
	}
	v, err := a.provisioned(ctx, h)
	return v, created, faults.Tell(err)
}

func (a provisioningPart) Provisioned(ctx context.Context, tenant, number string) (view.ProvisionedHome, error) {
	h, err := a.Accounts.ByNumber(ctx, tenant, number)
	if err != nil {
		return view.ProvisionedHome{}, faults.Tell(err)
	}
	v, err := a.provisioned(ctx, h)
	return v, faults.Tell(err)
}

func (a provisioningPart) provisioned(ctx context.Context, h account.Provisioned) (v view.ProvisionedHome, err error) {
	v = view.ProvisionedHome{Home: h.ID, Account: h.Account, Name: h.Name, Created: base.UTC(h.Created)}
	plan, err := a.Accounts.PlanOf(ctx, h.Place())
	if err != nil {
		return v, err
	}
	v.Plan = plan.ID
	residents, err := a.Accounts.Residents(ctx, h.Place())
	if err != nil {
		return v, err
	}
	v.Residents = len(residents)
	v.Gateways, err = people.Gateways(a).Gateways(ctx, h.Place())
	return v, err
}

func (a provisioningPart) GatewayClaim(ctx context.Context, by api.Session, number string, n view.NewGateway) (v view.GatewayClaim, err error) {
	h, err := a.Accounts.ByNumber(ctx, by.Tenant, number)
	if err != nil {
		return v, faults.Tell(err)
	}
	if n.Revoke {
		if v.Revoked, err = a.revokeActive(ctx, h.Place(), n.Why, by.Person.ID); err != nil {
			return v, faults.Tell(err)
		}
	}
	if v.Waits, err = a.Accounts.Swaps(ctx, h.Place()); err != nil {
		return v, faults.Tell(err)
	}
	code, expires, err := a.Accounts.CreateClaim(ctx, h.Place(), by.Person.ID, false)
	v.Code, v.Expires = code, base.UTC(expires)
	return v, faults.Tell(err)
}

// revokeActive ends the gateway that speaks for a home, if one does.
func (a provisioningPart) revokeActive(ctx context.Context, p home.Place, why, by string) (string, error) {
	if why == "" {
		why = "the provider swaps it"
	}
	gateway, err := a.Accounts.Active(ctx, p)
	if err != nil || gateway == "" {
		return "", err
	}
	p.Gateway = gateway
	return gateway, a.Accounts.Revoke(ctx, p, why, by)
}

func (a provisioningPart) Leave(ctx context.Context, by api.Session, number string) (view.Leaving, error) {
	h, err := a.Accounts.ByNumber(ctx, by.Tenant, number)
	if err != nil {
		return view.Leaving{}, faults.Tell(err)
	}
	counts, err := a.Rooms.Leave(ctx, h.Place(), by.Person.ID)
	if err != nil {
		return view.Leaving{}, faults.Tell(err)
	}
	return view.Leaving{Home: h.ID, Erased: counts, Ended: leftEnded, Stays: leftStays}, nil
}

// leftEnded and leftStays are what a subscriber's data becomes, as docs/runbook/provisioning.md says it.
var (
	leftEnded = []string{"the access of all gateways", "sessions and membership of the residents", "persons who live in no other home, with passkeys and ways to tell them",
		"invitations, labels and claims", "the account number, which is free again"}
	leftStays = []view.Staying{
		{What: "lines of the audit", Why: "who did what is not rewritten; they name the home by its id", Days: 0},
		{What: "ids, states and times of the gateways", Why: "brokers refuse their certificates until these run out", Days: 0},
		{What: "counters of reports, events and wishes, without content", Why: "a late report of an ended gateway is not taken for a new one", Days: 0},
		{What: "that the home was erased and when", Why: "what is still under way is not stored", Days: int(ingest.KeepErased / (24 * time.Hour))},
		{What: "the delivery of home.left and what it answered", Why: "so that you can look it up and send it again", Days: int(webhook.Keep / (24 * time.Hour))},
		{What: "what the gateway itself keeps on its disk", Why: "it is asked to erase it, and has until its access ends; reset the device before it is used again", Days: 30},
	}
)

var _ api.Provisioning = provisioningPart{}
