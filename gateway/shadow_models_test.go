package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"cardea/cloud/rollout"
	"cardea/gateway/bundle"
	"cardea/home"
	"cardea/identity"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// shows has a book hear what a device of one make shows: names of its own, a DHCP client, an announcement.
func shows(b *identity.Book, d *home.Device, makes string) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	event := func(k home.EventKind, s int) *home.Event { return &home.Event{Kind: k, Time: at(s), Source: d.MAC} }
	lease, announce := event(home.EventLease, 0), event(home.EventAnnounce, 3)
	lease.Lease = &home.Lease{Op: 1, Client: d.MAC, Hostname: makes, Vendor: "udhcp " + makes, Params: []byte{1, 3, 6, makes[0]}, Options: []byte{53, 61, makes[0]}}
	announce.Announce = &home.Announce{Protocol: "mdns", Services: []string{"_" + makes + "._tcp"}, Names: []string{makes}, Details: []string{"md=" + makes}}
	b.Observe(&home.Observation{Device: d, Direction: home.Local, Event: lease})
	for i, name := range []string{"api", "time", "update"} {
		look := event(home.EventLookup, i+1)
		look.Lookup = &home.Lookup{Question: name + "." + makes + ".example", Type: 1}
		b.Observe(&home.Observation{Device: d, Direction: home.Outbound, Far: home.Endpoint{Name: look.Lookup.Question, Domain: makes + ".example"}, Event: look})
	}
	b.Observe(&home.Observation{Device: d, Direction: home.Local, Event: announce})
}

// modelsThat name devices by what they make of themselves.
func modelsThat(t *testing.T, labels map[string]identity.Label) []byte {
	t.Helper()
	var units []identity.Unit
	for makes, label := range labels {
		for i := range 4 {
			u := identity.Unit{Home: fmt.Sprint(i), Label: label}
			for k := range 3 {
				b := identity.NewBook(identity.Config{})
				mac := home.MAC{2, makes[0], 0, 0, byte(i), byte(k)}
				shows(b, &home.Device{ID: "one", MAC: mac, MACs: []home.MAC{mac}}, makes)
				u.Sessions = append(u.Sessions, b.Session("one"))
			}
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b identity.Unit) int { return int(a.Label.Model[0]) - int(b.Label.Model[0]) })
	out, err := identity.Learn(units, identity.LearnOptions{}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inHome is a gateway with devices that make this of themselves, and models in force.
func inHome(t *testing.T, dir string, force []byte, makes map[home.DeviceID]string) (*Gateway, *recorder) {
	t.Helper()
	g, r := start(t, dir)
	if err := applyModels(g, force); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, m := range makes {
		d, _ := g.observer.Device(id)
		shows(g.who.book, &d, m)
	}
	g.who.identify(g.observer.Identify, g.Find)
	return g, r
}

func applyModels(g *Gateway, b []byte) error {
	for _, k := range g.knowns() {
		if k.name == modelsBundle {
			return k.apply(b)
		}
	}
	return nil
}

// repository is a cloud's repository of signed models.
type repository struct {
	t    *testing.T
	repo *rollout.Rollout
	root []byte
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &repository{t: t, repo: rollout.New(d, keys, time.Now, slog.New(slog.DiscardHandler))}
}

func (s *repository) publish(b []byte) uint64 {
	s.t.Helper()
	v, _, err := s.repo.PublishData(s.t.Context(), modelsBundle, b)
	if err == nil {
		s.root, err = s.repo.Root(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s *repository) config(c *cloud, fetched *int) bundle.FileConfig {
	return bundle.FileConfig{Name: modelsBundle, Dir: c.path(besideModelsDir), Root: s.root, Most: maxKnown, Wanted: func() uint64 { return c.besideOf(modelsBundle) },
		Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
			*fetched++
			return s.repo.File(ctx, path, offset, 64<<10)
		}}
}

func wantShadow(c *cloud, version uint64) {
	c.beTried([]*pb.BundleVersion{{Name: modelsBundle, Version: version}})
}

func takenTold(r *recorder) (out []string) {
	for _, m := range toldOf(r, func(i *pb.Item) *pb.ShadowHits { return i.GetShadowHits() }) {
		out = append(out, fmt.Sprintf("%s %d", m.GetBundle(), m.GetVersion()))
		for _, h := range m.GetHits() {
			out = append(out, fmt.Sprintf("%s %q (%s) → %q (%s): %d%s", h.GetWhat(), h.GetModel(), h.GetClass(), h.GetTo(), h.GetToClass(), h.GetCount(), h.GetDevice()))
		}
	}
	r.take()
	return out
}

var (
	oldModels = map[string]identity.Label{
		"cam": {Model: "Example Cam", Vendor: "Example", Class: home.ClassCamera}, "bulb": {Model: "Bright Bulb", Vendor: "Bright", Class: home.ClassLight},
		"pad": {Model: "Own Pad 7", Vendor: "Own", Class: home.ClassTablet}, "keep": {Model: "Kept One", Vendor: "Kept", Class: home.ClassPlug}}
	newModels = map[string]identity.Label{
		"cam": {Model: "Other TV", Vendor: "Other", Class: home.ClassTV}, "telly": {Model: "Wide Set", Vendor: "Wide", Class: home.ClassTV},
		"pad": {Model: "Zen Pad 8", Vendor: "Zen", Class: home.ClassTablet}, "keep": {Model: "Kept One", Vendor: "Kept", Class: home.ClassPlug}}
	inThatHome = map[home.DeviceID]string{"camera": "cam", "lamp": "bulb", "tv": "telly", "phone": "pad", "insulin": "keep"}
)

// Models in shadow name nobody: for how many devices they would change who they are taken for is told, by model and class, and no device.
func TestModelsInShadowOnlyCount(t *testing.T) {
	s, fetched := newRepository(t), 0
	s.publish(modelsThat(t, oldModels))
	second := s.publish(modelsThat(t, newModels))
	g, r := inHome(t, t.TempDir(), modelsThat(t, oldModels), inThatHome)
	try := g.cloud.tryModels(s.config(g.cloud, &fetched))
	g.mu.Lock()
	before, kept := g.observer.Devices(), g.who.book.Snapshot()
	g.mu.Unlock()
	wantShadow(g.cloud, second)
	r.take()
	if err := try(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprint("models ", second),
		`named "" () → "Wide Set" (tv): 1`,
		`renamed "Example Cam" (camera) → "Other TV" (tv): 1`,
		`renamed "tablet" (tablet) → "tablet" (tablet): 1`, // no model of what people carry is told
		`same "" () → "" (): 1`,
		`unnamed "Bright Bulb" (light) → "" (): 1`}
	if got := takenTold(r); !slices.Equal(got, want) {
		t.Errorf("told\n%q, want\n%q", got, want)
	}
	g.mu.Lock()
	g.who.identify(g.observer.Identify, g.Find)
	if !reflect.DeepEqual(g.observer.Devices(), before) || !reflect.DeepEqual(g.who.book.Snapshot(), kept) {
		t.Error("a device was changed by what is only tried")
	}
	g.mu.Unlock()
	if n := len(g.responder.Incidents()); n != 0 {
		t.Errorf("%d cases", n)
	}
	g.cloud.mu.Lock()
	inForce := g.cloud.mem.Bundles[modelsBundle]
	g.cloud.mu.Unlock()
	if inForce == second {
		t.Error("it is told that what is tried is in force")
	}
	// Once it is in force it changes nothing any more.
	if err := applyModels(g, modelsThat(t, newModels)); err != nil {
		t.Fatal(err)
	}
	if err := try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := takenTold(r); !slices.Equal(got, []string{fmt.Sprint("models ", second), `same "" () → "" (): 5`}) {
		t.Errorf("in force: %q", got)
	}
}

// What people said of a device stays out of it, as do devices of guests.
func TestModelsInShadowHeedPeople(t *testing.T) {
	g, _ := inHome(t, t.TempDir(), modelsThat(t, oldModels), inThatHome)
	g.mu.Lock()
	err := g.correct("camera", &pb.Correction{Class: string(home.ClassMedical)}, "owner")
	g.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	g.household.Visit(map[home.DeviceID]bool{"lamp": true, "tv": true, "phone": true, "insulin": true})
	m, err := identity.ParseModel(modelsThat(t, newModels))
	if err != nil {
		t.Fatal(err)
	}
	hits, err := g.cloud.takenBy(t.Context(), m)
	if err != nil || len(hits) != 1 {
		t.Fatalf("%v %v", hits, err)
	}
	if h := hits[0]; h.GetWhat() != "renamed" || h.GetModel() != "medical" || h.GetTo() != "medical" || h.GetClass() != "medical" || h.GetToClass() != "medical" {
		t.Errorf("%v", h)
	}
}

// A version is fetched as it was signed, comes again after a restart without the cloud's lines, and is gone when the cloud says so. What is no
// model is neither kept nor told of.
func TestModelsInShadowAreFetchedBeside(t *testing.T) {
	s, fetched := newRepository(t), 0
	first := modelsThat(t, oldModels)
	s.publish(first)
	second := s.publish(modelsThat(t, newModels))
	third := s.publish([]byte("no models at all"))
	dir := t.TempDir()
	g, r := inHome(t, dir, first, inThatHome)
	cfg := s.config(g.cloud, &fetched)
	try := g.cloud.tryModels(cfg)
	if err := try(t.Context()); err != nil || len(takenTold(r)) > 0 {
		t.Errorf("before the cloud said so: %v", err)
	}
	wantShadow(g.cloud, second)
	if err := try(t.Context()); err != nil || len(takenTold(r)) == 0 {
		t.Fatalf("%v", err)
	}
	wantShadow(g.cloud, third)
	if err := try(t.Context()); err == nil || len(takenTold(r)) > 0 {
		t.Errorf("what is no model: %v", err)
	}
	g.ledger.Close()
	g, r = inHome(t, dir, first, inThatHome)
	cfg = s.config(g.cloud, &fetched)
	try, fetched = g.cloud.tryModels(cfg), 0
	wantShadow(g.cloud, second)
	if err := try(t.Context()); err != nil || fetched != 0 || len(takenTold(r)) == 0 {
		t.Errorf("after a restart: %v, %d times fetched", err, fetched)
	}
	wantShadow(g.cloud, second-1)
	if err := try(t.Context()); err != nil || !slices.Equal(takenTold(r), []string{fmt.Sprint("models ", second-1), `same "" () → "" (): 5`}) {
		t.Errorf("an older one: %v", err)
	}
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	if err := try(stop); err == nil || len(takenTold(r)) > 0 {
		t.Errorf("when the agent stops: %v", err)
	}
	g.cloud.beTried(nil)
	if err := try(t.Context()); err != nil || len(takenTold(r)) > 0 {
		t.Errorf("taken back: %v", err)
	}
	if _, err := os.Stat(cfg.Dir); !os.IsNotExist(err) {
		t.Errorf("it is there: %v", err)
	}
}
