package console

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"cardea/behavior/profile"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/fleet"
	"cardea/cloud/normal"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/internal/platform/db"
)

// modelsPart shows staff what the fleet knows.
type modelsPart struct {
	*base.Adapter
	fleet  *fleet.Fleet
	normal *normal.Normal
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
	return faults.Tell(err)
}

func levelOf(l fleet.Label) profile.Level {
	return profile.Level{Class: home.DeviceClass(l.Class), Vendor: l.Vendor, Model: l.Model}
}

func (a modelsPart) Models(ctx context.Context, tenant, find string, page api.Page) (out api.Slice[view.FleetModel], err error) {
	list, next, err := a.fleet.Models(ctx, tenant, find, page.After, page.Limit)
	if err != nil {
		return out, tellFleet(err)
	}
	levels := make([]profile.Level, 0, len(list))
	for _, m := range list {
		levels = append(levels, levelOf(m.Label))
	}
	learned, err := a.normal.Learned(ctx, tenant, levels)
	for _, m := range list {
		v := view.FleetModel{ID: m.ID, Model: m.Label.Model, Vendor: m.Label.Vendor, Class: m.Label.Class, Homes: homesView(m.Homes), By: m.By,
			Teaches: m.Why == "", Why: m.Why, Evidence: m.Texts, Profile: learned[levelOf(m.Label)]}
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
