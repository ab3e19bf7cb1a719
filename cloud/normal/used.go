package normal

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// What a home's roll-ups have in a week is kept as a Bloom filter: whether a home may have used an endpoint is asked of all homes,
// also for devices of which no first times are told. Whether it did is asked of the roll-ups themselves.
const (
	usedBytes = 1024
	usedTests = 4 // bits of an endpoint: of 500 endpoints one home in 500 is asked in vain
)

type usedKey struct {
	place home.Place
	week  uint32
}

const maxUsages = 50_000 // of one item

func (b *Batch) takeUsed(p home.Place, at time.Time, m *pb.RollUp) error {
	if m.GetScheme() != home.CollapseScheme {
		return fmt.Errorf("endpoints are collapsed by scheme %d: want %d", m.GetScheme(), home.CollapseScheme)
	}
	if b.now.Sub(at) > KeepUsed {
		return nil
	}
	k, n := usedKey{p, wire.Week(at)}, 0
	for _, h := range m.GetHours() {
		if n += len(h.GetUsage()); n > maxUsages {
			return fmt.Errorf("roll-up of more than %d endpoints", maxUsages)
		}
		for _, u := range h.GetUsage() {
			b.used[k] = append(b.used[k], u.GetEndpoint())
		}
	}
	return nil
}

func (b *Batch) flushUsed() error {
	for _, k := range slices.SortedFunc(maps.Keys(b.used), func(x, y usedKey) int { return cmp.Or(byHome(x.place, y.place), cmp.Compare(x.week, y.week)) }) {
		var bits []byte
		err := b.tx.Row("SELECT bits FROM normal_used WHERE tenant = ? AND home = ? AND week = ?", k.place.Tenant, k.place.Home, int64(k.week)).Scan(&bits)
		if err != nil && !db.NoRows(err) {
			return err
		}
		if len(bits) != usedBytes {
			bits = make([]byte, usedBytes)
		}
		news := false
		for _, e := range b.used[k] {
			news = mark(bits, e) || news
		}
		if !news {
			continue // most hours have nothing that the week did not have before
		}
		if _, err := b.tx.Exec("INSERT INTO normal_used (tenant, home, week, bits) VALUES (?,?,?,?) ON CONFLICT (tenant, home, week) DO UPDATE SET bits = excluded.bits",
			k.place.Tenant, k.place.Home, int64(k.week), bits); err != nil {
			return err
		}
	}
	return nil
}

// mark adds an endpoint and says whether that changed anything.
func mark(bits []byte, e uint64) (news bool) {
	for i := range uint64(usedTests) {
		n := spread(e, i)
		news = news || bits[n/8]&(1<<(n%8)) == 0
		bits[n/8] |= 1 << (n % 8)
	}
	return news
}

// marked says whether an endpoint may have been added.
func marked(bits []byte, e uint64) bool {
	if len(bits) != usedBytes {
		return false
	}
	for i := range uint64(usedTests) {
		n := spread(e, i)
		if bits[n/8]&(1<<(n%8)) == 0 {
			return false
		}
	}
	return true
}

// spread is one of an endpoint's bits (double hashing, Kirsch and Mitzenmacher 2008).
func spread(e, i uint64) uint64 {
	h := e * 0x9e3779b97f4a7c15
	h ^= h >> 32
	return (h + i*((h*0xff51afd7ed558ccd)>>33|1)) % (8 * usedBytes)
}

// sought are endpoints by the first of their bits. A home's filter has few bits set, so of very many endpoints only those are tried whose
// first bit is: 100,000 are sought in a home in the time of some hundreds.
type sought struct {
	from [8*usedBytes + 1]uint32 // where in rest the endpoints of a first bit begin
	rest [][usedTests - 1]uint16 // their other bits
}

func newSought(ends map[uint64]bool) *sought {
	s := &sought{rest: make([][usedTests - 1]uint16, len(ends))}
	for e := range ends {
		s.from[spread(e, 0)+1]++
	}
	for n := range 8 * usedBytes {
		s.from[n+1] += s.from[n]
	}
	at := s.from
	for e := range ends {
		n := spread(e, 0)
		for i := range s.rest[at[n]] {
			s.rest[at[n]][i] = uint16(spread(e, uint64(i)+1)) // below 8 * usedBytes
		}
		at[n]++
	}
	return s
}

// any says whether one of them may have been added.
func (s *sought) any(filter []byte) bool {
	if len(filter) != usedBytes {
		return false
	}
	for n, b := range filter {
		for ; b != 0; b &= b - 1 {
			first := 8*n + bits.TrailingZeros8(b)
			for _, rest := range s.rest[s.from[first]:s.from[first+1]] {
				if all(filter, &rest) {
					return true
				}
			}
		}
	}
	return false
}

func all(filter []byte, of *[usedTests - 1]uint16) bool {
	for _, n := range of {
		if filter[n/8]&(1<<(n%8)) == 0 {
			return false
		}
	}
	return true
}
