// Package collateral watches whether a device still does its normal work while something is blocked for it, compared with its own days
// before: does it reach the endpoints that it always reaches, does it try in vain again and again, does it restart. It says so with
// figures (home.Harm); what follows from that is not its to decide.
//
// It is pure: the time of what happens is the clock, no I/O. It may import home and behavior's names of endpoints. A Watcher owns what is
// watched; it is bounded, and a contact costs no memory.
package collateral

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// Days is how far a baseline looks back.
const Days = 16

const (
	hours   = Days * 24
	maxEnds = 48   // usual endpoints of a device; a word has a bit for each
	maxKeys = 1024 // endpoints that are looked at to find them
)

// Least is the shortest time that a device has to have been on, before, for its own days to say anything.
const Least = 12 * time.Hour

// Baseline is how a device worked on its own days before.
type Baseline struct {
	Ends    []End         `json:"ends"`    // its usual endpoints, by key
	On      time.Duration `json:"on"`      // powered on, in whole hours
	Share   float64       `json:"share"`   // of these endpoints that it reached on a day, on average
	Failed  float64       `json:"failed"`  // tries in vain an hour, to these
	Reboots float64       `json:"reboots"` // a day
}

// End is an endpoint that a device uses on most of its days.
type End struct {
	Key    uint64        `json:"key"`
	Silent time.Duration `json:"silent"` // the longest that the device was on without reaching it
}

// Enough says whether there is anything to compare with.
func (b *Baseline) Enough() bool { return b.On >= Least && len(b.Ends) > 0 }

// days is one bit for each hour before the time that the baseline ends.
type days [hours / 64]uint64

func (d *days) set(h int)      { d[h/64] |= 1 << (h % 64) }
func (d *days) has(h int) bool { return d[h/64]&(1<<(h%64)) != 0 }

func (d *days) count() (n int) {
	for _, w := range d {
		n += bits.OnesCount64(w)
	}
	return n
}

// of says on how many days any hour is set.
func (d *days) of() (n int) {
	for day := range Days {
		for h := range 24 {
			if d.has(day*24 + h) {
				n++
				break
			}
		}
	}
	return n
}

// BaselineOf learns it from contacts of the days before a time, in any order; what is later, or older than Days, is left out. So is
// what was blocked, and what except (nil: nothing) says: the endpoints of the case itself are nobody's normal work. reboots are the
// device's restarts in that time.
func BaselineOf(contacts iter.Seq[*home.Contact], before time.Time, reboots int, except func(*home.Contact) bool) Baseline {
	var on days
	ends := map[uint64]*days{}
	var failed uint64
	for c := range contacts {
		first, last := hourOf(c.First, before), hourOf(c.Last, before)
		if last < 0 || first < 0 {
			continue
		}
		on.set(first)
		on.set(last)
		key := keyOf(c)
		if key == 0 || c.Action == home.Block || except != nil && except(c) {
			continue
		}
		failed += c.Failed
		if !reached(c) {
			continue
		}
		e := ends[key]
		if e == nil {
			if len(ends) >= maxKeys {
				continue
			}
			e = &days{}
			ends[key] = e
		}
		e.set(first)
		e.set(last)
	}
	b := Baseline{On: time.Duration(on.count()) * time.Hour}
	if b.On == 0 {
		return b
	}
	b.Failed, b.Reboots = float64(failed)/b.On.Hours(), float64(reboots)*24/b.On.Hours()
	b.choose(&on, ends)
	return b
}

// hourOf is the hour of Days that a time is in; -1: none of them.
func hourOf(t, before time.Time) int {
	ago := before.Sub(t)
	if ago <= 0 || ago > hours*time.Hour {
		return -1
	}
	return hours - 1 - int((ago-1)/time.Hour)
}

// choose keeps what the device uses on at least half of its days: on two of them, or in three hours of the only one.
func (b *Baseline) choose(on *days, ends map[uint64]*days) {
	active := on.of()
	type use struct {
		End
		hours, days int
	}
	var list []use
	for key, d := range ends {
		u := use{End{key, silence(on, d)}, d.count(), d.of()}
		if active == 1 && u.hours >= 3 || active > 1 && u.days >= 2 && 2*u.days >= active {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(x, y use) int {
		return cmp.Or(cmp.Compare(y.days, x.days), cmp.Compare(y.hours, x.hours), cmp.Compare(x.Key, y.Key))
	})
	list = list[:min(len(list), maxEnds)]
	for _, u := range list {
		b.Ends = append(b.Ends, u.End)
		b.Share += float64(u.days) / float64(active*len(list))
	}
	slices.SortFunc(b.Ends, func(x, y End) int { return cmp.Compare(x.Key, y.Key) })
}

// silence is the longest run of hours in which the device was on and did not reach an endpoint.
func silence(on, d *days) time.Duration {
	longest, run := 0, 0
	for h := range hours {
		switch {
		case d.has(h):
			run = 0
		case on.has(h):
			run++
			longest = max(longest, run)
		}
	}
	return time.Duration(longest) * time.Hour
}

// keyOf names what a contact reaches as the device knows it: by domain, of a domain that many customers share by host, in the home by
// service. 0: it says nothing of the device's work.
func keyOf(c *home.Contact) uint64 {
	if c.Lookup || c.Inbound || basic(c.Endpoint.Port) || c.Endpoint.IP.IsMulticast() {
		return 0
	}
	n := endpoint.Of(&c.Endpoint, c.Local, false)
	switch {
	case c.Local:
		return n.Keys[endpoint.Service]
	case n.Flags&endpoint.Shared == 0 && n.Keys[endpoint.Domain] != 0:
		return n.Keys[endpoint.Domain]
	}
	return n.Keys[endpoint.Host]
}

// basic are the ports of names, addresses, the time and discovery: they go on in every mode.
func basic(port uint16) bool {
	switch port {
	case 53, 67, 68, 123, 546, 547, 1900, 5353, 5355:
		return true
	}
	return false
}

// reached says whether anybody answered.
func reached(c *home.Contact) bool { return c.Down > 0 || c.Flows > c.Failed }
