package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrUnknown is in the answer of Tx when the connection was lost while committing: it may have happened or not.
var ErrUnknown = errors.New("whether it was committed is not known")

// Unknown says whether err is one of those.
func Unknown(err error) bool { return errors.Is(err, ErrUnknown) }

// NoRows says whether there was no such row.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Duplicate says whether a row with the same key is there already.
func Duplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// inTheWay says whether another transaction was: PostgreSQL's serialization_failure, deadlock_detected and a cached plan
// that a migration made old; SQLite's busy, when another process writes for longer than the busy timeout.
func inTheWay(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// lost says whether the connection broke or could not be made: PostgreSQL ends, starts, or is not there.
func lost(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, connection exceptions
		return pg.Code == "57P01" || pg.Code == "57P02" || pg.Code == "57P03" || pg.Code == "53300" || len(pg.Code) == 5 && pg.Code[:2] == "08"
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, e := range []error{driver.ErrBadConn, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

// commitError tells apart a commit that was refused from one whose answer never came.
func commitError(err error) error {
	if _, refused := errors.AsType[*pgconn.PgError](err); refused && !lost(err) {
		return fmt.Errorf("commit: %w", err)
	}
	if _, lite := errors.AsType[*sqlite.Error](err); lite || errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", ErrUnknown, err)
}
