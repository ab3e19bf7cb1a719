package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cardea/behavior/profile"
	"cardea/gateway/bundle"
	"cardea/gateway/permits"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire/pb"
)

// Profiles in shadow: a version that is held beside the one in force. Each contact is judged by both; where they differ, it is counted by
// device and by how, told each hour, and nothing is done. No endpoint is told.
const besideProfilesDir = "shadow-profiles"

// triedProfiles is that version and in what it differed. What it holds of profiles is of the home's devices only.
type triedProfiles struct {
	held atomic.Pointer[besideProfiles] // nil: none

	mu   sync.Mutex // held for memory only; the pipeline holds Gateway.mu when it takes it
	hits map[differenceKey]*shadowHit
}

// besideProfiles is never changed.
type besideProfiles struct {
	version uint64
	set     *profile.Set
	levels  map[profile.Level]bool // for which it was made; others would be judged by what is coarser
	now     *permits.Book          // what profile-only lets through by the version in force
	then    *permits.Book          // and by this one
}

type differenceKey struct {
	device home.DeviceID
	how    home.Difference
}

// put holds another version beside; nil: none.
func (t *triedProfiles) put(b *besideProfiles) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if was := t.held.Load(); was == nil || b == nil || was.version != b.version {
		t.hits = nil // of another version; told hourly, so little is lost
	}
	t.held.Store(b)
}

func (t *triedProfiles) version() uint64 {
	if b := t.held.Load(); b != nil {
		return b.version
	}
	return 0
}

// set is for the detector of what is new; nil: none.
func (t *triedProfiles) set() *profile.Set {
	if b := t.held.Load(); b != nil {
		return b.set
	}
	return nil
}

// forget drops what was counted of a device and not told yet; "" of all.
func (t *triedProfiles) forget(id home.DeviceID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.hits {
		if id == "" || k.device == id {
			delete(t.hits, k)
		}
	}
}

// besideOfHome makes what is held of a version: what profile-only would do by it is asked as it is of the one in force.
func (g *Gateway) besideOfHome(version uint64, set *profile.Set) *besideProfiles {
	b := &besideProfiles{version: version, levels: g.levels()}
	list := make([]profile.Level, 0, len(b.levels))
	for l := range b.levels {
		list = append(list, l)
	}
	b.set = set.Only(list...)
	book := func(in func() *profile.Set) *permits.Book {
		cfg := g.permitsConfig()
		cfg.Profiles = models{in}
		return permits.New(cfg)
	}
	b.now, b.then = book(g.profiles.Load), book(func() *profile.Set { return b.set })
	return b
}

// levels are those of the home's devices.
func (g *Gateway) levels() map[profile.Level]bool {
	out := map[profile.Level]bool{}
	if r := g.roster.Load(); r != nil {
		for _, d := range r.ids {
			out[profile.LevelOf(d.Identity)] = true
		}
	}
	return out
}

// current says whether a version is held for all devices that the home has now.
func (g *Gateway) current(b *besideProfiles, version uint64) bool {
	if b == nil || b.version != version {
		return false
	}
	for l := range g.levels() {
		if !b.levels[l] {
			return false
		}
	}
	return true
}

// holds says whether profile-only would refuse a contact by profiles: never where they do not know the model, for then there is no such mode.
func holds(set *profile.Set, book *permits.Book, d *home.Device, k *home.Contact) bool {
	if d.Model == "" {
		return false
	}
	p := set.For(profile.LevelOf(d.Identity))
	return p.Level().Model != "" && p.Homes() >= profile.MinHomes && !book.Leaves(permits.SubjectOf(d), home.ModeProfileOnly, k)
}

// triedBy judges a contact whose window closed by both versions. Gateway.mu is held.
func (c *cloud) triedBy(k *home.Contact) {
	b := c.profiles.held.Load()
	if b == nil || k.Local || k.Inbound || k.Lookup || k.Action >= home.Block {
		return // what profiles say changes nothing of these
	}
	d := c.g.observer.Borrow(k.Device)
	if d == nil || d.Gateway || !b.levels[profile.LevelOf(d.Identity)] {
		return
	}
	now, then := holds(c.g.profiles.Load(), b.now, d, k), holds(b.set, b.then, d, k)
	switch {
	case then && !now:
		c.differs(k.Device, home.WouldHold, k.Last)
	case now && !then:
		c.differs(k.Device, home.WouldAllow, k.Last)
	}
}

// differsNew takes what the detector of new endpoints says of both versions. Gateway.mu is held.
func (c *cloud) differsNew(id home.DeviceID, more bool, at time.Time) {
	b, d := c.profiles.held.Load(), c.g.observer.Borrow(id)
	if b == nil || d == nil || d.Gateway || !b.levels[profile.LevelOf(d.Identity)] || !c.active.Load() {
		return
	}
	how := home.WouldMiss
	if more {
		how = home.WouldFind
	}
	c.differs(id, how, at)
}

// differs counts one contact. Gateway.mu is held.
func (c *cloud) differs(id home.DeviceID, how home.Difference, at time.Time) {
	t := &c.profiles
	t.mu.Lock()
	defer t.mu.Unlock()
	key := differenceKey{id, how}
	if hit := t.hits[key]; hit != nil {
		hit.count++
		hit.last = at
		return
	}
	if len(t.hits) >= maxBeside {
		c.g.count("shadow_dropped", 1)
		return
	}
	if t.hits == nil {
		t.hits = map[differenceKey]*shadowHit{}
	}
	t.hits[key] = &shadowHit{model: c.modelOf(id), what: string(how), count: 1, first: at, last: at}
}

// tellProfiles tells in what the profiles in shadow differed since the last time.
func (c *cloud) tellProfiles() {
	t := &c.profiles
	t.mu.Lock()
	version, hits := t.version(), t.hits
	t.hits = nil
	t.mu.Unlock()
	m := &pb.ShadowHits{Bundle: profilesBundle, Version: version}
	for k, h := range hits {
		m.Hits = append(m.Hits, wireHit(k.device, h))
	}
	c.tellHits(m)
}

func wireHit(id home.DeviceID, h *shadowHit) *pb.ShadowHit {
	return &pb.ShadowHit{Device: string(id), Model: report.Text(h.model, maxWhy), What: report.Text(h.what, home.MaxName), Count: h.count,
		First: report.Millis(h.first), Last: report.Millis(h.last)}
}

// tellHits tells hits of one version in an order that is always the same.
func (c *cloud) tellHits(m *pb.ShadowHits) {
	if m.GetVersion() == 0 || len(m.GetHits()) == 0 {
		return
	}
	slices.SortFunc(m.Hits, func(a, b *pb.ShadowHit) int {
		return strings.Compare(a.GetDevice()+" "+a.GetWhat(), b.GetDevice()+" "+b.GetWhat())
	})
	c.put(&pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: m}})
}

// tryProfiles is what keeps the profiles in shadow as the cloud says, called again and again.
func (c *cloud) tryProfiles(cfg bundle.FileConfig) func(context.Context) error {
	f := bundle.NewFile(cfg, c.g.log)
	return func(ctx context.Context) error { return c.tryProfilesOnce(ctx, f, cfg) }
}

// tryProfilesOnce brings the profiles in shadow to the version that the cloud says, for the devices that the home has, or takes them away.
func (c *cloud) tryProfilesOnce(ctx context.Context, f *bundle.File, cfg bundle.FileConfig) error {
	want := cfg.Wanted()
	switch {
	case !c.toldOfShadow():
		return nil // since it began nobody said; what is kept is kept
	case want == 0:
		c.tellProfiles()
		c.profiles.put(nil)
		return os.RemoveAll(cfg.Dir)
	case c.g.current(c.profiles.held.Load(), want):
		return nil
	}
	data, version, err := f.Restore()
	if err == nil && version > want { // an older one is tried now: of what is tried there is no way back to guard
		data, version, err = nil, 0, os.RemoveAll(cfg.Dir)
	}
	if err == nil && version != want {
		data, version, _, err = f.Update(ctx)
	}
	if err != nil {
		return fmt.Errorf("profiles in shadow: %w", err)
	}
	if version != want {
		return fmt.Errorf("profiles in shadow: version %d is not to be had, but %d", want, version)
	}
	if data == nil {
		return errors.New("profiles in shadow: there are none")
	}
	set, err := profile.Parse(data)
	if err != nil {
		return fmt.Errorf("profiles in shadow: %w", err)
	}
	b := c.g.besideOfHome(version, set)
	c.tellProfiles()
	c.profiles.put(b)
	c.g.log.Info("profiles in shadow", "version", version, "levels", len(b.levels))
	return nil
}

// toldOfShadow says whether the cloud has said since the program began what is to be tried.
func (c *cloud) toldOfShadow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.beside != nil
}
