// Package db is the only door to a database: SQLite in a file, or PostgreSQL. What is above it writes one SQL text for
// both: "?" for arguments, BIGINT milliseconds for times, TEXT, BIGINT, BYTEA and DOUBLE PRECISION as types, ON CONFLICT on
// whole keys, nothing of sequences, notifications or table locks. It knows no table: each context under cloud/ owns its own.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DB is one database. SQLite has one writer and several readers.
type DB struct {
	write, read *sql.DB // the same for PostgreSQL
	postgres    bool
}

// Open opens "sqlite:/path/file.db" or "postgres://user@host/name". A SQLite file is made when it is not there; every commit
// is on the disk before Tx returns.
func Open(ctx context.Context, where string) (*DB, error) {
	d := &DB{}
	var err error
	if path, ok := strings.CutPrefix(where, "sqlite:"); ok {
		if d.write, err = sqlite(path, "immediate"); err == nil {
			d.write.SetMaxOpenConns(1)
			d.read, err = sqlite(path, "deferred")
		}
		if err == nil {
			d.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
		}
	} else if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		d.postgres = true
		d.write, err = sql.Open("pgx", where)
		d.read = d.write
	} else {
		return nil, errors.New("database: want sqlite:/path/file.db or postgres://user@host/name")
	}
	if err == nil {
		err = d.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), d.Close())
	}
	return d, nil
}

func sqlite(path, lock string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(30000)", "foreign_keys(1)", "cache_size(-16000)",
	}}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
}

// Close ends all connections.
func (d *DB) Close() error {
	var errs []error
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	if d.read != nil && d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	return errors.Join(errs...)
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.write.PingContext(ctx) }

// Postgres says which of the two it is, for what differs in administration; queries are the same.
func (d *DB) Postgres() bool { return d.postgres }

// Migrate brings a context's tables up to date. files has migrations/00001_name.sql and so on, as goose reads them. Several
// processes may do it at once.
func (d *DB) Migrate(ctx context.Context, name string, files fs.FS) error {
	dialect := database.DialectSQLite3
	if d.postgres {
		dialect = database.DialectPostgres
	}
	store, err := database.NewStore(dialect, "goose_"+name)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	if files, err = fs.Sub(files, "migrations"); err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	p, err := goose.NewProvider("", d.write, files, goose.WithStore(store))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	return nil
}

// Tx is one transaction.
type Tx struct {
	ctx   context.Context
	tx    *sql.Tx
	pg    bool
	after []func()
}

// tries bounds how often a transaction is run again because another one was in its way.
const tries = 8

// Tx runs f in a read-write transaction and commits it if f returns nil. f is run again from its beginning when another
// transaction was in the way, so it must do nothing outside but by Tx.After.
func (d *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	for n := 1; ; n++ {
		err := d.once(ctx, d.write, nil, f)
		if err == nil || n == tries || !again(err) {
			return err
		}
	}
}

// View runs f in a transaction that only reads.
func (d *DB) View(ctx context.Context, f func(*Tx) error) error {
	return d.once(ctx, d.read, &sql.TxOptions{ReadOnly: d.postgres}, f)
}

func (d *DB) once(ctx context.Context, on *sql.DB, opts *sql.TxOptions, f func(*Tx) error) error {
	tx, err := on.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	t := &Tx{ctx: ctx, tx: tx, pg: d.postgres}
	done := false
	defer func() {
		if !done {
			_ = tx.Rollback() // the error that led here is the one to tell
		}
	}()
	if err := f(t); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, g := range t.after {
		g()
	}
	return nil
}

// again says whether another transaction was in the way (PostgreSQL's serialization_failure and deadlock_detected).
func again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// Context is the transaction's own.
func (t *Tx) Context() context.Context { return t.ctx }

// After has f called once the transaction is committed. f must not block.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(q string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(t.ctx, t.text(q), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query reads rows; close them.
func (t *Tx) Query(q string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, t.text(q), args...)
}

// Row reads one row.
func (t *Tx) Row(q string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.text(q), args...)
}

// NoRows says whether there was no such row.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func (t *Tx) text(q string) string {
	if !t.pg {
		return q
	}
	return rebind(q)
}

// rebind makes "?" into "$1", "$2" … outside of quoted text.
func rebind(q string) string {
	var b strings.Builder
	n, quote := 0, byte(0)
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quote = c
			b.WriteByte(c)
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
