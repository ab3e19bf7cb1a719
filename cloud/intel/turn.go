package intel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/internal/platform/db"

	"golang.org/x/sync/errgroup"
)

const (
	turnLife   = 10 * time.Minute // a process that is gone loses its turn after that
	atOnce     = 3                // sources that are asked at once
	buildEvery = time.Minute      // at most
	buildLeast = time.Hour        // what is known of healthy devices may have changed
)

// Turned says what a turn did.
type Turned struct {
	Busy    bool // another process has the turn: nothing was done
	Fetched int  // sources that were asked
	Built   bool
	Published
}

// Turn asks the sources that are due, and publishes lists where anything changed. Of several processes one does it. It is called each
// half minute.
func (n *Intel) Turn(ctx context.Context) (t Turned, err error) {
	ctx = db.Patient(ctx)
	until, err := n.take(ctx)
	if err != nil || until == 0 {
		return Turned{Busy: err == nil}, err
	}
	defer func() { err = errors.Join(err, n.release(context.WithoutCancel(ctx), until)) }()
	sources, err := n.Sources(ctx)
	if err != nil {
		return t, err
	}
	grp, fetching := errgroup.WithContext(ctx)
	grp.SetLimit(atOnce)
	now := n.o.Now()
	for _, s := range sources {
		if now.Before(s.Due) {
			continue
		}
		t.Fetched++
		grp.Go(func() error {
			_, err := n.fetchOne(fetching, s)
			return err
		})
	}
	if err := grp.Wait(); err != nil {
		return t, err
	}
	// Sources that hang may have taken longer than a turn lasts: who has the next one builds, of what is newer.
	still, err := n.hold(ctx, "until = ?", until)
	if err != nil || still == 0 {
		return t, err
	}
	until = still
	t.Built, t.Published, err = n.renew(ctx)
	return t, err
}

// take takes the turn if nobody has it: until when, in milliseconds; 0: somebody has.
func (n *Intel) take(ctx context.Context) (until int64, err error) {
	return n.hold(ctx, "until < ?", n.o.Now().UnixMilli())
}

// hold has the turn from now on, if that is so of it.
func (n *Intel) hold(ctx context.Context, is string, of int64) (until int64, err error) {
	next := n.o.Now().Add(turnLife).UnixMilli()
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		until = 0
		some, err := tx.Exec("UPDATE intel_turn SET until = ? WHERE id = 1 AND "+is, next, of)
		if some == 1 {
			until = next
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("turn of intelligence: %w", err)
	}
	return until, nil
}

// release ends one's own turn: another's, that began when this one was over, goes on.
func (n *Intel) release(ctx context.Context, until int64) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE intel_turn SET until = 0 WHERE id = 1 AND until = ?", until)
		return err
	})
}

// Lists says what is in force.
type Lists struct {
	Version uint64    `json:"version"` // of the bundle, when it was built here last; 0: never
	Entries int       `json:"entries"`
	At      time.Time `json:"at"`
	Waits   bool      `json:"waits"` // something changed that is not published yet
	Failure string    `json:"failure,omitempty"`
	Known   int       `json:"known"` // names that no list of malware may have

	next time.Time
}

// Lists tells it.
func (n *Intel) Lists(ctx context.Context) (l Lists, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		var wanted, at, next int64
		if err := tx.Row("SELECT wanted, version, entries, at, next, failure FROM intel_turn WHERE id = 1").Scan(&wanted, &l.Version, &l.Entries, &at, &next, &l.Failure); err != nil {
			return err
		}
		l.Waits, l.At, l.next = wanted != 0, fromMilli(at), fromMilli(next)
		return nil
	})
	if err != nil {
		return l, fmt.Errorf("lists: %w", err)
	}
	l.Known = n.guards.len()
	return l, nil
}

// renew builds and publishes the lists where something may have changed.
func (n *Intel) renew(ctx context.Context) (built bool, p Published, err error) {
	l, err := n.Lists(ctx)
	if err != nil || n.o.Publish == nil {
		return false, p, err
	}
	now := n.o.Now()
	due := l.Waits || !l.next.IsZero() && !now.Before(l.next) || !l.At.IsZero() && now.Sub(l.At) >= buildLeast
	if !due || now.Sub(l.At) < buildEvery {
		return false, p, nil
	}
	if p, err = n.build(ctx, now, l.Version > 0); err != nil {
		return false, p, errors.Join(err, n.unbuilt(context.WithoutCancel(ctx), err))
	}
	return true, p, nil
}

// unbuilt writes down why lists could not be published; it is tried again in a minute.
func (n *Intel) unbuilt(ctx context.Context, why error) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE intel_turn SET failure = ?, wanted = 1 WHERE id = 1", short(why.Error()))
		return err
	})
}
