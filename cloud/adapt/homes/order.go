package homes

import (
	"context"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	saying "cardea/say"
	"cardea/wire/pb"
)

type Orders struct{ *base.Adapter }

func orderView(o desired.Order, lang string) view.Order {
	reason, in := o.Reason, ""
	if reason != "" { // of few sentences, which are kept in English
		reason, in = saying.Tell(lang, saying.Read(o.Reason), o.Reason)
	}
	why := o.Why
	for _, p := range answers { // what we say ourselves, and no person
		if why == string(p) {
			why = told(lang, saying.New(p))
		}
	}
	return view.Order{ID: o.ID, Verb: o.Verb, Device: o.Device, Incident: o.Incident, Endpoint: o.Endpoint, By: o.By, Why: why,
		Asked: base.UTC(o.Asked), Status: string(o.Status), Done: base.At(o.Done), Reason: reason, Language: in, Check: checkView(o.Check, lang),
		Mode: o.About.GetMode(), Step: o.About.GetStep(), Answer: o.About.GetAnswer(), Deed: o.About.GetDeed(), Remedy: o.About.GetRemedy(), Code: o.Code}
}

// Ask finds the incident's device, so that an order names both: the gateway gets what the person meant.
func (a Orders) Ask(ctx context.Context, p home.Place, by api.Session, key string, n view.NewOrder) (view.Order, error) {
	if p.Gateway == "" {
		return view.Order{}, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	o := desired.Order{Place: p, Verb: n.Verb, Device: n.Device, Incident: n.Incident, Endpoint: n.Endpoint, By: "owner",
		Who: by.Person.ID, Why: n.Why, Key: key}
	if by.Kind == api.Staff {
		o.By = "support"
	}
	if n.Mode != "" || n.Step != "" || n.Answer != "" || n.Deed != "" || n.Remedy != "" || !n.Until.IsZero() {
		o.About = &pb.Order{Mode: n.Mode, Step: n.Step, Answer: n.Answer, Deed: n.Deed, Remedy: n.Remedy}
	}
	if !n.Until.IsZero() {
		o.About.Until = n.Until.UnixMilli()
	}
	if o.Incident != "" {
		f, err := a.Incidents.Get(ctx, p.OfHome(), o.Incident)
		if err != nil {
			return view.Order{}, faults.Tell(err)
		}
		if o.Device == "" {
			o.Device = f.GetDevice()
		}
	}
	if o.Device != "" {
		if _, err := a.History.Device(ctx, p.OfHome(), o.Device); err != nil && o.Incident == "" {
			return view.Order{}, faults.Tell(err)
		}
	}
	if err := a.once(ctx, o); err != nil {
		return view.Order{}, err
	}
	o, err := a.Desired.Ask(ctx, o)
	return orderView(o, api.Language(ctx)), faults.Tell(err)
}

// hourGap is how long after a device was let out for an hour that can be asked for again.
const hourGap = 24 * time.Hour

// once fails when an order lets a device out for a time that was so asked for within a day already. The gateway sees to it, too; here
// whoever asks reads it at once. The same order again is none.
func (a Orders) once(ctx context.Context, o desired.Order) error {
	if o.Verb != "release" || o.About.GetUntil() == 0 {
		return nil
	}
	list, err := a.Desired.List(ctx, o.Place.OfHome(), "")
	if err != nil {
		return faults.Tell(err)
	}
	now := a.Now()
	for _, was := range list {
		if was.Verb == "release" && was.About.GetUntil() != 0 && was.Device == o.Device && now.Sub(was.Asked) < hourGap && was.Key != o.Key &&
			(was.Status == desired.Asked || was.Status == desired.InForce) {
			return problem.New(problem.Right, "It was let out for an hour already in the last day. Hand it over to tier 2, who may let it out for good.")
		}
	}
	return nil
}

func (a Orders) Orders(ctx context.Context, p home.Place, incident string) (out []view.Order, err error) {
	all, err := a.Desired.List(ctx, p.OfHome(), incident)
	for _, o := range all {
		out = append(out, orderView(o, api.Language(ctx)))
	}
	return out, faults.Tell(err)
}

func (a Orders) Order(ctx context.Context, p home.Place, id string) (view.Order, error) {
	o, err := a.Desired.Get(ctx, p.OfHome(), id)
	return orderView(o, api.Language(ctx)), faults.Tell(err)
}
