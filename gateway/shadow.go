package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cardea/gateway/bundle"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/intel"
	"cardea/wire/pb"
)

// Lists in shadow: a version that is held beside the one in force. Contacts are looked up in it when their window closes; what it would
// have refused is counted by device and indicator, told each hour, and nothing is done.
const (
	besideDir      = "shadow-bundle"
	besideListsDir = "shadow-lists"
	besideEvery    = time.Hour
	maxBeside      = 256 // device and indicator in an hour; further ones are dropped and counted
)

// shadow is that version and what it would have done. Its own lock is held for memory only.
type shadow struct {
	mu      sync.Mutex
	version uint64 // 0: none
	set     *intel.Set
	hits    map[shadowKey]*shadowHit
}

// shadowKey says who met what without a text being made of it.
type shadowKey struct {
	device home.DeviceID
	name   string // what is listed
	prefix netip.Prefix
	port   uint16
}

type shadowHit struct {
	model       string
	what        string
	kind        home.IndicatorKind
	count       uint64
	first, last time.Time
}

// forget drops what was counted of a device and not told yet; "" of all.
func (s *shadow) forget(id home.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.hits, func(k shadowKey, _ *shadowHit) bool { return id == "" || k.device == id })
}

// put holds another version beside; nil: none.
func (s *shadow) put(version uint64, set *intel.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version != version {
		s.hits = nil // of another version; told hourly, so little is lost
	}
	s.version, s.set = version, set
}

func (s *shadow) held() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// find looks a contact up: by its name, else by its address.
func (s *shadow) find(k *home.Contact) (m intel.Match, ok bool) {
	if k.Endpoint.Name != "" {
		if m, ok = s.set.Find(k.Endpoint.Name); ok {
			return m, true
		}
	}
	if !k.Endpoint.IP.IsValid() {
		return m, false
	}
	return s.set.FindAddr(netip.AddrPortFrom(k.Endpoint.IP.Unmap(), k.Endpoint.Port))
}

// tried looks a contact up in the lists in shadow. It allocates nothing unless it meets something for the first time. Gateway.mu is held.
func (c *cloud) tried(k *home.Contact) {
	s := &c.shadow
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil || k.Local || k.Inbound || k.Action >= home.Block {
		return // refused anyway
	}
	m, ok := s.find(k)
	if !ok || m.Class.Allow {
		return
	}
	key := shadowKey{device: k.Device, name: m.Name, prefix: m.Prefix, port: m.Port}
	if hit := s.hits[key]; hit != nil {
		hit.count += max(k.Flows, 1)
		hit.last = k.Last
		return
	}
	ind := m.Indicator()
	if c.g.judge.Would(k, &ind) < home.Block {
		return
	}
	if len(s.hits) >= maxBeside {
		c.g.count("shadow_dropped", 1)
		return
	}
	if s.hits == nil {
		s.hits = map[shadowKey]*shadowHit{}
	}
	key.name = strings.Clone(key.name)
	s.hits[key] = &shadowHit{model: c.modelOf(k.Device), what: ind.Value, kind: ind.Kind, count: max(k.Flows, 1), first: k.First, last: k.Last}
}

// modelOf is what a device is, as the fleet may know it: no word of its owner, and no model of what people carry. Gateway.mu is held.
func (c *cloud) modelOf(id home.DeviceID) string {
	d := c.g.observer.Borrow(id)
	if d == nil {
		return ""
	}
	return c.fleetName(id, d.Identity)
}

// fleetName is modelOf for what a device is taken for.
func (c *cloud) fleetName(id home.DeviceID, who home.Identity) string {
	own, corrected := c.g.said.identity(id)
	switch {
	case corrected:
		return string(own.Class)
	case who.Class.Personal() || who.Model == "":
		return string(who.Class)
	}
	return who.Model
}

// tellBeside tells what the lists in shadow would have done since the last time.
func (c *cloud) tellBeside() {
	s := &c.shadow
	s.mu.Lock()
	version, hits := s.version, s.hits
	s.hits = nil
	s.mu.Unlock()
	m := &pb.ShadowHits{Bundle: listsBundle, Version: version}
	for k, h := range hits {
		m.Hits = append(m.Hits, wireHit(k.device, h))
	}
	c.tellHits(m)
}

// beTried notes which versions are to be held beside.
func (c *cloud) beTried(list []*pb.BundleVersion) {
	beside := map[string]uint64{}
	for _, b := range list {
		switch b.GetName() {
		case listsBundle, profilesBundle, modelsBundle:
			beside[b.GetName()] = b.GetVersion()
		}
	}
	c.mu.Lock()
	changed := c.beside == nil || !maps.Equal(c.beside, beside)
	c.beside = beside
	c.mu.Unlock()
	if changed {
		c.ask(c.try)
		c.ask(c.tryAlso)
		c.ask(c.tryWho)
	}
}

func (c *cloud) besideOf(name string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.beside[name]
}

// tryLists holds the lists in shadow beside those in force, as long as the cloud says so.
func (c *cloud) tryLists(cfg bundle.Config) func(context.Context) error {
	b := bundle.New(cfg, c.g.log)
	return func(ctx context.Context) error { return c.tryOnce(ctx, b, cfg) }
}

// trying keeps what is held beside as the cloud says: when it says so, and now and then.
func (c *cloud) trying(asked <-chan struct{}, what string, every time.Duration, once func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		again := time.NewTimer(fetchRetry)
		defer again.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-asked:
			case <-again.C:
			}
			again.Reset(every)
			err := once(ctx)
			if err != nil && ctx.Err() == nil {
				again.Reset(fetchRetry)
				if !errors.Is(err, uplink.ErrOffline) {
					c.g.count("shadow_failed", 1)
					c.g.log.Warn("a bundle in shadow; it is tried again", "bundle", what, "err", err)
				}
			}
		}
	}
}

// tryOnce brings the lists in shadow to the version that the cloud says, or takes them away.
func (c *cloud) tryOnce(ctx context.Context, b *bundle.Bundle, cfg bundle.Config) error {
	want := cfg.Wanted()
	if want == 0 {
		if !c.toldOfShadow() {
			return nil // since it began nobody said; what is kept is kept
		}
		if c.shadow.held() != 0 {
			c.tellBeside()
		}
		c.shadow.put(0, nil)
		return errors.Join(os.RemoveAll(cfg.Dir), os.RemoveAll(cfg.Into))
	}
	if c.shadow.held() == want {
		return nil
	}
	if err := b.Restore(ctx); err != nil {
		return err
	}
	version, _, err := b.Update(ctx)
	if err != nil {
		return err
	}
	if version != want {
		return fmt.Errorf("version %d is not to be had, but %d", want, version)
	}
	set, err := besideSet(os.DirFS(cfg.Into), c.g.intel.Load())
	if err != nil {
		return err
	}
	c.tellBeside()
	c.shadow.put(version, set)
	c.g.log.Info("lists in shadow", "version", version, "more", set.Len())
	return nil
}

// besideSet reads the lists of a folder, without what is in force already: so it takes little memory.
func besideSet(dir fs.FS, force *intel.Set) (*intel.Set, error) {
	b := intel.NewBuilder()
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".meta") || strings.HasPrefix(filepath.Base(name), ".") {
			return err
		}
		return readBeside(dir, name, b, force)
	})
	if err != nil {
		return nil, fmt.Errorf("lists in shadow: %w", err)
	}
	return b.Build(), nil
}

func readBeside(dir fs.FS, name string, b *intel.Builder, force *intel.Set) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, intel.HeadBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	meta, err := fs.ReadFile(dir, name+".meta")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	about, err := intel.About(name, head[:n], string(meta[:min(len(meta), intel.HeadBytes)]))
	if err != nil {
		return err
	}
	_, err = intel.Read(io.MultiReader(strings.NewReader(string(head[:n])), f), about, func(l *intel.List, e intel.Entry) intel.Reason {
		if !e.Allow && l.Class != intel.ClassAllow && inForce(force, e, l.Class) {
			return ""
		}
		return b.Add(l, e)
	})
	return err
}

// inForce says whether lists refuse all of an entry already.
func inForce(force *intel.Set, e intel.Entry, class home.Class) bool {
	var m intel.Match
	var ok bool
	if e.Name != "" {
		m, ok = force.Find(e.Name)
	} else if e.Prefix.IsSingleIP() {
		m, ok = force.FindAddr(netip.AddrPortFrom(e.Prefix.Addr(), e.Port))
	}
	return ok && !m.Class.Allow && m.Class.Class == class && (!m.Class.Exact || e.Exact)
}
