// Package intel brings threat intelligence to all homes: it fetches lists and STIX indicators from sources with a trust and an expiry
// each, keeps the last good content of each, leaves out what must never be blocked, and has the lists published; it tells before what a
// list would have touched, keeps what versions that are only tried would have done, and has homes look through their past.
//
// It may import home, intel, wire and internal/platform/db and owns the intel_ tables. Who publishes, what homes told and what profiles
// know are behind functions of Options. Sources, lists and exceptions are of the whole installation; searches and what homes tell are a
// tenant's. Of numbers under MinHomes homes nothing is told exactly.
package intel

import (
	"context"
	"crypto/x509"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"cardea/cloud/intel/fetch"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// MinHomes is how many homes there must be for a number of them to be told.
const MinHomes = 20

const day = 24 * time.Hour

// How long it is kept.
const (
	KeepShadow = 90 * day // after it was told last
	KeepHunts  = 90 * day // after it began
)

// Errors that the caller turns into words.
var (
	ErrUnknown = errors.New("there is no such thing here")
	ErrWrong   = errors.New("that cannot be")
)

// Options are what it needs of others. Those that are nil are done without.
type Options struct {
	Dir     string   // secrets/ holds what sources are asked with; own.txt and popular.txt what is never blocked. "": none of it
	Own     []string // names that are the provider's own beside those, as where people and gateways reach the cloud
	Roots   *x509.CertPool
	Publish func(ctx context.Context, lists fs.FS) (Published, error)
	// Amend has lists that somebody published by hand published again as they are to be now, where there are no lists of sources.
	Amend func(ctx context.Context, by *Check) (Published, error)
	// Known are the names that healthy devices of models use, as profiles have them.
	Known func(ctx context.Context) ([]Known, error)
	// Hunt gives each home that told of one of the endpoints, by hash, since a time, and the device where that is known.
	Hunt func(ctx context.Context, endpoints []uint64, since time.Time, do func(p home.Place, device string, endpoint uint64) error) error
	// Day gives what a home told of a day: each device's endpoints, by hash.
	Day func(ctx context.Context, p home.Place, day time.Time) (map[string][]uint64, error)
	// Days is Day of some homes and of each day from one to another; an endpoint may be told of again. nil: Day is asked for each.
	Days func(ctx context.Context, homes []home.Place, from, to time.Time, do func(p home.Place, day time.Time, device string, endpoint uint64) error) error
	// Touch has gateways fetch what is desired anew.
	Touch func(tx *db.Tx, p home.Place) error
	Log   *slog.Logger
	Now   func() time.Time
}

// Published says what became of lists.
type Published struct {
	Version uint64
	Changed bool
	Entries int
}

// Known is a name that healthy devices use.
type Known struct {
	Name  string // collapsed
	Model string // in words
	Share float64
	Homes int
	Hash  uint64 // the endpoint that it is part of
}

// Intel is the store and what fetches into it. Make it with New.
type Intel struct {
	db     *db.DB
	o      Options
	client *fetch.Client
	guards guards
}

// New makes it on tables that have been migrated. It starts nothing.
func New(d *db.DB, o Options) *Intel {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Intel{db: d, o: o, client: fetch.New(o.Roots)}
}

// shown is a number of homes as it may be told; 0: too few, or none.
func shown(n int) int {
	if n < MinHomes {
		return 0
	}
	return n
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
