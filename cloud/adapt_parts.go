package cloud

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/desired"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/live"
	"cardea/cloud/notify"
	"cardea/home"
)

// adapter lets the API see the contexts. It holds no state; what the API shows is put together here, with its words.
type adapter struct {
	*Rooms
	live   *live.Live
	watch  func(home.Place) (news <-chan struct{}, stop func())
	public string // URL by which people reach us
	now    func() time.Time
}

// apiParts is all that the API needs.
func (s *Server) apiParts() api.Parts {
	return partsOf(&adapter{Rooms: s.rooms, live: s.live, watch: s.web.watch, public: s.cfg.Public, now: time.Now}, s.ready)
}

func partsOf(a *adapter, ready func(context.Context) error) api.Parts {
	return api.Parts{
		Accounts: accountsPart{a}, Gateways: gatewaysPart{a}, Homes: homesPart{a}, Incidents: incidentsPart{a}, Orders: ordersPart{a},
		Live: livePart{a}, Feed: feedPart{a}, Consents: consentsPart{a}, Notify: notifyPart{a}, Fleet: fleetPart{a}, Audit: auditPart{a}, Models: modelsPart{a, a.Fleet},
		Ready: ready,
	}
}

// told are the contexts' errors that a client has to know, as problems.
var told = []struct {
	err    error
	kind   problem.Kind
	detail string
	after  time.Duration
}{
	{account.ErrCredentials, problem.SignIn, "", 0},
	{account.ErrThrottled, problem.TooMany, "Too many attempts to sign in.", 15 * time.Minute},
	{account.ErrBusy, problem.TooMany, "Too many people are signing in.", 2 * time.Second},
	{account.ErrSession, problem.Unauthorized, "", 0},
	{account.ErrNotFound, problem.NotFound, "", 0},
	{account.ErrExists, problem.Conflict, "That is there already.", 0},
	{account.ErrClaim, problem.Claim, "It was used, is too old, or was mistyped.", 0},
	{account.ErrRevoked, problem.Forbidden, "This gateway may not speak for the home.", 0},
	{account.ErrSignature, problem.Invalid, "The signature is not one that this home accepts.", 0},
	{history.ErrUnknown, problem.NotFound, "", 0},
	{incident.ErrUnknown, problem.NotFound, "", 0},
	{desired.ErrUnknown, problem.NotFound, "", 0},
	{desired.ErrTooMany, problem.TooMany, "The gateway has not confirmed what it was asked for before.", 30 * time.Second},
	{desired.ErrKey, problem.Reused, "", 0},
	{desired.ErrOrder, problem.Invalid, "That cannot be asked of a gateway.", 0},
	{notify.ErrChanged, problem.Changed, "", 0},
	{notify.ErrSubscription, problem.Invalid, "That is no push subscription.", 0},
	{live.ErrOffline, problem.Offline, "", 0},
	{live.ErrLost, problem.Offline, "Its answer did not get through.", 5 * time.Second},
	{context.DeadlineExceeded, problem.Offline, "", 0},
}

func tell(err error) error {
	if err == nil {
		return nil
	}
	for _, t := range told {
		if errors.Is(err, t.err) {
			return problem.New(t.kind, t.detail).After(t.after)
		}
	}
	var in *account.InputError
	if errors.As(err, &in) {
		p := problem.New(problem.Invalid, "")
		p.Errors = []problem.Field{{Location: "body." + in.Field, Message: in.Why}}
		return p
	}
	var no *live.Refused
	if errors.As(err, &no) {
		return problem.New(problem.Forbidden, "The gateway refused: "+no.Why)
	}
	return err
}

// utc is t for JSON; at makes null of a zero one.
func utc(t time.Time) time.Time { return t.UTC() }

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// ms are the wire's times; 0 is unknown.
func ms(t int64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(t).UTC()
}

// caseCursor says whether after is what incident.Case.Next gives.
func caseCursor(after string) error {
	if after == "" {
		return nil
	}
	changed, rest, _ := strings.Cut(after, ",")
	_, err := strconv.ParseInt(changed, 10, 64)
	if err != nil || !strings.Contains(rest, ",") || len(after) > 200 {
		return problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	return nil
}

// whoIs is how a person is called in the audit and towards a gateway.
func whoIs(s api.Session) string {
	if s.Person.Name == "" {
		return s.Person.Email
	}
	return s.Person.Name + " (" + s.Person.Email + ")"
}

func placeIn(tenant, id string) home.Place { return home.Place{Tenant: tenant, Home: id} }
