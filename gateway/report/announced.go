package report

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

// Bounds of what is remembered of announcements.
const (
	maxDevices   = 512
	maxEndpoints = 1024 // of a device
	stale        = 8    // weeks after which an endpoint that was not used makes room for another
)

// Announced remembers which endpoints of a device were told of, in which week, and on which days of it they were used: a used
// one is told again each week, and not more often, with how often it was used in the week before. It is used by one goroutine,
// and its owner stores it.
type Announced struct {
	// Known says how an endpoint is written where many homes use it by the profile in force, so that its name is no secret of
	// this home; nil or false: its hash alone is told.
	Known func(c *home.Contact, chain endpoint.Chain) bool

	devices map[home.DeviceID]*announced
	full    uint64
	changed bool
}

// announced is what is remembered of one device.
type announced struct {
	ends   map[uint64]weekly
	active [stale]weekly // by week modulo stale: days on which it used anything
}

// weekly is a week and days of it, Monday the lowest bit.
type weekly struct {
	week uint32
	days uint8
}

// future says whether it lies so far ahead that it is not worth to wait for it: the clock was wrong then, and was set back since.
func (w *weekly) future(week uint32) bool { return w.week > week+stale }

func (w *weekly) add(week uint32, day uint8) bool {
	if w.week == week && w.days&day != 0 {
		return false
	}
	if w.week != week {
		*w = weekly{week: week}
	}
	w.days |= day
	return true
}

// NewAnnounced makes an empty table.
func NewAnnounced() *Announced { return &Announced{devices: map[home.DeviceID]*announced{}} }

// weekday is the bit of a time's day in its wire.Week.
func weekday(t time.Time) uint8 { return 1 << ((t.UTC().Unix()/86400 + 3) % 7) }

// Used notes that a contact was used. It returns what is to be told of it; nil: nothing, it was told this week, or it is
// nothing that is told: a look-up without a flow, a contact inside the home, one that the far end began, one whose far end
// was not kept.
func (a *Announced) Used(c *home.Contact, now time.Time) *pb.FirstTime {
	e := &c.Endpoint
	if c.Lookup || c.Local || c.Inbound || c.Flows == 0 || e.Name == "" && !e.IP.IsValid() {
		return nil
	}
	d := a.devices[c.Device]
	if d == nil {
		if len(a.devices) >= maxDevices {
			a.full++
			return nil
		}
		d = &announced{ends: map[uint64]weekly{}}
		a.devices[c.Device] = d
	}
	hash, week, day := wire.EndpointHash(*e), wire.Week(now), weekday(now)
	if in := &d.active[week%stale]; (week >= in.week || in.future(week)) && in.add(week, day) {
		a.changed = true
	}
	was, known := d.ends[hash]
	if known && was.future(week) {
		was = weekly{} // else it would not be told again until then
	}
	if known && was.week >= week {
		if was.week == week && was.add(week, day) {
			d.ends[hash], a.changed = was, true
		}
		return nil
	}
	if !known && len(d.ends) >= maxEndpoints && !d.makeRoom(week) {
		a.full++
		return nil
	}
	d.ends[hash], a.changed = weekly{week, day}, true
	return a.first(c, d, hash, week, was)
}

// first is what is told of an endpoint that was last told of in another week; was is zero if never.
func (a *Announced) first(c *home.Contact, d *announced, hash uint64, week uint32, was weekly) *pb.FirstTime {
	chain := endpoint.Of(&c.Endpoint, false, false)
	f := &pb.FirstTime{Device: string(c.Device), Endpoint: hash, Week: week, Renewed: was.days != 0, Domain: chain.Keys[endpoint.Domain],
		Network: chain.Keys[endpoint.Network], Service: chain.Keys[endpoint.Service], Flags: uint32(chain.Flags)}
	if was.days != 0 {
		f.Days = uint32(bits.OnesCount8(was.days))
		f.Active = f.Days
		if in := d.active[was.week%stale]; in.week == was.week {
			f.Active = max(f.Days, uint32(bits.OnesCount8(in.days)))
		}
	}
	if a.Known != nil && a.Known(c, chain) {
		f.Name = wire.EndpointKey(c.Endpoint)
	}
	return f
}

// makeRoom drops what has not been used for long.
func (d *announced) makeRoom(week uint32) bool {
	for hash, told := range d.ends {
		if told.week+stale <= week || told.future(week) {
			delete(d.ends, hash)
		}
	}
	return len(d.ends) < maxEndpoints
}

// Keep drops devices that the home has forgotten.
func (a *Announced) Keep(known func(home.DeviceID) bool) {
	for id := range a.devices {
		if !known(id) {
			delete(a.devices, id)
			a.changed = true
		}
	}
}

// Full counts what could not be told because the table had no room.
func (a *Announced) Full() uint64 { return a.full }

// The file: magic, the scheme of collapsing, then for each device its id with a length byte, its active days by week, the number
// of its endpoints, and for each hash, week and days; at the end the CRC-32C of all of it. Integers are little-endian. The first
// form of it had no days.
const (
	announcedMagic = "cardea announced 2\n"
	announcedOld   = "cardea announced 1\n"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Marshal gives the table as a file, and false when it has not changed since the last time.
func (a *Announced) Marshal() ([]byte, bool) {
	if !a.changed {
		return nil, false
	}
	a.changed = false
	out := append([]byte(announcedMagic), home.CollapseScheme)
	for id, d := range a.devices {
		if len(id) > 255 {
			continue
		}
		out = append(append(out, byte(len(id))), id...)
		for _, w := range d.active {
			out = append(binary.LittleEndian.AppendUint32(out, w.week), w.days)
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(len(d.ends)))
		for hash, w := range d.ends {
			out = binary.LittleEndian.AppendUint64(out, hash)
			out = append(binary.LittleEndian.AppendUint32(out, w.week), w.days)
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), true
}

var errAnnounced = errors.New("not a table of announced endpoints, or damaged")

// ParseAnnounced reads what Marshal wrote, also in its first form. One of another scheme is empty: its hashes mean nothing now.
func ParseAnnounced(b []byte) (*Announced, error) {
	head := len(announcedMagic) + 1
	if len(b) < head+4 || string(b[:head-1]) != announcedMagic && string(b[:head-1]) != announcedOld {
		return NewAnnounced(), errAnnounced
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return NewAnnounced(), errAnnounced
	}
	a := NewAnnounced()
	if body[head-1] != home.CollapseScheme {
		return a, nil
	}
	old := string(b[:head-1]) == announcedOld
	for body = body[head:]; len(body) > 0; {
		id, d, rest, ok := parseAnnounced(body, old)
		if !ok || len(a.devices) >= maxDevices {
			return NewAnnounced(), fmt.Errorf("device %d: %w", len(a.devices)+1, errAnnounced)
		}
		a.devices[id], body = d, rest
	}
	return a, nil
}

// parseAnnounced reads one device.
func parseAnnounced(b []byte, old bool) (id home.DeviceID, d *announced, rest []byte, ok bool) {
	weeks, row := stale*5, 13
	if old {
		weeks, row = 0, 12
	}
	n := 1 + int(b[0])
	if len(b) < n+weeks+4 {
		return "", nil, nil, false
	}
	d = &announced{}
	for i := range d.active[:weeks/5] {
		at := b[n+5*i:]
		d.active[i] = weekly{binary.LittleEndian.Uint32(at), at[4] & 0x7f}
	}
	count := binary.LittleEndian.Uint32(b[n+weeks:])
	rest = b[n+weeks+4:]
	if count > maxEndpoints || len(rest) < int(count)*row {
		return "", nil, nil, false
	}
	d.ends = make(map[uint64]weekly, count)
	for e := range slices.Chunk(rest[:int(count)*row], row) {
		w := weekly{week: binary.LittleEndian.Uint32(e[8:]), days: 1} // of the first form: once
		if !old {
			w.days = e[12] & 0x7f
		}
		d.ends[binary.LittleEndian.Uint64(e)] = w
	}
	return home.DeviceID(b[1:n]), d, rest[int(count)*row:], true
}

// FirstTimes packs announcements into messages.
func FirstTimes(list []*pb.FirstTime) (out []*pb.FirstTimes) {
	const each = 512
	for part := range slices.Chunk(list, each) {
		out = append(out, &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: part})
	}
	return out
}

// Forget forgets what was told of a device; "" of all.
func (a *Announced) Forget(id home.DeviceID) {
	a.changed = true
	if id == "" {
		clear(a.devices)
		return
	}
	delete(a.devices, id)
}
