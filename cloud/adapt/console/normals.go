package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/normal"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/internal/platform/db"

	"golang.org/x/net/publicsuffix"
)

type normalsPart struct {
	*base.Adapter
	normal *normal.Normal
}

func tellNormal(err error) error {
	switch {
	case errors.Is(err, normal.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, normal.ErrCursor):
		return problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	return faults.Tell(err)
}

func profiled(id string, l profile.Level, homes int) view.Profiled {
	return view.Profiled{ID: id, Model: l.Model, Vendor: l.Vendor, Class: string(l.Class), Homes: homesView(homes)}
}

func (a normalsPart) Profiles(ctx context.Context, tenant, find string, page api.Page) (out api.Slice[view.Profile], err error) {
	list, next, err := a.normal.Models(ctx, tenant, find, page.After, page.Limit)
	for _, m := range list {
		out.Items = append(out.Items, view.Profile{Profiled: profiled(m.ID, m.Level, m.Homes), Own: homesView(m.Own)})
	}
	out.Next = next
	return out, tellNormal(err)
}

func (a normalsPart) Profile(ctx context.Context, tenant, id string) (view.ProfileFacts, error) {
	f, err := a.normal.Model(ctx, tenant, id)
	if err != nil {
		return view.ProfileFacts{}, tellNormal(err)
	}
	return factsView(f), nil
}

// factsView leaves out what would tell of few homes: what their profile says where too few voted, of which endpoint few people said
// that it was no trouble, and the floor that says how many days were counted.
func factsView(f *normal.Facts) view.ProfileFacts {
	v := view.ProfileFacts{Profiled: profiled(f.ID, f.Level, f.Homes),
		Version: f.Version, AsOf: f.At.UTC(), Voted: homesView(f.Voted), JudgedAs: f.Asked.String(), Endpoints: []view.ProfileEndpoint{}, Rare: f.Rare, Hours: f.Hours[:],
		Fresh: f.Fresh, Changes: []view.ProfileChange{}, Wrong: []view.WrongFinding{}, MUD: f.Mud,
		Calibration: view.Calibration{Days: f.Days, Homes: homesView(f.Healthy), Floor: f.Floor, Silent: f.Silent}}
	if f.Voted == 0 {
		v.Rare, v.Hours, v.Fresh = 0, []float64{}, 0
	}
	if f.Healthy == 0 {
		v.Calibration.Days, v.Calibration.Floor = 0, 1
	}
	for _, e := range f.Ends {
		v.Endpoints = append(v.Endpoints, view.ProfileEndpoint{Hash: base.HashText(e.Hash), Name: e.Name, Homes: homesView(e.Homes), Share: e.Share, Standing: e.Standing, Shared: e.Shared})
	}
	for _, c := range f.Changes {
		v.Changes = append(v.Changes, view.ProfileChange{Hash: base.HashText(c.Hash), Name: c.Name, From: c.From, To: c.To, At: c.At.UTC()})
	}
	for _, w := range f.Wrong {
		if w.Endpoint != 0 && w.Homes == 0 {
			continue // of which endpoint few homes told is theirs; that some said it of the detector is in its own line
		}
		v.Wrong = append(v.Wrong, view.WrongFinding{Detector: w.Detector, Hash: base.HashText(w.Endpoint), Homes: homesView(w.Homes)})
	}
	return v
}

func (a normalsPart) Incidents(ctx context.Context, tenant string, page api.Page) (out api.Slice[view.FleetIncident], err error) {
	list, next, err := a.normal.Incidents(ctx, tenant, page.After, page.Limit)
	for _, i := range list {
		if i.Homes == 0 {
			i.Endpoint, i.Name = 0, ""
		}
		out.Items = append(out.Items, view.FleetIncident{ID: i.ID, Kind: i.Kind, Model: i.Level.Model, Vendor: i.Level.Vendor, Class: string(i.Level.Class),
			Detector: string(i.Reason), Hash: base.HashText(i.Endpoint), Name: i.Name, Homes: homesView(i.Homes), Own: homesView(i.Own), Why: blurred(i.Why), Since: i.Since, Last: i.Seen,
			Until: i.Until, Open: i.Open})
	}
	out.Next = next
	return out, tellNormal(err)
}

var countOfHomes = regexp.MustCompile(`\b\d+ (homes|of \d+ looked at)`)

// blurred takes numbers of homes that are too small to be told out of a sentence.
func blurred(why string) string {
	return countOfHomes.ReplaceAllStringFunc(why, func(s string) string {
		var n, all int
		if _, err := fmt.Sscanf(s, "%d of %d looked at", &n, &all); err == nil {
			if n >= normal.MinHomes {
				return s
			}
			if all < normal.MinHomes {
				return "some of those looked at"
			}
			return fmt.Sprintf("fewer than %d of %d looked at", normal.MinHomes, all)
		}
		if _, err := fmt.Sscanf(s, "%d homes", &n); err == nil && n < normal.MinHomes {
			return fmt.Sprintf("fewer than %d homes", normal.MinHomes)
		}
		return s
	})
}

// Close ends an incident of the fleet and writes it down, or neither.
func (a normalsPart) Close(ctx context.Context, by api.Session, id, why string) error {
	e := audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(by.Kind), Act: "close an incident of the fleet", What: id, Reason: why}
	return tellNormal(a.normal.CloseIncident(ctx, by.Tenant, id, func(tx *db.Tx) error { return a.Audit.Add(tx, e) }))
}

// herdPage is how many indicators there are at most: they are of the whole installation, and few.
const herdPage = 500

func (a normalsPart) Indicators(ctx context.Context, page api.Page) (out api.Slice[view.HerdIndicator], err error) {
	list, err := a.normal.Indicators(ctx, min(page.Limit, herdPage))
	for _, i := range list {
		state := "force"
		switch {
		case i.Refused:
			state = "refused"
		case a.Now().Before(i.Force):
			state = "shadow"
		}
		if i.Refused && i.Homes == 0 {
			i.Endpoint = "" // gateways are told of the others, of this one nobody is
		}
		out.Items = append(out.Items, view.HerdIndicator{Endpoint: i.Endpoint, State: state, Why: blurred(i.Why), Homes: homesView(i.Homes), Since: i.Since.UTC(), Force: i.Force.UTC(),
			Expires: i.Expires.UTC()})
	}
	return out, tellNormal(err)
}

// Hunt counts the homes that used an endpoint, and writes down who asked.
func (a normalsPart) Hunt(ctx context.Context, by api.Session, h view.NewHunt) (v view.Hunt, err error) {
	e := home.Endpoint{Port: h.Port, Proto: h.Proto}
	if h.Name != "" {
		name, ok := home.CleanName(h.Name)
		if !ok {
			return v, problem.New(problem.Invalid, "That is no host name.")
		}
		e.Name = name
		e.Domain, _ = publicsuffix.EffectiveTLDPlusOne(name) // "": a suffix itself
	} else if e.IP, err = netip.ParseAddr(h.IP); err != nil {
		return v, problem.New(problem.Invalid, "That is no address.")
	}
	chain := endpoint.Of(&e, false, false)
	if err := a.Audit.AddNow(ctx, audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(by.Kind), Act: "look for an endpoint in all homes",
		What: fmt.Sprintf("%s:%d/%s", cmp.Or(e.Name, h.IP), h.Port, h.Proto), Reason: h.Reason}); err != nil {
		return v, faults.Tell(err)
	}
	since := a.Now().Add(-rooms.HuntBack)
	c, err := a.normal.HuntCount(ctx, by.Tenant, []uint64{chain.Keys[endpoint.Host]}, since)
	return view.Hunt{Any: c.Any, Own: homesView(c.Homes), Homes: homesView(c.All), Since: since.UTC()}, tellNormal(err)
}
