package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/history"
	"cardea/cloud/rooms"
	"cardea/lab/fleet"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// serveData is where serve and admin have a cloud's data unless told otherwise.
const serveData = "/var/lib/cardea-cloud"

const (
	fillChunk  = 5000      // homes of one transaction
	fillDays   = 70        // of which there are trends
	fillMemory = 256 << 20 // bytes of SQLite's pages
	fillHealth = 5         // minutes after which gateways that stay tell of their health
	fillAtOnce = 4         // transactions at once on PostgreSQL; SQLite has one writer
)

// filling puts a made-up fleet into a store.
type filling struct {
	cmd    simulateCmd
	rooms  *rooms.Rooms
	data   string // the cloud's data folder
	tenant account.Tenant
	what   fleet.Filling
	begun  time.Time
	homes  []rooms.SeedHome // all, without what they told
}

// fill is --fill: nothing is started, the store is written to by the contexts' own doors.
func (c simulateCmd) fill(ctx context.Context) (err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(simulatedGC))
	if c.Homes < 1 || c.Homes > 1_000_000 {
		return errors.New("simulate --fill: want 1 to 1,000,000 homes")
	}
	data := c.folder()
	rooms, err := cloud.Open(ctx, cloud.Config{Data: data, DB: c.DB})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	if !c.JSON {
		fmt.Fprintf(os.Stderr, "The fleet goes into %s.\n", data)
	}
	f := &filling{cmd: c, rooms: rooms, data: data, begun: time.Now(), what: fleet.Filling{Seed: c.Seed, Homes: c.Homes}}
	if err := f.run(ctx); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "Interrupted. The same command goes on from here.")
		}
		return fmt.Errorf("simulate: %s: %w", data, err)
	}
	return nil
}

// folder is where the cloud's data is: where it was said to be, else where serve has it, else, for who may not write there, a folder of
// their own.
func (c simulateCmd) folder() string {
	switch {
	case c.Data != "":
		return c.Data
	case c.Dir != "":
		return filepath.Join(c.Dir, "cloud")
	case os.MkdirAll(serveData, 0o700) == nil && unix.Access(serveData, unix.W_OK|unix.X_OK) == nil:
		return serveData
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "cardea-fleet")
	}
	if of, err := os.UserHomeDir(); err == nil && filepath.IsAbs(of) {
		return filepath.Join(of, ".local", "state", "cardea-fleet")
	}
	return "cardea-fleet" // here: the user has no folder
}

func (f *filling) run(ctx context.Context) (err error) {
	if f.tenant, f.what.Now, err = f.rooms.SeedTenant(ctx, f.cmd.Tenant, "Simulated provider"); err != nil {
		return err
	}
	if err := f.fits(ctx); err != nil {
		return err
	}
	if err := f.rooms.SeedMemory(ctx, fillMemory); err != nil {
		return err
	}
	if err := f.each(ctx, "homes", func(homes []rooms.SeedHome) error {
		return cmp.Or(f.rooms.Seed(ctx, f.tenant.ID, homes), f.sinceAll(ctx, homes))
	}); err != nil {
		return err
	}
	if err := f.steer(ctx); err != nil {
		return err
	}
	if err := f.beat(ctx, true); err != nil { // at the end: making all of them took longer than a gateway may be silent
		return err
	}
	if err := f.rooms.Rollout.Advance(ctx); err != nil {
		return err
	}
	if _, err := f.rooms.Audit.Seal(ctx); err != nil { // what staff did weeks ago is older than an entry without a checkpoint may be
		return err
	}
	if err := f.rooms.SeedDays(ctx, f.tenant.ID, fillDays, f.days()); err != nil {
		return err
	}
	if err := f.rooms.SeedMemory(ctx, 16<<20); err != nil {
		return err
	}
	f.tell(time.Since(f.begun))
	for n := 1; f.cmd.Stay && pause(ctx, time.Minute) == nil; n++ {
		err := f.beat(ctx, false)
		if err == nil && n%fillHealth == 0 {
			err = f.healthNow(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// steer learns of all homes and brings versions out, as a cloud does that has been there for weeks.
func (f *filling) steer(ctx context.Context) error {
	p := f.before()
	if f.what.Homes >= fillSteers {
		if err := p.history(ctx); err != nil {
			return fmt.Errorf("what was brought out: %w", err)
		}
		return nil
	}
	p.ago(0)
	if _, err := f.rooms.Fleet.Learn(ctx); err != nil {
		return err
	}
	return p.learned(ctx)
}

// fits fails where the tenant has made-up homes that are not of this fleet.
func (f *filling) fits(ctx context.Context) error {
	if !f.tenant.Simulated {
		return nil
	}
	first, last := f.what.Home(0).ID, f.what.Home(f.what.Homes).ID
	known, err := f.rooms.Accounts.HomesOf(ctx, f.tenant.ID, []string{first, last})
	if err != nil {
		return err
	}
	if known[first].ID == "" || known[last].ID != "" {
		return fmt.Errorf("the tenant %q has a simulated fleet of another seed, or a larger one: want the same --seed and at least as many --homes, or another --tenant", f.tenant.Slug)
	}
	return nil
}

// say tells how far it is, for people.
func (f *filling) say(what string, n int) {
	if !f.cmd.JSON {
		fmt.Fprintf(os.Stderr, "%7d of %d %s, %.0f s\n", n, f.what.Homes, what, time.Since(f.begun).Seconds())
	}
}

// each makes all homes up, some at a time, while those before are written; what is not empty is told with how many there are. What homes
// told is made up the first time only.
func (f *filling) each(ctx context.Context, what string, do func([]rooms.SeedHome) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(1)
	if strings.HasPrefix(f.cmd.DB, "postgres") {
		g.SetLimit(fillAtOnce)
	}
	var done atomic.Int64
	made := len(f.homes) == f.what.Homes
	for n := 0; n < f.what.Homes && inner.Err() == nil; n += fillChunk {
		end := min(n+fillChunk, f.what.Homes)
		var homes []rooms.SeedHome
		if made {
			homes = slices.Clone(f.homes[n:end])
		}
		for i := n; i < end && !made; i++ {
			h := seedOf(f.what.Home(i))
			homes = append(homes, h)
			h.Told = nil
			f.homes = append(f.homes, h)
		}
		g.Go(func() error {
			if err := do(homes); err != nil {
				return err
			}
			if all := done.Add(int64(len(homes))); what != "" {
				f.say(what, int(all))
			}
			return nil
		})
	}
	return cmp.Or(g.Wait(), ctx.Err())
}

// seen is when a gateway told of itself last: one that is online now.
func (f *filling) seen(h rooms.SeedHome, now time.Time) time.Time {
	if f.what.Now.Sub(h.Seen) < history.Offline {
		return now
	}
	return h.Seen
}

// beat has those gateways beat that are online; all: the others too, as long ago as they did, and what staff did is written.
func (f *filling) beat(ctx context.Context, all bool) error {
	now, what := time.Now(), ""
	if all {
		what = "heartbeats"
		if err := f.healthNow(ctx); err != nil { // first: it says which versions they have
			return err
		}
	}
	var deeds sync.Mutex // held while the audit is written: each entry follows another
	return f.each(ctx, what, func(homes []rooms.SeedHome) error {
		some := make([]rooms.SeedHome, 0, len(homes))
		for _, h := range homes {
			online := f.what.Now.Sub(h.Seen) < history.Offline
			h.Seen = f.seen(h, now)
			if online || all {
				some = append(some, h)
			}
		}
		if err := f.rooms.SeedBeats(ctx, f.tenant.ID, some); err != nil || !all {
			return err
		}
		deeds.Lock()
		defer deeds.Unlock()
		return f.rooms.SeedDeeds(ctx, f.tenant.ID, homes)
	})
}

func seedOf(m fleet.Made) rooms.SeedHome {
	h := rooms.SeedHome{SeedHome: account.SeedHome{ID: m.ID, Name: m.Name, Account: m.Account, Gateway: m.Gateway, Serial: m.Serial, Created: m.Created, From: m.From},
		Shadow: m.Shadow, Beat: m.Beat, Seen: m.Seen}
	if m.Beat != nil {
		h.Version = m.Beat.GetVersion()
	}
	for _, t := range m.Told {
		h.Told = append(h.Told, rooms.SeedItem{At: t.At, Item: t.Item})
	}
	for _, d := range m.Done {
		h.Done = append(h.Done, rooms.SeedDeed{At: d.At, Who: d.Who, Act: d.Act, Why: d.Why, On: d.On})
	}
	return h
}

// days are counts of the weeks before.
func (f *filling) days() (out []history.DayCount) {
	for n := 1; n < fillDays; n++ {
		day := f.what.Now.AddDate(0, 0, -n)
		for _, c := range f.what.Day(n) {
			out = append(out, history.DayCount{Day: day, Kind: c.Kind, Name: c.Name, N: c.N})
		}
	}
	return out
}

func (f *filling) tell(took time.Duration) {
	if f.cmd.JSON {
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"simulated": true, "tenant": f.tenant.ID, "slug": f.tenant.Slug, "homes": f.what.Homes, "data": f.data, "seconds": took.Seconds()}) // to the terminal
		return
	}
	fmt.Printf("A simulated fleet: %d made-up homes of the tenant %q (%s), in %.0f s. Every screen of the console says so.\n", f.what.Homes, f.tenant.Slug, f.tenant.ID, took.Seconds())
	fmt.Printf("It is in %s: cardea serve --data %s shows it.\n", f.data, f.data)
	if f.cmd.Stay {
		fmt.Println("Their gateways go on beating until this ends.")
	}
}
