// Package normal learns from all homes together what is normal for a model of device, and guards them together: it keeps which
// endpoints, hashed, a home's devices use in which week, how unusual their days were and what was found; makes profiles of it
// and has them published; makes expiring indicators of what hard findings of several homes agree on; and makes one incident for
// the operator of what many homes of a model show at once. It may import home, wire, the parts of behavior and
// internal/platform/db, and owns the normal_ tables; who devices are, which homes have open incidents, by which networks they
// come in and who publishes are behind interfaces of its own.
//
// Nothing is kept of a home that does not help others: Options.Helps. A home has one vote a week for a model, however many devices it has and whatever they send. Homes that are new, and homes with
// an open incident, do not teach; devices of people are never asked. What is learned is made anew of what homes told each time:
// a home that is erased is subtracted by that. Where a model is in more homes than MaxVotes, a fair sample of them votes.
package normal

import (
	"context"
	"embed"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// What it takes to teach, and to be told.
const (
	MinHomes = 20       // under it no number of homes is ever told exactly
	MinAge   = 14 * day // of a home
	MaxVotes = 2000     // homes of a model that vote
)

// Bounds of what one home may fill.
const (
	MaxDevices  = 128 // of which first times are kept; those told of longest ago give way
	MaxScored   = 256 // of which scores are kept
	MaxFindings = 64  // the latest
	MaxSaid     = 500 // names of endpoints
	maxID       = 64
	maxName     = 300
)

// How long it is kept.
const (
	KeepDevices  = 8 * week // after a device was told of last
	KeepScores   = 90 * day
	KeepFindings = 90 * day
	KeepSaid     = 30 * day
	KeepNames    = 90 * day // of what is normal nowhere; homes tell them again where it becomes so
	KeepUsed     = 5 * week
	KeepClosed   = 90 * day // incidents of the fleet
)

// Publisher publishes a bundle for gateways; changed is false when the newest one says the same.
type Publisher interface {
	PublishData(ctx context.Context, name string, data []byte) (version uint64, changed bool, err error)
}

// Options are what it needs of others. Those that are nil are done without.
type Options struct {
	// Levels says who the devices of some homes are, by their ids. What its owner called a device is not to be in it, and of a
	// device's recent classes the strictest is to be there. A device that is not in it, or a guest's, is left out.
	Levels func(ctx context.Context, homes []home.Place) (map[home.Place]map[string]profile.Level, error)
	// Networks says by which access network each home comes in; only equality means anything.
	Networks func(ctx context.Context, homes []home.Place) (map[home.Place]uint64, error)
	// Troubled says which homes have an open incident now.
	Troubled func(ctx context.Context) (func(home.Place) bool, error)
	// Helps says of each of some homes whether it may teach others; nil: all may. Of those that may not nothing is kept.
	Helps func(tx *db.Tx, homes []home.Place) (map[home.Place]bool, error)
	// Allowed says whether an endpoint may never become an indicator: allow-lists, and what the installation itself needs.
	Allowed func(name string) bool
	// RollUp gives the endpoints in a home's roll-ups since a day, with the last time of each: what Hunt confirms with.
	RollUp func(ctx context.Context, p home.Place, since time.Time) (map[uint64]time.Time, error)
	// Facts are the keys, at the grain of the domain, of what signed facts say is a level's vendor's own.
	Facts   func(profile.Level) []uint64
	Publish Publisher
	Now     func() time.Time // default time.Now
}

// Normal is the store. Make it with New.
type Normal struct {
	db   *db.DB
	o    Options
	seed maphash.Seed

	mu    sync.Mutex
	named map[uint64]bool // endpoints whose names are known for good; nil: not read yet
	at    time.Time       // when they were read

	guarding sync.Mutex           // of what follows
	whos     map[home.Place]aHome // of homes with findings: who their devices are
	asked    time.Time

	dropped atomic.Uint64
}

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *Normal {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Levels == nil {
		o.Levels = func(context.Context, []home.Place) (map[home.Place]map[string]profile.Level, error) { return nil, nil }
	}
	if o.Networks == nil {
		o.Networks = func(context.Context, []home.Place) (map[home.Place]uint64, error) { return nil, nil }
	}
	if o.Troubled == nil {
		o.Troubled = func(context.Context) (func(home.Place) bool, error) {
			return func(home.Place) bool { return false }, nil
		}
	}
	if o.Allowed == nil {
		o.Allowed = func(string) bool { return false }
	}
	return &Normal{db: d, o: o, seed: maphash.MakeSeed()}
}

// Dropped counts what homes told beyond their bounds, and names that did not belong to their hash.
func (n *Normal) Dropped() uint64 { return n.dropped.Load() }
