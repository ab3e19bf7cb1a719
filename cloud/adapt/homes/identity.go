package homes

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire/pb"
)

// showWho adds to a device who it is, as its gateway told it.
func showWho(v *view.Device, d *pb.Device, lang string) {
	v.Identity = view.Identity{Model: d.GetModel(), Vendor: d.GetVendor(), Class: d.GetClass(), JudgedAs: d.GetStrictest(), Confidence: d.GetConfidence(),
		By: d.GetIdentifiedBy(), Maker: d.GetMaker()}
	v.Identity.Evidence, v.Identity.Language = base.ListIn(lang, d.GetKnownBy(), d.GetEvidence())
	for _, e := range d.GetExposures() {
		v.Exposures = append(v.Exposures, exposureView(e, lang))
	}
	for _, b := range d.GetBehind() {
		evidence, _ := base.ListIn(lang, b.GetKnownBy(), b.GetEvidence())
		v.Behind = append(v.Behind, view.Behind{Device: b.GetDevice(), Name: b.GetName(), Model: b.GetModel(), Vendor: b.GetVendor(), Class: b.GetClass(), Evidence: evidence})
	}
	for _, a := range d.GetAliases() {
		why, _ := base.ListIn(lang, a.GetSaid(), a.GetWhy())
		v.Aliases = append(v.Aliases, view.Alias{Device: a.GetDevice(), MACs: a.GetMacs(), Merged: base.At(rooms.TimeOf(a.GetMerged())), Confidence: a.GetConfidence(), Why: why,
			By: a.GetBy(), Proposed: a.GetProposed()})
	}
	for _, p := range d.GetProtections() {
		v.Protections = append(v.Protections, view.Protection{Kind: p.GetKind(), Proto: p.GetProto(), Port: p.GetPort()})
	}
}

func exposureView(e *pb.Exposure, lang string) view.Exposure {
	sentence, advice, evidence, in := base.ExposureIn(lang, e)
	return view.Exposure{ID: e.GetId(), Kind: e.GetKind(), Proto: e.GetProto(), Port: e.GetPort(), External: e.GetExternal(), Sentence: sentence,
		Advice: advice, Evidence: evidence, Language: in, Reference: e.GetReference(), Source: e.GetSource(), Protect: e.GetProtect(), First: rooms.TimeOf(e.GetFirst()),
		Last: rooms.TimeOf(e.GetLast()), Certain: e.GetCertain()}
}

// urgency orders kinds of exposure for people: what is known to be attacked comes first.
var urgency = []home.ExposureKind{home.ExposedExploited, home.ExposedInternet, home.ExposedTelnet, home.ExposedLogin, home.ExposedEndOfLife, home.ExposedFTP,
	home.ExposedOldTLS, home.ExposedPort}

func urgent(kind string) int {
	if i := slices.Index(urgency, home.ExposureKind(kind)); i >= 0 {
		return i
	}
	return len(urgency)
}

// Exposures are all of a home's, what matters most first. A page begins after the device and exposure of its cursor.
func (a Homes) Exposures(ctx context.Context, p home.Place, page api.Page) (out api.Slice[view.HomeExposure], err error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return out, faults.Tell(err)
	}
	var all []view.HomeExposure
	for _, d := range list {
		name := base.Named(api.Language(ctx), map[string]string{d.GetId(): d.GetName()}, d.GetId())
		for _, e := range d.GetExposures() {
			all = append(all, view.HomeExposure{Device: name, Exposure: exposureView(e, api.Language(ctx))})
		}
	}
	slices.SortStableFunc(all, func(x, y view.HomeExposure) int {
		return cmp.Or(cmp.Compare(urgent(x.Kind), urgent(y.Kind)), strings.Compare(x.Device.ID, y.Device.ID), strings.Compare(x.ID, y.ID))
	})
	key := func(e view.HomeExposure) string { return e.Device.ID + "," + e.ID }
	if page.After != "" {
		i := slices.IndexFunc(all, func(e view.HomeExposure) bool { return key(e) == page.After })
		if i < 0 {
			return out, problem.New(problem.Invalid, "That is no cursor of this list, or it has changed. Begin at the first page.")
		}
		all = all[i+1:]
	}
	out.Items = all[:min(len(all), page.Limit)]
	if len(all) > page.Limit {
		out.Next = key(all[page.Limit-1])
	}
	return out, nil
}

// AskAbout asks the gateway for something about who a device is. What it names has to be the home's.
func (a Orders) AskAbout(ctx context.Context, p home.Place, by api.Session, key string, c api.About) (view.Order, error) {
	if p.Gateway == "" {
		return view.Order{}, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	d, err := a.History.Device(ctx, p.OfHome(), c.Device)
	if err != nil {
		return view.Order{}, faults.Tell(err)
	}
	o := desired.Order{Place: p, Verb: c.Verb, Device: c.Device, By: "owner", Who: by.Person.ID, Why: c.Why, Key: key}
	if by.Kind == api.Staff {
		o.By = "support"
	}
	switch c.Verb {
	case "identify":
		o.About = &pb.Order{Identity: &pb.Correction{Model: c.Identity.Model, Vendor: c.Identity.Vendor, Class: c.Identity.Class}}
	case "merge":
		if _, err := a.History.Device(ctx, p.OfHome(), c.Other); err != nil {
			return view.Order{}, faults.Tell(err)
		}
		o.About = &pb.Order{Other: c.Other}
	case "split":
		if !slices.Contains(d.GetMacs(), c.MAC) || len(d.GetMacs()) < 2 {
			return view.Order{}, problem.New(problem.Conflict, "The device has no other address beside this one.")
		}
		o.About = &pb.Order{Mac: c.MAC}
	default:
		o.About = &pb.Order{Protection: &pb.Protection{Kind: c.Protection.Kind, Proto: c.Protection.Proto, Port: c.Protection.Port}}
	}
	o, err = a.Desired.Ask(ctx, o)
	return orderView(o, api.Language(ctx)), faults.Tell(err)
}
