package units

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/intel/network/data"
	"cardea/wire"
)

// UseOptions say what of a unit is told. The zero value tells all.
type UseOptions struct {
	Level func(*Device) profile.Level // whose devices a device counts for; nil: profile.LevelOf its identity
	Skip  func(*Device) bool          // devices that do not teach; nil: all do
	// Watched: bytes are told only of a unit whose devices were watched for most of the days on which they were active. A capture that
	// was stopped and gone on covers its days, and does not know what was sent on them.
	Watched bool
	When    func(time.Time) bool // of contacts that began at other times nothing is told; nil: of all
}

// Uses tells what a unit's devices did, week by week, as one home would: what a profile is learned from. Devices of one level are
// one vote, the largest share of any. Hours are UTC: captures do not tell where they were made. The order is by week and level. Bytes
// and hours are told of days of which most was captured: those of a capture of minutes would be taken for a day's.
func Uses(ctx context.Context, u *Unit, o UseOptions) ([]profile.Use, error) {
	if o.Level == nil {
		o.Level = func(d *Device) profile.Level { return profile.LevelOf(d.Identity) }
	}
	g := &gatherer{unit: u, when: o.When, whole: u.wholeDays(), devices: map[home.DeviceID]*usage{}}
	for i := range u.Devices {
		d := &u.Devices[i]
		if o.Skip == nil || !o.Skip(d) {
			g.devices[d.ID] = &usage{device: d, level: o.Level(d), weeks: map[uint32]*week{}, first: math.MaxInt64, known: map[endpoint.Chain]bool{}}
		}
	}
	var w watch
	if err := u.Play(ctx, w.observe, g.contact); err != nil {
		return nil, err
	}
	uses := g.uses(u.Key())
	if o.Watched && !w.most() {
		for i := range uses {
			uses[i].Up = nil
		}
	}
	return uses, nil
}

// watch is for how long devices were watched. Silences of up to an hour count, since who watched then would have seen more.
type watch struct {
	last map[home.DeviceID]time.Time
	time time.Duration
	days map[deviceDay]bool
}

type deviceDay struct {
	device home.DeviceID
	day    int64
}

func (w *watch) observe(o *home.Observation) {
	if o.Device == nil || o.Device.Gateway {
		return
	}
	if w.last == nil {
		w.last, w.days = map[home.DeviceID]time.Time{}, map[deviceDay]bool{}
	}
	last, ok := w.last[o.Device.ID]
	if took := o.Time.Sub(last); ok && took > 0 && took <= time.Hour {
		w.time += took
	}
	if !ok || o.Time.After(last) {
		w.last[o.Device.ID] = o.Time
	}
	w.days[deviceDay{o.Device.ID, o.Time.Unix() / day}] = true
}

// most says whether devices were watched for more than half of their days.
func (w *watch) most() bool { return 2*w.time > time.Duration(len(w.days))*24*time.Hour }

// wholeDay is how much of a day must have been captured for what was done in it to be what is done in a day.
const wholeDay = 20 * 3600

// wholeDays are the days of which most was captured.
func (u *Unit) wholeDays() map[int64]bool {
	out := map[int64]bool{}
	seen := map[int64]int64{}
	var end int64                 // of what was counted already: captures may overlap
	for _, s := range u.sources { // in the order of their beginning
		at := max(s.first.Unix(), end)
		for last := min(s.last.Unix(), at+maxDays*day); at < last; {
			next := min((at/day+1)*day, last)
			if seen[at/day] += next - at; seen[at/day] >= wholeDay {
				out[at/day] = true
			}
			at = next
		}
		end = max(end, at)
	}
	return out
}

// maxDays bounds the days of one capture: a clock may be wrong by decades.
const maxDays = 4000

// Key is a number of the unit that stays the same when it is read again with others. Made-up addresses are the same in many homes:
// there the unit's flows tell it from others.
func (u *Unit) Key() uint64 {
	var macs []string
	invented := false
	for i := range u.Devices {
		for _, m := range u.Devices[i].MACs {
			macs = append(macs, m.String())
			invented = invented || madeUp(m)
		}
	}
	slices.Sort(macs)
	h := fnv.New64a()
	for _, m := range macs {
		_, _ = h.Write([]byte(m))
	}
	if !invented {
		return h.Sum64()
	}
	least := uint64(math.MaxUint64) // an excerpt beside the whole changes nothing
	for _, s := range u.sources {
		if s.prints != nil && len(s.prints.list) > 0 {
			least = min(least, s.prints.list[0].sum)
		}
	}
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, least))
	return h.Sum64()
}

// usage is what one device did.
type usage struct {
	device *Device
	level  profile.Level
	weeks  map[uint32]*week
	first  int64 // day; contacts come in the order of time
	known  map[endpoint.Chain]bool
}

// week is what it did in one week.
type week struct {
	active uint8 // a bit for each day
	whole  uint8 // likewise, of those that were watched as a whole
	ends   map[endpoint.Chain]*end
	hours  [24]uint16
	up     [7]uint64
	fresh  uint16
	first  bool
}

type end struct {
	days  uint8 // a bit for each day
	flows uint32
}

type gatherer struct {
	unit    *Unit
	when    func(time.Time) bool
	whole   map[int64]bool // days of which most was captured
	devices map[home.DeviceID]*usage
}

// asn is the number of the network that an endpoint is in.
var networks = sync.OnceValue(func() func(*home.Endpoint) uint32 {
	table, _ := data.Default() // built without it large operators are known still
	return func(e *home.Endpoint) uint32 {
		n, _ := table.Of(e.IP)
		return n.ASN
	}
})

// Chain names a contact's endpoint at all grains, with the network that its address is in.
func Chain(c *home.Contact) endpoint.Chain {
	e := c.Endpoint
	if !c.Local && e.ASN == 0 && e.IP.IsValid() {
		e.ASN = networks()(&e)
	}
	return endpoint.Of(&e, c.Local, c.Inbound)
}

// contact counts one contact of an hour. A mere look-up is none.
func (g *gatherer) contact(c *home.Contact) {
	d := g.devices[c.Device]
	if d == nil || c.Lookup || c.First.IsZero() || g.when != nil && !g.when(c.First) {
		return
	}
	today := c.First.Unix() / day
	no := wire.Week(c.First)
	w := d.weeks[no]
	if w == nil {
		w = &week{ends: map[endpoint.Chain]*end{}}
		d.weeks[no] = w
	}
	if d.first == math.MaxInt64 {
		d.first, w.first = today, true
	}
	bit := uint8(1) << uint((today+3)%7) // from Monday on
	chain := Chain(c)
	if !d.known[chain] {
		d.known[chain] = true
		if today > d.first {
			w.fresh = add(w.fresh)
		}
	}
	e := w.ends[chain]
	if e == nil {
		e = &end{}
		w.ends[chain] = e
	}
	e.days |= bit
	e.flows = uint32(min(uint64(e.flows)+c.Flows, math.MaxUint32))
	if c.Inbound {
		return // others began it: the device was no more active for it
	}
	w.active |= bit
	if !g.whole[today] {
		return // what was sent in a minute says nothing of a day, nor when it is busy
	}
	w.whole |= bit
	w.hours[c.First.UTC().Hour()] = add(w.hours[c.First.UTC().Hour()])
	if !c.Local {
		w.up[(today+3)%7] += c.Up
	}
}

func add(n uint16) uint16 { return uint16(min(int(n)+1, math.MaxUint16)) }

func ones(b uint8) (n uint8) {
	for ; b != 0; b &= b - 1 {
		n++
	}
	return n
}

// uses makes the votes.
func (g *gatherer) uses(key uint64) (list []profile.Use) {
	type slot struct {
		level profile.Level
		week  uint32
	}
	byLevel := map[slot][]*week{}
	for i := range g.unit.Devices { // in the unit's order
		d := g.devices[g.unit.Devices[i].ID]
		if d == nil {
			continue
		}
		for no, w := range d.weeks {
			if w.active != 0 {
				byLevel[slot{d.level, no}] = append(byLevel[slot{d.level, no}], w)
			}
		}
	}
	for s, weeks := range byLevel {
		list = append(list, vote(s.level, s.week, key, weeks))
	}
	slices.SortFunc(list, func(a, b profile.Use) int {
		return cmp.Or(cmp.Compare(a.Week, b.Week), cmp.Compare(a.Level.Class, b.Level.Class), cmp.Compare(a.Level.Vendor, b.Level.Vendor), cmp.Compare(a.Level.Model, b.Level.Model))
	})
	return list
}

// vote makes one vote of the devices of one level.
func vote(l profile.Level, no uint32, key uint64, weeks []*week) profile.Use {
	u := profile.Use{Level: l, Week: no, Home: key}
	best := map[endpoint.Chain]profile.End{}
	var up [7]uint64
	var whole uint8
	for _, w := range weeks {
		u.Active = max(u.Active, ones(w.active))
	}
	for _, w := range weeks {
		whole |= w.whole
		u.First = u.First || w.first
		u.Fresh = max(u.Fresh, w.fresh)
		for h, n := range w.hours {
			u.Hours[h] = uint16(min(int(u.Hours[h])+int(n), math.MaxUint16))
		}
		for i := range up {
			up[i] = max(up[i], w.up[i])
		}
		for c, e := range w.ends {
			// days of this device as a share of its own active days, in days of the most active one
			days := min(ones(e.days&w.active), u.Active)
			if n := ones(w.active); n > 0 {
				days = uint8(math.Round(float64(days) * float64(u.Active) / float64(n)))
			}
			b := best[c]
			best[c] = profile.End{Chain: c, Days: max(b.Days, days, 1), Flows: max(b.Flows, e.flows)}
		}
	}
	for i := range up {
		if whole&(1<<i) != 0 {
			u.Up = append(u.Up, up[i])
		}
	}
	u.Up = u.Up[:min(len(u.Up), int(u.Active))]
	for _, e := range best {
		u.Ends = append(u.Ends, e)
	}
	slices.SortFunc(u.Ends, func(a, b profile.End) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(b.Flows, a.Flows), slices.Compare(a.Chain.Keys[:], b.Chain.Keys[:]), cmp.Compare(a.Chain.Flags, b.Chain.Flags))
	})
	u.Ends = u.Ends[:min(len(u.Ends), profile.MaxEnds)]
	return u
}

// AsOf is the week as of which profiles are built from captures: any will do, as long as it is the same for all, since captures of
// different years are learned together.
const AsOf = 3000

// Compact moves a unit's weeks together, so that the last one is AsOf and the one before it in which something was seen the week
// before, and so on: time in which nobody captured did not pass, and captures are not forgotten for being old.
func Compact(uses []profile.Use) []profile.Use {
	var weeks []uint32
	for i := range uses {
		weeks = append(weeks, uses[i].Week)
	}
	slices.Sort(weeks)
	weeks = slices.Compact(weeks)
	out := slices.Clone(uses)
	for i := range out {
		at, _ := slices.BinarySearch(weeks, out[i].Week)
		out[i].Week = uint32(max(0, AsOf-(len(weeks)-1-at)))
	}
	return out
}

// OwnHomes are the options of a set that is built from captures of one's own, which Compact moved together: there are few homes and
// nobody to be hidden or poisoned by, so that what any of them does is normal for its level, unless anybody may be behind it.
func OwnHomes() profile.Options {
	return profile.Options{Now: AsOf, Few: 1, Version: 1, Qualify: func(_ profile.Level, e profile.Evidence) profile.Standing {
		if e.Flags&endpoint.Shared != 0 {
			return profile.Rare
		}
		return profile.Normal
	}}
}
