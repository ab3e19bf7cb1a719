package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"cardea/gateway/bundle"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/identity"
	"cardea/wire/pb"
)

// Models in shadow: a version of what tells who devices are. Each hour it judges what the home's devices have shown, beside the one in force,
// and it is told for how many of them it would change who they are taken for: from which model and class to which. Nothing is done, and no
// device is told.
const (
	besideModelsDir = "shadow-models"
	besideRest      = 20 * time.Millisecond // between two devices: the home's packets come first
)

// takenKey is one change; all is of the fleet's words.
type takenKey struct {
	what           home.Difference
	model, to      string
	class, toClass home.DeviceClass
}

// tryModels is what tries models as the cloud says, called again and again.
func (c *cloud) tryModels(cfg bundle.FileConfig) func(context.Context) error {
	var read *identity.Model // what was checked last
	cfg.Check = func(b []byte) (err error) {
		read, err = identity.ParseModel(b)
		return err
	}
	f := bundle.NewFile(cfg, c.g.log)
	return func(ctx context.Context) error {
		defer func() { read = nil }() // it takes much memory, and is only asked now and then
		version, err := c.keepTried(ctx, f, cfg)
		switch {
		case err != nil:
			return fmt.Errorf("models in shadow: %w", err)
		case version == 0:
			return nil
		case read == nil:
			return errors.New("models in shadow: there are none")
		}
		hits, err := c.takenBy(ctx, read)
		if err != nil || cfg.Wanted() != version {
			return err // it was taken back meanwhile
		}
		c.put(&pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: modelsBundle, Version: version, Hits: hits}}})
		return nil
	}
}

// keepTried brings the models in shadow to the version that the cloud says, and checks them; 0: none is tried.
func (c *cloud) keepTried(ctx context.Context, f *bundle.File, cfg bundle.FileConfig) (uint64, error) {
	want := cfg.Wanted()
	switch {
	case !c.toldOfShadow():
		return 0, nil // since it began nobody said; what is kept is kept
	case want == 0:
		return 0, os.RemoveAll(cfg.Dir)
	}
	_, version, err := f.Restore()
	if err == nil && version > want { // an older one is tried now: of what is tried there is no way back to guard
		version, err = 0, os.RemoveAll(cfg.Dir)
	}
	if err == nil && version != want {
		if _, version, _, err = f.Update(ctx); err == nil {
			c.g.log.Info("models in shadow", "version", version)
		}
	}
	if err == nil && version != want {
		err = fmt.Errorf("version %d is not to be had, but %d", want, version)
	}
	return version, err
}

// takenBy counts what a model that is tried takes the home's devices for, in an order that is always the same. Guests' devices are left out.
func (c *cloud) takenBy(ctx context.Context, m *identity.Model) ([]*pb.ShadowHit, error) {
	counts := map[takenKey]uint64{}
	for _, id := range c.g.tryable() {
		k, ok := c.taken(id, m)
		switch {
		case !ok:
			continue
		case counts[k] == 0 && len(counts) >= maxBeside:
			c.g.count("shadow_dropped", 1)
		default:
			counts[k]++
		}
		if !sleep(ctx, besideRest) {
			return nil, ctx.Err()
		}
	}
	hits := make([]*pb.ShadowHit, 0, len(counts))
	for k, n := range counts {
		hits = append(hits, &pb.ShadowHit{What: string(k.what), Model: k.model, To: k.to, Class: string(k.class), ToClass: string(k.toClass), Count: n})
	}
	slices.SortFunc(hits, func(a, b *pb.ShadowHit) int {
		return cmp.Or(cmp.Compare(a.GetWhat(), b.GetWhat()), cmp.Compare(a.GetModel(), b.GetModel()), cmp.Compare(a.GetTo(), b.GetTo()),
			cmp.Compare(a.GetClass(), b.GetClass()), cmp.Compare(a.GetToClass(), b.GetToClass()))
	})
	return hits, nil
}

// tryable are the devices that models in shadow are asked about.
func (g *Gateway) tryable() (ids []home.DeviceID) {
	r := g.roster.Load()
	if r == nil {
		return nil
	}
	for id, d := range r.ids {
		if !d.Gateway && !g.household.Guest(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// taken is who one device is taken for now, and would be. The lock is held only while its evidence is copied.
func (c *cloud) taken(id home.DeviceID, m *identity.Model) (k takenKey, ok bool) {
	c.g.mu.Lock()
	now := c.g.who.book.Identity(id)
	alone := c.g.who.book.Alone(id)
	c.g.mu.Unlock()
	if alone == nil {
		return k, false // nothing was seen of it, or it went
	}
	alone.Set(m)
	then := alone.Identity(id)
	if k.what = home.DifferenceOf(now, then); k.what == home.WouldKeep {
		return k, true
	}
	k.model, k.to = report.Text(c.fleetName(id, now), maxWhy), report.Text(c.fleetName(id, then), maxWhy)
	k.class, k.toClass = now.Class, then.Class
	return k, true
}
