package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/desired"
	"cardea/cloud/fleet"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// showWho adds to a device who it is, as its gateway told it.
func showWho(v *view.Device, d *pb.Device) {
	v.Identity = view.Identity{Model: d.GetModel(), Vendor: d.GetVendor(), Class: d.GetClass(), JudgedAs: d.GetStrictest(), Confidence: d.GetConfidence(),
		Evidence: d.GetEvidence(), By: d.GetIdentifiedBy(), Maker: d.GetMaker()}
	for _, e := range d.GetExposures() {
		v.Exposures = append(v.Exposures, exposureView(e))
	}
	for _, b := range d.GetBehind() {
		v.Behind = append(v.Behind, view.Behind{Device: b.GetDevice(), Name: b.GetName(), Model: b.GetModel(), Vendor: b.GetVendor(), Class: b.GetClass(), Evidence: b.GetEvidence()})
	}
	for _, a := range d.GetAliases() {
		v.Aliases = append(v.Aliases, view.Alias{Device: a.GetDevice(), MACs: a.GetMacs(), Merged: at(ms(a.GetMerged())), Confidence: a.GetConfidence(), Why: a.GetWhy(),
			By: a.GetBy(), Proposed: a.GetProposed()})
	}
	for _, p := range d.GetProtections() {
		v.Protections = append(v.Protections, view.Protection{Kind: p.GetKind(), Proto: p.GetProto(), Port: p.GetPort()})
	}
}

func exposureView(e *pb.Exposure) view.Exposure {
	return view.Exposure{ID: e.GetId(), Kind: e.GetKind(), Proto: e.GetProto(), Port: e.GetPort(), External: e.GetExternal(), Sentence: e.GetSentence(),
		Advice: e.GetAdvice(), Evidence: e.GetEvidence(), Reference: e.GetReference(), Source: e.GetSource(), Protect: e.GetProtect(), First: ms(e.GetFirst()),
		Last: ms(e.GetLast()), Certain: e.GetCertain()}
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
func (a homesPart) Exposures(ctx context.Context, p home.Place, page api.Page) (out api.Slice[view.HomeExposure], err error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return out, tell(err)
	}
	var all []view.HomeExposure
	for _, d := range list {
		name := named(map[string]string{d.GetId(): d.GetName()}, d.GetId())
		for _, e := range d.GetExposures() {
			all = append(all, view.HomeExposure{Device: name, Exposure: exposureView(e)})
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
func (a ordersPart) AskAbout(ctx context.Context, p home.Place, by api.Session, key string, c api.About) (view.Order, error) {
	if p.Gateway == "" {
		return view.Order{}, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	d, err := a.History.Device(ctx, p.OfHome(), c.Device)
	if err != nil {
		return view.Order{}, tell(err)
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
			return view.Order{}, tell(err)
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
	return orderView(o), tell(err)
}

// modelsPart shows staff what the fleet knows.
type modelsPart struct {
	*adapter
	fleet *fleet.Fleet
}

// homesView says in how many homes something is; 0 is too few to be told.
func homesView(n int) view.Homes {
	if n == 0 {
		return view.Homes{Words: fmt.Sprintf("fewer than %d homes", fleet.MinHomes)}
	}
	return view.Homes{Count: &n, Words: thousands(n) + " homes"}
}

// thousands writes 41210 as people read it: 41,210.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// tellFleet makes problems of the fleet's errors.
func tellFleet(err error) error {
	switch {
	case errors.Is(err, fleet.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, fleet.ErrCursor):
		return problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	return tell(err)
}

func (a modelsPart) Models(ctx context.Context, tenant string, page api.Page) (out api.Slice[view.FleetModel], err error) {
	list, next, err := a.fleet.Models(ctx, tenant, page.After, page.Limit)
	for _, m := range list {
		v := view.FleetModel{ID: m.ID, Model: m.Label.Model, Vendor: m.Label.Vendor, Class: m.Label.Class, Homes: homesView(m.Homes), By: m.By,
			Teaches: m.Why == "", Why: m.Why, Evidence: m.Texts}
		if m.Share > 0 {
			v.Share = &m.Share
		}
		out.Items = append(out.Items, v)
	}
	out.Next = next
	return out, tellFleet(err)
}

func clusterView(c fleet.Cluster) view.FleetCluster {
	v := view.FleetCluster{ID: c.ID, Homes: homesView(c.Homes), Since: c.Since, Vendor: c.Vendor, Class: c.Class, Evidence: c.Texts}
	if n := c.Name; n != nil {
		v.Name = &view.Named{Model: n.Model, Vendor: n.Vendor, Class: n.Class, At: n.At}
	}
	return v
}

func (a modelsPart) Clusters(ctx context.Context, tenant string, page api.Page) (out api.Slice[view.FleetCluster], err error) {
	list, next, err := a.fleet.Clusters(ctx, tenant, page.After, page.Limit)
	for _, c := range list {
		out.Items = append(out.Items, clusterView(c))
	}
	out.Next = next
	return out, tellFleet(err)
}

// Name names a cluster and writes it down, or neither.
func (a modelsPart) Name(ctx context.Context, by api.Session, cluster string, n view.NewName) (view.FleetCluster, error) {
	e := audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(by.Kind), Act: "name a cluster", What: cluster + ": " + n.Model, Reason: n.Reason}
	c, err := a.fleet.Name(ctx, by.Tenant, by.Person.ID, cluster, fleet.Label{Model: n.Model, Vendor: n.Vendor, Class: n.Class},
		func(tx *db.Tx) error { return a.Audit.Add(tx, e) })
	if err != nil {
		return view.FleetCluster{}, tellFleet(err)
	}
	return clusterView(c), nil
}

func (a modelsPart) Exposures(ctx context.Context, tenant, kind, model string, page api.Page) (out api.Slice[view.FleetExposure], err error) {
	list, next, err := a.fleet.Exposures(ctx, tenant, kind, model, page.After, page.Limit)
	for _, e := range list {
		out.Items = append(out.Items, view.FleetExposure{Kind: e.Kind, Reference: e.Reference, Proto: e.Proto, Port: uint32(e.Port), Model: e.Model, Class: e.Class,
			Certain: e.Certain, Homes: homesView(e.Homes)})
	}
	out.Next = next
	return out, tellFleet(err)
}
