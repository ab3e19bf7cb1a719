package adapt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/history"
	"cardea/cloud/live"
	"cardea/cloud/notify"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const password = "a long enough password"

// marked is a home whose every text has its tenant's mark in it.
type marked struct {
	mark                      string
	place                     home.Place
	resident, staff           string // session tokens
	device, incident, finding string
	order, consent, key       string
	signer                    *ecdsa.PrivateKey
}

// town is a whole cloud but its bus: real contexts over a real database.
type town struct {
	t     *testing.T
	rooms *rooms.Rooms
	web   http.Handler
	bus   *echo
}

// echo is the bus with all gateways at its end: each answers a question with a contact that has its mark.
type echo struct {
	mu    sync.Mutex
	subs  map[string]func([]byte)
	marks map[string]string // by subject of commands
}

func (e *echo) Subscribe(subject string, f func([]byte)) (func(), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subs[subject] = f
	return func() { e.mu.Lock(); defer e.mu.Unlock(); delete(e.subs, subject) }, nil
}

func (e *echo) Publish(subject string, data []byte) error {
	var c pb.Command
	if err := proto.Unmarshal(data, &c); err != nil || c.GetQuestion() == nil {
		return err
	}
	p, _, err := wire.ParseSubject(subject)
	if err != nil {
		return err
	}
	b, err := proto.Marshal(&pb.Answer{Id: c.GetQuestion().GetId(), Last: true, Time: time.Now().UnixMilli(), Preview: &pb.Trial{Mode: c.GetQuestion().GetPreview().GetMode(), Stopped: []string{e.marks[subject]}},
		Contacts: []*pb.Contact{{Name: e.marks[subject]}}, Devices: []*pb.Device{{Id: "x", Name: e.marks[subject]}}})
	if err != nil {
		return err
	}
	e.mu.Lock()
	f := e.subs[wire.Answer(p, c.GetQuestion().GetId())]
	e.mu.Unlock()
	if f != nil {
		f(b)
	}
	return nil
}

func newTown(t *testing.T) *town {
	t.Helper()
	dir := t.TempDir()
	cfg := rooms.Config{Data: dir, DB: "sqlite:" + filepath.Join(dir, "cardea.db"), Public: "https://cardea.example"}
	r, err := rooms.Open(t.Context(), cfg, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w := &town{t: t, rooms: r, bus: &echo{subs: map[string]func([]byte){}, marks: map[string]string{}}}
	quiet := func(home.Place) (<-chan struct{}, func()) { return make(chan struct{}), func() {} }
	a := &base.Adapter{Rooms: r, Live: live.New(w.bus, slog.New(slog.DiscardHandler), nil), Watch: quiet, Public: cfg.Public, Now: time.Now}
	hour := int64(0)
	s, err := api.New(api.Config{Now: func() time.Time { hour++; return time.Now().Add(time.Duration(hour) * time.Minute) }}, Parts(a, nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w.web = s.Handler()
	return w
}

func ok[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// settle fills a home of a new tenant with marked things.
func (w *town) settle(name string) marked {
	t, ctx, r := w.t, w.t.Context(), w.rooms
	t.Helper()
	m := marked{mark: "mark-" + name, device: uuidOf(name, 1), incident: uuidOf(name, 2), finding: uuidOf(name, 3)}
	tenant := ok(r.Accounts.CreateTenant(ctx, name, m.mark+" tenant"))(t)
	h := ok(r.Accounts.CreateHome(ctx, tenant.ID, m.mark+" home", m.mark+" account"))(t)
	person := ok(r.Accounts.AddResident(ctx, tenant.ID, []string{h.ID}, name+"@example.org", m.mark+" resident", password))(t)
	ok(r.Accounts.AddStaff(ctx, tenant.ID, name+"-staff@example.org", m.mark+" staff", password, rights.Roles[:6]...))(t)
	code, _, err := r.Accounts.CreateClaim(ctx, h.Place(), person.ID, true)
	ok(code, err)(t)
	m.place = wire.PlaceOf(ok(r.Accounts.Enrol(ctx, enrolment(t, code)))(t))
	w.bus.marks[wire.Down(m.place)] = m.mark + " live"
	w.tell(m)
	m.order = ok(r.Desired.Ask(ctx, desired.Order{Place: m.place, Verb: "check", Device: m.device, Incident: m.incident, By: "owner", Who: person.ID, Why: m.mark}))(t).ID
	m.signer = ok(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	point := ok(m.signer.PublicKey.Bytes())(t)
	m.key = ok(r.Accounts.AddKey(ctx, m.place.OfHome(), person.ID, point, "", nil))(t).GetId()
	_, token, err := r.Accounts.SignIn(ctx, account.Resident, name, name+"@example.org", password)
	m.resident = ok(token, err)(t)
	_, token, err = r.Accounts.SignIn(ctx, account.Staff, name, name+"-staff@example.org", password)
	m.staff = ok(token, err)(t)
	m.consent = w.agree(m, person.ID)
	if err := r.Notify.Subscribe(ctx, tenant.ID, person.ID, notify.Subscription{Endpoint: "https://push.example/" + m.mark,
		P256dh: base64.RawURLEncoding.EncodeToString(point), Auth: "AAAAAAAAAAAAAAAAAAAAAA"}); err != nil {
		t.Fatal(err)
	}
	ok(r.Audit.Look(ctx, "somebody of "+m.mark, m.place.OfHome(), m.mark+" reason"))(t)
	return m
}

func uuidOf(name string, n byte) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x%02x", h[:4], h[4:6], h[6], h[7], h[8:13], n)
}

func enrolment(t *testing.T, code string) *pb.Enrolment {
	t.Helper()
	key := ok(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	m := &pb.Enrolment{Protocol: wire.Protocol, Claim: ok(wire.ClaimID(code))(t), Version: "1.2.3",
		Csr: ok(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))(t)}
	wire.SignEnrolment(m, ok(wire.ClaimKey(code))(t))
	return m
}

// tell has the home's gateway tell everything that there is to tell.
func (w *town) tell(m marked) {
	w.t.Helper()
	now := time.Now()
	ms := now.UnixMilli()
	items := []*pb.Item{
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: m.device, Name: m.mark + " device", Vendor: m.mark, First: ms, Last: ms, Mode: "off",
			Blocked: []string{m.mark + ".example"}}}}}},
		{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{{Device: m.device, Hour: now.Truncate(time.Hour).UnixMilli(), Up: 10, Down: 20}}}}},
		{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 3, Stops: []*pb.Stop{{Device: m.device, Endpoint: m.mark + ".bad.example", Class: "malware", Reason: m.mark, Card: []byte(`{"blocks":["` + m.mark + `"]}`), Count: 1, First: ms, Last: ms}}}}},
		{Body: &pb.Item_Look{Look: &pb.Look{Question: uuidOf(m.mark, 9), Asker: "support", Who: m.mark + " who", Reason: m.mark}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: m.incident, Code: "K7QM", Device: m.device, State: "contained", Mode: "quarantine", Grade: "port", Opened: ms, Changed: ms,
			History: []*pb.Transition{{Time: ms, From: "open", To: "contained", By: "gateway", Why: m.mark}}}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: m.finding, Device: m.device, Incident: m.incident, Detector: "scan", Strength: "hard", Sentence: m.mark + " sentence", Facts: []byte(`{"a":1}`)}}},
	}
	err := w.rooms.DB.Tx(w.t.Context(), func(tx *db.Tx) error {
		h, i := w.rooms.History.Begin(tx), w.rooms.Incidents.Begin(tx)
		for _, item := range items {
			if err := h.Take(m.place, now, item); err != nil {
				return err
			}
			if err := i.Take(m.place, now, item); err != nil {
				return err
			}
		}
		if err := h.Flush(); err != nil {
			return err
		}
		return i.Flush()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.rooms.History.Beat(w.t.Context(), []history.Beat{{Place: m.place, At: now, Beat: &pb.Heartbeat{Protocol: wire.Protocol, Version: m.mark, Armed: true, Devices: 1}}}); err != nil {
		w.t.Fatal(err)
	}
}

// agree has a resident sign a consent.
func (w *town) agree(m marked, resident string) string {
	w.t.Helper()
	c := &pb.Consent{Id: uuidOf(m.mark, 7), Tenant: m.place.Tenant, Home: m.place.Home, Gateway: m.place.Gateway, Scope: "contacts",
		From: time.Now().Add(-time.Minute).UnixMilli(), Until: time.Now().Add(time.Hour).UnixMilli(), Key: m.key}
	h := sha256.Sum256([]byte(wire.ConsentText(c)))
	r, s, err := ecdsa.Sign(rand.Reader, m.signer, h[:])
	if err != nil {
		w.t.Fatal(err)
	}
	c.Signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	if err := w.rooms.Accounts.AddConsent(w.t.Context(), c, resident); err != nil {
		w.t.Fatal(err)
	}
	return c.GetId()
}

var requests = map[string]string{
	"POST /orders": `{"verb":"check","device":"{device}","incident":"{incident}","why":"they asked for it"}`, "POST /keys": `{"key":"BA==","signer":"{key}","signature":"AA=="}`,
	"POST /consents": `{"id":"0197a000-0000-7000-8000-000000000001","from":"2026-01-01T00:00:00Z","until":"2026-01-01T01:00:00Z","scope":"contacts","key":"{key}","signature":"AA=="}`,
	"DELETE /data":   `{"confirm":"nothing of the kind"}`, "POST /looks": `{"reason":"they called us"}`,
	"POST /v1/push-subscriptions":   `{"endpoint":"https://push.example/x","keys":{"p256dh":"x","auth":"y"}}`,
	"DELETE /v1/push-subscriptions": `{"endpoint":"https://push.example/{mark}"}`, "PATCH /v1/notifications": `{"push":true}`,
	"POST /v1/staff/codes/{code}": `{"reason":"they called us"}`, "POST /v1/staff/codes/{code}/undo": `{"reason":"they called us"}`,
	"PUT /devices/{device}/identity": `{"model":"A camera","class":"camera"}`, "POST /devices/{device}/merge": `{"other":"{device}2"}`,
	"POST /devices/{device}/split": `{"mac":"02:00:00:00:00:09"}`, "POST /devices/{device}/protections": `{"kind":"no-lan"}`,
	"DELETE /devices/{device}/protections": `{"kind":"no-lan"}`, "POST /v1/staff/clusters/{cluster}/name": `{"model":"A camera","reason":"one was bought"}`,
	"PUT /v1/staff/intel/sources":                     `{"name":"list","kind":"http","url":"https://feeds.example/list","trust":50,"reason":"a test of it"}`,
	"POST /v1/staff/intel/sources/act":                `{"name":"list","act":"fetch","reason":"a test of it"}`,
	"PUT /v1/staff/intel/exceptions":                  `{"value":"good.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/dry-run":                    `{"list":"bad.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/hunts/end":                  `{"id":"none","reason":"a test of it"}`,
	"POST /v1/staff/fleet-incidents/{incident}/close": `{"reason":"they called us"}`,
	"POST /v1/staff/hunts":                            `{"name":"nobody.example","port":443,"proto":"tcp","reason":"they called us"}`,
}

// elsewhere are routes that need things of their own to be there: TestNobodySeesAnothersHome makes these, and walks all routes.
var elsewhere = regexp.MustCompile(`^/v1/(account|invitations|labels|recovery|sign-in|notifications/)|/(members|invitations|leave|people|schedules|pauses|policy|privacy|admission|reports|changes)\b` +
	`|^/v1/staff/(approvals|brand|codes|intel/hunts/end|pins|plans|provisioning|rollouts|sign-in|tables/find|tokens|webhooks)\b|/notes$`)

// walk calls f with every operation of the API, as it describes itself, but signing in and out.
func (w *town) walk(f func(method, path, body string)) {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(ok(api.Document())(w.t), &doc); err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			method := strings.ToUpper(method)
			if strings.Contains(path, "/session") || strings.HasSuffix(path, "/enrolments") || strings.HasSuffix(path, "/events") || elsewhere.MatchString(path) {
				continue
			}
			body := requests[method+" "+path]
			if _, rest, found := strings.Cut(path, "{home}"); found {
				body = requests[method+" "+rest]
			}
			if path == "/v1/staff/search" {
				path += "?code=K7QM"
			}
			f(method, path, body)
			n++
		}
	}
	if n < 40 {
		w.t.Fatalf("walked %d routes only", n)
	}
}

func (w *town) ask(method, path, body string, as marked) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.AddCookie(&http.Cookie{Name: "cardea_resident", Value: as.resident})
	r.AddCookie(&http.Cookie{Name: "cardea_staff", Value: as.staff})
	out := httptest.NewRecorder()
	w.web.ServeHTTP(out, r)
	return out
}

// fill puts ids into a path or body: the home of one, everything else of the other.
func fill(s string, at, of marked) string {
	return strings.NewReplacer("{home}", at.place.Home, "{device}", of.device, "{incident}", of.incident, "{order}", of.order,
		"{gateway}", of.place.Gateway, "{consent}", of.consent, "{key}", of.key, "{mark}", of.mark).Replace(s)
}

// TestIsolation: two homes of two tenants, filled with marked things. Whatever A's people ask for, with B's ids in every
// place where an id goes, nothing of B comes back, and nothing of B is changed.
func TestIsolation(t *testing.T) {
	w := newTown(t)
	a, b := w.settle("anna"), w.settle("ben")
	before := w.told(b)
	for _, at := range []marked{a, b} { // B's things under A's home, and under B's own
		for _, looked := range []bool{false, true} {
			if looked {
				w.ask("POST", "/v1/staff/homes/"+at.place.Home+"/looks", `{"reason":"they called us"}`, a)
			}
			w.walk(func(method, path, body string) {
				out := w.ask(method, fill(path, at, b), fill(body, at, b), a)
				if strings.Contains(out.Body.String(), b.mark) || out.Code >= 500 && out.Code != 503 {
					t.Errorf("%s %s (home of %s): %d %s", method, path, at.mark, out.Code, out.Body)
				}
				if at.mark == b.mark && strings.Contains(path, "{home}") && out.Code != 404 {
					t.Errorf("%s %s of B: %d, want 404", method, path, out.Code)
				}
				if at.mark == a.mark && strings.Contains(path, "{home}") && out.Code < 300 && carries(path+body) {
					t.Errorf("%s %s took B's id under A's home: %d %s", method, path, out.Code, out.Body)
				}
			})
		}
	}
	if after := w.told(b); after != before {
		t.Errorf("A changed what B sees:\n%s\n%s", before, after)
	}
}

// carries says whether a route names a thing within the home whose absence has to be an error. A live question goes to the
// home's own gateway, whatever device it names.
func carries(s string) bool {
	return !strings.Contains(s, "/contacts") && !strings.Contains(s, "/preview") && (strings.Contains(s, "{device}") || strings.Contains(s, "{incident}") || strings.Contains(s, "{order}") || strings.Contains(s, "{gateway}"))
}

// told is what B's resident sees.
func (w *town) told(b marked) string {
	w.t.Helper()
	var out []string
	for _, p := range []string{"/devices", "/incidents", "/incidents/" + b.incident, "/orders", "/gateways", "/keys", "/consents", "/looks"} {
		a := w.ask("GET", "/v1/homes/"+b.place.Home+p, "", b)
		if a.Code != 200 || !strings.Contains(a.Body.String(), b.mark) && p != "/keys" && p != "/consents" && p != "/gateways" {
			w.t.Errorf("%s: %d %s", p, a.Code, a.Body)
		}
		out = append(out, a.Body.String())
	}
	return strings.Join(out, "\n")
}

// TestOwnThingsAreShown: the same routes with one's own ids work, and the page of a home is put together rightly.
func TestOwnThingsAreShown(t *testing.T) {
	w := newTown(t)
	a := w.settle("anna")
	w.ask("POST", "/v1/staff/homes/"+a.place.Home+"/looks", `{"reason":"they called us"}`, a)
	contacts := "/v1/staff/homes/" + a.place.Home + "/devices/" + a.device + "/contacts"
	if out := w.ask("GET", contacts, "", a); out.Code != 200 || !strings.Contains(out.Body.String(), "mark-anna live") {
		t.Errorf("staff with a consent: %d %s", out.Code, out.Body)
	}
	refused := map[string]int{ // what the samples are no good for
		"POST /v1/homes/{home}/keys": 422, "POST /v1/homes/{home}/consents": 422, "DELETE /v1/homes/{home}/data": 422, "POST /v1/push-subscriptions": 422,
		"POST /v1/homes/{home}/gateways/{gateway}/confirm":     0,
		"POST /v1/homes/{home}/devices/{device}/merge":         404, // there is no other device
		"POST /v1/staff/homes/{home}/devices/{device}/merge":   404,
		"POST /v1/homes/{home}/devices/{device}/split":         409, // it has one address only
		"POST /v1/staff/homes/{home}/devices/{device}/split":   409,
		"POST /v1/staff/clusters/{cluster}/name":               404,
		"POST /v1/staff/fleet-incidents/{incident}/close":      404, // it is a home's
		"GET /v1/staff/profiles/{profile}":                     404,
		"GET /v1/staff/homes/{home}/devices/{device}/contacts": 403, // the consent has been taken back by then
		"GET /v1/staff/homes/{home}/devices/{device}/preview":  403,
	}
	w.walk(func(method, path, body string) {
		out := w.ask(method, fill(path, a, a), fill(body, a, a), a)
		want, bad := refused[method+" "+path]
		if bad && want != 0 && out.Code != want || !bad && out.Code >= 300 {
			t.Errorf("%s %s: %d %s", method, path, out.Code, out.Body)
		}
	})
	// Why something was asked for may name whom a device talks to: the timeline does not tell it.
	var care view.Care
	if err := json.Unmarshal(w.ask("GET", "/v1/staff/homes/"+a.place.Home+"/care", "", a).Body.Bytes(), &care); err != nil {
		t.Fatal(err)
	}
	orders := slices.DeleteFunc(care.Timeline, func(h view.Happened) bool { return h.Kind != "order" })
	if len(orders) == 0 || slices.ContainsFunc(orders, func(h view.Happened) bool { return h.Why != "" || h.What == "" }) {
		t.Errorf("timeline: %+v", orders)
	}
	var h struct {
		State, Sentence string
		Devices         int
		Incidents       int
		Cards           []struct{ Kind, Title string }
	}
	if err := json.Unmarshal(w.ask("GET", "/v1/homes/"+a.place.Home, "", a).Body.Bytes(), &h); err != nil {
		t.Fatal(err)
	}
	if h.State != "attention" || h.Devices != 1 || h.Incidents != 1 || len(h.Cards) != 1 || h.Cards[0].Title != "mark-anna device is shut in" {
		t.Errorf("home: %+v", h)
	}
}
