// Package rights says who of a CSP's staff may do what: roles, rights, and one table of what each role is granted. It is pure and
// imports the standard library only, so that the gate, the documents and the tests all read the same table. It keeps no state.
package rights

import "slices"

// Role is what somebody of staff is. A person may have several; each right is then granted as the best of them has it.
type Role string

// The roles, in the order of the table.
const (
	Tier1      Role = "tier1"
	Tier2      Role = "tier2"
	SOC        Role = "soc"
	Engineer   Role = "engineer"
	Privacy    Role = "privacy"
	Admin      Role = "admin"
	Automation Role = "automation" // of tokens only
)

// Roles are all of them.
var Roles = []Role{Tier1, Tier2, SOC, Engineer, Privacy, Admin, Automation}

// Words are what people call a role.
func (r Role) Words() string {
	return map[Role]string{Tier1: "Support tier 1", Tier2: "Support tier 2", SOC: "SOC analyst", Engineer: "Network engineer", Privacy: "Privacy officer",
		Admin: "Administrator", Automation: "Automation token"}[r]
}

// Known says whether there is such a role.
func (r Role) Known() bool { return slices.Contains(Roles, r) }

// OfPeople says whether a person may have the role: automation is for tokens.
func (r Role) OfPeople() bool { return r.Known() && r != Automation }

// Right is one kind of thing that staff do.
type Right string

// The rights.
const (
	FleetView      Right = "fleet.view"
	HomeSearch     Right = "home.search"
	HomeLook       Right = "home.look"
	HomeNames      Right = "home.names"
	HomeCode       Right = "home.code"
	HomeRelease    Right = "home.release"
	HomeAct        Right = "home.act"
	HomePeople     Right = "home.people"
	BulkBlock      Right = "bulk.block"
	RolloutView    Right = "rollout.view"
	RolloutPropose Right = "rollout.propose"
	RolloutChange  Right = "rollout.change"
	RolloutApprove Right = "rollout.approve"
	IntelView      Right = "intel.view"
	IntelPropose   Right = "intel.propose"
	IntelChange    Right = "intel.change"
	ModelName      Right = "model.name"
	HomeExport     Right = "home.export"
	HomeErase      Right = "home.erase"
	StaffManage    Right = "staff.manage"
	AuditOwn       Right = "audit.own"
	AuditRead      Right = "audit.read"
	HuntStart      Right = "hunt.start"
	HomeProvision  Right = "home.provision"
	PlanView       Right = "plan.view"
	PlanChange     Right = "plan.change"
	WebhookManage  Right = "webhook.manage"
	ApprovalSee    Right = "approval.see"
	SessionOwn     Right = "session.own"
)

// Grant is how a role has a right.
type Grant string

// The grants, the least first: of several roles of one person the one that stands later counts.
const (
	No        Grant = "no"
	Audit     Grant = "audit"     // not itself, but who did it and when, in the audit
	Own       Grant = "own"       // one's own acts only
	Propose   Grant = "propose"   // somebody else decides
	View      Grant = "view"      // looks, changes nothing
	Request   Grant = "request"   // asks for it; who has the right decides
	Hour      Grant = "hour"      // for an hour, then it is as before
	Pseudonym Grant = "pseudonym" // homes without name, account and address
	Case      Grant = "case"      // only inside of an open incident
	Consent   Grant = "consent"   // only while a resident's consent holds
	Two       Grant = "two"       // another person with the same right has to agree
	Approve   Grant = "approve"   // decides about what others proposed
	Read      Grant = "read"
	Yes       Grant = "yes"
)

var order = []Grant{No, Audit, Own, Propose, View, Request, Hour, Pseudonym, Case, Consent, Two, Approve, Read, Yes}

// Words are a grant as it stands in the table.
func (g Grant) Words() string {
	return map[Grant]string{No: "–", Audit: "audit", Own: "own", Propose: "propose", View: "view", Request: "request", Hour: "1 h", Pseudonym: "pseudonym",
		Case: "case only", Consent: "consent", Two: "two persons", Approve: "approve", Read: "read", Yes: "✓"}[g]
}

// Any says whether there is something at all that the grant allows at the right's own routes.
func (g Grant) Any() bool { return slices.Contains(order, g) && g != No && g != Audit }

// Line is a right and how each role has it, in the order of Roles.
type Line struct {
	Right  Right
	What   string
	Grants [7]Grant
}

const y, n = Yes, No

// lines is the one table. What is not in it is granted to nobody.
var lines = []Line{
	//                                                                                     tier1    tier2    soc        engineer privacy admin    automation
	{FleetView, "The fleet's figures, models and boards", [7]Grant{y, y, y, y, y, y, y}},
	{HomeSearch, "Search home", [7]Grant{y, y, Pseudonym, y, y, y, n}},
	{HomeLook, "Open a home's detail, with a reason and for half an hour", [7]Grant{y, y, Case, y, y, y, n}},
	{HomeNames, "Names contacted", [7]Grant{n, Consent, Case, n, Audit, n, n}},
	{HomeCode, "Look up and undo one block by the resident's code", [7]Grant{y, y, y, n, n, n, n}},
	{HomeRelease, "Release quarantine", [7]Grant{Hour, y, y, n, n, n, n}},
	{HomeAct, "Shut in, check, lead through steps, say who a device is", [7]Grant{y, y, y, n, n, n, n}},
	{HomePeople, "The people of a home, their bedtimes and choices", [7]Grant{y, y, n, n, y, n, n}},
	{BulkBlock, "Bulk block", [7]Grant{n, n, Two, n, n, Two, n}},
	{RolloutView, "See rollouts", [7]Grant{n, n, View, y, n, y, View}},
	{RolloutPropose, "Propose a rollout", [7]Grant{n, n, n, y, n, n, Propose}},
	{RolloutChange, "Start, pause, pin and undo rollouts", [7]Grant{n, n, n, y, n, n, n}},
	{RolloutApprove, "Approve a rollout", [7]Grant{n, n, n, n, n, Approve, n}},
	{IntelView, "See intelligence", [7]Grant{n, n, y, n, n, y, View}},
	{IntelPropose, "Propose a list", [7]Grant{n, n, y, n, n, y, Propose}},
	{IntelChange, "Change intelligence lists", [7]Grant{n, n, y, n, n, y, n}},
	{ModelName, "Name a model for the whole fleet", [7]Grant{n, n, y, y, n, y, n}},
	{HomeExport, "Export what is stored of a home", [7]Grant{Request, Request, n, n, y, n, n}},
	{HomeErase, "Erase what is stored of a home", [7]Grant{Request, Request, n, n, y, n, n}},
	{StaffManage, "Users, sign-on, tokens", [7]Grant{n, n, n, n, n, y, n}},
	{AuditOwn, "See one's own lines of the audit log", [7]Grant{Own, Own, Own, Own, y, Read, n}},
	{AuditRead, "Audit log", [7]Grant{n, n, n, n, y, Read, n}},
	{HuntStart, "Look for an indicator in the past of all homes", [7]Grant{n, n, Two, n, n, Two, n}},
	{HomeProvision, "Make homes, swap gateways and end subscriptions by account number", [7]Grant{n, n, n, n, n, y, y}},
	{PlanView, "See plans and brand", [7]Grant{y, y, y, y, y, y, View}},
	{PlanChange, "Plans and brand", [7]Grant{n, n, n, n, n, y, n}},
	{WebhookManage, "Webhooks and integrations", [7]Grant{n, n, n, n, n, y, n}},
	{ApprovalSee, "See what waits for a second person, and decide what one has the right for", [7]Grant{y, y, y, y, y, y, View}},
	{SessionOwn, "One's own session", [7]Grant{y, y, y, y, y, y, y}},
}

// Matrix is the table.
func Matrix() []Line { return slices.Clone(lines) }

// Known says whether there is such a right.
func (r Right) Known() bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Right == r })
}

// May says how a role has a right; No of what is not known.
func May(role Role, right Right) Grant {
	at := slices.Index(Roles, role)
	for _, l := range lines {
		if l.Right == right && at >= 0 {
			return l.Grants[at]
		}
	}
	return No
}

// Best is how somebody with several roles has a right.
func Best(roles []Role, right Right) Grant {
	best := 0
	for _, r := range roles {
		best = max(best, slices.Index(order, May(r, right)))
	}
	return order[best]
}
