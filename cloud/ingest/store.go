package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Store stores a partition's batch in as few transactions as others can wait for. After an error the batch may come again: what
// of it is stored is known by its sequence.
func (w *Worker) Store(ctx context.Context, partition int, msgs []Msg) error {
	for len(msgs) > 0 {
		n := min(len(msgs), w.share.most())
		if err := w.part(ctx, partition, msgs[:n]); err != nil {
			return err
		}
		msgs = msgs[n:]
	}
	return nil
}

// part stores messages in one transaction, all or nothing.
func (w *Worker) part(ctx context.Context, partition int, msgs []Msg) error {
	select {
	case w.turns <- struct{}{}:
		defer func() { <-w.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx = db.Patient(ctx)
	began := time.Now()
	err := w.store(ctx, partition, msgs, false)
	if badData(err) || errors.Is(err, errFault) {
		// Something passed all checks, and the database or our own code cannot take it. Find out which, item by item.
		w.log.Warn("a batch is stored item by item", "partition", partition, "error", err)
		err = w.store(ctx, partition, msgs, true)
	}
	w.stats.busy.Add(int64(time.Since(began)))
	w.stats.batches.Add(1)
	if err != nil {
		w.stats.failed.Add(1)
		return fmt.Errorf("store batch of partition %d: %w", partition, err)
	}
	w.stats.reports.Add(uint64(len(msgs)))
	return nil
}

func (w *Worker) store(ctx context.Context, partition int, msgs []Msg, singly bool) error {
	now := w.config.Now()
	reports := make([]report, 0, len(msgs))
	runs := make(map[home.Place]uint64, len(msgs)) // version of the desired state, by the newest report
	var unread []letter
	for _, m := range msgs {
		r, err := read(m, now)
		if err != nil {
			unread = append(unread, letter{r.place, err.Error(), m.Data})
			continue
		}
		reports = append(reports, r)
		runs[r.place] = r.body.GetDesired()
	}
	var wanted map[home.Place]uint64
	var t *transaction
	var held time.Time
	err := w.db.Tx(ctx, func(tx *db.Tx) error {
		held = time.Now()
		if err := w.leases.hold(tx, partition); err != nil {
			return err
		}
		marks, epochs, err := highest(tx, reports)
		if err != nil {
			return err
		}
		gone, err := erasedFor(tx, reports)
		if err != nil {
			return err
		}
		t = &transaction{tx: tx, begin: w.to.Begin, now: now, marks: marks, erased: gone, dead: unread[:len(unread):len(unread)]}
		if err := t.run(reports, singly); err != nil {
			return err
		}
		if err := storeMarks(tx, marks, epochs, now); err != nil {
			return err
		}
		if err := bury(tx, t.dead, now); err != nil {
			return err
		}
		wanted, err = w.wanted(tx, runs)
		return err
	})
	if err != nil {
		return err
	}
	w.share.took(len(msgs), time.Since(held))
	t.tally.refused = uint64(len(t.dead))
	w.stats.add(t.tally)
	w.lag(reports, now)
	w.nudge(wanted, runs)
	return nil
}

func (w *Worker) lag(reports []report, now time.Time) {
	var behind time.Duration
	for _, r := range reports {
		if sent := time.UnixMilli(r.body.GetSent()); sent.After(unset) {
			behind = max(behind, now.Sub(sent))
		}
	}
	w.stats.behind.Store(int64(behind))
}

// transaction is one try to store a batch.
type transaction struct {
	tx     *db.Tx
	begin  []func(*db.Tx) Batch
	now    time.Time
	marks  map[stream]*mark
	erased erased
	dead   []letter
	tally  tally
}

func (t *transaction) run(reports []report, singly bool) error {
	batches := t.open()
	for _, r := range reports {
		m := t.marks[stream{r.place, r.body.GetEpoch()}]
		before := uint64(0)
		for _, item := range r.body.GetItems() {
			n := item.GetSequence()
			if err := checkSequence(n, before); err != nil {
				t.bury(r, item, err)
				continue
			}
			before = n
			if n <= m.sequence {
				t.tally.skipped++
				continue
			}
			m.missing += n - m.sequence - 1
			t.tally.missing += n - m.sequence - 1
			m.sequence, m.changed = n, true
			if item.GetBody() == nil { // of a newer agent
				t.tally.unknown++
				continue
			}
			if gone, err := t.gone(r, item); err != nil {
				return err
			} else if gone {
				t.tally.erased++
				continue
			}
			if err := t.item(batches, r, item, singly); err != nil {
				return err
			}
		}
	}
	return flush(batches)
}

// gone takes out of an item what its home has had erased meanwhile, and says whether nothing is left of it.
func (t *transaction) gone(r report, item *pb.Item) (bool, error) {
	marks := t.erased[r.place.OfHome()]
	if marks == nil {
		return false, nil
	}
	if o := item.GetOrderResult(); o != nil {
		for device, m := range marks {
			if m.Request != "" && m.Request == o.GetId() {
				m.Waits = time.Time{}
				marks[device] = m
				return false, confirmed(t.tx, r.place, o.GetId())
			}
		}
	}
	return !filter{marks, t.now}.keep(r.when(item, t.now), item), nil
}

func (t *transaction) open() []Batch {
	batches := make([]Batch, len(t.begin))
	for i, f := range t.begin {
		batches[i] = f(t.tx)
	}
	return batches
}

func flush(batches []Batch) (err error) {
	defer recovered(&err)
	for _, b := range batches {
		if err := b.Flush(); ours(err) {
			return fmt.Errorf("%w: %w", errFault, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// item hands an item to the contexts. One that is bad is buried; an error is the database's.
func (t *transaction) item(batches []Batch, r report, item *pb.Item, singly bool) error {
	if !singly {
		err := take(batches, r.place, r.when(item, t.now), item)
		if errors.Is(err, errFault) {
			return err // who had taken it before is not known
		}
		if err != nil {
			t.bury(r, item, err)
			return nil
		}
		t.tally.stored++
		return nil
	}
	if _, err := t.tx.Exec("SAVEPOINT item"); err != nil {
		return err
	}
	alone := t.open()
	err := take(alone, r.place, r.when(item, t.now), item)
	bad := err != nil
	if !bad {
		err = flush(alone)
		bad = badData(err) || errors.Is(err, errFault)
	}
	if bad {
		if _, err := t.tx.Exec("ROLLBACK TO SAVEPOINT item"); err != nil {
			return err
		}
		t.bury(r, item, err)
	} else if err != nil {
		return err
	} else {
		t.tally.stored++
	}
	_, err = t.tx.Exec("RELEASE SAVEPOINT item")
	return err
}

// take asks all contexts.
func take(batches []Batch, p home.Place, at time.Time, item *pb.Item) (err error) {
	defer recovered(&err)
	for _, b := range batches {
		if err := b.Take(p, at, item); err != nil {
			return err
		}
	}
	return nil
}

var errFault = errors.New("a fault of ours")

// recovered makes an error of a panic: what one home sends, who may be hostile, must not stop the others.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v\n%s", errFault, r, debug.Stack())
	}
}

func (t *transaction) bury(r report, item *pb.Item, why error) {
	data, err := proto.Marshal(item)
	if err != nil {
		data = r.data
	}
	t.dead = append(t.dead, letter{r.place, fmt.Sprintf("item %d: %v", item.GetSequence(), why), data})
}

// ours says whether an error is neither the database's nor the end of the work: it would come again with each try, and hold up all homes of
// the partition. That of a connection that broke looks the same, and then nothing can be buried either: the batch comes again.
func ours(err error) bool {
	return err != nil && !errors.As(err, new(interface{ SQLState() string })) && !errors.As(err, new(interface{ Code() int })) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// badData says whether the database refused what it was given, rather than failed. PostgreSQL tells by SQLSTATE (class 22
// data exception, 23 integrity), SQLite by its result code (18 too big, 19 constraint, 20 mismatch).
func badData(err error) bool {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.SQLState(), "22") || strings.HasPrefix(pg.SQLState(), "23")
	}
	var lite interface{ Code() int }
	if errors.As(err, &lite) {
		c := lite.Code() & 0xff
		return c >= 18 && c <= 20
	}
	return false
}
