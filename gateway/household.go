package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardea/gateway/household"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

// What the home's people decided: it came from the cloud, is kept in a file of its own and holds without the cloud. The copy is written
// after the file, so that one of both is good, whenever the power goes and whichever part of the disk does.
const (
	householdFile = "household.bin"
	householdCopy = "household.bak"
	maxHousehold  = 1 << 20
)

// recallHousehold puts back what was decided before a restart: from the file, else from its copy. Without both nobody decided anything.
func (g *Gateway) recallHousehold() error {
	g.household = household.New()
	path := filepath.Join(g.cfg.State, householdFile)
	h, err := readHousehold(path)
	if err != nil {
		copied, failed := readHousehold(filepath.Join(g.cfg.State, householdCopy))
		switch {
		case failed != nil:
			return errors.Join(err, failed)
		case copied == nil:
			return err
		}
		g.log.Warn("what the home's people decided is taken from its copy", "err", err)
		g.household = copied
		if err := errors.Join(os.Rename(path, path+".broken"), g.keepHousehold(copied)); err != nil {
			g.log.Error("state", "err", err)
		}
		return nil
	}
	if h == nil { // lost, or never there
		if h, err = readHousehold(filepath.Join(g.cfg.State, householdCopy)); h == nil || err != nil {
			return err
		}
	}
	g.household = h
	return nil
}

// readHousehold reads one file; nil: there is none.
func readHousehold(path string) (*household.Household, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("what the home's people decided: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxHousehold+1))
	if err != nil {
		return nil, fmt.Errorf("what the home's people decided: %w", err)
	}
	h, err := household.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("what the home's people decided, in %s: %w", filepath.Base(path), err)
	}
	return h, nil
}

// decided puts what the home's people decided into force, after it is on the disk: the cloud hears of its version then.
func (g *Gateway) decided(m *pb.Household) error {
	if m == nil || m.GetVersion() == g.household.Version() {
		return nil // an older version is what a restored cloud has: it holds
	}
	h, err := wire.ParseHousehold(m)
	if err != nil {
		return fmt.Errorf("what the home's people decided: %w", err)
	}
	next := household.New()
	if b, err := g.household.Marshal(); err == nil { // since when new devices wait is the gateway's own knowledge
		if was, err := household.Parse(b); err == nil {
			next = was
		}
	}
	now := g.now()
	put := func(to *household.Household) { to.Set(h, now) }
	if g.inPlaceOfAnother(next.Version(), &h, now) {
		g.log.Warn("this gateway is in the place of another: new devices do not wait for a yes", "for", meetsAllAnew)
		put = func(to *household.Household) {
			to.Set(h, now)
			to.Met(now.Add(meetsAllAnew))
		}
	}
	put(next)
	if err := g.keepHousehold(next); err != nil {
		return err
	}
	put(g.household)
	g.wake()
	return nil
}

// meetsAllAnew is how long nobody is a newcomer to a gateway in the place of another: so long that whoever lives there comes home.
const meetsAllAnew = 24 * time.Hour

// inPlaceOfAnother says whether the home's people decided with another gateway: its first word from them names devices that this one,
// which is new, never met. All of the home's devices are new to it then, and a home must not be locked out by getting a new gateway.
func (g *Gateway) inPlaceOfAnother(before uint64, h *home.Household, now time.Time) bool {
	if before != 0 || h.Approve != home.ApproveHold {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known := map[home.DeviceID]bool{}
	for _, d := range g.observer.Devices() {
		if !d.Gateway && now.Sub(d.First) > meetsAllAnew {
			return false
		}
		known[d.ID] = true
	}
	for _, a := range g.observer.Aliases() {
		known[a.From] = true
	}
	said := household.New()
	said.Set(*h, now)
	return slices.ContainsFunc(said.Names(), func(id home.DeviceID) bool { return !known[id] })
}

// follow tells the household which devices were merged. The pipeline's lock is held.
func (g *Gateway) follow() {
	merged := map[home.DeviceID]home.DeviceID{}
	for _, a := range g.observer.Aliases() {
		merged[a.From] = a.Into
	}
	g.household.Follow(merged)
}

func (g *Gateway) keepHousehold(h *household.Household) error {
	b, err := h.Marshal()
	for _, name := range []string{householdFile, householdCopy} {
		if err == nil {
			err = renameio.WriteFile(filepath.Join(g.cfg.State, name), b, 0o600)
		}
	}
	if err == nil {
		err = syncDir(g.cfg.State)
	}
	if err != nil {
		return fmt.Errorf("keep what the home's people decided: %w", err)
	}
	return nil
}

// syncDir has the names of a folder's files on the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// meetsAll is how long nobody is a newcomer to a gateway that lost its memory.
const meetsAll = time.Hour

// meet lets in whom a gateway meets that lost its memory: all of its devices are new to it, and a home must not be locked out by a
// damaged file. Who was shut in is known by what is enforced. started is when the memory was read.
func (g *Gateway) meet(m memory, started time.Time) {
	if slices.ContainsFunc(m.Devices, func(d home.Device) bool { return d.First.Before(started) }) || !g.household.Met(g.now().Add(meetsAll)) {
		return
	}
	g.log.Warn("the memory of devices is lost: new ones do not wait for a yes", "for", meetsAll)
	if err := g.keepHousehold(g.household); err != nil {
		g.log.Error("state", "err", err)
	}
}

// homeTime is a time as clocks in the home show it, as far as that is known.
func (g *Gateway) homeTime(t time.Time) time.Time {
	if own, ok := g.household.Time(t); ok {
		return own
	}
	return t.Local()
}

// decide is what may be done to a device without asking. It needs no lock of the pipeline: the case book asks while it holds its own.
func (g *Gateway) decide(id home.DeviceID) home.Policy {
	p := g.household.Policy(id)
	if !*g.cfg.Containment.Automatic && cmp.Or(p.Contain, home.PermitAuto) == home.PermitAuto {
		p.Contain = home.PermitAsk
	}
	return p
}

// levelOf is what a device may look up. The resolver asks, without a lock.
func (g *Gateway) levelOf(id home.DeviceID) home.Level { return g.household.Level(id) }

// spared says whether a device is never isolated by itself.
func (g *Gateway) spared(id home.DeviceID) bool {
	return g.said.spared(id) || g.household.Policy(id).Essential != ""
}

// wished is what holds for a device because people asked for it, beside its case: a pause, or that it waits for their yes.
type wished struct {
	held     bool
	paused   time.Time
	pausedBy string
}

func (g *Gateway) wishes(d *home.Device, now time.Time) (w wished) {
	if d.Gateway {
		return w
	}
	w.held = g.household.Held(d.ID, d.First)
	w.paused, w.pausedBy = g.household.Paused(d.ID, now)
	return w
}

// wishing sums up what people asked for now, so that a change of it can be seen. It is the clock's.
func (g *Gateway) wishing(devices []home.Device, now time.Time) uint64 {
	var h maphash.Hash
	h.SetSeed(g.seed)
	for i := range devices {
		w := g.wishes(&devices[i], now)
		if w.held || !w.paused.IsZero() {
			h.WriteString(string(devices[i].ID))
			fmt.Fprint(&h, w.held, w.paused.IsZero())
		}
	}
	return h.Sum64()
}
