package report

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

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

// Announced remembers which endpoints of a device were told of, and in which week: a used one is told again each week, and
// not more often. It is used by one goroutine, and its owner stores it.
type Announced struct {
	devices map[home.DeviceID]map[uint64]uint32 // week
	full    uint64
	changed bool
}

// NewAnnounced makes an empty table.
func NewAnnounced() *Announced { return &Announced{devices: map[home.DeviceID]map[uint64]uint32{}} }

// Used notes that a contact was used. It returns what is to be told of it; nil: nothing, it was told this week, or it is
// nothing that is told: a look-up without a flow, a contact inside the home, one that the far end began, one whose far end
// was not kept.
func (a *Announced) Used(c *home.Contact, now time.Time) *pb.FirstTime {
	e := &c.Endpoint
	if c.Lookup || c.Local || c.Inbound || c.Flows == 0 || e.Name == "" && !e.IP.IsValid() {
		return nil
	}
	table := a.devices[c.Device]
	if table == nil {
		if len(a.devices) >= maxDevices {
			a.full++
			return nil
		}
		table = map[uint64]uint32{}
		a.devices[c.Device] = table
	}
	hash, week := wire.EndpointHash(*e), wire.Week(now)
	told, known := table[hash]
	if known && told >= week {
		return nil
	}
	if !known && len(table) >= maxEndpoints && !makeRoom(table, week) {
		a.full++
		return nil
	}
	table[hash], a.changed = week, true
	return &pb.FirstTime{Device: string(c.Device), Endpoint: hash, Week: week, Renewed: known}
}

// makeRoom drops what has not been used for long.
func makeRoom(table map[uint64]uint32, week uint32) bool {
	for hash, told := range table {
		if told+stale <= week {
			delete(table, hash)
		}
	}
	return len(table) < maxEndpoints
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

// The file: magic, the scheme of collapsing, then for each device its id with a length byte, the number of its endpoints,
// and for each hash and week; at the end the CRC-32C of all of it. Integers are little-endian.
const announcedMagic = "cardea announced 1\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Marshal gives the table as a file, and false when it has not changed since the last time.
func (a *Announced) Marshal() ([]byte, bool) {
	if !a.changed {
		return nil, false
	}
	a.changed = false
	out := append([]byte(announcedMagic), home.CollapseScheme)
	for id, table := range a.devices {
		if len(id) > 255 {
			continue
		}
		out = append(append(out, byte(len(id))), id...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(table)))
		for hash, week := range table {
			out = binary.LittleEndian.AppendUint64(out, hash)
			out = binary.LittleEndian.AppendUint32(out, week)
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), true
}

var errAnnounced = errors.New("not a table of announced endpoints, or damaged")

// ParseAnnounced reads what Marshal wrote. One of another scheme is empty: its hashes mean nothing now.
func ParseAnnounced(b []byte) (*Announced, error) {
	head := len(announcedMagic) + 1
	if len(b) < head+4 || string(b[:head-1]) != announcedMagic {
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
	for body = body[head:]; len(body) > 0; {
		n := int(body[0])
		if len(body) < 1+n+4 {
			return NewAnnounced(), errAnnounced
		}
		id, count := home.DeviceID(body[1:1+n]), binary.LittleEndian.Uint32(body[1+n:])
		body = body[1+n+4:]
		if count > maxEndpoints || len(body) < int(count)*12 || len(a.devices) >= maxDevices {
			return NewAnnounced(), fmt.Errorf("device %d: %w", len(a.devices)+1, errAnnounced)
		}
		table := make(map[uint64]uint32, count)
		for e := range slices.Chunk(body[:count*12], 12) {
			table[binary.LittleEndian.Uint64(e)] = binary.LittleEndian.Uint32(e[8:])
		}
		a.devices[id], body = table, body[count*12:]
	}
	return a, nil
}

// FirstTimes packs announcements into messages.
func FirstTimes(list []*pb.FirstTime) (out []*pb.FirstTimes) {
	const each = 512
	for part := range slices.Chunk(list, each) {
		out = append(out, &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: part})
	}
	return out
}
