package history

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// Batch is what many homes told in one transaction. It is checked and merged in memory and written at once.
type Batch struct {
	h  *History
	tx *db.Tx

	homes   map[home.Place]bool
	devices map[home.Place]*deviceList
	first   map[firstKey]firstTime
	days    map[dayKey][]byte
	lines   map[dayKey][]byte
	stops   map[stopKey]*pb.Stop
	looks   []look
	dropped map[home.Place]uint64
	feed    map[feedKey]bool
}

type feedKey struct {
	place    home.Place
	kind, id string
}

// Begin makes a batch for one transaction.
func (h *History) Begin(tx *db.Tx) *Batch {
	return &Batch{h: h, tx: tx, homes: map[home.Place]bool{}, devices: map[home.Place]*deviceList{}, first: map[firstKey]firstTime{},
		days: map[dayKey][]byte{}, lines: map[dayKey][]byte{}, stops: map[stopKey]*pb.Stop{}, dropped: map[home.Place]uint64{}, feed: map[feedKey]bool{}}
}

// Take checks an item and keeps it until Flush. at is when it happened, never in the future. An error means that nothing of
// it was taken.
func (b *Batch) Take(p home.Place, at time.Time, item *pb.Item) (err error) {
	switch body := item.GetBody().(type) {
	case *pb.Item_Devices:
		err = b.takeDevices(p, at, body.Devices)
	case *pb.Item_FirstTimes:
		err = b.takeFirstTimes(p, at, body.FirstTimes)
	case *pb.Item_RollUp:
		err = b.takeRollUp(p, at, body.RollUp)
	case *pb.Item_LineHour:
		err = b.takeLineHour(p, at, body.LineHour)
	case *pb.Item_RemedyResult:
		err = b.takeRemedy(p, at, body.RemedyResult)
	case *pb.Item_Stopped:
		err = b.takeStopped(p, at, body.Stopped)
	case *pb.Item_Look:
		b.looks = append(b.looks, look{p, at, body.Look})
	case *pb.Item_Dropped:
		b.dropped[p.OfHome()] += min(body.Dropped.GetItems(), 1<<40)
	default:
		return nil
	}
	if err == nil {
		b.homes[p.OfHome()] = true
	}
	return err
}

// Flush writes what was taken.
func (b *Batch) Flush() error {
	for _, step := range []struct {
		what string
		f    func() error
	}{
		{"homes", b.flushHomes}, {"devices", b.flushDevices}, {"first times", b.flushFirst}, {"roll-ups", b.flushDays}, {"lines", b.flushLines},
		{"stopped", b.flushStops}, {"looks", b.flushLooks}, {"dropped", b.flushDropped}, {"feed", b.flushFeed},
	} {
		if err := step.f(); err != nil {
			return fmt.Errorf("history: %s: %w", step.what, err)
		}
	}
	return nil
}

// flushHomes sees to it that each home has its row: what is trimmed is found by it.
func (b *Batch) flushHomes() error {
	now := b.h.now()
	var args []any
	var added []boundKey
	for _, p := range places(b.homes) {
		k := boundKey{tenant: p.Tenant, home: p.Home}
		if _, ask := b.h.known.room(k, now); ask {
			args = append(args, p.Tenant, p.Home, "", 0, 0)
			added = append(added, k)
		}
	}
	b.tx.After(func() {
		for _, k := range added {
			b.h.known.counted(k, 1)
		}
	})
	_, err := insert(b.tx, "INSERT INTO history_home (tenant, home, gateway, dropped, dropped_at) VALUES ", "(?,?,?,?,?)",
		" ON CONFLICT (tenant, home) DO NOTHING", 5, args)
	return err
}

func (b *Batch) flushDropped() error {
	for _, p := range places(b.dropped) {
		if _, err := b.tx.Exec("UPDATE history_home SET dropped = dropped + ?, dropped_at = ? WHERE tenant = ? AND home = ?",
			int64(b.dropped[p]), b.h.now().UnixMilli(), p.Tenant, p.Home); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) flushFeed() error {
	keys := slices.SortedFunc(maps.Keys(b.feed), func(x, y feedKey) int {
		return cmp.Or(byPlace(x.place, y.place), cmp.Compare(x.kind, y.kind), cmp.Compare(x.id, y.id))
	})
	for _, k := range keys {
		if err := b.h.feed(b.tx, k.place, k.kind, k.id); err != nil {
			return err
		}
	}
	return nil
}

// places sorts, so that two transactions never wait for each other's rows crosswise.
func places[V any](m map[home.Place]V) []home.Place {
	return slices.SortedFunc(maps.Keys(m), byPlace)
}

func byPlace(a, b home.Place) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Home, b.Home), cmp.Compare(a.Gateway, b.Gateway))
}

var errDevice = errors.New("that is not a device's id")

// checkDevice says whether s can be a device's id: short and plain, for it becomes a part of keys and paths.
func checkDevice(s string) error {
	if s == "" || len(s) > maxID {
		return errDevice
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != ':' && c != '.' {
			return errDevice
		}
	}
	return nil
}
