package ingest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func migrated(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	if err := d.Migrate(context.Background(), "ingest", Migrations); err != nil {
		t.Fatal(err)
	}
	return d
}

// stores says whether a worker's lease lets it store.
func (l *leases) stores(part int) error {
	return l.db.Tx(context.Background(), func(tx *db.Tx) error { return l.hold(tx, part) })
}

func TestAnotherWorkerTakesOverWithinALife(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := context.Background(), t0
		migrated(t, d)
		a, b := newLeases(d, "a", 4, 5*time.Second), newLeases(d, "b", 4, 5*time.Second)
		if held, err := a.round(ctx, now); err != nil || len(held) != 4 {
			t.Fatalf("%v %v", held, err)
		}
		if held, err := b.round(ctx, now); err != nil || len(held) != 0 {
			t.Fatalf("taken from one who lives: %v %v", held, err)
		}
		now = now.Add(4 * time.Second)
		if held, err := b.round(ctx, now); err != nil || len(held) != 0 {
			t.Fatalf("taken too early: %v %v", held, err)
		}
		now = now.Add(time.Second)
		if held, err := b.round(ctx, now); err != nil || len(held) != 4 {
			t.Fatalf("not taken over: %v %v", held, err)
		}
		if err := a.stores(1); !errors.Is(err, ErrLost) { // it slept and still believes that it holds them
			t.Errorf("a worker that lost its lease stores: %v", err)
		}
		if err := b.stores(1); err != nil {
			t.Error(err)
		}
	})
}

func TestWorkersShareAndGiveBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := context.Background(), t0
		migrated(t, d)
		a, b := newLeases(d, "a", 16, 5*time.Second), newLeases(d, "b", 16, 5*time.Second)
		var x, y map[int]bool
		var err error
		for range 6 {
			now = now.Add(time.Second)
			if x, err = a.round(ctx, now); err != nil {
				t.Fatal(err)
			}
			if y, err = b.round(ctx, now); err != nil {
				t.Fatal(err)
			}
		}
		if len(x) != 8 || len(y) != 8 {
			t.Errorf("shares %d and %d", len(x), len(y))
		}
		if err := a.release(ctx); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			now = now.Add(time.Second)
			if y, err = b.round(ctx, now); err != nil {
				t.Fatal(err)
			}
		}
		if len(y) != 16 {
			t.Errorf("%d held after the other has left", len(y))
		}
		again := newLeases(d, "b", 16, 5*time.Second) // killed and started again
		if z, err := again.round(ctx, now); err != nil || len(z) != 16 {
			t.Errorf("its own leases kept it waiting: %v %v", z, err)
		}
		if err := b.stores(3); !errors.Is(err, ErrLost) {
			t.Errorf("its former life stores: %v", err)
		}
	})
}

// However workers come, sleep and wake, whenever their clocks say what: at most one of them may store into a partition.
func TestAtMostOneWorkerStores(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		rapid.Check(t, func(t *rapid.T) {
			ctx := context.Background()
			if err := d.Tx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec("DELETE FROM ingest_lease")
				if err == nil {
					_, err = tx.Exec("DELETE FROM ingest_worker")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			workers := []*leases{newLeases(d, "a", 3, 5*time.Second), newLeases(d, "b", 3, 5*time.Second), newLeases(d, "c", 3, 5*time.Second)}
			clocks := []time.Time{t0, t0.AddDate(1, 0, 0), t0.AddDate(-1, 0, 0)}
			for range rapid.IntRange(1, 15).Draw(t, "rounds") {
				n := rapid.IntRange(0, 2).Draw(t, "worker")
				clocks[n] = clocks[n].Add(time.Duration(rapid.IntRange(0, 7).Draw(t, "seconds")) * time.Second)
				if _, err := workers[n].round(ctx, clocks[n]); err != nil {
					t.Fatal(err)
				}
				for part := range 3 {
					may := 0
					for _, w := range workers {
						if err := w.stores(part); err == nil {
							may++
						} else if !errors.Is(err, ErrLost) {
							t.Fatal(err)
						}
					}
					if may > 1 {
						t.Fatalf("%d workers store into partition %d", may, part)
					}
				}
			}
		})
	})
}

// stream is a source in memory: it keeps what was not stored.
type memory struct {
	mu    sync.Mutex
	parts map[int][]Msg
	more  chan struct{} // closed and made anew when something was put
}

func newMemory() *memory { return &memory{parts: map[int][]Msg{}, more: make(chan struct{})} }

func (m *memory) put(part int, msgs ...Msg) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts[part] = append(m.parts[part], msgs...)
	close(m.more)
	m.more = make(chan struct{})
}

func (m *memory) Consume(ctx context.Context, part, batch int, f func(context.Context, []Msg) error) error {
	for ctx.Err() == nil {
		m.mu.Lock()
		waiting, more := m.parts[part], m.more
		waiting = waiting[:min(len(waiting), batch)]
		m.mu.Unlock()
		if len(waiting) > 0 {
			if err := f(ctx, waiting); err != nil {
				continue
			}
			m.mu.Lock()
			m.parts[part] = m.parts[part][len(waiting):]
			m.mu.Unlock()
			continue
		}
		select {
		case <-ctx.Done():
		case <-more:
		}
	}
	return ctx.Err()
}

func (m *memory) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parts {
		if len(p) > 0 {
			return false
		}
	}
	return true
}

// until waits for something that is to come by itself; the test ends by its own time limit when it does not.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for !f() {
		select {
		case <-t.Context().Done():
			t.Fatal(what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Two workers share the partitions; one is ended in the middle, the other goes on, and all is stored once.
func TestWorkersRunAndTakeOver(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		source, p := newMemory(), place("1", "1", "1")
		first, second := open(t, d, clock(t0), source), open(t, d, clock(t0), source)
		second.leases.name = "w2"
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		one, endOne := context.WithCancel(ctx)
		defer endOne()
		var wg sync.WaitGroup
		wg.Go(func() { _ = first.Run(one) })
		until(t, "the first worker holds all", func() bool { return first.Stats().Partitions == wire.Partitions })
		wg.Go(func() { _ = second.Run(ctx) })
		until(t, "they share", func() bool {
			return first.Stats().Partitions == wire.Partitions/2 && second.Stats().Partitions == wire.Partitions/2
		})
		for i := range uint64(200) {
			source.put(int(i)%wire.Partitions, msg(t, place("1", "2", "2"), i%wire.Partitions, stopped(i/wire.Partitions+1, 1)))
			if i == 100 {
				endOne()
			}
		}
		source.put(3, msg(t, p, 1, stopped(1, 1)))
		until(t, "all is stored", source.empty)
		until(t, "the second worker holds all", func() bool { return second.Stats().Partitions == wire.Partitions })
		if n := second.count(t, place("1", "2", "2")); n != 200 {
			t.Errorf("stored %d", n)
		}
		cancel()
		wg.Wait()
	})
}

func TestHeartbeatsAreWrittenAndOldVersionsNudged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := context.Background(), t0
		w := open(t, d, func() time.Time { return now }, nil)
		w.hold(t)
		p, q := place("1", "1", "1"), place("2", "1", "2")
		if err := d.Tx(ctx, func(tx *db.Tx) error { return w.desired.Touch(tx, p) }); err != nil {
			t.Fatal(err)
		}
		w.Beat(wire.Beat(p), beat(t, 0))
		w.Beat(wire.Beat(p), beat(t, 0))
		w.Beat(wire.Beat(q), beat(t, 0))
		w.Beat("h.nobody", beat(t, 0))
		w.Beat(wire.Beat(q), []byte("\xff"))
		w.Beat(wire.Beat(q), make([]byte, maxBeatBytes+1))
		if err := w.FlushBeats(ctx); err != nil {
			t.Fatal(err)
		}
		if s := w.Stats(); s.Beats != 2 || s.BeatsLost != 3 || s.Nudges != 1 || len(w.nudges) != 1 || w.nudges[0] != p {
			t.Errorf("%+v %v", s, w.nudges)
		}
		s, err := w.history.State(ctx, p)
		if err != nil || !s.Seen.Equal(t0) {
			t.Errorf("%+v %v", s, err)
		}
		if err := w.Store(ctx, 0, []Msg{msg(t, p, 1, stopped(1, 1))}); err != nil { // too soon after the last nudge
			t.Fatal(err)
		}
		now = now.Add(nudgeGap)
		if err := w.Store(ctx, 0, []Msg{msg(t, p, 1, stopped(2, 1)), msg(t, q, 1, stopped(1, 1))}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(nudgeGap)
		w.Beat(wire.Beat(p), beat(t, 1))
		if err := w.FlushBeats(ctx); err != nil {
			t.Fatal(err)
		}
		if len(w.nudges) != 2 {
			t.Errorf("nudges %v", w.nudges)
		}
	})
}

// What could not be written waits, and a newer heartbeat takes its place.
func TestHeartbeatsWaitForTheDatabase(t *testing.T) {
	ctx, now := context.Background(), t0
	w := open(t, dbtest.SQLite(t), func() time.Time { return now }, nil)
	p, q := place("1", "1", "1"), place("2", "1", "2")
	good := w.to.Beats
	w.to.Beats = func(context.Context, []Beat) error {
		now = now.Add(time.Minute)
		w.Beat(wire.Beat(q), beat(t, 0))
		return errors.New("away")
	}
	w.Beat(wire.Beat(p), beat(t, 0))
	w.Beat(wire.Beat(q), beat(t, 0))
	if err := w.FlushBeats(ctx); err == nil {
		t.Fatal("no error")
	}
	w.to.Beats = good
	if err := w.FlushBeats(ctx); err != nil {
		t.Fatal(err)
	}
	x, _ := w.history.State(ctx, p)
	y, _ := w.history.State(ctx, q)
	if !x.Seen.Equal(t0) || !y.Seen.Equal(t0.Add(time.Minute)) {
		t.Errorf("seen %v and %v", x.Seen, y.Seen)
	}
}

// Renewing succeeds while all partitions store without a pause.
func TestLeasesAreRenewedUnderLoad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		w := open(t, d, clock(t0), nil)
		w.hold(t)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		for part := range 6 {
			wg.Go(func() {
				p := place("1", string(rune('a'+part)), "1")
				for n := uint64(1); ctx.Err() == nil; n++ {
					if err := w.Store(ctx, part, []Msg{msg(t, p, 1, stopped(n, 1))}); err != nil && ctx.Err() == nil {
						t.Errorf("partition %d: %v", part, err)
						return
					}
				}
			})
		}
		now := t0
		for range 20 {
			now = now.Add(time.Second)
			if held, err := w.leases.round(ctx, now); err != nil || len(held) != wire.Partitions {
				t.Fatalf("%d partitions held, %v", len(held), err)
			}
		}
		if s := w.Stats(); s.Failed > 0 {
			t.Errorf("%+v", s)
		}
	})
}
