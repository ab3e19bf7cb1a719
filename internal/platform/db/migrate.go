package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"golang.org/x/sys/unix"
)

// Migrate brings a context's tables up to date. files has migrations/00001_name.sql and so on, as goose reads them. What one
// text cannot say for both databases is in 00002_name.sqlite.sql and 00002_name.postgres.sql. Several processes may do it at
// once: they wait for each other.
func (d *DB) Migrate(ctx context.Context, name string, files fs.FS) error {
	if err := d.migrate(ctx, name, files); err != nil {
		return fmt.Errorf("migrate %s: %w", name, err)
	}
	return nil
}

func (d *DB) migrate(ctx context.Context, name string, files fs.FS) error {
	dialect, others := database.DialectSQLite3, "*.postgres.sql"
	var opts []goose.ProviderOption
	if d.postgres {
		dialect, others = database.DialectPostgres, "*.sqlite.sql"
		opts = append(opts, goose.WithSessionLocker(advisory(name)))
	} else {
		unlock, err := lockFile(d.path + ".migrate")
		if err != nil {
			return err
		}
		defer unlock()
	}
	store, err := database.NewStore(dialect, "goose_"+name)
	if err != nil {
		return err
	}
	if files, err = fs.Sub(files, "migrations"); err != nil {
		return err
	}
	not, err := fs.Glob(files, others)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider("", d.write, files, append(opts, goose.WithStore(store), goose.WithExcludeNames(not))...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// advisory is a lock in PostgreSQL, held by a connection, for one context's tables in one schema.
type advisory string

func (a advisory) SessionLock(ctx context.Context, c *sql.Conn) error {
	_, err := c.ExecContext(ctx, "SELECT pg_advisory_lock(hashtextextended('cardea migrate ' || current_schema() || $1, 0))", string(a))
	return err
}

func (a advisory) SessionUnlock(ctx context.Context, c *sql.Conn) error {
	_, err := c.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtextextended('cardea migrate ' || current_schema() || $1, 0))", string(a))
	return err
}

// lockFile locks a file beside the database. Not the database's own: closing that would take SQLite's locks away from this
// process (POSIX locks belong to the process and go with any descriptor of the file).
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
