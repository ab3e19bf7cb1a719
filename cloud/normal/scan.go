package normal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
)

// chunk is how many homes are read at once.
const chunk = 200

// aHome is a home as it is read to be learned from.
type aHome struct {
	place   home.Place
	since   time.Time
	network uint64
	levels  map[string]profile.Level // by device
	devices []aDevice
	found   []aFinding
}

type aDevice struct {
	id   string
	data []byte // record.Device; nil without
	days []byte // record.Scores; nil without
}

// aFinding is a finding of not long ago.
type aFinding struct {
	device, detector string
	hard, dismissed  bool
	late             bool // not long ago
	ends             []byte
}

// device finds or makes a device.
func (h *aHome) device(id string) *aDevice {
	for i := range h.devices {
		if h.devices[i].id == id {
			return &h.devices[i]
		}
	}
	h.devices = append(h.devices, aDevice{id: id})
	return &h.devices[len(h.devices)-1]
}

// each is scan for who has the turn to learn: it is kept meanwhile.
func (n *Normal) each(ctx context.Context, what scanOf, do func([]aHome) error) error {
	renewed := n.o.Now()
	return n.scan(ctx, what, func(homes []aHome) error {
		if now := n.o.Now(); now.Sub(renewed) > time.Minute {
			renewed = now
			if _, err := n.turn(ctx, turnLearn, true); err != nil {
				return err
			}
		}
		return do(homes)
	})
}

// scan gives all homes in order, a chunk at a time; each chunk is of one moment.
func (n *Normal) scan(ctx context.Context, what scanOf, do func([]aHome) error) error {
	var last home.Place
	for {
		homes, err := n.some(ctx, last, what)
		if err != nil {
			return err
		}
		if len(homes) == 0 {
			return nil
		}
		last = homes[len(homes)-1].place
		if err := n.fill(ctx, homes, what); err != nil {
			return err
		}
		if err := do(homes); err != nil {
			return err
		}
	}
}

// scanOf says what of a home is needed.
type scanOf struct {
	devices, days, found bool
	levels, networks     bool
}

// some reads homes after one.
func (n *Normal) some(ctx context.Context, after home.Place, what scanOf) (list []aHome, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Query("SELECT tenant, home, since FROM normal_home WHERE (tenant, home) > (?, ?) ORDER BY tenant, home LIMIT ?", after.Tenant, after.Home, chunk)
		if err != nil {
			return err
		}
		for rows.Next() {
			var h aHome
			var since int64
			if err := rows.Scan(&h.place.Tenant, &h.place.Home, &since); err != nil {
				return errors.Join(err, rows.Close())
			}
			h.since = time.UnixMilli(since)
			list = append(list, h)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(list) == 0 {
			return err
		}
		index := make(map[home.Place]*aHome, len(list))
		for i := range list {
			index[list[i].place] = &list[i]
		}
		if what.devices {
			if err := readDevices(tx, "normal_device", after, list, index, func(d *aDevice, b []byte) { d.data = b }); err != nil {
				return err
			}
		}
		if what.days {
			if err := readDevices(tx, "normal_day", after, list, index, func(d *aDevice, b []byte) { d.days = b }); err != nil {
				return err
			}
		}
		if what.found {
			return readFound(tx, after, list, index, n.o.Now().Add(-KeepFindings), n.o.Now().Add(-lagDays*day))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("homes that teach: %w", err)
	}
	return list, nil
}

func readDevices(tx *db.Tx, table string, after home.Place, list []aHome, index map[home.Place]*aHome, set func(*aDevice, []byte)) error {
	last := list[len(list)-1].place
	rows, err := tx.Query("SELECT tenant, home, device, data FROM "+table+" WHERE (tenant, home) > (?, ?) AND (tenant, home) <= (?, ?) ORDER BY tenant, home, device",
		after.Tenant, after.Home, last.Tenant, last.Home)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p home.Place
		var id string
		var data []byte
		if err := rows.Scan(&p.Tenant, &p.Home, &id, &data); err != nil {
			return err
		}
		h := index[p]
		if h == nil {
			continue // it came meanwhile
		}
		set(h.device(id), data)
	}
	return rows.Err()
}

func readFound(tx *db.Tx, after home.Place, list []aHome, index map[home.Place]*aHome, since, late time.Time) error {
	last := list[len(list)-1].place
	rows, err := tx.Query("SELECT tenant, home, device, detector, hard, dismissed, ends, got FROM normal_finding WHERE (tenant, home) > (?, ?) AND (tenant, home) <= (?, ?) AND got >= ?",
		after.Tenant, after.Home, last.Tenant, last.Home, since.UnixMilli())
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p home.Place
		var f aFinding
		var hard, dismissed, got int64
		if err := rows.Scan(&p.Tenant, &p.Home, &f.device, &f.detector, &hard, &dismissed, &f.ends, &got); err != nil {
			return err
		}
		f.hard, f.dismissed, f.late = hard == 1, dismissed > 0, got >= late.UnixMilli()
		if h := index[p]; h != nil {
			h.found = append(h.found, f)
		}
	}
	return rows.Err()
}

// fill asks others of the homes.
func (n *Normal) fill(ctx context.Context, homes []aHome, what scanOf) error {
	places := make([]home.Place, len(homes))
	for i := range homes {
		places[i] = homes[i].place
	}
	if what.levels {
		levels, err := n.o.Levels(ctx, places)
		if err != nil {
			return fmt.Errorf("who devices are: %w", err)
		}
		for i := range homes {
			homes[i].levels = levels[homes[i].place]
		}
	}
	if what.networks {
		networks, err := n.o.Networks(ctx, places)
		if err != nil {
			return fmt.Errorf("access networks: %w", err)
		}
		for i := range homes {
			homes[i].network = networks[homes[i].place]
		}
	}
	return nil
}

// Turns: of several processes one learns, and one guards.
const (
	turnLearn = 1
	turnGuard = 2
	turnLife  = 10 * time.Minute
)

// turn takes, or keeps, the right to work on what is the whole installation's.
func (n *Normal) turn(ctx context.Context, which int, held bool) (ok bool, err error) {
	now := n.o.Now()
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		changed, err := tx.Exec("UPDATE normal_turn SET until = ? WHERE id = ? AND (until < ? OR ?)", now.Add(turnLife).UnixMilli(), which, now.UnixMilli(), held)
		ok = changed == 1
		return err
	})
	return ok, err
}

func (n *Normal) release(ctx context.Context, which int) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE normal_turn SET until = 0 WHERE id = ?", which)
		return err
	})
}

// number is a home as others count it: only equality means anything.
func number(p home.Place) uint64 { return mix(hashOf(p.Tenant + " " + p.Home)) }

// mix spreads a number over all bits (the finaliser of MurmurHash3, public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
