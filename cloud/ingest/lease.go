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

// leases are the partitions that a worker holds. They live as long as their holder's beat moves; no clock is compared with
// another machine's: a holder is dead when its beat has stood still for life by our own clock. The token is checked in each
// transaction that stores something, so a worker that slept through its leases cannot store. Beats have a table of their own,
// so that renewing never waits for a transaction that stores.
type leases struct {
	db    *db.DB
	name  string
	parts int
	life  time.Duration

	mu   sync.Mutex
	mine map[int]int64 // partition → token

	peers map[string]sight // other workers; of round only
}

// sight is what was seen of another worker's beat.
type sight struct {
	beat  int64
	since time.Time // it has stood so
	moved bool      // it was seen to move: before that it may be long dead, and its share would lie idle
}

func newLeases(d *db.DB, name string, parts int, life time.Duration) *leases {
	return &leases{db: d, name: name, parts: parts, life: life, mine: map[int]int64{}, peers: map[string]sight{}}
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
	part   int
	holder string
	token  int64
}

// round beats, takes what is free up to our share, and gives back what is above it. It tells what we hold.
func (l *leases) round(ctx context.Context, now time.Time) (map[int]bool, error) {
	var held map[int]int64
	err := l.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err := l.read(tx)
		if err != nil {
			return err
		}
		alive, err := l.look(tx, now)
		if err != nil {
			return err
		}
		held, err = l.settle(tx, rows, alive)
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
	rows, err := tx.Query("SELECT part, holder, token FROM ingest_lease ORDER BY part")
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
		if err := rows.Scan(&r.part, &r.holder, &r.token); err != nil {
			return nil, err
		}
		if r.part >= 0 && r.part < l.parts {
			there[r.part] = r
		}
	}
	return there, rows.Err()
}

// look beats and tells which other workers may live. What it remembers of them is only used and changed by round.
func (l *leases) look(tx *db.Tx, now time.Time) (map[string]bool, error) {
	if _, err := tx.Exec("INSERT INTO ingest_worker (name, beat) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET beat = ingest_worker.beat + 1",
		l.name); err != nil {
		return nil, err
	}
	beats, err := l.beats(tx)
	if err != nil {
		return nil, err
	}
	alive := map[string]bool{}
	for name, beat := range beats {
		s, known := l.peers[name]
		if !known || s.beat != beat {
			s = sight{beat: beat, since: now, moved: known}
			l.peers[name] = s
		}
		if quiet := now.Sub(s.since); quiet < l.life {
			alive[name] = s.moved
		} else if quiet >= forget*l.life {
			if _, err := tx.Exec("DELETE FROM ingest_worker WHERE name = ? AND beat = ?", name, beat); err != nil {
				return nil, err
			}
		}
	}
	return alive, nil
}

const forget = 100 // lives after which a dead worker's row is deleted

func (l *leases) beats(tx *db.Tx) (map[string]int64, error) {
	rows, err := tx.Query("SELECT name, beat FROM ingest_worker WHERE name <> ?", l.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var beat int64
		if err := rows.Scan(&name, &beat); err != nil {
			return nil, err
		}
		out[name] = beat
	}
	return out, rows.Err()
}

// settle keeps what we hold, takes what is free up to our share, and gives back what is above it. alive has the other workers
// that may live; those whose beat was seen to move count for the share, all partitions by all workers, rounded up.
func (l *leases) settle(tx *db.Tx, rows []row, alive map[string]bool) (map[int]int64, error) {
	l.mu.Lock()
	mine := l.mine
	l.mu.Unlock()
	workers := 1
	for _, moved := range alive {
		if moved {
			workers++
		}
	}
	share := (l.parts + workers - 1) / workers
	held := map[int]int64{}
	for _, r := range rows { // what is held stays where it is
		if token, ok := mine[r.part]; !ok || r.holder != l.name || r.token != token {
			continue
		}
		if len(held) < share {
			held[r.part] = r.token
		} else if _, err := tx.Exec("UPDATE ingest_lease SET holder = '' WHERE part = ? AND holder = ? AND token = ?", r.part, l.name, r.token); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		_, had := mine[r.part]
		_, lives := alive[r.holder]
		if _, ok := held[r.part]; ok || len(held) >= share || lives || had && r.holder == l.name {
			continue
		}
		// It was given back, its holder is dead, or it is ours from our life before this one.
		n, err := tx.Exec("INSERT INTO ingest_lease (part, holder, token) VALUES (?, ?, ?) ON CONFLICT (part) DO UPDATE SET"+
			" holder = excluded.holder, token = excluded.token WHERE ingest_lease.token = ?", r.part, l.name, r.token+1, r.token)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			held[r.part] = r.token + 1
		}
	}
	return held, nil
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
		if _, err := tx.Exec("UPDATE ingest_lease SET holder = '' WHERE holder = ?", l.name); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM ingest_worker WHERE name = ?", l.name)
		return err
	})
}
