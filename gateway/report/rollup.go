package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// maxHours bounds the hours that wait to be told: a home of 512 devices twice.
const maxHours = 1024

type hourOf struct {
	device home.DeviceID
	hour   int64
}

type hour struct {
	*pb.DeviceHour
	usage map[uint64]*pb.Usage
}

// Hours sums closed contacts up. What is inside the home is left out. It is used under its owner's lock.
type Hours struct {
	hours   map[hourOf]*hour
	dropped uint64
}

// Add counts a closed contact.
func (h *Hours) Add(c *home.Contact) {
	if c.Local || c.Lookup && c.Action < home.Block {
		return
	}
	k := hourOf{c.Device, Millis(c.First.Truncate(time.Hour))}
	d := h.hours[k]
	if d == nil {
		if len(h.hours) >= maxHours {
			h.dropped++
			return
		}
		if h.hours == nil {
			h.hours = map[hourOf]*hour{}
		}
		d = &hour{&pb.DeviceHour{Device: string(c.Device), Hour: k.hour}, map[uint64]*pb.Usage{}}
		h.hours[k] = d
	}
	e := c.Endpoint
	if c.Lookup { // of the name, not of the server that was asked
		e.Port, e.Proto = 0, "dns"
	}
	hash := wire.EndpointHash(e)
	u := d.usage[hash]
	if u == nil {
		u = &pb.Usage{Endpoint: hash}
		d.usage[hash] = u
	}
	if c.Lookup {
		u.Blocked += clamp(max(c.Packets, 1))
		return
	}
	u.Flows, u.Failed, u.Up, u.Down = u.Flows+c.Flows, u.Failed+c.Failed, u.Up+c.Up, u.Down+c.Down
	if c.Action >= home.Block {
		u.Blocked += clamp(c.Flows)
	}
	d.Up, d.Down = d.Up+c.Up, d.Down+c.Down
	if e.Name == "" {
		d.Unnamed += c.Up + c.Down
	}
}

func clamp(n uint64) uint32 { return uint32(min(n, 1<<31)) }

// Dropped counts contacts that were not summed up because too much waited.
func (h *Hours) Dropped() uint64 { return h.dropped }

// Take empties it into messages that are each small enough.
func (h *Hours) Take() (out []*pb.RollUp) {
	keys := slices.SortedFunc(maps.Keys(h.hours), func(a, b hourOf) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.device, b.device))
	})
	size := 0
	for _, k := range keys {
		d := h.hours[k]
		for _, hash := range slices.Sorted(maps.Keys(d.usage)) {
			d.Usage = append(d.Usage, d.usage[hash])
		}
		n := proto.Size(d.DeviceHour)
		if len(out) == 0 || size+n > MaxItem {
			out, size = append(out, &pb.RollUp{Scheme: home.CollapseScheme}), 0
		}
		last := out[len(out)-1]
		last.Hours, size = append(last.Hours, d.DeviceHour), size+n
	}
	h.hours = nil
	return out
}

// Forget drops what was counted of a device and not taken yet; "" of all.
func (h *Hours) Forget(id home.DeviceID) {
	maps.DeleteFunc(h.hours, func(k hourOf, _ *hour) bool { return id == "" || k.device == id })
}
