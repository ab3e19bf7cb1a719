package gateway

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/rollout"
	"cardea/gateway/bundle"
	"cardea/home"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

var tryCam = home.Identity{Model: "Example Cam", Vendor: "Example", Class: home.ClassCamera, By: "rules"}

// profilesOf are profiles of many homes' cameras that use these names, and of another model.
func profilesOf(t *testing.T, version uint64, names ...string) []byte {
	t.Helper()
	counts := profile.NewCounts()
	for _, id := range []home.Identity{tryCam, {Model: "Other Cam", Vendor: "Other", Class: home.ClassCamera}} {
		var ends []profile.End
		for _, name := range names {
			far := home.Endpoint{Name: name, Domain: registrable(name), Port: 443, Proto: "tcp"}
			ends = append(ends, profile.End{Chain: endpoint.Of(&far, false, false), Days: 7})
		}
		for i := range 60 {
			for week := range uint32(4) {
				counts.Add(&profile.Use{Home: uint64(i + 1), Network: uint32(i%5 + 1), Level: profile.LevelOf(id), Week: 2900 + week, Active: 7, Ends: ends})
			}
		}
	}
	b, err := counts.Build(profile.Options{Now: 2904, Version: version}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// triedIn is a gateway with a camera of that model, and profiles in force.
func triedIn(t *testing.T, dir string, force []byte) (*Gateway, *recorder) {
	t.Helper()
	g, r := start(t, dir)
	g.mu.Lock()
	g.observer.Identify("camera", tryCam)
	d := *g.observer.Borrow("camera")
	g.mu.Unlock()
	g.roster.Store(&roster{ids: map[home.DeviceID]*home.Device{"camera": &d}})
	if err := g.setProfiles(force); err != nil {
		t.Fatal(err)
	}
	return g, r
}

func beside(t *testing.T, g *Gateway, version uint64, b []byte) {
	t.Helper()
	set, err := profile.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	g.cloud.profiles.put(g.besideOfHome(version, set))
}

func usesIt(g *Gateway, device home.DeviceID, name string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		k := metWith(device, name, "203.0.113.1")
		k.First, k.Last = g.now(), g.now()
		g.Contact(k)
	}
}

func shadowTold(c *cloud, r *recorder) (out []string) {
	c.tellProfiles()
	for _, m := range toldOf(r, func(i *pb.Item) *pb.ShadowHits { return i.GetShadowHits() }) {
		for _, h := range m.GetHits() {
			out = append(out, m.GetBundle()+" "+h.GetDevice()+" "+h.GetModel()+" "+h.GetWhat()+" "+string(rune('0'+h.GetCount())))
		}
	}
	return out
}

// A version that lacks what a camera uses each day would have it refused in profile-only; one that has more lets more through. Nothing is done.
func TestProfilesInShadowOnlyCount(t *testing.T) {
	with, without := profilesOf(t, 7, "cloud.cam.example.net", "relay.cam.example.org"), profilesOf(t, 8, "relay.cam.example.org")
	g, r := triedIn(t, t.TempDir(), with)
	beside(t, g, 8, without)
	usesIt(g, "camera", "cloud.cam.example.net", 3)
	usesIt(g, "camera", "relay.cam.example.org", 2)
	usesIt(g, "camera", "new.example", 2) // both refuse it
	usesIt(g, "tv", "cloud.cam.example.net", 2)
	if got := shadowTold(g.cloud, r); !slices.Equal(got, []string{"profiles camera Example Cam hold 3"}) {
		t.Errorf("%q", got)
	}
	if n := len(g.responder.Incidents()); n != 0 {
		t.Errorf("%d cases", n)
	}
	if _, held := g.book.Of("camera"); held {
		t.Error("it is held")
	}
	if g.profiles.Load().Version() != 7 {
		t.Error("what is tried is in force")
	}
	r.take()
	if err := g.setProfiles(without); err != nil {
		t.Fatal(err)
	}
	beside(t, g, 9, with)
	usesIt(g, "camera", "cloud.cam.example.net", 1)
	if got := shadowTold(g.cloud, r); !slices.Equal(got, []string{"profiles camera Example Cam allow 1"}) {
		t.Errorf("%q", got)
	}
	r.take()
	detector := g.usualConfig()
	if detector.Beside() != g.cloud.profiles.set() {
		t.Error("the detector does not try it")
	}
	g.mu.Lock()
	detector.Differs("camera", true, g.now())
	detector.Differs("camera", false, g.now())
	detector.Differs("tv", true, g.now()) // of a model that is not held
	g.mu.Unlock()
	if got := shadowTold(g.cloud, r); !slices.Equal(got, []string{"profiles camera Example Cam find 1", "profiles camera Example Cam miss 1"}) {
		t.Errorf("%q", got)
	}
	r.take()
	usesIt(g, "camera", "cloud.cam.example.net", 1)
	g.cloud.profiles.forget("camera")
	if got := shadowTold(g.cloud, r); len(got) != 0 {
		t.Errorf("what was erased is told: %q", got)
	}
}

// What is told is bounded, and so is what is held: the levels of the home's devices, and those above them.
func TestProfilesInShadowAreBounded(t *testing.T) {
	b := profilesOf(t, 8, "relay.cam.example.org")
	g, _ := triedIn(t, t.TempDir(), b)
	beside(t, g, 8, b)
	g.mu.Lock()
	for i := range maxBeside + 50 {
		g.cloud.differs(home.DeviceID(string(rune('a'+i%26))+string(rune('a'+i/26))), home.WouldHold, g.now())
	}
	g.mu.Unlock()
	if n := len(g.cloud.profiles.hits); n != maxBeside {
		t.Errorf("%d are counted", n)
	}
	for p := range g.cloud.profiles.set().Profiles() {
		if p.Level().Vendor == "Other" {
			t.Errorf("%v is held", p.Level())
		}
	}
	d := home.Device{ID: "tv", Identity: home.Identity{Model: "Other Cam", Vendor: "Other", Class: home.ClassCamera}}
	g.roster.Store(&roster{ids: map[home.DeviceID]*home.Device{"tv": &d}})
	if g.current(g.cloud.profiles.held.Load(), 8) {
		t.Error("a device that came is not held for")
	}
}

// A version in shadow is fetched as it was signed, comes again after a restart, and is gone when the cloud says so. What is no profile is not held.
func TestProfilesInShadowAreFetchedBeside(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	repo := rollout.New(d, keys, time.Now, slog.New(slog.DiscardHandler))
	publish := func(b []byte) uint64 {
		t.Helper()
		v, _, err := repo.PublishData(t.Context(), "profiles", b)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	with := profilesOf(t, 1, "cloud.cam.example.net")
	publish(with)
	second := publish(profilesOf(t, 2, "relay.cam.example.org"))
	third := publish([]byte("no profiles at all"))
	root, err := repo.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, fetched := t.TempDir(), 0
	var g *Gateway
	var cfg bundle.FileConfig
	var f *bundle.File
	begin := func() {
		g, _ = triedIn(t, dir, with)
		c := g.cloud
		cfg = bundle.FileConfig{Name: "profiles", Dir: c.path(besideProfilesDir), Root: root, Most: maxKnown, Check: func(b []byte) error { _, err := profile.Parse(b); return err },
			Wanted: func() uint64 { return c.besideOf(profilesBundle) },
			Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				fetched++
				return repo.File(ctx, path, offset, 64<<10)
			}}
		f = bundle.NewFile(cfg, g.log)
	}
	begin()
	try := func(want uint64) error {
		t.Helper()
		g.cloud.beTried([]*pb.BundleVersion{{Name: profilesBundle, Version: want}})
		return g.cloud.tryProfilesOnce(t.Context(), f, cfg)
	}
	if err := try(second); err != nil || g.cloud.profiles.version() != second {
		t.Fatalf("%v, %d is held", err, g.cloud.profiles.version())
	}
	if err := try(third); err == nil || g.cloud.profiles.version() != second {
		t.Errorf("what is no profile: %v, %d is held", err, g.cloud.profiles.version())
	}
	g.ledger.Close()
	begin()
	if err := g.cloud.tryProfilesOnce(t.Context(), f, cfg); err != nil || g.cloud.profiles.version() != 0 {
		t.Errorf("before the cloud said so: %v, %d is held", err, g.cloud.profiles.version())
	}
	if _, err := os.Stat(cfg.Dir); err != nil {
		t.Error(err)
	}
	fetched = 0
	if err := try(second); err != nil || g.cloud.profiles.version() != second || fetched != 0 {
		t.Errorf("after a restart: %v, %d is held, %d times fetched", err, g.cloud.profiles.version(), fetched)
	}
	if err := try(0); err != nil || g.cloud.profiles.version() != 0 {
		t.Errorf("%v, %d is held", err, g.cloud.profiles.version())
	}
	if _, err := os.Stat(cfg.Dir); !os.IsNotExist(err) {
		t.Errorf("it is there: %v", err)
	}
}
