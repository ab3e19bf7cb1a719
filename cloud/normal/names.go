package normal

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

type saidKey struct {
	place    home.Place
	endpoint uint64
}

// hashOf is home.Endpoint.Hash of an endpoint's text.
func hashOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64()
}

// namesLife is how long it is remembered which names are known, before it is read again: another process may know more.
const namesLife = 10 * time.Minute

// takeName keeps what an endpoint is called, until enough homes have said it. A name that is not what was hashed is none.
func (b *Batch) takeName(p home.Place, f *pb.FirstTime) {
	if len(f.GetName()) > maxName || hashOf(f.GetName()) != f.GetEndpoint() || !plain(f.GetName()) {
		b.n.dropped.Add(1)
		return
	}
	b.said[saidKey{p, f.GetEndpoint()}] = f.GetName()
}

// plain says whether a text is what an endpoint can be called: a host or an address, a port and a protocol.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != ':' && c != '/' && c != '-' && c != '_' && c != '#' {
			return false
		}
	}
	return s != ""
}

func (b *Batch) flushSaid() error {
	if len(b.said) == 0 {
		return nil
	}
	known, err := b.n.known(b.tx)
	if err != nil {
		return err
	}
	keys := slices.SortedFunc(maps.Keys(b.said), func(x, y saidKey) int { return cmp.Or(byHome(x.place, y.place), cmp.Compare(x.endpoint, y.endpoint)) })
	room := map[home.Place]int{}
	for _, k := range keys {
		if known[k.endpoint] {
			continue
		}
		if _, ok := room[k.place]; !ok {
			var n int
			if err := b.tx.Row("SELECT COUNT(*) FROM normal_said WHERE tenant = ? AND home = ?", k.place.Tenant, k.place.Home).Scan(&n); err != nil {
				return err
			}
			room[k.place] = MaxSaid - n
		}
		if room[k.place] <= 0 {
			b.n.dropped.Add(1)
			continue
		}
		n, err := b.tx.Exec("INSERT INTO normal_said (tenant, home, endpoint, name, at) VALUES (?,?,?,?,?) ON CONFLICT (tenant, home, endpoint) DO NOTHING",
			k.place.Tenant, k.place.Home, int64(k.endpoint), b.said[k], b.now.UnixMilli())
		if err != nil {
			return err
		}
		room[k.place] -= int(n)
	}
	return nil
}

// known are the endpoints whose names are known for good. It does not change what it gave.
func (n *Normal) known(tx *db.Tx) (map[uint64]bool, error) {
	now := n.o.Now()
	n.mu.Lock()
	have := n.named
	if now.Sub(n.at) > namesLife {
		have = nil
	}
	n.mu.Unlock()
	if have != nil {
		return have, nil
	}
	names, err := readNames(tx)
	if err != nil {
		return nil, err
	}
	have = make(map[uint64]bool, len(names))
	for e := range names {
		have[e] = true
	}
	n.mu.Lock()
	n.named, n.at = have, now
	n.mu.Unlock()
	return have, nil
}

const maxNames = 100_000 // of the whole installation

func readNames(tx *db.Tx) (map[uint64]string, error) {
	rows, err := tx.Query("SELECT endpoint, name FROM normal_name LIMIT ?", maxNames)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := map[uint64]string{}
	for rows.Next() {
		var e int64
		var name string
		if err := rows.Scan(&e, &name); err != nil {
			return nil, err
		}
		out[uint64(e)] = name
	}
	return out, rows.Err()
}

// learnNames keeps for good what enough homes said, and forgets that they did. It gives all names that are known.
func (n *Normal) learnNames(ctx context.Context) (names map[uint64]string, err error) {
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec("INSERT INTO normal_name (endpoint, name, at) SELECT endpoint, MIN(name), CAST(? AS BIGINT) FROM normal_said GROUP BY endpoint"+
			" HAVING COUNT(*) >= ? ON CONFLICT (endpoint) DO NOTHING", n.o.Now().UnixMilli(), MinHomes); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM normal_said WHERE endpoint IN (SELECT endpoint FROM normal_name)"); err != nil {
			return err
		}
		names, err = readNames(tx)
		return err
	})
	n.mu.Lock()
	n.named = nil
	n.mu.Unlock()
	return names, err
}
