package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
	"cardea/home"
)

// Kind says which of the two doors somebody came in by. A resident's session is nothing at the staff's door.
type Kind string

// The kinds of session.
const (
	Resident Kind = "resident"
	Staff    Kind = "staff"
)

// Session is who is asking.
type Session struct {
	ID       string
	Kind     Kind
	Tenant   string
	Person   view.Person
	Provider view.Provider
	Homes    []HomeRef      // a resident's
	Asked    bool           // a resident was asked how they want to be told
	Roles    []rights.Role  // of staff
	Scopes   []rights.Right // of a token: no right but these; nil for people
	Expires  time.Time
}

// HomeRef is a home that a resident belongs to.
type HomeRef struct {
	Place home.Place
	Name  string
	Role  Role
}

// Page asks for a part of a list. After is what the answer before gave as next; "" is the beginning.
type Page struct {
	After string
	Limit int
}

// Slice is a part of a list; Next is "" on the last one.
type Slice[T any] struct {
	Items []T
	Next  string
}

// The interfaces below are what the API needs of the rest of the cloud, by subject. An implementation answers with
// problem.Problem for what the client has to know and with any other error for what it must not; it keeps to the place it
// is given. Everything is called by many goroutines at once.

// Accounts knows who is who.
type Accounts interface {
	SignIn(ctx context.Context, k Kind, provider, email, password string) (Session, string, error)
	SignInBy(ctx context.Context, k Kind, link string) (Session, string, error)
	Authenticate(ctx context.Context, k Kind, token string) (Session, error)
	SignOut(ctx context.Context, k Kind, token string) error
	// Describe adds to a session what people see of it: the provider's and the homes' names, and whether a resident was asked how they want to be told.
	Describe(ctx context.Context, s Session) (Session, error)
	// Place has the home's gateway too, "" when it has none. It answers problem.NotFound for a home that the tenant has not.
	Place(ctx context.Context, tenant, home string) (home.Place, error)
}

// Gateways are the home's own.
type Gateways interface {
	Gateways(ctx context.Context, p home.Place) ([]view.Gateway, error)
	Confirm(ctx context.Context, p home.Place, gateway string, by Session) error
	Claim(ctx context.Context, p home.Place, by Session) (view.Claim, error)
	Enrol(ctx context.Context, message []byte) ([]byte, error) // pb.Enrolment → pb.Enrolled
}

// Homes is what is stored of a home.
type Homes interface {
	// lang is of what people are told of an incident.
	Home(ctx context.Context, p home.Place, lang string) (view.Home, error)
	Devices(ctx context.Context, p home.Place) ([]view.Device, error)
	Device(ctx context.Context, p home.Place, device string) (view.DeviceDetail, error)
	Exposures(ctx context.Context, p home.Place, page Page) (Slice[view.HomeExposure], error)
	// Stopped merges what one device was refused on several days; StoppedByDay does not, and ends before until.
	Stopped(ctx context.Context, p home.Place, since time.Time) (view.Stopped, error)
	StoppedByDay(ctx context.Context, p home.Place, since, until time.Time) (view.Stopped, error)
	Export(ctx context.Context, p home.Place) (view.Export, error)
	Erase(ctx context.Context, p home.Place, by Session) (view.Erased, error)
}

// Incidents are the cases. state is open, closed or all.
type Incidents interface {
	Incidents(ctx context.Context, p home.Place, state string, page Page) (Slice[view.IncidentSummary], error)
	// lang is of the playbook's texts, and of what people are told.
	Incident(ctx context.Context, p home.Place, incident, lang string) (view.Incident, error)
}

// Orders are what people asked of a gateway. The same key is the same order.
type Orders interface {
	Ask(ctx context.Context, p home.Place, by Session, key string, o view.NewOrder) (view.Order, error)
	// AskAbout asks for something about who a device is.
	AskAbout(ctx context.Context, p home.Place, by Session, key string, a About) (view.Order, error)
	Orders(ctx context.Context, p home.Place, incident string) ([]view.Order, error)
	Order(ctx context.Context, p home.Place, order string) (view.Order, error)
}

// About is what is asked about a device; of Identity, Other, MAC and Protection that which its verb needs.
type About struct {
	Verb       string // identify, merge, split, protect, unprotect
	Device     string
	Identity   view.Correction // empty takes the word back
	Other      string
	MAC        string
	Protection view.Protection
	Why        string
}

// Asker is on whose behalf a gateway is asked.
type Asker struct {
	Session Session
	Reason  string // of staff
}

// Live asks the gateway itself. It answers problem.Offline when the gateway does not, and problem.Consent to staff that
// nobody at home has agreed to.
type Live interface {
	Contacts(ctx context.Context, p home.Place, who Asker, device string, from, until time.Time, limit int) (view.Contacts, error)
	// Preview says what a containment mode would stop.
	Preview(ctx context.Context, p home.Place, who Asker, device, mode string) (view.Preview, error)
	// Follow calls yield with parts until ctx ends, the question has run its time (nil) or yield fails.
	Follow(ctx context.Context, p home.Place, who Asker, device string, yield func(LivePart) error) error
}

// LivePart is what a live view shows next; one of them is set, or none.
type LivePart struct {
	At       time.Time
	Contacts []view.Contact
	Devices  []view.Device
}

// FeedEvent is one event of a home. Its kind becomes the event's name: lower-case letters.
type FeedEvent struct {
	Kind string
	view.Event
}

// Feed is what happened in a home, in order.
type Feed interface {
	// After is what came after seq, the oldest first; whole is false when what came right after it is not kept any more.
	After(ctx context.Context, p home.Place, seq uint64, limit int) (events []FeedEvent, whole bool, err error)
	Last(ctx context.Context, p home.Place) (uint64, error)
	// Watch tells of news; the channel has capacity 1 and holds one token for any number of events. A token may get lost.
	Watch(p home.Place) (news <-chan struct{}, stop func())
}

// Consents are keys and consents of residents, and who looked.
type Consents interface {
	Keys(ctx context.Context, p home.Place) ([]view.Key, error)
	AddKey(ctx context.Context, p home.Place, by Session, k view.NewKey) (view.Key, error)
	Consents(ctx context.Context, p home.Place) ([]view.Agreed, error)
	AddConsent(ctx context.Context, p home.Place, by Session, c view.Consent) (view.Agreed, error)
	RevokeConsent(ctx context.Context, p home.Place, by Session, id string) error
	Looks(ctx context.Context, p home.Place) ([]view.Looked, error)
}

// Fleet is what staff see of their tenant without a look.
type Fleet interface {
	Homes(ctx context.Context, tenant, state, text string, page Page) (Slice[view.FleetHome], error)
	Board(ctx context.Context, tenant, state string, page Page) (Slice[view.BoardIncident], error)
	ByCode(ctx context.Context, tenant, code string) ([]view.BoardIncident, error)
	Overview(ctx context.Context, tenant string) (view.Overview, error)
}

// Models are what the fleet knows of models; of other tenants only what twenty homes say. Devices are what staff see of their own.
type Models interface {
	// Models with a text are those in whose vendor, model or class it is.
	Models(ctx context.Context, tenant, find string, page Page) (Slice[view.FleetModel], error)
	Clusters(ctx context.Context, tenant string, page Page) (Slice[view.FleetCluster], error)
	// Name is for the whole fleet, and written down.
	Name(ctx context.Context, by Session, cluster string, n view.NewName) (view.FleetCluster, error)
	Exposures(ctx context.Context, tenant, kind, model string, page Page) (Slice[view.FleetExposure], error)
}

// Brokers are the message brokers, as far as staff of the tenant may see them. They answer in bounded time.
type Brokers interface {
	Brokers(ctx context.Context, tenant string) (view.Brokers, error)
}

// Normals are what the fleet knows of what models do, and of what happens in many homes at once. Of numbers under twenty homes nothing
// is told exactly.
type Normals interface {
	// Profiles with a text are those in whose vendor, model or class it is.
	Profiles(ctx context.Context, tenant, find string, page Page) (Slice[view.Profile], error)
	Profile(ctx context.Context, tenant, id string) (view.ProfileFacts, error)
	Incidents(ctx context.Context, tenant string, page Page) (Slice[view.FleetIncident], error)
	// Close and Hunt are written down.
	Close(ctx context.Context, by Session, id, why string) error
	Indicators(ctx context.Context, page Page) (Slice[view.HerdIndicator], error)
	Hunt(ctx context.Context, by Session, h view.NewHunt) (view.Hunt, error)
}

// Audit writes down what staff do, and lets them look only with a reason.
type Audit interface {
	Look(ctx context.Context, by Session, p home.Place, reason string) (view.Look, error)
	MayLook(ctx context.Context, by Session, p home.Place) (reason string, ok bool, err error)
	Record(ctx context.Context, by Session, p home.Place, act, what, reason string) error
	// Audit is what was done, the latest first.
	Audit(ctx context.Context, tenant string, f AuditFilter, page Page) (Slice[view.AuditEntry], error)
}

// AuditFilter narrows what is told of the audit; zero fields do not.
type AuditFilter struct {
	Home, Who, Act string    // Who is a person's id
	From, Until    time.Time // from the one, before the other
}

// Parts are all of them.
type Parts struct {
	Accounts  Accounts
	Gateways  Gateways
	Homes     Homes
	Incidents Incidents
	Orders    Orders
	Privacy   Privacy
	Lines     Lines
	Live      Live
	Feed      Feed
	Consents  Consents
	Notify    Notify
	Reports   Reports
	Fleet     Fleet
	Console   Console
	Caring    Caring
	Models    Models // nil: this cloud does not learn of models
	Rollouts  Rollouts
	Normals   Normals // nil: this cloud does not learn what is normal
	Intel     Intel
	Webhooks  Webhooks
	Brokers   Brokers
	Audit     Audit
	Members   Members
	Own       Own
	Doors     Doors
	People    People
	Rules     Rules
	Owners    Owners // nil: no device is somebody's own
	Desk      Desk
	Codes     Codes
	HandOut   HandOut
	Insight   Insight                     // nil: staff whose role sees a home only then never do
	Ready     func(context.Context) error // nil: always

	Provisioning Provisioning
	Plans        Plans // nil: every home has everything
}
