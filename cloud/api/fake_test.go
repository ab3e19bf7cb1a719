package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
	"cardea/home"
)

// Two tenants with a home each; everything of a home has its mark.
const (
	tenantA = "0197a000-0000-7000-8000-00000000000a"
	tenantB = "0197a000-0000-7000-8000-00000000000b"
	homeA   = "0197a000-0000-7000-8000-0000000000a1"
	homeA2  = "0197a000-0000-7000-8000-0000000000a2" // somebody else's, of the same tenant
	homeB   = "0197a000-0000-7000-8000-0000000000b1"
	hostile = `<script>alert(1)</script>"` + "\u2028\r\nevent: end"
)

// cloud is a fake of all parts. Functions that are nil answer with marked text of the place that they are asked for.
type cloud struct {
	mu       sync.Mutex
	looks    map[string]bool // who may look
	recorded []string
	agents   []string
	asked    []view.NewOrder
	abouts   []About
	settings view.Notifications
	signedIn map[string]Session // by token
	signIns  int
	events   []FeedEvent
	first    uint64 // oldest event that is kept
	news     chan struct{}
	follow   func(context.Context, func(LivePart) error) error
	reuse    *view.Order
	fail     error
	hunted   []view.NewHunt
	closed   []string // of the fleet
	decided  []string // of households
}

func newCloud() *cloud {
	c := &cloud{looks: map[string]bool{}, settings: view.Notifications{Email: true}, signedIn: map[string]Session{}, news: make(chan struct{}, 1), first: 1}
	for name, s := range map[string]Session{
		"resident-a": {Kind: Resident, Tenant: tenantA, Homes: []HomeRef{{Place: placeOf(homeA), Role: Owner}}},
		"resident-b": {Kind: Resident, Tenant: tenantB, Homes: []HomeRef{{Place: placeOf(homeB), Role: Owner}}},
		"staff-a":    {Kind: Staff, Tenant: tenantA, Roles: rights.Roles[:6]}, "staff-b": {Kind: Staff, Tenant: tenantB, Roles: rights.Roles[:6]},
	} {
		s.ID, s.Person.ID, s.Expires = name, name, time.Now().Add(time.Hour)
		c.signedIn[name] = s
	}
	return c
}

func placeOf(id string) home.Place {
	if id == homeA || id == homeA2 {
		return home.Place{Tenant: tenantA, Home: id, Gateway: "gateway-a"}
	}
	return home.Place{Tenant: tenantB, Home: homeB, Gateway: "gateway-b"}
}

func mark(p home.Place) string { return "marked:" + p.Tenant + hostile }

func (c *cloud) parts() Parts {
	return Parts{Accounts: c, Gateways: c, Homes: fakeHomes{c}, Incidents: c, Orders: c, Privacy: fakePrivacy{c}, Lines: fakeLines{c}, Live: c, Feed: c, Consents: c, Notify: fakeNotify{c}, Reports: c, Fleet: fakeFleet{c}, Console: fakeConsole{}, Caring: fakeConsole{}, Models: fakeModels{}, Normals: fakeNormals{c}, Intel: fakeIntel{}, Webhooks: fakeWebhooks{c}, Brokers: fakeBrokers{}, Provisioning: fakeProvisioning{c}, Plans: fakePlans{cloud: c}, Rollouts: fakeRollouts{c.fail}, Desk: fakeDesk{c}, Codes: fakeCodes{c}, HandOut: fakeCodes{c}, Audit: c, Members: fakePeople{c}, Own: fakePeople{c}, Doors: fakePeople{c}, People: fakeFamily{c}, Rules: fakeRules{c}}
}

func (c *cloud) SignIn(_ context.Context, k Kind, _, email, password string) (Session, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signIns++
	if s, ok := c.signedIn[email]; ok && s.Kind == k && password == "right password" {
		return s, email, nil
	}
	return Session{}, "", problem.New(problem.SignIn, "")
}
func (c *cloud) SignInBy(context.Context, Kind, string) (Session, string, error) {
	return Session{}, "", problem.New(problem.SignIn, "")
}
func (c *cloud) Authenticate(_ context.Context, k Kind, token string) (Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.signedIn[token]; ok && s.Kind == k {
		return s, nil
	}
	return Session{}, problem.New(problem.Unauthorized, "")
}
func (c *cloud) SignOut(_ context.Context, _ Kind, token string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.signedIn, token)
	return nil
}
func (c *cloud) Describe(_ context.Context, s Session) (Session, error) {
	s.Provider.Name = "marked:" + s.Tenant
	for i := range s.Homes {
		s.Homes = []HomeRef{{s.Homes[i].Place, mark(s.Homes[i].Place), s.Homes[i].Role}}
	}
	return s, nil
}
func (c *cloud) Place(_ context.Context, tenant, id string) (home.Place, error) {
	if p := placeOf(id); p.Tenant == tenant && p.Home == id {
		return p, nil
	}
	return home.Place{}, problem.New(problem.NotFound, "")
}
func (c *cloud) Gateways(_ context.Context, p home.Place) ([]view.Gateway, error) {
	return []view.Gateway{{ID: mark(p)}}, nil
}
func (c *cloud) Confirm(context.Context, home.Place, string, Session) error { return nil }
func (c *cloud) Claim(_ context.Context, p home.Place, _ Session) (view.Claim, error) {
	return view.Claim{Code: mark(p)}, nil
}
func (c *cloud) Enrol(_ context.Context, m []byte) ([]byte, error) {
	if string(m) != "enrolment" {
		return nil, problem.New(problem.Claim, "")
	}
	return []byte("enrolled"), nil
}
func (c *cloud) Incidents(_ context.Context, p home.Place, _ string, page Page) (Slice[view.IncidentSummary], error) {
	return Slice[view.IncidentSummary]{[]view.IncidentSummary{{ID: mark(p), Code: page.After}}, "next,1"}, nil
}
func (c *cloud) Preview(_ context.Context, p home.Place, who Asker, _, mode string) (view.Preview, error) {
	if who.Session.Kind == Staff {
		return view.Preview{}, problem.New(problem.Consent, "")
	}
	return view.Preview{Trial: view.Trial{Mode: mode, Stopped: []string{mark(p)}}}, nil
}
func (c *cloud) Incident(_ context.Context, p home.Place, _, _ string) (view.Incident, error) {
	return view.Incident{WhatHappened: mark(p), Findings: []view.Finding{{}}}, c.fail
}
func (c *cloud) Ask(_ context.Context, p home.Place, _ Session, _ string, o view.NewOrder) (view.Order, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, o)
	if c.reuse != nil {
		return *c.reuse, nil
	}
	return view.Order{ID: mark(p), Verb: o.Verb, Device: o.Device, Incident: o.Incident, Endpoint: o.Endpoint, Status: "asked"}, nil
}
func (c *cloud) AskAbout(_ context.Context, p home.Place, _ Session, _ string, n About) (view.Order, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abouts = append(c.abouts, n)
	return view.Order{ID: mark(p), Verb: n.Verb, Device: n.Device, Status: "asked"}, nil
}
func (c *cloud) Orders(_ context.Context, p home.Place, _ string) ([]view.Order, error) {
	return []view.Order{{ID: mark(p)}}, nil
}
func (c *cloud) Order(_ context.Context, p home.Place, _ string) (view.Order, error) {
	return view.Order{ID: mark(p)}, nil
}
func (c *cloud) Contacts(_ context.Context, p home.Place, who Asker, _ string, _, _ time.Time, _ int) (view.Contacts, error) {
	if who.Session.Kind == Staff {
		return view.Contacts{}, problem.New(problem.Consent, "")
	}
	return view.Contacts{Items: []view.Contact{{Name: mark(p)}}}, nil
}
func (c *cloud) Follow(ctx context.Context, p home.Place, _ Asker, _ string, yield func(LivePart) error) error {
	if c.follow != nil {
		return c.follow(ctx, yield)
	}
	return yield(LivePart{Contacts: []view.Contact{{Name: mark(p)}}})
}
func (c *cloud) After(_ context.Context, _ home.Place, seq uint64, limit int) (out []FeedEvent, whole bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq+1 < c.first {
		return nil, false, nil
	}
	for _, e := range c.events {
		if e.Seq > seq && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, true, nil
}
func (c *cloud) Last(context.Context, home.Place) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first + uint64(len(c.events)) - 1, nil
}
func (c *cloud) Watch(home.Place) (<-chan struct{}, func()) { return c.news, func() {} }
func (c *cloud) happen(p home.Place, kind string) {
	c.mu.Lock()
	c.events = append(c.events, FeedEvent{kind, view.Event{ID: mark(p), Seq: c.first + uint64(len(c.events))}})
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}
func (c *cloud) Keys(_ context.Context, p home.Place) ([]view.Key, error) {
	return []view.Key{{ID: mark(p)}}, nil
}
func (c *cloud) AddKey(_ context.Context, p home.Place, _ Session, _ view.NewKey) (view.Key, error) {
	return view.Key{ID: mark(p)}, nil
}
func (c *cloud) Consents(_ context.Context, p home.Place) ([]view.Agreed, error) {
	return []view.Agreed{{ID: mark(p)}}, nil
}
func (c *cloud) AddConsent(_ context.Context, p home.Place, _ Session, _ view.Consent) (view.Agreed, error) {
	return view.Agreed{ID: mark(p)}, nil
}
func (c *cloud) RevokeConsent(context.Context, home.Place, Session, string) error { return nil }
func (c *cloud) Looks(_ context.Context, p home.Place) ([]view.Looked, error) {
	return []view.Looked{{Who: mark(p)}}, nil
}
func (c *cloud) Look(_ context.Context, by Session, p home.Place, _ string) (view.Look, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks[by.ID+p.Home] = true
	return view.Look{}, nil
}
func (c *cloud) MayLook(_ context.Context, by Session, p home.Place) (string, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return "a reason", c.looks[by.ID+p.Home], nil
}
func (c *cloud) Record(_ context.Context, by Session, p home.Place, act, what, reason string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recorded = append(c.recorded, by.ID+" "+act+" "+what+" "+reason)
	return nil
}
func (c *cloud) Audit(_ context.Context, tenant string, _ AuditFilter, _ Page) (Slice[view.AuditEntry], error) {
	return Slice[view.AuditEntry]{Items: []view.AuditEntry{{What: "marked:" + tenant}}}, nil
}

type fakeHomes struct{ *cloud }

func (fakeHomes) Home(_ context.Context, p home.Place, _ string) (view.Home, error) {
	return view.Home{ID: p.Home, Name: mark(p)}, nil
}
func (fakeHomes) Devices(_ context.Context, p home.Place) ([]view.Device, error) {
	return []view.Device{{Name: mark(p)}}, nil
}
func (fakeHomes) Device(_ context.Context, p home.Place, _ string) (view.DeviceDetail, error) {
	return view.DeviceDetail{Device: view.Device{Name: mark(p)}}, nil
}
func (fakeHomes) Exposures(_ context.Context, p home.Place, _ Page) (Slice[view.HomeExposure], error) {
	return Slice[view.HomeExposure]{Items: []view.HomeExposure{{Exposure: view.Exposure{Sentence: mark(p)}}}}, nil
}
func (fakeHomes) Stopped(_ context.Context, p home.Place, _ time.Time) (view.Stopped, error) {
	return view.Stopped{Items: []view.Stop{{Endpoint: mark(p)}}}, nil
}
func (fakeHomes) StoppedByDay(_ context.Context, p home.Place, _, _ time.Time) (view.Stopped, error) {
	return view.Stopped{Items: []view.Stop{{Endpoint: mark(p)}}}, nil
}
func (fakeHomes) Export(_ context.Context, p home.Place) (view.Export, error) {
	return view.Export{Elsewhere: mark(p)}, nil
}
func (fakeHomes) Erase(_ context.Context, p home.Place, _ Session) (view.Erased, error) {
	return view.Erased{Rows: map[string]int64{mark(p): 1}}, nil
}

type fakePrivacy struct{ *cloud }

func (fakePrivacy) EraseDevice(_ context.Context, p home.Place, _ Session, _ string) (view.Erased, error) {
	return view.Erased{Rows: map[string]int64{mark(p): 1}}, nil
}
func (fakePrivacy) Archive(_ context.Context, p home.Place, _ Session, w io.Writer) error {
	_, err := io.WriteString(w, mark(p))
	return err
}
func (fakePrivacy) Inventory(string) view.Inventory { return view.Inventory{} }

type fakeFleet struct{ *cloud }

func (fakeFleet) Homes(_ context.Context, tenant, _, _ string, _ Page) (Slice[view.FleetHome], error) {
	return Slice[view.FleetHome]{Items: []view.FleetHome{{Name: "marked:" + tenant}}}, nil
}
func (fakeFleet) Board(_ context.Context, tenant, _ string, _ Page) (Slice[view.BoardIncident], error) {
	return Slice[view.BoardIncident]{Items: []view.BoardIncident{{Code: "marked:" + tenant}}}, nil
}
func (fakeFleet) ByCode(_ context.Context, tenant, _ string) ([]view.BoardIncident, error) {
	return []view.BoardIncident{{Code: "marked:" + tenant}}, nil
}
func (fakeFleet) Overview(context.Context, string) (view.Overview, error) {
	return view.Overview{}, nil
}

type fakeBrokers struct{}

func (fakeBrokers) Brokers(_ context.Context, tenant string) (view.Brokers, error) {
	return view.Brokers{Words: "marked:" + tenant, Streams: []view.Stream{{Name: "REPORTS"}}}, nil
}

type fakeModels struct{}

func (fakeModels) Models(_ context.Context, tenant, find string, _ Page) (Slice[view.FleetModel], error) {
	return Slice[view.FleetModel]{Items: []view.FleetModel{{Model: "marked:" + tenant, Why: find}}}, nil
}
func (fakeModels) Clusters(_ context.Context, tenant string, _ Page) (Slice[view.FleetCluster], error) {
	return Slice[view.FleetCluster]{Items: []view.FleetCluster{{Vendor: "marked:" + tenant}}}, nil
}
func (fakeModels) Name(_ context.Context, by Session, id string, n view.NewName) (view.FleetCluster, error) {
	return view.FleetCluster{ID: id, Vendor: "marked:" + by.Tenant, Name: &view.Named{Model: n.Model}}, nil
}
func (fakeModels) Exposures(_ context.Context, tenant, _, _ string, _ Page) (Slice[view.FleetExposure], error) {
	return Slice[view.FleetExposure]{Items: []view.FleetExposure{{Model: "marked:" + tenant}}}, nil
}

type fakeNormals struct{ *cloud }

func (fakeNormals) Profiles(_ context.Context, tenant, find string, page Page) (Slice[view.Profile], error) {
	return Slice[view.Profile]{[]view.Profile{{Profiled: view.Profiled{Model: "marked:" + tenant + hostile, Vendor: page.After, Class: find}}}, "40,0a"}, nil
}
func (fakeNormals) Profile(_ context.Context, tenant, id string) (view.ProfileFacts, error) {
	if id == "unknown" {
		return view.ProfileFacts{}, problem.New(problem.NotFound, "")
	}
	return view.ProfileFacts{Profiled: view.Profiled{ID: id, Model: "marked:" + tenant}, Endpoints: []view.ProfileEndpoint{{Name: hostile}}}, nil
}
func (fakeNormals) Incidents(_ context.Context, tenant string, _ Page) (Slice[view.FleetIncident], error) {
	return Slice[view.FleetIncident]{Items: []view.FleetIncident{{Kind: "update", Why: "marked:" + tenant}}}, nil
}
func (c fakeNormals) Close(_ context.Context, by Session, id, why string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = append(c.closed, by.ID+" "+id+" "+why)
	return nil
}
func (fakeNormals) Indicators(context.Context, Page) (Slice[view.HerdIndicator], error) {
	return Slice[view.HerdIndicator]{Items: []view.HerdIndicator{{Endpoint: hostile, State: "shadow"}}}, nil
}
func (c fakeNormals) Hunt(_ context.Context, by Session, h view.NewHunt) (view.Hunt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hunted = append(c.hunted, h)
	return view.Hunt{Own: view.Homes{Words: "marked:" + by.Tenant}}, nil
}

// testServer serves c; now is fixed unless the config says otherwise.
func testServer(t testing.TB, c *cloud, conf Config) *Server {
	t.Helper()
	conf.Resident = fstest.MapFS{"index.html": {Data: []byte("<title>resident</title>")}, "assets/app-1a2b.js": {Data: []byte("js")}, "sw.js": {Data: []byte("sw")},
		"assets/big-3c4d.js": {Data: []byte(strings.Repeat("big ", 1000))}}
	conf.Operator = fstest.MapFS{"index.html": {Data: []byte("<title>staff</title>")}}
	s, err := New(conf, c.parts(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request asks s; header has lines "Name: value".
func request(s *Server, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	return requestFrom(s, "192.0.2.7:1234", method, path, token, body, header...)
}

func requestFrom(s *Server, address, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = address
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		k := Resident
		if strings.HasPrefix(token, "staff") {
			k = Staff
		}
		r.AddCookie(&http.Cookie{Name: cookieName(k), Value: token})
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

var errSecret = errors.New("password of the database: hunter2")

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
