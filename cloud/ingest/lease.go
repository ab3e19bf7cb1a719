package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cardea/internal/platform/db"
)

// ErrLost is returned when another worker has taken the partition: nothing was stored.
var ErrLost = errors.New("the partition has gone to another worker")

// leases are the partitions that a worker holds. No clock is compared with another machine's: a lease is free when it was
// given back or when its beat has stood still for life by our own clock. The token is checked in each transaction that
// stores something, so a worker that slept through its lease cannot store.
type leases struct {
	db    *db.DB
	name  string
	parts int
	life  time.Duration

	mu   sync.Mutex
	mine map[int]int64 // partition → token

	// of round only
	seen  map[int]sight    // others' leases
	peers map[string]sight // other workers
}

// sight is what was seen of somebody's beat, and since when it has stood so.
type sight struct {
	token, beat int64
	since       time.Time
}

func newLeases(d *db.DB, name string, parts int, life time.Duration) *leases {
	return &leases{db: d, name: name, parts: parts, life: life, mine: map[int]int64{}, seen: map[int]sight{}, peers: map[string]sight{}}
}

// hold makes a transaction fail unless the partition is ours, and keeps it ours until it ends.
func (l *leases) hold(tx *db.Tx, part int) error {
	l.mu.Lock()
	token, ok := l.mine[part]
	l.mu.Unlock()
	if !ok {
		return ErrLost
	}
	n, err := tx.Exec("UPDATE ingest_lease SET token = token WHERE part = ? AND holder = ? AND token = ?", part, l.name, token)
	if err != nil {
		return fmt.Errorf("check lease: %w", err)
	}
	if n != 1 {
		return ErrLost
	}
	return nil
}

// row is a lease as stored.
type row struct {
	part        int
	holder      string
	token, beat int64
}

// round renews what we hold, takes what is free up to our share, and gives back what is above it. It tells what we hold.
func (l *leases) round(ctx context.Context, now time.Time) (map[int]bool, error) {
	var held map[int]int64
	err := l.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err := l.read(tx)
		if err != nil {
			return err
		}
		share, err := l.share(tx, now)
		if err != nil {
			return err
		}
		held, err = l.settle(tx, rows, share, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("leases: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mine = held
	out := make(map[int]bool, len(held))
	for p := range held {
		out[p] = true
	}
	return out, nil
}

func (l *leases) read(tx *db.Tx) ([]row, error) {
	rows, err := tx.Query("SELECT part, holder, token, beat FROM ingest_lease ORDER BY part")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	there := make([]row, l.parts)
	for i := range there {
		there[i] = row{part: i}
	}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.part, &r.holder, &r.token, &r.beat); err != nil {
			return nil, err
		}
		if r.part >= 0 && r.part < l.parts {
			there[r.part] = r
		}
	}
	return there, rows.Err()
}

// share is how many partitions are ours when all living workers have the same number, rounded up.
func (l *leases) share(tx *db.Tx, now time.Time) (int, error) {
	if _, err := tx.Exec("INSERT INTO ingest_worker (name, beat) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET beat = ingest_worker.beat + 1",
		l.name); err != nil {
		return 0, err
	}
	rows, err := tx.Query("SELECT name, beat FROM ingest_worker WHERE name <> ? ORDER BY name", l.name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	alive := 1
	for rows.Next() {
		var name string
		var beat int64
		if err := rows.Scan(&name, &beat); err != nil {
			return 0, err
		}
		s, known := l.peers[name]
		if !known || s.beat != beat {
			s.since = now
		}
		// Before its beat was seen to move it may be long dead, and its share would lie idle.
		moved := known && (s.token == 1 || s.beat != beat)
		s.beat = beat
		if moved {
			s.token = 1
		}
		if now.Sub(s.since) >= l.life {
			s.token = 0
		}
		l.peers[name] = s
		if s.token == 1 {
			alive++
		}
	}
	return (l.parts + alive - 1) / alive, rows.Err()
}

func (l *leases) settle(tx *db.Tx, rows []row, share int, now time.Time) (map[int]int64, error) {
	l.mu.Lock()
	mine := l.mine
	l.mu.Unlock()
	held := map[int]int64{}
	for _, r := range rows { // ours first: what is held stays where it is
		if token, ok := mine[r.part]; !ok || r.holder != l.name || r.token != token {
			continue
		}
		if len(held) >= share {
			if _, err := tx.Exec("UPDATE ingest_lease SET holder = '', beat = beat + 1 WHERE part = ? AND holder = ? AND token = ?",
				r.part, l.name, r.token); err != nil {
				return nil, err
			}
			continue
		}
		n, err := tx.Exec("UPDATE ingest_lease SET beat = beat + 1 WHERE part = ? AND holder = ? AND token = ?", r.part, l.name, r.token)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			held[r.part] = r.token
		}
	}
	for _, r := range rows {
		if _, ok := held[r.part]; ok || len(held) >= share || !l.free(r, mine, now) {
			continue
		}
		n, err := tx.Exec("INSERT INTO ingest_lease (part, holder, token, beat) VALUES (?, ?, ?, 1) ON CONFLICT (part) DO UPDATE SET"+
			" holder = excluded.holder, token = excluded.token, beat = ingest_lease.beat + 1"+
			" WHERE ingest_lease.token = ? AND ingest_lease.beat = ?", r.part, l.name, r.token+1, r.token, r.beat)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			held[r.part] = r.token + 1
			delete(l.seen, r.part)
		}
	}
	return held, nil
}

// free says whether nobody works on a partition any more.
func (l *leases) free(r row, mine map[int]int64, now time.Time) bool {
	if r.holder == "" {
		_, gave := mine[r.part]
		return !gave
	}
	if r.holder == l.name { // of our own life before this one
		return true
	}
	s, known := l.seen[r.part]
	if !known || s.token != r.token || s.beat != r.beat {
		l.seen[r.part] = sight{r.token, r.beat, now}
		return false
	}
	return now.Sub(s.since) >= l.life
}

// drop forgets the leases without giving them back: the database could not be asked for longer than they live.
func (l *leases) drop() {
	l.mu.Lock()
	l.mine = map[int]int64{}
	l.mu.Unlock()
}

// release gives everything back, so that others need not wait.
func (l *leases) release(ctx context.Context) error {
	l.drop()
	return l.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec("UPDATE ingest_lease SET holder = '', beat = beat + 1 WHERE holder = ?", l.name); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM ingest_worker WHERE name = ?", l.name)
		return err
	})
}
