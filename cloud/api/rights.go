package api

import (
	"context"
	"slices"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
	"cardea/home"

	"github.com/danielgtaylor/huma/v2"
)

const (
	inStaff   = "/v1/staff"
	staffHome = inStaff + "/homes/{home}"
	staffIn   = staffHome + "/devices/{device}"
)

// staffNeeds is the one table of what staff need: for each of their routes the right. A route that is not here is refused to
// everybody, and fails TestEveryStaffRouteNeedsARight. How a role has a right is in cloud/staff/rights.
var staffNeeds = map[string]rights.Right{
	"GET /v1/staff/session": rights.SessionOwn, "DELETE /v1/staff/session": rights.SessionOwn,

	"GET /v1/staff/overview": rights.FleetView, "GET /v1/staff/incidents": rights.FleetView, "GET /v1/staff/models": rights.FleetView,
	"GET /v1/staff/clusters": rights.FleetView, "GET /v1/staff/exposures": rights.FleetView, "GET /v1/staff/profiles": rights.FleetView,
	"GET /v1/staff/profiles/{profile}": rights.FleetView, "GET /v1/staff/fleet-incidents": rights.FleetView,
	"POST /v1/staff/clusters/{cluster}/name":          rights.ModelName,
	"POST /v1/staff/fleet-incidents/{incident}/close": rights.IntelChange,

	"GET /v1/staff/intel/sources": rights.IntelView, "GET /v1/staff/intel/lists": rights.IntelView, "GET /v1/staff/intel/exceptions": rights.IntelView,
	"POST /v1/staff/intel/dry-run": rights.IntelView, "GET /v1/staff/intel/shadow": rights.IntelView, "GET /v1/staff/intel/hunts": rights.IntelView,
	"PUT /v1/staff/intel/sources": rights.IntelChange, "POST /v1/staff/intel/sources/act": rights.IntelChange, "PUT /v1/staff/intel/exceptions": rights.IntelChange,
	"POST /v1/staff/intel/hunts/end": rights.HuntStart,

	"GET /v1/staff/indicators": rights.IntelView, "POST /v1/staff/hunts": rights.IntelView,

	"GET /v1/staff/tables/homes": rights.HomeSearch, "GET /v1/staff/tables/homes.csv": rights.HomeSearch, "GET /v1/staff/tables/find": rights.HomeSearch,
	"GET /v1/staff/tables/incidents": rights.FleetView, "GET /v1/staff/tables/incidents.csv": rights.FleetView, "GET /v1/staff/tables/detections": rights.FleetView,
	"GET /v1/staff/tables/detections.csv": rights.FleetView, "GET /v1/staff/tables/reach": rights.FleetView, "GET /v1/staff/tables/trends": rights.FleetView,
	"GET /v1/staff/brokers":      rights.FleetView,
	"GET " + staffHome + "/care": rights.HomeLook, "POST " + staffHome + "/notes": rights.HomeLook,

	"GET /v1/staff/homes": rights.HomeSearch, "GET /v1/staff/search": rights.HomeSearch,

	"GET /v1/staff/webhook-events": rights.WebhookManage,
	"GET /v1/staff/webhooks":       rights.WebhookManage, "POST /v1/staff/webhooks": rights.WebhookManage, "PUT " + inWebhook: rights.WebhookManage,
	"DELETE " + inWebhook: rights.WebhookManage, "POST " + inWebhook + "/secret": rights.WebhookManage, "POST " + inWebhook + "/test": rights.WebhookManage,
	"GET " + inWebhook + "/deliveries": rights.WebhookManage, "POST " + inWebhook + "/deliveries/{delivery}/again": rights.WebhookManage,

	"GET " + inRollouts: rights.RolloutView, "GET " + inRollout: rights.RolloutView, "POST " + inRollouts: rights.RolloutChange,
	"POST " + inRollout + "/pause": rights.RolloutChange, "POST " + inRollout + "/resume": rights.RolloutChange, "POST " + inRollout + "/halt": rights.RolloutChange,
	"POST " + inRollout + "/undo": rights.RolloutChange, "GET /v1/staff/pins": rights.RolloutChange, "PUT /v1/staff/pins": rights.RolloutChange,

	"PUT " + inProvisioning: rights.HomeProvision, "GET " + inProvisioning: rights.HomeProvision, "DELETE " + inProvisioning: rights.HomeProvision,
	"POST " + inProvisioning + "/gateway": rights.HomeProvision,

	"GET /v1/staff/plans": rights.PlanView, "PUT " + inPlan: rights.PlanChange, "DELETE " + inPlan: rights.PlanChange,
	"GET /v1/staff/brand": rights.PlanView, "PUT /v1/staff/brand": rights.PlanChange,

	"GET /v1/staff/audit": rights.AuditOwn,

	"GET /v1/staff/rights": rights.SessionOwn,
	"GET /v1/staff/tokens": rights.StaffManage, "POST /v1/staff/tokens": rights.StaffManage, "DELETE /v1/staff/tokens/{token}": rights.StaffManage,
	"GET /v1/staff/people": rights.StaffManage, "PUT /v1/staff/people/{person}/roles": rights.StaffManage, "DELETE /v1/staff/people/{person}": rights.StaffManage,
	"GET /v1/staff/approvals": rights.ApprovalSee, "GET /v1/staff/approvals/{approval}": rights.ApprovalSee,
	"POST /v1/staff/approvals": rights.ApprovalSee, "POST /v1/staff/approvals/{approval}/decision": rights.ApprovalSee, // and what the kind needs: approvalNeeds

	"POST " + inCode: rights.HomeCode, "POST " + inCode + "/undo": rights.HomeCode,
	"POST /v1/staff/approvals/{approval}/archive": rights.HomeExport,

	looking: rights.HomeLook, "GET " + staffHome: rights.HomeLook, "GET " + staffHome + "/devices": rights.HomeLook, "GET " + staffIn: rights.HomeLook,
	"GET " + staffHome + "/exposures": rights.HomeLook, "GET " + staffHome + "/incidents": rights.HomeLook,
	"GET " + staffHome + "/incidents/{incident}": rights.HomeLook, "GET " + staffHome + "/orders": rights.HomeLook,
	"GET " + staffHome + "/orders/{order}": rights.HomeLook, "GET " + staffHome + "/policy": rights.HomeLook, "GET " + staffIn + "/policy": rights.HomeLook,
	"GET " + staffHome + "/privacy": rights.HomeLook, "GET " + staffHome + "/line": rights.HomeLook,

	"GET " + staffIn + "/contacts": rights.HomeNames, "GET " + staffIn + "/preview": rights.HomeNames,

	"GET " + staffHome + "/people": rights.HomePeople, "GET " + staffHome + "/people/{person}": rights.HomePeople,
	"GET " + staffHome + "/schedules": rights.HomePeople, "GET " + staffHome + "/schedules/{schedule}": rights.HomePeople,
	"GET " + staffHome + "/pauses": rights.HomePeople, "GET " + staffHome + "/changes": rights.HomePeople,

	"POST " + staffHome + "/orders": rights.HomeLook, // and what the verb needs: orderNeeds
	"PUT " + staffIn + "/identity":  rights.HomeAct, "DELETE " + staffIn + "/identity": rights.HomeAct,
	"POST " + staffIn + "/merge": rights.HomeAct, "POST " + staffIn + "/split": rights.HomeAct,
	"POST " + staffIn + "/protections": rights.HomeAct, "DELETE " + staffIn + "/protections": rights.HomeAct,
}

// orderNeeds is what staff need for each verb of an order. One that is not here they do not give.
var orderNeeds = map[string]rights.Right{
	"check": rights.HomeAct, "quarantine": rights.HomeAct, "block": rights.HomeAct, "disallow": rights.HomeAct, "mode": rights.HomeAct, "try": rights.HomeAct,
	"step": rights.HomeAct, "remedy": rights.HomeAct,
	"unblock": rights.HomeCode, "allow": rights.HomeCode, "undo": rights.HomeCode,
	"release": rights.HomeRelease, "dismiss": rights.HomeRelease, "code": rights.HomeRelease,
	"erase": rights.HomeErase,
}

// anHour is for how long somebody lets a device out who may do so for an hour.
const anHour = time.Hour

// May says how whoever asks has a right: as the best of their roles has it, and within a token's scopes.
func (s Session) May(r rights.Right) rights.Grant {
	if s.Kind != Staff || s.Scopes != nil && r != rights.SessionOwn && !slices.Contains(s.Scopes, r) {
		return rights.No
	}
	return rights.Best(s.Roles, r)
}

// has says whether one of the roles has a right in just this way.
func (s Session) has(r rights.Right, g rights.Grant) bool {
	return slices.ContainsFunc(s.Roles, func(role rights.Role) bool { return rights.May(role, r) == g })
}

var errRight = problem.New(problem.Right, "")

// mayStaff is the gate's: whether one of staff may come in by a route.
func mayStaff(session Session, op *huma.Operation) error {
	if r, ok := staffNeeds[routeOf(op)]; !ok || !session.May(r).Any() {
		return errRight
	}
	return nil
}

// may says whether whoever asks has a right that a route's own right does not say yet.
func may(ctx context.Context, r rights.Right) (rights.Grant, error) {
	if g := who(ctx).May(r); g.Any() {
		return g, nil
	}
	return rights.No, errRight
}

// Insight is what decides about a home for staff who see it only then.
type Insight interface {
	// Consented says whether a consent of a resident holds now.
	Consented(ctx context.Context, p home.Place) (bool, error)
	// Troubled are the devices that have an open incident.
	Troubled(ctx context.Context, p home.Place) (map[string]bool, error)
	// Pseudonym stands in the place of a home's name; without the key nobody finds the home by it.
	Pseudonym(p home.Place) string
}

// mayOpen says whether one of staff may open a home at all: a SOC analyst only while it has an open incident.
func (s *Server) mayOpen(ctx context.Context, a *asked) error {
	switch g := a.session.May(rights.HomeLook); {
	case !g.Any():
		return errRight
	case g != rights.Case:
		return nil
	}
	devices, err := s.troubled(ctx, a.place)
	if err == nil && len(devices) == 0 {
		err = problem.New(problem.Right, "Your role opens a home only while it has an open incident.")
	}
	return err
}

func (s *Server) troubled(ctx context.Context, p home.Place) (map[string]bool, error) {
	if s.parts.Insight == nil {
		return nil, nil
	}
	return s.parts.Insight.Troubled(ctx, p)
}

func (s *Server) consented(ctx context.Context, p home.Place) (bool, error) {
	if s.parts.Insight == nil {
		return false, nil
	}
	return s.parts.Insight.Consented(ctx, p)
}

// hiddenFromStaff says of which devices one of staff does not see whom they talk to.
func (s *Server) hiddenFromStaff(ctx context.Context) (func(device string) bool, error) {
	by, p := who(ctx), where(ctx)
	nothing, all := func(string) bool { return false }, func(string) bool { return true }
	if by.has(rights.HomeNames, rights.Yes) {
		return nothing, nil
	}
	if by.has(rights.HomeNames, rights.Consent) {
		if ok, err := s.consented(ctx, p); err != nil || ok {
			return nothing, err
		}
	}
	if !by.has(rights.HomeNames, rights.Case) {
		return all, nil
	}
	devices, err := s.troubled(ctx, p)
	return func(d string) bool { return !devices[d] }, err
}

// onlyCases says that whoever asks sees names in open incidents only, so that a closed one hides them.
func (s *Server) onlyCases(ctx context.Context) (bool, error) {
	by := who(ctx)
	if by.Kind != Staff || !by.has(rights.HomeNames, rights.Case) {
		return false, nil
	}
	if by.has(rights.HomeNames, rights.Consent) {
		ok, err := s.consented(ctx, where(ctx))
		return !ok, err
	}
	return true, nil
}

// nameless says that whoever asks knows homes by their pseudonym only. So does who may not search for homes at all, as a token.
func nameless(ctx context.Context) bool {
	by := who(ctx)
	return by.Kind == Staff && by.May(rights.HomeSearch) != rights.Yes
}

// called is what a home is called for whoever asks. Its own name goes in.
func (s *Server) called(ctx context.Context, id, name string) string {
	if !nameless(ctx) {
		return name
	}
	if s.parts.Insight == nil {
		return ""
	}
	return s.parts.Insight.Pseudonym(home.Place{Tenant: who(ctx).Tenant, Home: id})
}

// orderAllowed says whether one of staff may give an order, and bounds it to what their role may.
func (s *Server) orderAllowed(ctx context.Context, o *view.NewOrder) error {
	r, ok := orderNeeds[o.Verb]
	if !ok {
		return errRight
	}
	if o.Verb == "mode" && (o.Mode == "" || o.Mode == string(home.ModeOff)) {
		r = rights.HomeRelease
	}
	g, err := may(ctx, r)
	switch {
	case err != nil:
		return err
	case g == rights.Hour && o.Verb == "release":
		o.Until = s.config.Now().Add(anHour)
	case g != rights.Yes:
		return errHour
	}
	return s.loosens(ctx, o)
}

var errHour = problem.New(problem.Right, "Your role may let a device out for an hour, and ask for the rest.")

// loosens fails where an order would let a device out by another way than release, and whoever asks may do that for an hour only.
func (s *Server) loosens(ctx context.Context, o *view.NewOrder) error {
	if who(ctx).May(rights.HomeRelease) == rights.Yes {
		return nil
	}
	switch {
	case o.Verb == "mode":
		d, err := s.parts.Homes.Device(ctx, where(ctx), o.Device)
		held := home.Mode(d.Mode).Rank() > home.ModeEndpointBlock.Rank() // also one that is out for an hour: it is to be shut in again then
		if err == nil && held && home.Mode(o.Mode) != home.ModeQuarantine {
			err = errHour
		}
		return err
	case o.Verb == "undo" && o.Deed != "":
		i, err := s.parts.Incidents.Incident(ctx, where(ctx), o.Incident, "")
		if err == nil && !slices.ContainsFunc(i.Deeds, func(d view.Deed) bool { return d.ID == o.Deed && d.Kind != string(home.DeedHold) }) {
			err = errHour
		}
		return err
	}
	return nil
}

// loosensAbout is loosens for what is said of a device: what holds is taken back, or it becomes one that is never kept apart.
func loosensAbout(ctx context.Context, a About) error {
	by := who(ctx)
	if by.Kind != Staff || by.May(rights.HomeRelease) == rights.Yes {
		return nil
	}
	if c := home.DeviceClass(a.Identity.Class); a.Verb == "unprotect" || c == home.ClassMedical || c == home.ClassAlarm {
		return errHour
	}
	return nil
}
