// Package history keeps what homes told of themselves: their devices, their gateway's state, which endpoints a device used
// for the first time, an hour's traffic by device, what was stopped, and who looked. It may import home, wire and
// internal/platform/db, and owns the history_ tables. It decides nothing.
package history

import (
	"embed"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Bounds of what one home may fill.
const (
	MaxDevices    = 1024      // devices of a home; those heard of longest ago give way
	MaxFirstTimes = 20_000    // (device, endpoint) of a home; further ones are dropped and counted
	MaxDayBytes   = 128 << 10 // roll-ups of a home's day; further ones are dropped and counted
	MaxStops      = 500       // different refusals of a home's day; further ones are dropped and counted
	MaxLooks      = 1000      // of a home, the latest
	maxDeviceData = 24 << 10  // bytes of one device
	maxID         = 64        // bytes of a device's id
)

// How long it is kept.
const (
	KeepRollUps    = 400 * day
	KeepFirstTimes = 90 * day // after the last week it was announced in
	KeepStopped    = 90 * day
	KeepLooks      = 400 * day
	day            = 24 * time.Hour
)

// Options are what history needs of others.
type Options struct {
	Feed func(tx *db.Tx, p home.Place, kind, id string) error // tells the home's apps of a change; nil tells nobody
	Now  func() time.Time                                     // default time.Now
}

// History is the store. Make it with New.
type History struct {
	db      *db.DB
	feed    func(tx *db.Tx, p home.Place, kind, id string) error
	now     func() time.Time
	known   *bound // homes that have their row
	first   *bound // first times of a home
	stops   *bound // refusals of a home's day
	devices *bound // devices of a home

	droppedFirst, droppedRollUps, droppedStops, droppedLines atomic.Uint64

	mu     sync.Mutex
	counts map[string]*counted // by tenant; what is in it is guarded too
}

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *History {
	if o.Feed == nil {
		o.Feed = func(*db.Tx, home.Place, string, string) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &History{db: d, feed: o.Feed, now: o.Now, known: newBound(1), first: newBound(MaxFirstTimes), stops: newBound(MaxStops), devices: newBound(MaxDevices),
		counts: map[string]*counted{}}
}

// Dropped counts what homes told beyond their bounds.
type Dropped struct{ FirstTimes, RollUps, Stops, Lines uint64 }

// Dropped tells the counts since the start.
func (h *History) Dropped() Dropped {
	return Dropped{h.droppedFirst.Load(), h.droppedRollUps.Load(), h.droppedStops.Load(), h.droppedLines.Load()}
}

// bound remembers about how many rows there are of a key, so that they need not be counted each time. It is of this process
// only and never exact: it bounds what a hostile home can fill, nothing more.
type bound struct {
	max  int
	seed maphash.Seed

	mu    sync.Mutex
	rows  map[uint64]tallied // at most maxBound
	began time.Time
}

type tallied struct {
	n     int32
	exact bool // counted, not estimated
}

const maxBound = 1 << 20

func newBound(max int) *bound {
	return &bound{max: max, seed: maphash.MakeSeed(), rows: map[uint64]tallied{}}
}

type boundKey struct {
	tenant, home string
	day          int64
}

// room says how many more rows may be there. ask: they have to be counted first (counted).
func (b *bound) room(k boundKey, now time.Time) (n int, ask bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.began) > day || len(b.rows) > maxBound {
		clear(b.rows)
		b.began = now
	}
	t, ok := b.rows[maphash.Comparable(b.seed, k)]
	n = b.max - int(t.n)
	return max(n, 0), !ok || n <= 0 && !t.exact
}

// counted sets the number of rows.
func (b *bound) counted(k boundKey, n int) {
	b.mu.Lock()
	b.rows[maphash.Comparable(b.seed, k)] = tallied{int32(min(n, b.max)), true}
	b.mu.Unlock()
}

// add estimates.
func (b *bound) add(k boundKey, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := maphash.Comparable(b.seed, k)
	b.rows[h] = tallied{int32(min(int(b.rows[h].n)+n, b.max)), false}
}

func (b *bound) forget() {
	b.mu.Lock()
	clear(b.rows)
	b.mu.Unlock()
}

// dayOf numbers days since 1970, UTC.
func dayOf(t time.Time) int64 { return t.Unix() / 86400 }
