package rooms

import (
	"cardea/cloud/account"
	"cardea/cloud/incident"
	"cardea/cloud/webhook"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/hook"
)

// reachOf is where webhooks may be: their addresses come from people.
func reachOf(cfg Config) hook.Reach {
	if cfg.Demo {
		return hook.Loopback
	}
	return hook.Public
}

// gatewayEvents are what a provider's systems hear of what happens to a gateway, by the act in the audit.
var gatewayEvents = map[string]string{"enrol": "gateway.enrolled", "confirm": "gateway.swapped", "revoke": "gateway.revoked"}

func (r *Rooms) tellGateway(tx *db.Tx, n account.Note) error {
	kind := gatewayEvents[n.Act]
	if kind == "" {
		return nil
	}
	return r.Webhooks.Emit(tx, webhook.Event{Kind: kind, Place: n.Place.OfHome(), Subject: "homes/" + n.Place.Home + "/gateways/" + n.Place.Gateway,
		Data: webhook.Gateway{Home: n.Place.Home, Gateway: n.Place.Gateway}})
}

// tellHooks tells a provider's systems of what became of a case: each new transition is one event, and so is that it waits for a yes.
func (r *Rooms) tellHooks(tx *db.Tx, c incident.Change) error {
	kinds := map[string]bool{}
	if c.New {
		kinds["incident.opened"] = true
		if c.Case.GetWaits() {
			kinds["incident.waiting"] = true
		}
	}
	for _, step := range c.Steps {
		switch home.State(step.GetTo()) {
		case home.StateContained:
			kinds["incident.contained"] = true
		case home.StateProbation:
			kinds["incident.released"] = true
		case home.StateClosed:
			kinds["incident.closed"] = true
		}
	}
	p, k := c.Place, c.Case
	for _, kind := range webhook.Kinds { // in their order
		if !kinds[kind] {
			continue
		}
		if err := r.Webhooks.Emit(tx, webhook.Event{Kind: kind, Place: p.OfHome(), Subject: "homes/" + p.Home + "/incidents/" + k.GetId(), Data: webhook.Case{Home: p.Home,
			Incident: k.GetId(), Code: k.GetCode(), State: k.GetState(), Mode: k.GetMode(), Kind: k.GetKind(), Detector: k.GetSymptom().GetDetector(),
			Outcome: k.GetOutcome(), Relapses: k.GetRelapses(), Opened: TimeOf(k.GetOpened())}}); err != nil {
			return err
		}
	}
	return nil
}
