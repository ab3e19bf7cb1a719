// Package ingest brings what gateways report into the contexts' tables: in batches of one transaction each, every item
// exactly once, in a gateway's order. It may import home, wire and internal/platform/db; the contexts and the bus are behind
// interfaces of its own. It owns which sequences are stored, which worker has which partition, and the dead letters.
package ingest

import (
	"context"
	"embed"
	"log/slog"
	"sync"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Msg is a message of a partition: its subject as wire.ParseSubject reads it, and a pb.Report.
type Msg struct {
	Subject string
	Data    []byte
}

// Source gives a partition's messages in order, at most batch at once. A batch for which f returned an error comes again.
// Consume blocks until ctx ends.
type Source interface {
	Consume(ctx context.Context, partition, batch int, f func(context.Context, []Msg) error) error
}

// Batch collects what one context wants of a transaction's items and writes it at once.
type Batch interface {
	// Take looks at one item; what is not its business it ignores. An error means that the item is bad: nothing of it
	// was taken.
	Take(p home.Place, at time.Time, item *pb.Item) error
	// Flush writes. An error ends the transaction.
	Flush() error
}

// Beat is a gateway's newest heartbeat.
type Beat struct {
	Place home.Place
	Beat  *pb.Heartbeat
	At    time.Time // when it came
}

// Handlers are what ingest needs of others. Nil ones are left out.
type Handlers struct {
	Begin  []func(*db.Tx) Batch                                      // of each context that keeps something of reports
	Beats  func(context.Context, []Beat) error                       // many at once, one a gateway
	Forget func(context.Context, home.Place) error                   // what heartbeats told of a home: erased while they were under way
	Wanted func(*db.Tx, []home.Place) (map[home.Place]uint64, error) // version of the desired state by home (OfHome)
	Nudge  func(p home.Place, version uint64)                        // must not block
}

// Config is how a worker works.
type Config struct {
	Name  string           // of this worker, unique. One that keeps its name takes its leases back at once after a crash
	Batch int              // most messages of one transaction; default 500
	Life  time.Duration    // a lease that is not renewed for so long is taken over; default 5 s
	Flush time.Duration    // how often heartbeats are written; default 2 s
	Now   func() time.Time // default time.Now
}

// Worker stores the reports of the partitions that it holds. Make it with New.
type Worker struct {
	config Config
	db     *db.DB
	source Source
	to     Handlers
	log    *slog.Logger
	leases *leases
	stats  counters
	turns  chan struct{} // one for each transaction that stores; capacity 1 where the database has one writer, so that a person waits for one batch and not for those of all partitions

	share *share

	mu     sync.Mutex
	beats  map[home.Place]Beat      // not yet written, at most maxBeats
	nudged map[home.Place]time.Time // the last nudge, at most maxNudged
}

const (
	maxBeats  = 200_000
	maxNudged = 200_000
	nudgeGap  = 5 * time.Second // of one gateway
)

// New makes a worker. Its tables must have been migrated.
func New(c Config, d *db.DB, source Source, to Handlers, log *slog.Logger) *Worker {
	if c.Batch <= 0 {
		c.Batch = 500
	}
	if c.Life <= 0 {
		c.Life = 5 * time.Second
	}
	if c.Flush <= 0 {
		c.Flush = 2 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	turns := wire.Partitions
	if !d.Postgres() {
		turns = 1
	}
	return &Worker{turns: make(chan struct{}, turns), share: newShare(c.Batch, turns == 1), config: c, db: d, source: source, to: to, log: log, leases: newLeases(d, c.Name, wire.Partitions, c.Life),
		beats: map[home.Place]Beat{}, nudged: map[home.Place]time.Time{}}
}

// nudge tells gateways that run an old desired state, each at most once in nudgeGap.
func (w *Worker) nudge(wanted map[home.Place]uint64, runs map[home.Place]uint64) {
	if w.to.Nudge == nil {
		return
	}
	now := w.config.Now()
	for p, has := range runs {
		want := wanted[p.OfHome()]
		if want <= has {
			continue
		}
		w.mu.Lock()
		last, again := w.nudged[p]
		due := !again || now.Sub(last) >= nudgeGap || now.Before(last)
		if due {
			if len(w.nudged) >= maxNudged {
				clear(w.nudged)
			}
			w.nudged[p] = now
		}
		w.mu.Unlock()
		if due {
			w.stats.nudges.Add(1)
			w.to.Nudge(p, want)
		}
	}
}

// wanted reads the versions that the places' homes should run.
func (w *Worker) wanted(tx *db.Tx, runs map[home.Place]uint64) (map[home.Place]uint64, error) {
	if w.to.Wanted == nil || len(runs) == 0 {
		return nil, nil
	}
	places := make([]home.Place, 0, len(runs))
	for p := range runs {
		places = append(places, p)
	}
	return w.to.Wanted(tx, places)
}
