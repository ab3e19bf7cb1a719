package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// keepEpochs is how many epochs of a gateway are remembered: it makes a new one only when its spool was lost.
const keepEpochs = 8

// stream names a gateway's numbered items.
type stream struct {
	place home.Place
	epoch uint64
}

// mark is how far a stream is stored.
type mark struct {
	sequence, missing uint64
	known             bool // has a row
	changed           bool
}

// highest reads how far each stream of a batch is stored, and how many epochs of each gateway are known.
func highest(tx *db.Tx, batch []report) (marks map[stream]*mark, epochs map[home.Place]int, err error) {
	marks = make(map[stream]*mark, len(batch))
	epochs = make(map[home.Place]int, len(batch))
	args := make([]any, 0, 3*len(batch))
	for _, r := range batch {
		marks[stream{r.place, r.body.GetEpoch()}] = &mark{}
		if _, seen := epochs[r.place]; !seen {
			epochs[r.place] = 0
			args = append(args, r.place.Tenant, r.place.Home, r.place.Gateway)
		}
	}
	err = eachChunk("(?,?,?)", 3, args, func(tuples string, args []any) error {
		rows, err := tx.Query("WITH w(tenant, home, gateway) AS (VALUES "+tuples+") SELECT s.tenant, s.home, s.gateway, s.epoch,"+
			" s.sequence, s.missing FROM w CROSS JOIN ingest_sequence s"+
			" WHERE s.tenant = w.tenant AND s.home = w.home AND s.gateway = w.gateway", args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			var epoch, sequence, missing int64
			if err := rows.Scan(&p.Tenant, &p.Home, &p.Gateway, &epoch, &sequence, &missing); err != nil {
				return err
			}
			epochs[p]++
			if m := marks[stream{p, uint64(epoch)}]; m != nil {
				*m = mark{sequence: uint64(sequence), missing: uint64(missing), known: true}
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read sequences: %w", err)
	}
	return marks, epochs, nil
}

// storeMarks writes what has changed and forgets a gateway's oldest epochs when it has begun one too many.
func storeMarks(tx *db.Tx, marks map[stream]*mark, epochs map[home.Place]int, now time.Time) error {
	var changed []stream
	for s, m := range marks {
		if m.changed {
			changed = append(changed, s)
		}
	}
	slices.SortFunc(changed, func(a, b stream) int {
		return cmp.Or(cmp.Compare(a.place.Tenant, b.place.Tenant), cmp.Compare(a.place.Home, b.place.Home),
			cmp.Compare(a.place.Gateway, b.place.Gateway), cmp.Compare(a.epoch, b.epoch))
	})
	args := make([]any, 0, 7*len(changed))
	for _, s := range changed {
		m := marks[s]
		args = append(args, s.place.Tenant, s.place.Home, s.place.Gateway, int64(s.epoch), int64(m.sequence), int64(m.missing), now.UnixMilli())
	}
	err := insert(tx, "INSERT INTO ingest_sequence (tenant, home, gateway, epoch, sequence, missing, seen) VALUES ", "(?,?,?,?,?,?,?)",
		" ON CONFLICT (tenant, home, gateway, epoch) DO UPDATE SET sequence = excluded.sequence, missing = excluded.missing,"+
			" seen = excluded.seen", 7, args)
	if err != nil {
		return fmt.Errorf("store sequences: %w", err)
	}
	for _, s := range changed {
		p := s.place
		if marks[s].known {
			continue
		}
		if epochs[p]++; epochs[p] <= keepEpochs {
			continue
		}
		_, err := tx.Exec("DELETE FROM ingest_sequence WHERE tenant = ? AND home = ? AND gateway = ? AND epoch <> ? AND epoch NOT IN"+
			" (SELECT epoch FROM ingest_sequence WHERE tenant = ? AND home = ? AND gateway = ? AND epoch <> ? ORDER BY seen DESC, epoch LIMIT ?)",
			p.Tenant, p.Home, p.Gateway, int64(s.epoch), p.Tenant, p.Home, p.Gateway, int64(s.epoch), keepEpochs-1)
		if err != nil {
			return fmt.Errorf("forget old epochs: %w", err)
		}
	}
	return nil
}
