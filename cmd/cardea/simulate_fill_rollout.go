package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cardea/cloud/fleet"
	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/db"
	labfleet "cardea/lab/fleet"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	fillSteers = 1000 // homes below which nothing is brought out: a ring of one in a hundred would be nobody
	fillPilot  = 5000 // homes that tell of their health while the weeks before go by; all do at the end
	fillWho    = "rollouts (simulated)"
	fillPace   = 10 * time.Minute
	fillHand   = 5 * time.Hour
	fillLook   = 10 * time.Minute // between two looks at a rollout: no more counts
	fillLooks  = 100              // at one rollout, at most
)

// past is what happened in the weeks before, by a clock that is set for each step of it.
type past struct {
	f      *filling
	at     time.Time
	roll   *rollout.Rollout
	places []home.Place // of the gateways that tell of themselves then
	beats  []*pb.Heartbeat
}

func (f *filling) before() *past {
	p := &past{f: f}
	p.roll = f.rooms.Rollout.At(p.now)
	for _, h := range f.homes[:min(len(f.homes), fillPilot)] {
		if h.Beat != nil {
			p.places, p.beats = append(p.places, h.Place(f.tenant.ID)), append(p.beats, h.Beat)
		}
	}
	return p
}

func (p *past) now() time.Time { return p.at }

// ago sets the clock.
func (p *past) ago(d time.Duration) { p.at = p.f.what.Now.Add(-d) }

// learned makes what the fleet learned as it was some days ago, and as it is now: what differs is drift. Models and profiles are learned by
// the rounds that a running cloud makes; the last ones are brought out ring by ring.
func (p *past) learned(ctx context.Context) error {
	const day = 24 * time.Hour
	for _, d := range []time.Duration{9 * day, 8 * time.Hour} {
		p.ago(d)
		if _, err := p.f.rooms.Normal.At(p.now, p.roll).Learn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// history is how versions were brought out in the weeks before, one after the other. What is there already is left as it is.
func (p *past) history(ctx context.Context) error {
	const day = 24 * time.Hour
	plans, err := p.roll.Plans(ctx)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name    string
		version uint64
		do      func(context.Context) error
	}{
		{"lists", 2, func(ctx context.Context) error { return cmp.Or(p.firstLists(ctx, 30*day), p.doneLists(ctx, 21*day)) }},
		{"models", 2, func(ctx context.Context) error { return cmp.Or(p.firstModels(ctx, 9*day), p.badModels(ctx, 3*day)) }},
		{"lists", 3, func(ctx context.Context) error { return p.shadowLists(ctx, 2*day) }},
		{"profiles", 2, func(ctx context.Context) error {
			return cmp.Or(p.learned(ctx), p.bring(ctx, "profiles", ring.Five, 8*time.Hour))
		}},
	} {
		if slices.ContainsFunc(plans, func(q rollout.Plan) bool { return q.Name == step.name && q.Version >= step.version }) {
			continue
		}
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return p.shadowHits(ctx)
}

// shadowHits is what the version that homes try would have stopped until now.
func (p *past) shadowHits(ctx context.Context) error {
	q, underway, err := p.plan(ctx, "lists")
	if err != nil || !underway || q.State != rollout.Shadow {
		return err
	}
	return p.f.rooms.SeedShadow(ctx, p.f.tenant.ID, "lists", q.Version, p.f.homes)
}

func (p *past) firstModels(ctx context.Context, ago time.Duration) error {
	p.ago(ago)
	_, err := p.f.rooms.Fleet.At(p.now, p.roll).Learn(ctx)
	return err
}

// health has the gateways of then tell how they are: on the versions that they were to have, and those that bad has as it says.
func (p *past) health(ctx context.Context, bad func(*pb.Heartbeat, int)) error {
	return p.f.health(ctx, p.roll, p.places, p.beats, func(int) time.Time { return p.at }, bad)
}

// healthAtOnce is how many homes' health is written in one transaction.
const healthAtOnce = 5000

// health writes how gateways are. bad is asked of each, with its index; it may be nil.
func (f *filling) health(ctx context.Context, r *rollout.Rollout, places []home.Place, beats []*pb.Heartbeat, at func(int) time.Time, bad func(*pb.Heartbeat, int)) error {
	versions, err := r.ForAll(ctx, places)
	if err != nil {
		return err
	}
	for from := 0; from < len(places); from += healthAtOnce {
		list := make([]rollout.Beat, 0, healthAtOnce)
		for i := from; i < min(from+healthAtOnce, len(places)); i++ {
			b := beats[i]
			b.Bundles = versions[i]
			if bad != nil {
				b = proto.CloneOf(b)
				bad(b, i)
			}
			list = append(list, rollout.Beat{Place: places[i], Beat: b, At: at(i)})
		}
		if err := r.Beats(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// plan is the newest rollout of a bundle; false when there is none underway.
func (p *past) plan(ctx context.Context, name string) (rollout.Plan, bool, error) {
	list, err := p.roll.Plans(ctx)
	for _, q := range list {
		if q.Name == name {
			return q, q.State != rollout.Done && q.State != rollout.Undone, err
		}
	}
	return rollout.Plan{}, false, err
}

// bring looks at a bundle's rollout, from so long ago on, as often as it takes until it has come to a ring, or is over.
func (p *past) bring(ctx context.Context, name string, to ring.Ring, ago time.Duration) error {
	began := p.f.what.Now.Add(-ago)
	p.at = began
	for n := range fillLooks {
		q, underway, err := p.plan(ctx, name)
		if err != nil || !underway || q.Ring >= to && to < ring.All {
			return err
		}
		look := fillLook
		if q.Pace > 0 { // by hand, and nobody was in a hurry
			look = fillHand
		}
		p.at = began.Add(time.Duration(n) * look)
		if pace := max(q.Pace, 4*time.Hour); n == 0 || q.Pace > 0 || q.Watched+fillLook >= pace { // else nobody asks how they are
			if err := p.health(ctx, nil); err != nil {
				return err
			}
		}
		if err := p.roll.Advance(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lists publishes what is said of made-up servers.
func (p *past) lists(ctx context.Context, names ...string) error {
	dir, err := os.MkdirTemp("", "cardea-fill")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	text := "# cardea: class=malware source=simulated\n" + strings.Join(names, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "simulated.txt"), []byte(text), 0o600); err != nil {
		return err
	}
	_, err = p.roll.Publish(ctx, "lists", os.DirFS(dir))
	return err
}

func (p *past) firstLists(ctx context.Context, ago time.Duration) error {
	p.ago(ago)
	return p.lists(ctx, p.f.what.Listed(0)...)
}

// doneLists is a version that reached all homes.
func (p *past) doneLists(ctx context.Context, ago time.Duration) error {
	p.ago(ago)
	if err := p.roll.Hold(ctx, "lists", true); err != nil {
		return err
	}
	if err := p.lists(ctx, p.f.what.Listed(1)...); err != nil {
		return err
	}
	if _, err := p.roll.Start(ctx, rollout.Start{Name: "lists", Pace: fillPace, By: fillWho, Why: "The lists of the month (simulated)"}); err != nil {
		return err
	}
	return p.bring(ctx, "lists", ring.All, ago)
}

// shadowLists is a version that homes judge by without acting.
func (p *past) shadowLists(ctx context.Context, ago time.Duration) error {
	p.ago(ago)
	if err := p.lists(ctx, p.f.what.Listed(labfleet.Tried)...); err != nil {
		return err
	}
	_, err := p.roll.Start(ctx, rollout.Start{Name: "lists", Shadow: 7 * 24 * time.Hour, By: fillWho, Why: "A new source: what it would stop is to be seen first (simulated)"})
	return err
}

// badModels is a version after which people took back what was blocked: it was halted in the first ring, and undone. It begins when somebody
// names a cluster, as that is learned.
func (p *past) badModels(ctx context.Context, ago time.Duration) error {
	p.ago(ago)
	rooms := p.f.rooms
	list, _, err := rooms.Fleet.Clusters(ctx, p.f.tenant.ID, "", 1)
	if err != nil || len(list) == 0 {
		return err
	}
	what := p.f.what.Named()
	note := func(*db.Tx) error { return nil } // by nobody of staff
	if _, err := rooms.Fleet.At(p.now, p.roll).Name(ctx, p.f.tenant.ID, fillWho, list[0].ID, fleet.Label{Model: what.Model, Vendor: what.Vendor, Class: what.Class}, note); err != nil {
		return err
	}
	if _, err := rooms.Fleet.At(p.now, p.roll).Learn(ctx); err != nil {
		return err
	}
	q, underway, err := p.plan(ctx, "models")
	if err != nil || !underway {
		return err
	}
	if err := p.health(ctx, nil); err != nil {
		return err
	}
	if err := p.roll.Advance(ctx); err != nil { // nobody is in the lab
		return err
	}
	p.at = p.at.Add(2 * fillLook)
	if err := p.health(ctx, func(b *pb.Heartbeat, i int) {
		has := slices.ContainsFunc(b.GetBundles(), func(v *pb.BundleVersion) bool { return v.GetName() == q.Name && v.GetVersion() == q.Version })
		if has && i%3 > 0 || i%150 == 0 {
			b.Health.Asks = uint32(1 + i%2)
		}
	}); err != nil {
		return err
	}
	return p.roll.Advance(ctx)
}

// healthNow has all gateways tell how they are now, those that are silent as they were when they told last.
func (f *filling) healthNow(ctx context.Context) error {
	var places []home.Place
	var beats []*pb.Heartbeat
	var seen []time.Time
	now := time.Now()
	for _, h := range f.homes {
		if h.Beat == nil {
			continue
		}
		places, beats = append(places, h.Place(f.tenant.ID)), append(beats, h.Beat)
		seen = append(seen, f.seen(h, now))
	}
	if err := f.health(ctx, f.rooms.Rollout, places, beats, func(i int) time.Time { return seen[i] }, nil); err != nil {
		return fmt.Errorf("how gateways are: %w", err)
	}
	return nil
}

// sinceAll says since when homes tell, as the fleet's models ask for it.
func (f *filling) sinceAll(ctx context.Context, homes []rooms.SeedHome) error {
	since := make(map[home.Place]time.Time, len(homes))
	for _, h := range homes {
		since[h.Place(f.tenant.ID).OfHome()] = h.Created
	}
	return f.rooms.Fleet.SeedSince(ctx, since)
}
