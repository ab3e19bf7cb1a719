package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"time"
)

const (
	logEvery = 200 * time.Millisecond // between two moves
	walMost  = "4000"                 // pages, 16 MB: a writer moves them itself when nobody else did
)

// sqlLog moves what was committed from SQLite's write-ahead log into its file. SQLite would do it at the end of a commit, with
// two syncs of the disk, while everybody waits for the writer. Here who is patient does it after its turn, beside whoever writes.
type sqlLog struct {
	db *sql.DB // one connection of its own

	mu   sync.Mutex // held while moving
	next time.Time
}

func openLog(path string) (*sqlLog, error) {
	d, err := sql.Open("sqlite", sqliteURL(path, url.Values{}))
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	return &sqlLog{db: d}, nil
}

// move moves what can be moved without keeping anybody waiting. An error does not matter: the log only stays longer, and who
// writes next has the same error, if it is one of the disk.
func (l *sqlLog) move(ctx context.Context) {
	if !l.mu.TryLock() {
		return
	}
	defer l.mu.Unlock()
	if time.Now().Before(l.next) {
		return
	}
	_, _ = l.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	l.next = time.Now().Add(logEvery)
}

// Scrub takes what was deleted out of SQLite's files: deleted rows are overwritten where they were, and the write-ahead log, which has
// them as they were, is emptied. It waits a little for readers; what it does not get to is overwritten by what is written next. With
// PostgreSQL it does nothing: VACUUM and the life of the log are its own.
func (d *DB) Scrub(ctx context.Context) error {
	if d.log == nil {
		return nil
	}
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	if _, err := d.log.db.ExecContext(ctx, "PRAGMA busy_timeout(500)"); err != nil { // writers wait meanwhile
		return fmt.Errorf("scrub: %w", err)
	}
	for n := 1; n < scrubTries; n++ {
		var busy, pages, moved int
		if err := d.log.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
			return fmt.Errorf("scrub: %w", err)
		}
		if busy == 0 || !pause(ctx, n) {
			break
		}
	}
	return nil
}

const scrubTries = 8
