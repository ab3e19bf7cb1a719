package cloud

import (
	"context"

	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/home"
)

type ordersPart struct{ *adapter }

func orderView(o desired.Order) view.Order {
	return view.Order{ID: o.ID, Verb: o.Verb, Device: o.Device, Incident: o.Incident, Endpoint: o.Endpoint, By: o.By, Why: o.Why,
		Asked: utc(o.Asked), Status: string(o.Status), Done: at(o.Done), Reason: o.Reason, Check: checkView(o.Check)}
}

// Ask finds the incident's device, so that an order names both: the gateway gets what the person meant.
func (a ordersPart) Ask(ctx context.Context, p home.Place, by api.Session, key string, n view.NewOrder) (view.Order, error) {
	if p.Gateway == "" {
		return view.Order{}, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	o := desired.Order{Place: p, Verb: n.Verb, Device: n.Device, Incident: n.Incident, Endpoint: n.Endpoint, By: "owner",
		Who: by.Person.ID, Why: n.Why, Key: key}
	if by.Kind == api.Staff {
		o.By = "support"
	}
	if o.Incident != "" {
		f, err := a.Incidents.Get(ctx, p.OfHome(), o.Incident)
		if err != nil {
			return view.Order{}, tell(err)
		}
		if o.Device == "" {
			o.Device = f.GetDevice()
		}
	}
	if o.Device != "" {
		if _, err := a.History.Device(ctx, p.OfHome(), o.Device); err != nil && o.Incident == "" {
			return view.Order{}, tell(err)
		}
	}
	o, err := a.Desired.Ask(ctx, o)
	return orderView(o), tell(err)
}

func (a ordersPart) Orders(ctx context.Context, p home.Place, incident string) (out []view.Order, err error) {
	all, err := a.Desired.List(ctx, p.OfHome(), incident)
	for _, o := range all {
		out = append(out, orderView(o))
	}
	return out, tell(err)
}

func (a ordersPart) Order(ctx context.Context, p home.Place, id string) (view.Order, error) {
	o, err := a.Desired.Get(ctx, p.OfHome(), id)
	return orderView(o), tell(err)
}
