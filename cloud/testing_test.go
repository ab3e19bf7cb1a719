package cloud_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/gateway/uplink"
	"cardea/gateway/uplink/enroll"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
)

// patience bounds what a test waits for; nothing takes as long but on a broken cloud.
const patience = 60 * time.Second

// whole is a cloud with all roles in this process: embedded broker with mTLS, a database, HTTP on loopback.
type whole struct {
	t      testing.TB
	cfg    cloud.Config
	url    string
	server *cloud.Server
	rooms  *rooms.Rooms
	stop   context.CancelFunc
	ended  chan error
	from   atomic.Uint32 // the last client address that a request came from
	log    *slog.Logger
}

// startWhole starts one. db is "" for SQLite.
func startWhole(t testing.TB, db string) *whole {
	t.Helper()
	return startWholeOn(t, db, slog.New(slog.DiscardHandler))
}

// startWholeLogging starts one on SQLite whose log is looked at.
func startWholeLogging(t testing.TB, log *slog.Logger) *whole {
	t.Helper()
	return startWholeOn(t, "", log)
}

func startWholeOn(t testing.TB, db string, log *slog.Logger) *whole {
	t.Helper()
	dir, web, broker := t.TempDir(), freeport.Must(t), freeport.Must(t)
	if db == "" {
		db = "sqlite:" + filepath.Join(dir, "cardea.db")
	}
	w := &whole{t: t, log: log, url: "http://" + web, cfg: cloud.Config{Data: dir, DB: db, HTTP: []string{web}, Public: "http://" + web,
		ProxiedBy: []string{"127.0.0.1"}, Listen: broker, Connections: 100, StreamBytes: 32 << 20}}
	w.start()
	t.Cleanup(w.end)
	return w
}

func (w *whole) start() {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	server, err := cloud.New(ctx, w.cfg, "test", w.log)
	if err != nil {
		stop()
		w.t.Fatal(err)
	}
	w.server, w.rooms, w.stop, w.ended = server, server.Rooms(), stop, make(chan error, 1)
	go func() { w.ended <- server.Run(ctx) }()
	w.eventually("the cloud is ready", func() bool {
		select {
		case err := <-w.ended:
			w.ended <- err
			w.t.Fatalf("the cloud ended: %v", err)
		default:
		}
		r, err := http.Get(w.url + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

func (w *whole) end() {
	w.t.Helper()
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	if err := <-w.ended; err != nil {
		w.t.Errorf("the cloud ended with %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// eventually waits until f.
func (w *whole) eventually(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// must gives v or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// person can sign in; its cookie is renewed before it has asked too much.
type person struct {
	w         *whole
	kind      account.Kind
	tenant    string
	id, email string
	mu        sync.Mutex
	cookie    string
	asked     int
}

const requestsEach = 150 // of a session, less than the API allows at once

// token is that of a session with requests left.
func (p *person) token() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked++; p.cookie != "" && p.asked < requestsEach {
		return p.cookie
	}
	link := must(p.w.rooms.Accounts.SignInLink(context.Background(), p.kind, p.tenant, p.id, time.Hour))(p.w.t)
	_, token, err := p.w.rooms.Accounts.SignInBy(context.Background(), p.kind, link)
	p.cookie, p.asked = must(token, err)(p.w.t), 0
	return p.cookie
}

// out forgets the session: it was ended.
func (p *person) out() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cookie = ""
}

// answer is what a request came back with.
type answer struct {
	code   int
	header http.Header
	body   string
}

// ask sends a request with the given cookies. Each comes from an address of its own, so that no address asks too much.
func (w *whole) ask(method, path, body string, cookies ...*http.Cookie) answer {
	w.t.Helper()
	r := must(w.request(w.t.Context(), method, path, body, cookies...))(w.t)
	defer r.Body.Close()
	return answer{r.StatusCode, r.Header, string(must(io.ReadAll(r.Body))(w.t))}
}

func (w *whole) request(ctx context.Context, method, path, body string, cookies ...*http.Cookie) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if strings.HasSuffix(path, "/events") {
		r.Header.Set("Last-Event-ID", "0") // all that is kept
	}
	n := w.from.Add(1)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
	for _, c := range cookies {
		if c.Name == bearer {
			r.Header.Set("Authorization", "Bearer "+c.Value)
			continue
		}
		r.AddCookie(c)
	}
	return http.DefaultClient.Do(r)
}

// bearer is the name of a cookie that is none: a token of a system, which is sent as those are.
const bearer = "Bearer"

// as is the cookie of somebody.
func as(p *person) *http.Cookie {
	return &http.Cookie{Name: "cardea_" + string(p.kind), Value: p.token()}
}

// provider is a tenant.
type provider struct {
	mark, id, slug string
	staff          *person
	houses         []*house
	incident       string // of the fleet, that only homes of it are in
	hook           string // a webhook of its own
}

// house is a home with its resident, and a gateway with a real link.
type house struct {
	mark     string
	provider *provider
	place    home.Place
	resident *person
	dir      string // of the gateway's identity and spool

	device, other, cluster, profile, incident, finding, order, consent, key, inhabitant, schedule string
	signer                                                                                        *ecdsa.PrivateKey

	agent *agent
	link  *uplink.Link
	spool *uplink.Spool
	stop  func()
}

// newMark is a word that is nowhere else.
func newMark(t testing.TB) string {
	t.Helper()
	var b [6]byte
	must(rand.Read(b[:]))(t)
	return fmt.Sprintf("mk%xkm", b)
}

func newID(t testing.TB) string {
	t.Helper()
	return must(uuid.NewV7())(t).String()
}

// addProvider makes a tenant with staff.
func (w *whole) addProvider() *provider {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	p := &provider{mark: newMark(t)}
	p.slug = "csp-" + p.mark
	p.id = must(w.rooms.Accounts.CreateTenant(ctx, p.slug, p.mark+" Net"))(t).ID
	if err := w.rooms.Accounts.SaveSharing(ctx, p.id, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		t.Fatal(err)
	}
	email := p.mark + "-staff@example.org"
	who := must(w.rooms.Accounts.AddStaff(ctx, p.id, email, p.mark+" staff", "a long enough password", rights.Roles[:6]...))(t)
	p.staff = &person{w: w, kind: account.Staff, tenant: p.id, id: who.ID, email: email}
	return p
}

// addHouse makes a home with a resident and enrols a gateway for it, whose link runs until the test ends.
func (w *whole) addHouse(p *provider) *house {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	h := &house{mark: newMark(t), provider: p, device: newID(t), other: newID(t), cluster: newID(t), profile: newID(t), incident: newID(t), finding: newID(t)}
	made := must(w.rooms.Accounts.CreateHome(ctx, p.id, h.mark+" home", h.mark+" account"))(t)
	h.place = made.Place()
	email := h.mark + "@example.org"
	who := must(w.rooms.Accounts.AddResident(ctx, p.id, []string{made.ID}, email, h.mark+" resident", "a long enough password"))(t)
	h.resident = &person{w: w, kind: account.Resident, tenant: p.id, id: who.ID, email: email}
	p.houses = append(p.houses, h)
	w.enrol(h)
	w.run(h)
	return h
}

// enrol gives a home a gateway, as a resident does: code, key, certificate.
func (w *whole) enrol(h *house) uplink.Identity {
	w.t.Helper()
	out := w.ask("POST", "/v1/homes/"+h.place.Home+"/claims", "", as(h.resident))
	var claim struct{ Code string }
	if err := json.Unmarshal([]byte(out.body), &claim); err != nil || out.code != http.StatusCreated {
		w.t.Fatalf("claim: %d %s", out.code, out.body)
	}
	return w.enrolWith(h, claim.Code)
}

// enrolWith enrols a gateway with a code and makes it the home's here.
func (w *whole) enrolWith(h *house, code string) uplink.Identity {
	w.t.Helper()
	h.dir = w.t.TempDir()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	id := must(enroll.Enroll(ctx, w.url, code, h.mark, h.dir))(w.t)
	h.place = id.Place
	return id
}

// run opens the home's spool and runs its link.
func (w *whole) run(h *house) {
	w.t.Helper()
	w.reopen(h)
	w.relink(h)
}

// reopen opens the home's spool; what it stored before is counted on.
func (w *whole) reopen(h *house) {
	w.t.Helper()
	h.spool = must(uplink.OpenSpool(filepath.Join(h.dir, "spool"), 1<<20))(w.t)
	before := h.agent
	h.agent = &agent{mark: h.mark, device: h.device, put: h.spool.Put, seal: h.spool.Seal, done: map[string]bool{}}
	if before != nil && before.dir == h.dir {
		h.agent.told.Store(before.told.Load())
		h.agent.done = before.done
	}
	h.agent.dir = h.dir
}

// relink runs the link over the spool that is open.
func (w *whole) relink(h *house) {
	w.t.Helper()
	id := must(uplink.LoadIdentity(h.dir))(w.t)
	h.link = uplink.New(uplink.Config{Jitter: 100 * time.Millisecond, MaxWait: time.Second, Retry: 100 * time.Millisecond,
		Heartbeat: 200 * time.Millisecond, Timeout: 10 * time.Second},
		id, h.spool, h.agent, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.link.Run(ctx) }()
	spool := h.spool
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, spool.Close()); err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("link of %s: %v", h.mark, err)
		}
	})
	w.t.Cleanup(h.stop)
	w.eventually("the link of "+h.mark+" stands", func() bool { return h.link.Status().Connected })
}

// stored waits until everything that the gateway has to tell is in the database.
func (w *whole) stored(h *house) {
	w.t.Helper()
	w.eventually("reports of "+h.mark+" are stored", func() bool {
		_, n, err := w.rooms.Stored(w.t.Context(), h.place, h.spool.Epoch())
		return err == nil && h.spool.Stats().Items == 0 && n >= h.agent.told.Load()
	})
}

// tell puts items into the gateway's spool.
func (h *house) tell(t testing.TB, items ...*pb.Item) {
	t.Helper()
	for _, i := range items {
		h.agent.told.Add(1)
		if err := h.spool.Put(i); err != nil {
			t.Fatal(err)
		}
	}
}

// introduce gives the home a key for consents and has a consent signed with it.
func (w *whole) introduce(h *house) {
	w.t.Helper()
	h.signer = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(w.t)
	point := must(h.signer.PublicKey.Bytes())(w.t)
	out := w.ask("POST", "/v1/homes/"+h.place.Home+"/keys", fmt.Sprintf(`{"key":%q}`, base64.StdEncoding.EncodeToString(point)), as(h.resident))
	var key struct{ ID string }
	if err := json.Unmarshal([]byte(out.body), &key); err != nil || out.code != http.StatusCreated {
		w.t.Fatalf("key: %d %s", out.code, out.body)
	}
	h.key = key.ID
	h.consent = newID(w.t)
	if out := w.ask("POST", "/v1/homes/"+h.place.Home+"/consents", h.agree(w.t, h.consent), as(h.resident)); out.code != http.StatusCreated {
		w.t.Fatalf("consent: %d %s", out.code, out.body)
	}
}

// agree is a signed consent as the app sends it.
func (h *house) agree(t testing.TB, id string) string {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	c := &pb.Consent{Id: id, Tenant: h.place.Tenant, Home: h.place.Home, Gateway: h.place.Gateway, Scope: "contacts",
		From: now.Add(-time.Minute).UnixMilli(), Until: now.Add(time.Hour).UnixMilli(), Key: h.key}
	sum := sha256.Sum256([]byte(wire.ConsentText(c)))
	r, s, err := ecdsa.Sign(rand.Reader, h.signer, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	b := must(json.Marshal(map[string]any{"id": id, "from": time.UnixMilli(c.From).UTC(), "until": time.UnixMilli(c.Until).UTC(), "scope": c.Scope,
		"key": c.Key, "signature": append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)}))(t)
	return string(b)
}

// agent is a gateway that does what it is asked and remembers what it heard.
type agent struct {
	mark, device string
	dir          string // of its spool
	put          func(*pb.Item) error
	seal         func() error
	told         atomic.Uint64 // items that were put into the spool

	mu        sync.Mutex // guards what follows
	done      map[string]bool
	orders    []*pb.Order
	decided   *pb.Household // by its people, as it was told last
	plan      *pb.Plan      // what they bought
	questions []*pb.Question
	silent    bool // it hears questions and does not answer
}

func (a *agent) Beat() *pb.Heartbeat {
	return &pb.Heartbeat{Version: a.mark, Armed: true, Devices: 1, Degraded: []string{a.mark + " does not work"}, Household: a.household().GetVersion()}
}

func (a *agent) Apply(_ context.Context, d *pb.Desired) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.decided, a.plan = d.GetHousehold(), d.GetPlan()
	for _, o := range d.GetOrders() {
		if a.done[o.GetId()] {
			continue
		}
		a.done[o.GetId()] = true
		a.orders = append(a.orders, o)
		now := time.Now().UnixMilli()
		a.told.Add(1)
		if o.GetVerb() == "erase" { // as the gateway's agent does
			if err := a.seal(); err != nil {
				return err
			}
		}
		if err := a.put(&pb.Item{Time: now, Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: o.GetId(), InForce: true, Done: now,
			Check: &pb.Check{Clean: true, Sentence: a.mark + " is clean"}}}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *agent) Answer(ctx context.Context, q *pb.Question, send func(*pb.Answer) error) error {
	a.mu.Lock()
	a.questions = append(a.questions, q)
	silent := a.silent
	a.mu.Unlock()
	if silent {
		<-ctx.Done()
		return ctx.Err()
	}
	now := time.Now().UnixMilli()
	return send(&pb.Answer{Time: now, Devices: []*pb.Device{{Id: a.device, Name: a.mark + " live device"}},
		Contacts: []*pb.Contact{{Device: a.device, Name: a.mark + ".live.example", Domain: a.mark + ".example", Reason: a.mark, First: now, Last: now}}})
}

// asked are the questions that came so far.
func (a *agent) asked() []*pb.Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*pb.Question(nil), a.questions...)
}

// sold is the plan as it was told last.
func (a *agent) sold() *pb.Plan {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.plan
}

// ordered are the orders that came so far.
func (a *agent) ordered() []*pb.Order {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*pb.Order(nil), a.orders...)
}

// raw is a connection to the broker with a gateway's certificate and without a link's good manners. bad gets what the broker
// refuses.
func (w *whole) raw(h *house, bad func(error)) (*nats.Conn, error) {
	w.t.Helper()
	id := must(uplink.LoadIdentity(h.dir))(w.t)
	pair := must(tls.X509KeyPair(id.Chain, id.Key))(w.t)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(id.Roots) {
		w.t.Fatal("no roots")
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: id.Name}
	nc, err := nats.Connect(id.Servers[0], nats.Secure(conf), nats.TLSHandshakeFirst(), nats.NoReconnect(), nats.Timeout(20*time.Second),
		nats.CustomInboxPrefix(wire.Inbox(id.Place)), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { bad(err) }))
	if err != nil {
		return nil, err
	}
	if err := nc.FlushTimeout(20 * time.Second); err != nil { // a connection that is not welcome ends before it answers
		nc.Close()
		return nil, err
	}
	return nc, nil
}

func bytesOf(t testing.TB, m proto.Message) []byte {
	t.Helper()
	return must(proto.Marshal(m))(t)
}

// has says whether any of the words is in s, and which.
func has(s string, words []string) (string, bool) {
	for _, w := range words {
		if strings.Contains(s, w) {
			return w, true
		}
	}
	return "", false
}

// compact is JSON without what changes by itself.
func compact(t testing.TB, s string, without ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	strip(v, without)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func strip(v any, without []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range without {
			delete(v, k)
		}
		for _, one := range v {
			strip(one, without)
		}
	case []any:
		for _, one := range v {
			strip(one, without)
		}
	}
}
