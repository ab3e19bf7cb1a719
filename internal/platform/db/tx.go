package db

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"
)

// Tx is one transaction. What it reads is of one moment; if somebody else changed a row that it changes, it is run again.
type Tx struct {
	ctx   context.Context
	tx    *sql.Tx
	d     *DB
	after []func()
}

const (
	// tries bounds how often a transaction is run again because another one was in its way.
	tries = 24
	// patience bounds how long a lost database is waited for: as long as a restart of PostgreSQL takes, and no longer
	// than somebody waits for a page.
	patience = 15 * time.Second
)

// Tx runs f in a read-write transaction and commits it if f returns nil. f is run again from its beginning when another
// transaction was in the way, or the connection was lost before the commit was sent: it must do nothing outside but by
// Tx.After, and begin with what it tells its caller as it found it. When the connection is lost while committing, the
// answer is ErrUnknown: only the caller knows how to find out.
func (d *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	begun := time.Now()
	for n := 1; ; n++ {
		after, err := d.turn(ctx, f)
		if err == nil {
			run(after)
			if d.log != nil && isPatient(ctx) {
				d.log.move(ctx)
			}
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		switch {
		case inTheWay(err) && n < tries:
		case lost(err) && !Unknown(err) && time.Since(begun) < patience:
		default:
			return err
		}
		if !pause(ctx, n) {
			return err
		}
	}
}

// View runs f in a transaction that only reads, all of it as of one moment. It waits for a lost database too, but runs f
// once.
func (d *DB) View(ctx context.Context, f func(*Tx) error) error {
	begun, called := time.Now(), false
	for n := 1; ; n++ {
		after, err := d.once(ctx, d.read, d.options(true), func(tx *Tx) error {
			called = true
			return f(tx)
		})
		if err == nil {
			run(after)
			return nil
		}
		if called || ctx.Err() != nil || !lost(err) && !inTheWay(err) || time.Since(begun) >= patience || !pause(ctx, n) {
			return err
		}
	}
}

// pause waits before the n-th further try: at random, so that those who met do not meet again.
func pause(ctx context.Context, n int) bool {
	most := min(time.Millisecond<<min(n, 10), 500*time.Millisecond)
	t := time.NewTimer(rand.N(most) + time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// options ask PostgreSQL for what SQLite does anyway: one moment for all of a transaction, and no change to what somebody else
// has changed since.
func (d *DB) options(readOnly bool) *sql.TxOptions {
	if !d.postgres {
		return nil
	}
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: readOnly}
}

func run(after []func()) {
	for _, g := range after {
		g()
	}
}

// turn runs f once when it has the writer, where there is only one.
func (d *DB) turn(ctx context.Context, f func(*Tx) error) (after []func(), err error) {
	if d.turns != nil {
		if err := d.turns.take(ctx); err != nil {
			return nil, fmt.Errorf("begin transaction: %w", err)
		}
		defer d.turns.give()
	}
	return d.once(ctx, d.write, d.options(false), f)
}

// once runs f once and says what to do after it.
func (d *DB) once(ctx context.Context, on *sql.DB, opts *sql.TxOptions, f func(*Tx) error) (after []func(), err error) {
	tx, err := on.BeginTx(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	t := &Tx{ctx: ctx, tx: tx, d: d}
	done := false
	defer func() {
		if !done {
			_ = tx.Rollback() // the error that led here is the one to tell
		}
	}()
	if err := f(t); err != nil {
		return nil, err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return nil, commitError(err)
	}
	return t.after, nil
}

// Context is the transaction's own.
func (t *Tx) Context() context.Context { return t.ctx }

// After has f called once the transaction is committed. f must not block.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(q string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(t.ctx, t.d.text(q), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query reads rows; close them.
func (t *Tx) Query(q string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, t.d.text(q), args...)
}

// Row reads one row.
func (t *Tx) Row(q string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.d.text(q), args...)
}
