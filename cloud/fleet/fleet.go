// Package fleet learns from all homes together who devices are: it keeps the newest hashed sightings of each device and
// what its home takes it for, groups devices that are alike, lets operators name such a group once for all homes, and has a
// model learned and published of it. One home has one vote. It may import home, identity, wire and internal/platform/db, and
// owns the fleet_ tables; the learner and the publisher are behind interfaces of its own.
//
// What teaches: what gateways say that the rules say (signed facts), what residents say, and what operators named. None of
// it is believed of a single home: a name teaches of devices that are alike only if at least MinHomes of the homes that have
// such devices say so, and the Wilson lower bound of their share is above MinShare. Of the thresholds for a behaviour two
// cannot be measured here yet: over how many access networks the homes are spread, and whether those that say so have more
// findings than others. Homes with an open incident do not teach, nor do new ones; of those that do not help others (Options.Helps) nothing
// is kept but the ways in that are open, which are their own provider's to see.
package fleet

import (
	"context"
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

// What it takes for a label to teach, and to be shown.
const (
	MinHomes = 20          // homes for what rules or residents say; under it no number is ever shown exactly
	MinNamed = 5           // homes for what an operator named
	MinShare = 0.05        // of the homes with such devices: the Wilson lower bound of those that say so is above it
	MinAge   = 14 * day    // of a home, and of what a resident says
	Keep     = 5 * 7 * day // after a device was told of last; it is told of each week
	day      = 24 * time.Hour
)

// Bounds of what one home may fill, and of the fleet.
const (
	MaxDevices  = 512    // of a home; those told of longest ago give way
	MaxTokens   = 128    // of a device
	MaxClusters = 20_000 // further ones are not made, counted
	MaxLabels   = 50_000 // further ones are not counted, told
	maxExposed  = 32     // exposures of a device
	maxID       = 64
	maxAge      = 3 // of a token and of a device's watch, as pb.Token has it
	maxName     = 64
	minTokens   = 4 // fewer say nothing of a device that nobody knows
)

// pending stands for a cluster that was not looked for yet.
const pending = "new"

// Learner makes a model of units. The same units in the same order make the same model.
type Learner interface {
	Learn(ctx context.Context, units func(yield func(Unit) bool)) ([]byte, error)
}

// Publisher publishes a model for gateways; changed is false when the newest one says the same.
type Publisher interface {
	PublishData(ctx context.Context, name string, data []byte) (version uint64, changed bool, err error)
}

// Options are what the fleet needs of others.
type Options struct {
	// Troubled says which homes have an open incident now; nil: none.
	Troubled func(ctx context.Context) (func(home.Place) bool, error)
	// Helps says of each of some homes whether it may teach others; nil: all may.
	Helps func(tx *db.Tx, homes []home.Place) (map[home.Place]bool, error)
	// Weight is how much a clue counts when devices are compared; nil: by how much its source tells.
	Weight  func(clue uint32) float64
	Learner Learner          // nil: Models
	Publish Publisher        // nil: nothing is published
	Now     func() time.Time // default time.Now
}

// Fleet is the store. Make it with New.
type Fleet struct {
	db   *db.DB
	o    Options
	most int // clusters

	seed maphash.Seed
	mu   sync.Mutex
	told map[uint64]uint64 // device → what was stored of its exposures, so that they are not written each time; at most maxTold
	from time.Time

	dropped atomic.Uint64
}

const (
	maxTold  = 1 << 20
	toldLife = day // then all is written again: another process may have written meanwhile
)

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *Fleet {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Learner == nil {
		o.Learner = Models{}
	}
	if o.Weight == nil {
		o.Weight = weight
	}
	if o.Troubled == nil {
		o.Troubled = func(context.Context) (func(home.Place) bool, error) {
			return func(home.Place) bool { return false }, nil
		}
	}
	return &Fleet{db: d, o: o, most: MaxClusters, seed: maphash.MakeSeed(), told: map[uint64]uint64{}}
}

// Dropped counts texts that did not belong to their token, and clusters and labels beyond the bounds.
func (f *Fleet) Dropped() uint64 { return f.dropped.Load() }

// Trim forgets devices that were not told of for long.
func (f *Fleet) Trim(ctx context.Context) error {
	return f.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("DELETE FROM fleet_device WHERE updated < ?", f.o.Now().Add(-Keep).UnixMilli())
		return err
	})
}
