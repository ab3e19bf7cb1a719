package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/judge"
	"cardea/gateway/ledger"
	"cardea/gateway/observe"
	"cardea/gateway/respond"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/identity/same"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var testPlace = home.Place{
	Tenant: "00000000-0000-4000-8000-000000000001", Home: "00000000-0000-4000-8000-000000000002", Gateway: "00000000-0000-4000-8000-000000000003",
}

// recorder is a spool that remembers. before, if set, is called for each item.
type recorder struct {
	mu     sync.Mutex
	items  []*pb.Item
	before func(*pb.Item) error
}

func (r *recorder) Put(item *pb.Item) error {
	if r.before != nil {
		if err := r.before(item); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items = append(r.items, proto.CloneOf(item))
	return nil
}

func (r *recorder) Close() error { return nil }

// take gives what was put since the last time, in short.
func (r *recorder) take() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, item := range r.items {
		switch b := item.GetBody().(type) {
		case *pb.Item_Finding:
			out = append(out, "finding "+b.Finding.GetDetector()+" "+b.Finding.GetDevice())
		case *pb.Item_Incident:
			out = append(out, fmt.Sprint("incident ", b.Incident.GetDevice(), " ", b.Incident.GetState(), " ", b.Incident.GetMode(), " ", b.Incident.GetGrade()))
		case *pb.Item_OrderResult:
			s := "in force"
			if !b.OrderResult.GetInForce() {
				s = "failed: " + b.OrderResult.GetWhy()
			} else if b.OrderResult.GetCheck() != nil {
				s += ", checked"
			}
			out = append(out, "order "+b.OrderResult.GetId()+" "+s)
		case *pb.Item_Look:
			out = append(out, fmt.Sprint("look ", b.Look.GetAsker(), " ", b.Look.GetWho(), " refused ", b.Look.GetRefused()))
		default:
			out = append(out, strings.TrimPrefix(fmt.Sprintf("%T", b), "*pb.Item_"))
		}
	}
	r.items = nil
	return slices.CompactFunc(out, func(a, b string) bool { return a == b && strings.HasPrefix(a, "incident ") }) // it is told again when a step of it moves
}

type nowhere struct{}

func (nowhere) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (nowhere) Request(context.Context, string, []byte) ([]byte, error) {
	return nil, fs.ErrNotExist
}

// start makes a gateway with everything but a kernel, that talks to a recorder.
func start(tb testing.TB, dir string) (*Gateway, *recorder) {
	tb.Helper()
	g := empty(Config{State: dir}, "", slog.New(slog.DiscardHandler))
	g.said.restore(saidMemory{})
	g.said.fix("insulin")
	g.cfg.defaults()
	g.cfg.State, g.cfg.Cloud.ContainPerDay = dir, 3
	g.cloud = newCloud(g)
	g.control = control.New(filepath.Join(dir, "sock"), g, g.log)
	g.judge = judge.New(judge.Config{}, g)
	g.observer = observe.New(observe.Config{Gateway: []home.MAC{{2, 0, 0, 0, 0, 1}}}, g)
	g.who = newWho(same.Config{Standing: g.standing, Find: g.Find}, g.holder)
	if err := g.recallHousehold(); err != nil {
		tb.Fatal(err)
	}
	g.responder = respond.New(g.policyOf(""), g)
	g.pipeline = g.steps()
	l, err := ledger.Open(filepath.Join(dir, "ledger"), ledger.Options{MaxBytes: 1 << 20, MaxAge: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	g.ledger = l
	tb.Cleanup(func() { l.Close() })
	m, err := loadMemory(dir)
	if err != nil {
		tb.Fatal(err)
	}
	if len(m.Devices) == 0 {
		for i, id := range []home.DeviceID{"router", "camera", "lamp", "insulin", "tv", "phone"} {
			mac := home.MAC{2, 0, 0, 0, 0, byte(i + 1)}
			m.Devices = append(m.Devices, home.Device{ID: id, MAC: mac, MACs: []home.MAC{mac}, Gateway: i == 0, First: noon, Last: noon})
		}
	}
	known := roster{ids: map[home.DeviceID]*home.Device{}}
	for _, d := range m.Devices {
		g.observer.Remember(d)
		known.ids[d.ID] = &d
	}
	g.roster.Store(&known)
	g.book.Restore(m.Held)
	g.harm.Restore(m.Harm)
	g.hits.lifted = m.Lifted
	g.responder.Restore(m.Cases)
	g.acts()
	g.loadPolicy(m.Rules)
	if m.Hunted != nil {
		g.hunted = m.Hunted
	}
	g.scored = m.Scored
	g.cloud.restore(m.Cloud)
	r := &recorder{}
	if err := g.cloud.adopt(testPlace); err != nil {
		tb.Fatal(err)
	}
	g.cloud.begin(&line{spool: r, link: nowhere{}})
	return g, r
}

// enforcement is a pass of it that worked.
func (g *Gateway) enforcement() {
	var ids []home.DeviceID
	g.state.mu.Lock()
	g.state.version++
	g.state.done, g.state.grades, g.state.modes = g.state.version, map[home.DeviceID]home.Grade{}, g.responder.Modes()
	for id := range g.state.modes {
		g.state.grades[id] = home.GradePort
		ids = append(ids, id)
	}
	g.state.mu.Unlock()
	g.cloud.enforced(ids)
	g.cloud.proveAll(g.now())
}

func flush(tb testing.TB, g *Gateway) {
	tb.Helper()
	if err := g.cloud.flush(); err != nil {
		tb.Fatal(err)
	}
}

func equal(tb testing.TB, what string, got []string, want ...string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func hard(id home.DeviceID) *home.Finding {
	return &home.Finding{Device: id, Time: time.Now(), Detector: home.DetectScanWAN, Strength: home.Hard, Sentence: "scans", Port: "lan3"}
}

func TestFindingsAndTransitionsAreTold(t *testing.T) {
	g, r := start(t, t.TempDir())
	g.Find(hard("camera"))
	inc, _ := g.responder.Of("camera")
	r.before = func(item *pb.Item) error { // the gateway knows after a crash whatever it told
		m, err := loadMemory(g.cfg.State)
		if err != nil || len(m.Cases.Cases) != 1 || m.Cases.Cases[0].Incident.ID != inc.ID {
			t.Errorf("told before it was on disk: %v", item)
		}
		if f := item.GetFinding(); f != nil && f.GetIncident() != inc.ID {
			t.Errorf("the finding belongs to %q", f.GetIncident())
		}
		return nil
	}
	flush(t, g)
	equal(t, "found", r.take(), "incident camera open off none", "incident camera contained quarantine none", "finding scan-wan camera")
	g.enforcement()
	flush(t, g)
	equal(t, "in force", r.take(), "incident camera contained quarantine port")
	r.before = nil
	g.Find(hard("router"))
	flush(t, g)
	equal(t, "of the gateway itself", r.take(), "finding scan-wan router")
}

func TestWithoutACloudNothingIsKeptForIt(t *testing.T) {
	g, r := start(t, t.TempDir())
	if err := g.cloud.close(); err != nil {
		t.Fatal(err)
	}
	r.take()
	g.Find(hard("camera"))
	g.Contact(&home.Contact{Device: "camera", Flows: 1, Endpoint: home.Endpoint{Name: "a.example.com"}})
	flush(t, g)
	if n := len(g.cloud.pending) + len(g.cloud.first) + len(g.cloud.hours.Take()); n != 0 || g.cloud.status() != nil {
		t.Errorf("%d things are kept", n)
	}
	equal(t, "told", r.take())
}

func TestASpoolThatFailsLosesNothing(t *testing.T) {
	g, r := start(t, t.TempDir())
	g.Find(hard("camera"))
	puts := 0
	r.before = func(*pb.Item) error {
		if puts++; puts == 2 {
			return fs.ErrPermission
		}
		return nil
	}
	if g.cloud.flush() == nil {
		t.Fatal("no error")
	}
	flush(t, g)
	equal(t, "told", r.take(), "incident camera open off none", "incident camera contained quarantine none", "finding scan-wan camera")
}

func order(id, verb, device string, more ...string) *pb.Order {
	o := &pb.Order{Id: id, Verb: verb, Device: device, By: "owner", Asked: time.Now().UnixMilli()}
	for _, s := range more {
		switch k, v, _ := strings.Cut(s, "="); k {
		case "by":
			o.By = v
		case "endpoint":
			o.Endpoint = v
		case "incident":
			o.Incident = v
		case "expired":
			o.Expires = 1
		}
	}
	return o
}

func apply(tb testing.TB, g *Gateway, orders ...*pb.Order) {
	tb.Helper()
	if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Orders: orders}); err != nil {
		tb.Fatal(err)
	}
}

func TestOrdersAreConfirmedWhenTheyAreInForce(t *testing.T) {
	g, r := start(t, t.TempDir())
	apply(t, g, order("q", "quarantine", "camera"))
	g.cloud.proveAll(g.now())
	flush(t, g)
	equal(t, "asked", r.take(), "incident camera contained quarantine none")
	g.enforcement()
	flush(t, g)
	equal(t, "in force", r.take(), "incident camera contained quarantine port", "order q in force")

	apply(t, g, order("c", "check", "camera"))
	flush(t, g)
	equal(t, "checked", r.take(), "incident camera cleaning quarantine port", "order c in force, checked")

	apply(t, g, order("r", "release", "camera"))
	g.cloud.proveAll(g.now())
	flush(t, g)
	equal(t, "let out, asked", r.take(), "incident camera probation no-lan port")
	g.enforcement()
	flush(t, g)
	equal(t, "let out", r.take(), "order r in force")

	apply(t, g, order("d", "dismiss", "camera"))
	g.enforcement()
	flush(t, g)
	equal(t, "dismissed", r.take(), "incident camera closed off none", "order d in force")
}

func TestWhyAnOrderFailed(t *testing.T) {
	g, r := start(t, t.TempDir())
	g.cfg.Policy.Rules = Rules{Allow: []string{"clinic.example.com"}}
	g.loadPolicy(nil)
	for _, c := range []struct {
		o    *pb.Order
		want string
	}{
		{order("1", "quarantine", "nobody"), "The gateway does not know this device."},
		{order("2", "quarantine", "router"), string(errRouter)},
		{order("3", "quarantine", "insulin", "by=support"), string(errProtected)},
		{order("4", "quarantine", "camera", "expired"), string(errLate)},
		{order("5", "quarantine", "camera", "by=gateway"), string(errWhose)},
		{order("6", "release", "camera"), "Nothing is shut in."},
		{order("7", "check", "camera"), string(errCase)},
		{order("8", "dismiss", "", "incident=unknown"), string(errCase)},
		{order("9", "dismiss", ""), string(errCase)},
		{order("10", "explode", "camera"), string(errVerb)},
		{order("11", "block", "camera", "endpoint=<script>"), string(errEndpoint)},
		{order("12", "block", "nobody", "endpoint=a.example.com"), string(errDevice)},
		{order("13", "block", "", "endpoint=com", "by=support"), string(errWide)},
		{order("14", "block", "", "endpoint=0.0.0.0/0", "by=support"), string(errWide)},
		{order("15", "block", "", "endpoint=192.168.1.7", "by=support"), string(errWide)},
		{order("18", "block", "", "endpoint=com"), string(errWide)},
		{order("19", "block", "camera", "endpoint=co.uk"), string(errWide)},
		{order("20", "block", "camera", "endpoint=0.0.0.0/1"), string(errWide)},
		{order("21", "block", "", "endpoint=192.168.1.1"), string(errWide)},
		{order("16", "block", "camera", "endpoint=www.clinic.example.com"), string(errOverruled)},
		{order("17", "disallow", "", "endpoint=clinic.example.com"), string(errOverruled)},
	} {
		apply(t, g, c.o)
		flush(t, g)
		equal(t, c.o.GetVerb(), r.take(), "order "+c.o.GetId()+" failed: "+c.want)
	}
	if len(g.responder.Modes()) != 0 {
		t.Error("somebody is shut in")
	}
}

func TestWhatIsTooBigHoldsNothingUp(t *testing.T) {
	g, r := start(t, t.TempDir())
	r.before = func(item *pb.Item) error {
		if item.GetOrderResult().GetId() == "2" {
			return fmt.Errorf("spool: %w", uplink.ErrTooBig)
		}
		return nil
	}
	for _, id := range []string{"1", "2", "3"} {
		g.cloud.queue(&pb.Item{Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: id, InForce: true}}})
	}
	flush(t, g)
	equal(t, "told", r.take(), "order 1 in force", "order 3 in force")
	if m := g.cloud.memory(); len(m.Pending) != 0 {
		t.Errorf("%d items wait", len(m.Pending))
	}
}

func TestTheOwnersRulesAreWhatCounts(t *testing.T) {
	g, r := start(t, t.TempDir())
	camera := &home.Device{ID: "camera"}
	blocked := func() bool { return g.judge.Name(camera, "www.ads.example.com").Action >= home.Block }
	for i, c := range []struct {
		verb string
		want bool
	}{{"block", true}, {"unblock", false}, {"block", true}, {"allow", false}, {"block", true}, {"disallow", true}} {
		id := fmt.Sprint("o", i)
		apply(t, g, order(id, c.verb, "camera", "endpoint=ads.example.com"))
		if blocked() != c.want {
			t.Errorf("%d: after %s blocked is %v", i, c.verb, !c.want)
		}
		g.enforcement()
		flush(t, g)
		equal(t, c.verb, r.take(), "order "+id+" in force")
	}
	if v := g.judge.Name(&home.Device{ID: "tv"}, "ads.example.com"); v.Action >= home.Block {
		t.Error("another device is kept from it")
	}
	list, _ := g.wireDevices("camera")
	if len(list) != 1 || len(list[0].GetBlocked()) != 1 || len(list[0].GetAllowed()) != 0 {
		t.Errorf("%v", list)
	}
}

func TestAnOrderIsDoneOnceAlsoOverARestart(t *testing.T) {
	dir := t.TempDir()
	orders := []*pb.Order{order("q", "quarantine", "camera"), order("u", "quarantine", "nobody"), order("b", "block", "", "endpoint=ads.example.com")}
	g, r := start(t, dir)
	apply(t, g, orders...)
	apply(t, g, orders...)
	flush(t, g)
	equal(t, "begun", r.take(), "incident camera contained quarantine none", "order u failed: "+string(errDevice))
	history := len(g.responder.Incidents()[0].History)
	g.ledger.Close()

	g, r = start(t, dir) // it was killed before the kernel had it
	flush(t, g)
	equal(t, "told again with the same ids, and whole", r.take(), "incident camera contained quarantine none",
		"order u failed: "+string(errDevice), "incident camera contained quarantine none")
	apply(t, g, orders...)
	g.enforcement()
	flush(t, g)
	equal(t, "in force after the restart", r.take(), "incident camera contained quarantine port", "order q in force", "order b in force")
	if n := len(g.responder.Incidents()[0].History); n != history {
		t.Errorf("%d transitions, before the restart %d", n, history)
	}
	if n := len(g.cloud.mem.Contained); n != 1 {
		t.Errorf("%d containments counted", n)
	}
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()

	g, r = start(t, dir)
	apply(t, g, orders...)
	g.enforcement()
	flush(t, g)
	equal(t, "after another", r.take(), "incident camera contained quarantine none", "incident camera contained quarantine port")
}

// What was queued before a crash, but did not reach the spool, is told after it.
func TestWhatWaitsOutlivesACrash(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	apply(t, g, order("u", "quarantine", "nobody"))
	g.Find(hard("camera"))
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, r := start(t, dir)
	flush(t, g)
	equal(t, "told", r.take(), "order u failed: "+string(errDevice), "incident camera open off none",
		"incident camera contained quarantine none", "finding scan-wan camera", "incident camera contained quarantine none")
}

func TestTheCloudMayShutInSoMany(t *testing.T) {
	g, r := start(t, t.TempDir())
	apply(t, g, order("1", "quarantine", "camera"), order("2", "quarantine", "lamp"), order("2b", "quarantine", "lamp"),
		order("3", "quarantine", "insulin"), order("4", "quarantine", "tv"))
	flush(t, g)
	if got := r.take(); got[len(got)-1] != "order 4 failed: "+string(errTooMany) || len(g.responder.Modes()) != 3 {
		t.Errorf("%v, shut in %v", got, g.responder.Modes())
	}
	for i := range g.cloud.mem.Contained {
		g.cloud.mem.Contained[i] = g.cloud.mem.Contained[i].Add(-24 * time.Hour)
	}
	apply(t, g, order("5", "quarantine", "tv"))
	if g.responder.Modes()["tv"] != home.ModeQuarantine {
		t.Error("the next day none is shut in either")
	}
}

func TestAnOrderThatDoesNotComeIntoForceFails(t *testing.T) {
	g, r := start(t, t.TempDir())
	apply(t, g, order("q", "quarantine", "camera"))
	if !g.cloud.proveAll(g.now().Add(proveFor - time.Second)) {
		t.Error("it is not waited for")
	}
	g.cloud.proveAll(g.now().Add(proveFor))
	flush(t, g)
	equal(t, "told", r.take(), "incident camera contained quarantine none", "order q failed: "+string(errNotYet))
	if g.responder.Modes()["camera"] != home.ModeQuarantine {
		t.Error("it is not tried any more")
	}
}

// signer is a resident's app.
type signer struct {
	key    *ecdsa.PrivateKey
	public []byte
}

func newSigner(tb testing.TB) signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	pub, err := key.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	return signer{key, pub}
}

func (s signer) sign(tb rapid.TB, text string) []byte {
	h := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, h[:])
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	v.FillBytes(out[32:])
	return out
}

func (s signer) id() string { return wire.KeyID(s.public) }

func (s signer) offer(tb rapid.TB, by *signer) *pb.ResidentKey {
	k := &pb.ResidentKey{Id: s.id(), Key: s.public, Resident: "anna"}
	if by != nil {
		k.Signer, k.Signature = by.id(), by.sign(tb, wire.KeyText(testPlace, s.public))
	}
	return k
}

func TestOnlyAResidentBringsAnotherKey(t *testing.T) {
	first, second, third, other := newSigner(t), newSigner(t), newSigner(t), newSigner(t)
	forged := other.offer(t, &second)
	forged.Signature = other.sign(t, wire.KeyText(testPlace, other.public))
	keys, refused := takeKeys(nil, testPlace, []*pb.ResidentKey{third.offer(t, &second), second.offer(t, &first), first.offer(t, nil), forged, other.offer(t, nil)})
	if len(keys) != 3 || refused != 2 || keys[0].ID != first.id() || keys[1].ID != second.id() || keys[2].ID != third.id() {
		t.Errorf("%d keys, %d refused", len(keys), refused)
	}
	if again, _ := takeKeys(keys, testPlace, []*pb.ResidentKey{other.offer(t, nil), {Id: "x"}, nil}); len(again) != 3 {
		t.Error("a second first key is taken")
	}
	wrong := other.offer(t, nil)
	wrong.Id = first.id()
	if none, _ := takeKeys(nil, testPlace, []*pb.ResidentKey{wrong, {Id: wire.KeyID([]byte("x")), Key: []byte("x")}}); len(none) != 0 {
		t.Error("what is no key, or another's, is taken")
	}
}

func consent(tb rapid.TB, s signer, now time.Time) *pb.Consent {
	k := &pb.Consent{
		Id: "consent", Tenant: testPlace.Tenant, Home: testPlace.Home, Gateway: testPlace.Gateway, Scope: "contacts", Key: s.id(),
		From: now.Add(-time.Minute).UnixMilli(), Until: now.Add(time.Hour).UnixMilli(),
	}
	k.Signature = s.sign(tb, wire.ConsentText(k))
	return k
}

// Whatever is changed about a consent after it was signed, it allows nothing.
func TestAConsentThatWasChangedAllowsNothing(t *testing.T) {
	g, _ := start(t, t.TempDir())
	anna, mallory := newSigner(t), newSigner(t)
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Keys: []*pb.ResidentKey{anna.offer(t, nil)}}); err != nil {
		t.Fatal(err)
	}
	now := g.now()
	if err := g.cloud.consented(consent(t, anna, now), now); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		k := consent(rt, anna, now)
		changes := []func(){
			func() { k.Id += "x" }, func() { k.Tenant = testPlace.Home }, func() { k.Home = testPlace.Tenant }, func() { k.Gateway = "" },
			func() { k.Scope = "everything" }, func() { k.From -= rapid.Int64Range(1, 1e9).Draw(rt, "from") },
			func() { k.Until += rapid.Int64Range(1, 1e9).Draw(rt, "until") }, func() { k.Key = mallory.id() },
			func() {
				k.Signature[rapid.IntRange(0, 63).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			},
			func() { k.Signature = nil }, func() { k = consent(rt, mallory, now) }, func() { k = nil },
			func() { k.Scope = "devices"; k.Signature = anna.sign(rt, wire.ConsentText(k)) },
		}
		changes[rapid.IntRange(0, len(changes)-1).Draw(rt, "change")]()
		if g.cloud.consented(k, now) == nil {
			rt.Fatalf("allowed: %v", k)
		}
	})
	k := consent(t, anna, now)
	if g.cloud.consented(k, now.Add(time.Hour)) == nil || g.cloud.consented(k, now.Add(-time.Hour)) == nil {
		t.Error("it holds at another time")
	}
	if err := g.cloud.Apply(t.Context(), &pb.Desired{RevokedConsents: []string{"consent"}}); err != nil {
		t.Fatal(err)
	}
	if err := g.cloud.Apply(t.Context(), &pb.Desired{}); err != nil { // forgotten by the cloud, not by us
		t.Fatal(err)
	}
	if g.cloud.consented(k, now) == nil {
		t.Error("it holds after it was taken back")
	}
}

func talk(g *Gateway, from byte, name string, port uint16, at time.Time) {
	e := event(from, port, at)
	g.Handle(e)
	if name != "" {
		g.Handle(&home.Event{Kind: home.EventName, Time: at, Source: e.Source, Dest: e.Dest, Name: &home.Name{Flow: *e.Flow, Source: home.NameSNI, Host: name}})
	}
}

func TestQuestions(t *testing.T) {
	g, r := start(t, t.TempDir())
	anna := newSigner(t)
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Keys: []*pb.ResidentKey{anna.offer(t, nil)}}); err != nil {
		t.Fatal(err)
	}
	now := g.now()
	talk(g, 2, "cam.example.com", 1000, now)
	talk(g, 3, "lamp.example.com", 1001, now)
	contacts := func(device string) *pb.Question_Contacts {
		return &pb.Question_Contacts{Contacts: &pb.AskContacts{Device: device}}
	}
	for _, c := range []struct {
		q    *pb.Question
		want string
	}{
		{&pb.Question{Asker: "resident", Who: "anna", Ask: contacts("")}, "cam.example.com lamp.example.com last"},
		{&pb.Question{Asker: "resident", Who: "anna", Ask: contacts("camera")}, "cam.example.com last"},
		{&pb.Question{Asker: "resident", Who: "anna", Ask: &pb.Question_Devices{Devices: &pb.AskDevices{}}}, "router camera lamp insulin tv phone last"},
		{&pb.Question{Asker: "resident", Who: "anna", Ask: contacts("nobody")}, string(errDevice)},
		{&pb.Question{Asker: "resident", Who: "anna"}, string(errQuestion)},
		{&pb.Question{Asker: "root", Who: "eve", Ask: contacts("")}, string(errAsker)},
		{&pb.Question{Asker: "support", Who: "bob", Ask: contacts("")}, "nobody at home has agreed to this"},
		{&pb.Question{Asker: "support", Who: "bob", Ask: &pb.Question_Devices{Devices: &pb.AskDevices{}}}, "nobody at home has agreed to this"},
		{&pb.Question{Asker: "support", Who: "bob", Consent: consent(t, anna, now), Ask: contacts("camera")}, "cam.example.com last"},
	} {
		var got []string
		err := g.cloud.Answer(t.Context(), c.q, func(a *pb.Answer) error {
			for _, d := range a.GetDevices() {
				got = append(got, d.GetId())
			}
			for _, k := range a.GetContacts() {
				got = append(got, k.GetName())
			}
			if a.GetLast() {
				got = append(got, "last")
			}
			return nil
		})
		if err != nil {
			got = append(got, err.Error())
		}
		slices.Sort(got[:max(0, len(got)-1)])
		want := strings.Fields(c.want)
		slices.Sort(want[:len(want)-1])
		if err != nil {
			want = []string{c.want}
		}
		equal(t, fmt.Sprint(c.q), got, want...)
	}
	flush(t, g)
	equal(t, "logged", r.take(), "look resident anna refused false", "look resident anna refused false", "look resident anna refused false",
		"look resident anna refused true", "look resident anna refused true", "look root eve refused true", "look support bob refused true",
		"look support bob refused true", "look support bob refused false")
	if list, err := g.Looks(); err != nil || len(list) != 9 || list[8].Consent != "consent" || list[8].Device != "camera" {
		t.Errorf("%v %v", list, err)
	}
}

func TestFollowTellsWhatChangesAndEndsWithTheConsent(t *testing.T) {
	g, _ := start(t, t.TempDir())
	anna := newSigner(t)
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Keys: []*pb.ResidentKey{anna.offer(t, nil)}}); err != nil {
		t.Fatal(err)
	}
	now := g.now()
	talk(g, 2, "cam.example.com", 1000, now)
	var parts []string
	q := &pb.Question{Asker: "support", Who: "bob", Consent: consent(t, anna, now), Ask: &pb.Question_Follow{Follow: &pb.AskFollow{Device: "camera"}}}
	err := g.cloud.Answer(t.Context(), q, func(a *pb.Answer) error {
		s := ""
		for _, d := range a.GetDevices() {
			s += d.GetId() + " " + d.GetMode() + " "
		}
		for _, k := range a.GetContacts() {
			s += fmt.Sprint(k.GetName(), " ", k.GetFlows(), " ")
		}
		parts = append(parts, strings.TrimSpace(s))
		switch len(parts) {
		case 1:
			talk(g, 2, "cam.example.com", 1002, now)
			talk(g, 3, "lamp.example.com", 1003, now)
			g.responder.Quarantine("camera", respond.ByOwner, "", now)
		case 2:
			return g.cloud.Apply(context.Background(), &pb.Desired{RevokedConsents: []string{"consent"}})
		}
		return nil
	})
	if err == nil || err.Error() != errRevoked.Error() {
		t.Errorf("ended with %v", err)
	}
	equal(t, "told", parts, "camera off cam.example.com 1", "camera quarantine cam.example.com 2")
}

// A home that is asleep still says that its gateway is there.
func TestWhoFollowsHearsThatTheGatewayIsThere(t *testing.T) {
	t.Parallel()
	g, _ := start(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	empty := 0
	q := &pb.Question{Asker: "resident", Who: "anna", Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}
	err := g.cloud.Answer(ctx, q, func(a *pb.Answer) error {
		if len(a.GetDevices())+len(a.GetContacts()) == 0 {
			if empty++; empty == 2 {
				cancel()
			}
		}
		return nil
	})
	if err != nil || empty < 2 {
		t.Errorf("%d empty parts, then %v", empty, err)
	}
}

func TestTheLogOfLooksIsBounded(t *testing.T) {
	g, _ := start(t, t.TempDir())
	q := &pb.Question{Asker: "support", Who: strings.Repeat("<b>\x1b", 1000), Reason: strings.Repeat("why ", 5000), Ask: &pb.Question_Devices{}}
	for i := range 1500 {
		q.Id = fmt.Sprint(i)
		if err := g.cloud.look(q, "devices", "", errAsker, g.now()); err != nil {
			t.Fatal(err)
		}
	}
	var size int64
	for _, name := range []string{looksFile, looksFile + ".1"} {
		info, err := os.Stat(filepath.Join(g.cfg.State, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	list, err := g.Looks()
	if err != nil || size > 2*maxLooks+2*maxLook || len(list) < 100 || list[len(list)-1].Question != "1499" {
		t.Errorf("%d bytes, %d looks, %v", size, len(list), err)
	}
}

func FuzzParseLooks(f *testing.F) {
	f.Add([]byte("{\"asker\":\"support\"}\n\n{\"ask"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := parseLooks(strings.NewReader(string(b))); err == nil && len(list) > len(b) {
			t.Error("more looks than bytes")
		}
	})
}

// Contacts reach the cloud as first times and as an hour's sums; what the window did not close yet is told as first times too.
func TestContactsAreToldOfWithoutNames(t *testing.T) {
	g, r := start(t, t.TempDir())
	now := g.now().Truncate(time.Hour)
	talk(g, 2, "cam.example.com", 1000, now)
	g.cloud.lookAtOpen(now.Add(nameSettles - time.Second))
	equal(t, "at once", r.take())
	g.cloud.lookAtOpen(now.Add(nameSettles))
	g.cloud.lookAtOpen(now.Add(time.Minute))
	equal(t, "in the open window", r.take(), "FirstTimes")
	g.mu.Lock()
	g.observer.Close()
	g.mu.Unlock()
	g.cloud.tellAll(now)
	r.mu.Lock()
	for _, item := range r.items {
		if b, _ := proto.Marshal(item); strings.Contains(string(b), "example") {
			t.Errorf("a name leaves the home: %v", item)
		}
	}
	r.mu.Unlock()
	equal(t, "when it closed", r.take(), "Devices", "Sightings", "RollUp")
	b, err := os.ReadFile(g.cloud.path(announcedFile))
	if err == nil {
		t.Errorf("%d bytes are there already", len(b))
	}
	if err := g.cloud.saveAnnounced(); err != nil {
		t.Fatal(err)
	}
	if err := g.cloud.adopt(testPlace); err != nil {
		t.Fatal(err)
	}
	talk(g, 2, "cam.example.com", 1005, now.Add(time.Minute))
	g.cloud.lookAtOpen(now.Add(time.Hour))
	equal(t, "after a restart", r.take())
}

// What people's devices contact leaves the home in no form, nor what a guest's may.
func TestOfPeopleNothingIsTold(t *testing.T) {
	g, r := start(t, t.TempDir())
	now := g.now()
	ids := map[home.DeviceID]*home.Device{
		"phone": {ID: "phone", First: noon, Identity: home.Identity{Class: home.ClassPhone}}, "lamp": {ID: "lamp", First: now.Add(-time.Hour)},
		"camera": {ID: "camera", First: now, Identity: home.Identity{Class: home.ClassCamera}}, "tv": {ID: "tv", First: noon},
	}
	g.roster.Store(&roster{ids: ids})
	for _, id := range []home.DeviceID{"phone", "lamp", "camera", "tv", "nobody"} {
		g.cloud.contact(&home.Contact{Device: id, Endpoint: home.Endpoint{Name: "x.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}, Flows: 1, First: now, Last: now})
	}
	g.cloud.lookAtOpen(now)
	told := map[string]bool{}
	r.mu.Lock()
	for _, item := range r.items {
		for _, f := range item.GetFirstTimes().GetFirstTimes() {
			told[f.GetDevice()] = true
		}
	}
	r.mu.Unlock()
	if len(told) != 2 || !told["camera"] || !told["tv"] {
		t.Errorf("told of %v", told)
	}
}

func TestAnotherHomeInheritsNothing(t *testing.T) {
	g, r := start(t, t.TempDir())
	apply(t, g, order("u", "quarantine", "nobody"), order("q", "quarantine", "camera"))
	if err := os.MkdirAll(g.cloud.path(spoolDir), 0o700); err != nil {
		t.Fatal(err)
	}
	other := testPlace
	other.Home = testPlace.Tenant
	if err := g.cloud.adopt(other); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(g.cloud.path(spoolDir)); err == nil {
		t.Error("the other home's spool is there")
	}
	m, err := loadMemory(g.cfg.State)
	if err != nil || m.Cloud.Place != other || len(m.Cloud.Orders)+len(m.Cloud.Pending)+len(m.Cloud.Contained) != 0 {
		t.Errorf("%+v %v", m.Cloud, err)
	}
	flush(t, g)
	equal(t, "told", r.take())
}

// Whatever the cloud wants, the gateway stays whole, and protects what it has to.
func FuzzApply(f *testing.F) {
	g, _ := start(f, f.TempDir())
	seed, err := proto.Marshal(&pb.Desired{Version: 1, Orders: []*pb.Order{order("1", "quarantine", "insulin", "by=support"), order("2", "block", "", "endpoint=a.example")},
		Keys: []*pb.ResidentKey{{Id: "x", Key: []byte{4}}}, RevokedConsents: []string{"c"}, Bundles: []*pb.BundleVersion{{Name: "lists", Version: 9}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &pb.Desired{}
		if proto.Unmarshal(b, d) != nil {
			return
		}
		for _, o := range d.GetOrders() { // owners may
			o.By = "support"
		}
		_ = g.cloud.Apply(context.Background(), d)
		g.cloud.proveAll(g.now())
		flush(t, g)
		if g.responder.Modes()["insulin"] != "" || g.responder.Modes()["router"] != "" || len(g.responder.Modes()) > g.cfg.Cloud.ContainPerDay {
			t.Fatalf("shut in: %v", g.responder.Modes())
		}
		if m := g.cloud.memory(); len(m.Orders) > maxOrdered || len(m.Keys) > maxKeys || len(m.Revoked) > maxRevoked || len(m.Pending) != 0 {
			t.Fatalf("%d orders, %d keys, %d revoked", len(m.Orders), len(m.Keys), len(m.Revoked))
		}
	})
}

// A mode that was decided and is not in force yet is not said to be, though a milder one was.
func TestTheGradeOfAMilderModeIsNone(t *testing.T) {
	g := &Gateway{}
	g.state.grades = map[home.DeviceID]home.Grade{"camera": home.GradePort, "paused": home.GradeMAC}
	g.state.modes = map[home.DeviceID]home.Mode{"camera": home.ModeNoLAN}
	for mode, want := range map[home.Mode]home.Grade{home.ModeNoLAN: home.GradePort, home.ModeEndpointBlock: home.GradePort, home.ModeQuarantine: home.GradeNone} {
		if got := g.grade("camera", mode); got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
	}
	if got := g.grade("paused", home.ModeOff); got != home.GradeMAC {
		t.Errorf("paused: %s", got)
	}
}
