package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// deviceList is what a batch changes in a home's list.
type deviceList struct {
	gateway string
	whole   bool
	changed map[string]*pb.Device // nil: removed
	at      time.Time
	own     *pb.Devices // the home's own endpoints
}

const (
	maxListed = 1024 // endpoints in a list of blocked or allowed ones
	maxText   = 512
	feedMany  = 8 // more devices than this are told as one event
)

func (b *Batch) takeDevices(p home.Place, at time.Time, m *pb.Devices) error {
	if len(m.GetDevices()) > MaxDevices {
		return fmt.Errorf("%d devices: want at most %d", len(m.GetDevices()), MaxDevices)
	}
	for _, d := range m.GetDevices() {
		if err := checkDevice(d.GetId()); err != nil {
			return err
		}
	}
	of := p.OfHome()
	l := b.devices[of]
	if l == nil {
		l = &deviceList{changed: map[string]*pb.Device{}}
		b.devices[of] = l
	}
	if m.GetWhole() {
		l.whole = true
		clear(l.changed)
	}
	l.gateway, l.at = p.Gateway, at
	l.own = &pb.Devices{Blocked: texts(m.GetBlocked(), maxListed), Allowed: texts(m.GetAllowed(), maxListed)} // each message has them all
	for _, d := range m.GetDevices() {
		l.changed[d.GetId()] = nil
		if !d.GetRemoved() {
			l.changed[d.GetId()] = bounded(d, at.UnixMilli())
		}
	}
	if m.GetWhole() || len(m.GetDevices()) > feedMany {
		b.feed[feedKey{of, "device", ""}] = true
	} else {
		for _, d := range m.GetDevices() {
			b.feed[feedKey{of, "device", d.GetId()}] = true
		}
	}
	return nil
}

// bounded is a device whose texts are of a size that can be kept and shown, and whose times are not of the future.
func bounded(d *pb.Device, at int64) *pb.Device {
	out := &pb.Device{Id: d.GetId(), Name: text(d.GetName(), maxText), Vendor: text(d.GetVendor(), maxText), First: min(d.GetFirst(), at),
		Last: min(d.GetLast(), at), Gateway: d.GetGateway(), Shared: d.GetShared(), Protected: d.GetProtected(), Mode: text(d.GetMode(), maxID),
		Grade: text(d.GetGrade(), maxID), Macs: texts(d.GetMacs(), 32), Addresses: texts(d.GetAddresses(), 64),
		Blocked: texts(d.GetBlocked(), maxListed), Allowed: texts(d.GetAllowed(), maxListed)}
	boundWho(out, d, at)
	boundHeld(out, d, at)
	if proto.Size(out) > maxDeviceData { // its lists are the only things that long
		cutWho(out)
		out.Blocked, out.Allowed = texts(out.Blocked, 16), texts(out.Allowed, 16)
		out.Macs, out.Addresses = texts(out.Macs, 4), texts(out.Addresses, 4)
	}
	return out
}

func texts(in []string, most int) []string {
	out := make([]string, 0, min(len(in), most))
	for _, s := range in[:min(len(in), most)] {
		out = append(out, text(s, 256))
	}
	return out
}

// text makes s fit to be stored and shown: valid UTF-8 without NUL, at most max bytes.
func text(s string, max int) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	s = strings.ToValidUTF8(s, "�")
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return s
}

func (b *Batch) flushDevices() error {
	if err := b.clearOwn(); err != nil {
		return err
	}
	var args, find []any
	for _, p := range places(b.devices) {
		l := b.devices[p]
		if err := b.clearDevices(p, l); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(l.changed)) {
			d := l.changed[id]
			if d == nil {
				continue
			}
			data, err := proto.Marshal(d)
			if err != nil {
				return err
			}
			args = append(args, p.Tenant, p.Home, id, l.at.UnixMilli(), data)
			find = findArgs(find, p.Tenant, p.Home, d)
		}
	}
	if _, err := insert(b.tx, "INSERT INTO history_device (tenant, home, device, updated, data) VALUES ", "(?,?,?,?,?)",
		" ON CONFLICT (tenant, home, device) DO UPDATE SET updated = excluded.updated, data = excluded.data", 5, args); err != nil {
		return err
	}
	if err := flushFind(b.tx, find); err != nil {
		return err
	}
	return b.boundDevices()
}

// boundDevices lets those heard of longest ago go where there are too many. A whole list is bounded by what one item may have.
func (b *Batch) boundDevices() error {
	ask, added := map[boundKey]bool{}, map[boundKey]int{}
	for p, l := range b.devices {
		k := boundKey{tenant: p.Tenant, home: p.Home}
		ask[k], added[k] = true, len(l.changed)
	}
	room, err := b.room(b.h.devices, ask, "SELECT COUNT(*) FROM history_device WHERE tenant = ? AND home = ?")
	if err != nil {
		return err
	}
	b.added(b.h.devices, added)
	for _, p := range places(b.devices) {
		if room[boundKey{tenant: p.Tenant, home: p.Home}] > len(b.devices[p].changed) {
			continue
		}
		if _, err := b.tx.Exec("DELETE FROM history_device WHERE tenant = ? AND home = ? AND device NOT IN (SELECT device FROM history_device"+
			" WHERE tenant = ? AND home = ? ORDER BY updated DESC, device LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxDevices); err != nil {
			return err
		}
	}
	return nil
}

// clearOwn forgets the endpoints of homes that have none any more, of most of which nothing is stored: one statement for all.
func (b *Batch) clearOwn() error {
	var none []any
	for _, p := range places(b.devices) {
		if own := b.devices[p].own; len(own.GetBlocked())+len(own.GetAllowed()) == 0 {
			none = append(none, p.Tenant, p.Home)
		}
	}
	if len(none) == 0 {
		return nil
	}
	_, err := b.tx.Exec("UPDATE history_home SET blocked = NULL WHERE length(blocked) > 0 AND (tenant, home) IN (VALUES (?,?)"+
		strings.Repeat(",(?,?)", len(none)/2-1)+")", none...)
	return err
}

// clearDevices makes room for what a gateway told: a whole list replaces the old one, also another gateway's.
func (b *Batch) clearDevices(p home.Place, l *deviceList) error {
	if len(l.own.GetBlocked())+len(l.own.GetAllowed()) > 0 {
		own, err := proto.Marshal(l.own)
		if err != nil {
			return err
		}
		if _, err := b.tx.Exec("UPDATE history_home SET blocked = ? WHERE tenant = ? AND home = ?", own, p.Tenant, p.Home); err != nil {
			return err
		}
	}
	if l.whole {
		if _, err := b.tx.Exec("UPDATE history_home SET gateway = ? WHERE tenant = ? AND home = ?", l.gateway, p.Tenant, p.Home); err != nil {
			return err
		}
		if _, err := b.tx.Exec("DELETE FROM history_find WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
			return err
		}
		_, err := b.tx.Exec("DELETE FROM history_device WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		return err
	}
	for id, d := range l.changed {
		if d != nil {
			continue
		}
		for _, table := range []string{"history_find", "history_device"} {
			if _, err := b.tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrUnknown is returned for what a home does not have.
var ErrUnknown = errors.New("this home has no such thing")

// Device is a device as its home's gateway told it last. Its texts are untrusted.
type Device struct {
	*pb.Device
	Updated time.Time // when the gateway told
}

// DeviceList lists a home's devices by id.
func (h *History) DeviceList(ctx context.Context, p home.Place) (out []Device, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT updated, data FROM history_device WHERE tenant = ? AND home = ? ORDER BY device", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			d, err := scanDevice(rows)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("devices of a home: %w", err)
	}
	return out, nil
}

// Device returns one; ErrUnknown when the home has none of that id.
func (h *History) Device(ctx context.Context, p home.Place, id string) (d Device, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) (err error) {
		d, err = scanDevice(tx.Row("SELECT updated, data FROM history_device WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, id))
		return err
	})
	if db.NoRows(err) {
		return Device{}, ErrUnknown
	}
	if err != nil {
		return Device{}, fmt.Errorf("device: %w", err)
	}
	return d, nil
}

func scanDevice(row interface{ Scan(...any) error }) (Device, error) {
	var updated int64
	var data []byte
	if err := row.Scan(&updated, &data); err != nil {
		return Device{}, err
	}
	d := Device{Device: &pb.Device{}, Updated: time.UnixMilli(updated).UTC()}
	return d, proto.Unmarshal(data, d.Device)
}

// Home is what is known of a home as a whole.
type Home struct {
	Gateway          string   // that told the list of devices
	Blocked, Allowed []string // endpoints, for the whole home
	Dropped          uint64   // items that its gateways had to give up
	DroppedAt        time.Time
}

// Home returns it; a home that told nothing yet has a zero one.
func (h *History) Home(ctx context.Context, p home.Place) (out Home, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		var own []byte
		var dropped, at int64
		err := tx.Row("SELECT gateway, blocked, dropped, dropped_at FROM history_home WHERE tenant = ? AND home = ?", p.Tenant, p.Home).
			Scan(&out.Gateway, &own, &dropped, &at)
		if err != nil {
			return err
		}
		var m pb.Devices
		if err := proto.Unmarshal(own, &m); err != nil {
			return err
		}
		out.Blocked, out.Allowed, out.Dropped = m.GetBlocked(), m.GetAllowed(), uint64(dropped)
		if at > 0 {
			out.DroppedAt = time.UnixMilli(at).UTC()
		}
		return nil
	})
	if err != nil && !db.NoRows(err) {
		return Home{}, fmt.Errorf("home: %w", err)
	}
	return out, nil
}
