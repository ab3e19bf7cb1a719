// Package db is the only door to a database: SQLite in a file, or PostgreSQL. What is above it writes one SQL text for
// both: "?" for arguments, BIGINT milliseconds for times, TEXT, BIGINT, BYTEA and DOUBLE PRECISION as types, ON CONFLICT on
// whole keys, nothing of sequences, notifications or table locks. It knows no table: each context under cloud/ owns its own.
// It imports no room of the project.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DB is one database. SQLite has one writer and several readers.
type DB struct {
	write, read *sql.DB // the same for PostgreSQL
	postgres    bool
	path        string  // of the SQLite file
	turns       *turns  // before SQLite's writer; nil for PostgreSQL
	log         *sqlLog // SQLite's write-ahead log; nil for PostgreSQL
	texts       texts
}

// Connections to PostgreSQL, unless the URL says otherwise with pool_max_conns. A few per processor keep it busy; more only
// wait for each other there.
const connections = 16

// Open opens "sqlite:/path/file.db" or "postgres://user@host/name". A SQLite file is made when it is not there, for its
// owner only; every commit is on the disk before Tx returns. No error shows the URL, which may have a password.
func Open(ctx context.Context, where string) (*DB, error) {
	d := &DB{}
	var err error
	switch path, ok := strings.CutPrefix(where, "sqlite:"); {
	case ok:
		err = d.openSQLite(path)
	case strings.HasPrefix(where, "postgres://"), strings.HasPrefix(where, "postgresql://"):
		err = d.openPostgres(where)
	default:
		err = errors.New("want sqlite:/path/file.db or postgres://user@host/name")
	}
	if err == nil {
		err = d.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), d.Close())
	}
	return d, nil
}

func (d *DB) openSQLite(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600) // SQLite gives the files beside it the same mode
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	d.path = abs
	if d.write, err = keeping(sqliteURL(abs, url.Values{"_txlock": {"immediate"}})); err != nil {
		return err
	}
	d.write.SetMaxOpenConns(1)
	d.turns = &turns{}
	if d.read, err = keeping(sqliteURL(abs, url.Values{"_txlock": {"deferred"}, "_query_only": {"1"}})); err != nil {
		return err
	}
	if d.log, err = openLog(abs); err != nil {
		return err
	}
	n := max(4, runtime.NumCPU())
	d.read.SetMaxOpenConns(n)
	d.read.SetMaxIdleConns(n)
	return nil
}

func sqliteURL(path string, q url.Values) string {
	q["_pragma"] = []string{"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)", "cache_size(-16000)", "wal_autocheckpoint(" + walMost + ")"}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func (d *DB) openPostgres(where string) error {
	bad := errors.New("the URL is not one of PostgreSQL's: want postgres://user@host:port/name?option=value")
	u, err := url.Parse(where)
	if err != nil {
		return bad // the cause would quote the URL
	}
	q, n := u.Query(), connections
	if s := q.Get("pool_max_conns"); s != "" {
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > 1000 {
			return errors.New("pool_max_conns: want a number from 1 to 1000")
		}
		q.Del("pool_max_conns")
		u.RawQuery = q.Encode()
	}
	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return bad
	}
	// A process that hangs must not hold its locks for ever.
	for name, value := range map[string]string{"application_name": "cardea", "idle_in_transaction_session_timeout": "60000"} {
		if _, set := c.RuntimeParams[name]; !set {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	d.postgres = true
	d.write = stdlib.OpenDB(*c)
	d.read = d.write
	d.write.SetMaxOpenConns(n)
	d.write.SetMaxIdleConns(n)
	d.write.SetConnMaxIdleTime(5 * time.Minute)
	d.write.SetConnMaxLifetime(time.Hour) // so that a pool finds a database that has moved
	return nil
}

// Close ends all connections.
func (d *DB) Close() error {
	var errs []error
	if d.read != nil && d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	if d.log != nil {
		errs = append(errs, d.log.db.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.write.PingContext(ctx) }

// Postgres says which of the two it is, for what differs in administration; queries are the same.
func (d *DB) Postgres() bool { return d.postgres }
