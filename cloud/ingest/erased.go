package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// What people have erased must not come back from where it was under way: a gateway's spool, the stream. A mark says what was
// erased when; what happened before is not stored. When it happened is the gateway's word, whose clock may run ahead, and sums of a time
// may have begun before. So the order of what a gateway tells decides: until it has confirmed that it has erased too, nothing that
// may name a contact is stored. What comes behind its word, happened after it. The gateway forgets the same when it erases, and tells
// its devices and open cases anew.

// KeepErased is how long a mark is kept: longer than anything can be under way.
const KeepErased = 400 * 24 * time.Hour

// Mark is what was erased: Device "" is all that the home told.
type Mark struct {
	Device  string
	At      time.Time
	Waits   time.Time // how long the gateway's word is waited for; zero: there is none to wait for
	Request string    // the order that it confirms
}

// Left is the mark of a home whose subscriber left: nobody will confirm, and nothing more of it is stored.
func Left(at time.Time) Mark { return Mark{At: at, Waits: at.Add(KeepErased)} }

func (m Mark) left() bool { return m.Request == "" && !m.Waits.IsZero() }

// SetMark notes what is erased in the same transaction. A batch that is being stored meanwhile begins anew and sees it.
func SetMark(tx *db.Tx, p home.Place, m Mark) error {
	if m.Device == "" { // it holds for all
		if _, err := tx.Exec("DELETE FROM ingest_erased WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
			return fmt.Errorf("mark what is erased: %w", err)
		}
	}
	waits := int64(0)
	if !m.Waits.IsZero() {
		waits = m.Waits.UnixMilli()
	}
	if _, err := tx.Exec("INSERT INTO ingest_erased (tenant, home, device, at, waits, request) VALUES (?,?,?,?,?,?) ON CONFLICT (tenant, home, device)"+
		" DO UPDATE SET at = excluded.at, waits = excluded.waits, request = excluded.request", p.Tenant, p.Home, m.Device, m.At.UnixMilli(), waits, m.Request); err != nil {
		return fmt.Errorf("mark what is erased: %w", err)
	}
	// Every batch of the home changes these rows too: of the two transactions one comes after the other.
	if _, err := tx.Exec("UPDATE ingest_sequence SET seen = seen WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
		return fmt.Errorf("mark what is erased: %w", err)
	}
	return nil
}

// Marks lists what was erased of a home.
func Marks(ctx context.Context, d *db.DB, p home.Place) (out []Mark, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		e, err := erasedOf(tx, []home.Place{p.OfHome()})
		for device, m := range e[p.OfHome()] {
			m.Device = device
			out = append(out, m)
		}
		return err
	})
	return out, err
}

// erased has the marks of homes by device.
type erased map[home.Place]map[string]Mark

func erasedOf(tx *db.Tx, homes []home.Place) (erased, error) {
	var out erased
	args := make([]any, 0, 2*len(homes))
	for _, p := range homes {
		args = append(args, p.Tenant, p.Home)
	}
	err := eachChunk("(?,?)", 2, args, func(tuples string, args []any) error {
		rows, err := tx.Query("WITH w(tenant, home) AS (VALUES "+tuples+") SELECT e.tenant, e.home, e.device, e.at, e.waits, e.request FROM w CROSS JOIN ingest_erased e"+
			" WHERE e.tenant = w.tenant AND e.home = w.home", args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			var m Mark
			var at, waits int64
			if err := rows.Scan(&p.Tenant, &p.Home, &m.Device, &at, &waits, &m.Request); err != nil {
				return err
			}
			if m.At = time.UnixMilli(at).UTC(); waits != 0 {
				m.Waits = time.UnixMilli(waits).UTC()
			}
			if out == nil {
				out = erased{}
			}
			if out[p] == nil {
				out[p] = map[string]Mark{}
			}
			out[p][m.Device] = m
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what was erased: %w", err)
	}
	return out, nil
}

// erasedFor reads the marks of a batch's homes.
func erasedFor(tx *db.Tx, reports []report) (erased, error) {
	homes := make([]home.Place, 0, len(reports))
	for _, r := range reports {
		homes = append(homes, r.place.OfHome())
	}
	slices.SortFunc(homes, func(a, b home.Place) int {
		return slices.Compare([]string{a.Tenant, a.Home}, []string{b.Tenant, b.Home})
	})
	return erasedOf(tx, slices.Compact(homes))
}

// confirmed notes that a gateway has answered an order to erase: what it tells from now on happened after that.
func confirmed(tx *db.Tx, p home.Place, request string) error {
	_, err := tx.Exec("UPDATE ingest_erased SET waits = 0 WHERE tenant = ? AND home = ? AND request = ? AND waits <> 0", p.Tenant, p.Home, request)
	return err
}

// filter says which of a home's devices have their past erased.
type filter struct {
	marks map[string]Mark
	now   time.Time
}

// before says whether something of a device that happened at a time was erased: by its time, or because the gateway has not erased yet.
func (f filter) before(device string, at time.Time) bool {
	return f.match(device, func(m Mark) bool { return !at.After(m.At) || f.now.Before(m.Waits) })
}

// surely is before by its time alone.
func (f filter) surely(device string, at time.Time) bool {
	return f.match(device, func(m Mark) bool { return !at.After(m.At) })
}

func (f filter) match(device string, is func(Mark) bool) bool {
	for _, of := range [...]string{"", device} {
		if m, ok := f.marks[of]; ok && is(m) {
			return true
		}
	}
	return false
}

// keep takes what was erased out of an item; false: nothing of it is left.
func (f filter) keep(at time.Time, item *pb.Item) bool {
	switch b := item.GetBody().(type) {
	case *pb.Item_Finding:
		return !f.before(b.Finding.GetDevice(), at)
	case *pb.Item_Incident:
		if !f.before(b.Incident.GetDevice(), at) {
			return true
		}
		wire.NamelessIncident(b.Incident)
		return b.Incident.GetState() != string(home.StateClosed) || !f.surely(b.Incident.GetDevice(), at) // that one ends is told
	case *pb.Item_FirstTimes:
		b.FirstTimes.FirstTimes = without(b.FirstTimes.GetFirstTimes(), func(d *pb.FirstTime) bool { return f.before(d.GetDevice(), at) })
		return len(b.FirstTimes.FirstTimes) > 0
	case *pb.Item_RollUp:
		b.RollUp.Hours = without(b.RollUp.GetHours(), func(d *pb.DeviceHour) bool {
			return f.before(d.GetDevice(), time.UnixMilli(d.GetHour()).Add(time.Hour))
		})
		return len(b.RollUp.Hours) > 0
	case *pb.Item_LineHour:
		b.LineHour.Busiest = without(b.LineHour.GetBusiest(), func(d *pb.Busy) bool {
			return f.before(d.GetDevice(), time.UnixMilli(b.LineHour.GetHour()).Add(time.Hour))
		})
	case *pb.Item_Stopped:
		b.Stopped.Stops = without(b.Stopped.GetStops(), func(d *pb.Stop) bool { return f.before(d.GetDevice(), at) })
		return len(b.Stopped.Stops) > 0 || b.Stopped.GetTrackers() > 0
	case *pb.Item_DayScores:
		b.DayScores.Days = without(b.DayScores.GetDays(), func(d *pb.DayScore) bool { return f.before(d.GetDevice(), at) })
		return len(b.DayScores.Days) > 0
	case *pb.Item_Sightings:
		b.Sightings.Devices = without(b.Sightings.GetDevices(), func(d *pb.Sighted) bool { return f.before(d.GetDevice(), at) })
		return len(b.Sightings.Devices) > 0
	case *pb.Item_Devices:
		for _, d := range b.Devices.GetDevices() {
			if f.before(d.GetId(), at) {
				wire.NamelessDevice(d)
			}
		}
	}
	return true // results, looks, corrections, gaps: what people did, and what is missing
}

func without[T any](list []T, gone func(T) bool) []T { return slices.DeleteFunc(list, gone) }

// TrimErased forgets marks of long ago.
func TrimErased(ctx context.Context, d *db.DB, now time.Time) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("DELETE FROM ingest_erased WHERE at < ?", now.Add(-KeepErased).UnixMilli())
		return err
	})
}

// EraseDead forgets a home's dead letters within a transaction: which device they are about is not known.
func EraseDead(tx *db.Tx, p home.Place) (int64, error) {
	n, err := tx.Exec("DELETE FROM ingest_dead WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return 0, fmt.Errorf("erase dead letters: %w", err)
	}
	return n, nil
}
