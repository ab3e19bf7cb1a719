// Package record is what the cloud keeps of one device to learn what is normal, as one value in the database: the endpoints that
// it uses, on how many days of the last weeks, and how its days were. It is a part of cloud/normal, which owns the tables; it may
// import behavior/endpoint only, and is pure.
package record

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"cardea/behavior/endpoint"
)

// Bounds of a device.
const (
	Weeks   = 8   // the present one and those before; what was not told of for longer is forgotten
	MaxEnds = 400 // endpoints; further ones are refused
	told    = 15  // in the place of days: used, on how many days is not known yet
)

// End is an endpoint of a device.
type End struct {
	Chain endpoint.Chain
	Since uint32 // week in which it was told of first
	days  uint32 // four bits a week, the device's newest week lowest: 0 not used, 1 to 7 days, told
}

// Device is what is kept of a device. The zero value knows nothing.
type Device struct {
	newest uint32 // week
	since  uint32 // the first week that anything was told of
	weeks  [Weeks]week
	ends   []End // by host key and flags
}

// week is one of a device, the newest first.
type week struct {
	active uint8      // days on which it was active, as told with its endpoints
	scored uint8      // days of which scores were told, Monday the lowest bit
	fresh  uint16     // endpoints that it had never used before
	up     [7]uint8   // bytes to the internet of each day, as LogBytes
	hours  [24]uint16 // contacts begun
}

// Week is a week as one vote counts it.
type Week struct {
	Number uint32
	First  bool   // nothing was told of the device before
	Active uint8  // days, at least 1
	Fresh  uint16 // endpoints that it had never used before; those of its first day are not counted
	Hours  [24]uint16
	Up     []uint8 // of each day that is known, as LogBytes
	Ends   []Used
}

// Used is an endpoint in a week.
type Used struct {
	Chain endpoint.Chain
	Days  uint8  // at most Active; 0: not known
	Since uint32 // week
}

func byKey(a, b End) int { return compare(a.Chain, b.Chain) }

func compare(a, b endpoint.Chain) int {
	return cmp.Or(cmp.Compare(a.Keys[endpoint.Host], b.Keys[endpoint.Host]), cmp.Compare(a.Flags, b.Flags))
}

// Newest is the newest week that anything was told of.
func (d *Device) Newest() uint32 { return d.newest }

// Ends counts its endpoints.
func (d *Device) Ends() int { return len(d.ends) }

// advance makes room for a week; it says where the week is, or that it is too old.
func (d *Device) advance(number uint32) (back uint32, ok bool) {
	if d.since == 0 {
		d.since = number
	}
	if number > d.newest {
		by := min(number-d.newest, Weeks)
		d.newest = number
		copy(d.weeks[by:], d.weeks[:Weeks-by])
		clear(d.weeks[:by])
		d.ends = slices.DeleteFunc(d.ends, func(e End) bool { return by == Weeks || e.days<<(4*by) == 0 })
		for i := range d.ends {
			d.ends[i].days <<= 4 * by
		}
	}
	back = d.newest - number
	return back, back < Weeks
}

// Use keeps that an endpoint is used in a week. days and active are of the week before that in which it was told of last: days on
// which it was used, and on which the device was active; 0 when it was not told of before. It says whether there was room.
func (d *Device) Use(number uint32, c endpoint.Chain, days, active uint8) bool {
	back, ok := d.advance(number)
	if !ok {
		return true // of another time
	}
	i, found := slices.BinarySearchFunc(d.ends, End{Chain: c}, byKey)
	if !found {
		if len(d.ends) >= MaxEnds {
			return false
		}
		d.ends = slices.Insert(d.ends, i, End{Chain: c, Since: number})
	}
	e := &d.ends[i]
	e.Chain = c // its coarser names may be known better now
	if e.days>>(4*back)&15 == 0 {
		e.days |= told << (4 * back)
	}
	if days = min(days, 7); days == 0 {
		return true
	}
	for b := back + 1; b < Weeks; b++ { // the last week before in which it was used
		if e.days>>(4*b)&15 == 0 {
			continue
		}
		if e.days>>(4*b)&15 == told {
			e.days = e.days&^(15<<(4*b)) | uint32(days)<<(4*b)
			d.weeks[b].active = max(d.weeks[b].active, min(active, 7), days)
		}
		break
	}
	return true
}

// Day keeps how a day was. weekday is 0 on Mondays.
func (d *Device) Day(number uint32, weekday int, fresh uint32, up uint64, hours []uint32) {
	back, ok := d.advance(number)
	if !ok || weekday < 0 || weekday > 6 || d.weeks[back].scored&(1<<weekday) != 0 {
		return
	}
	if number == d.since && d.weeks[back].scored == 0 {
		fresh = 0 // all was new on its first day
	}
	w := &d.weeks[back]
	w.scored |= 1 << weekday
	w.fresh = uint16(min(uint32(w.fresh)+min(fresh, math.MaxUint16), math.MaxUint16))
	w.up[weekday] = LogBytes(up)
	for h, n := range hours[:min(len(hours), 24)] {
		w.hours[h] = uint16(min(uint32(w.hours[h])+min(n, math.MaxUint16), math.MaxUint16))
	}
}

// Each gives the weeks in which the device was active, the newest first. What it gives may be kept until the next call only.
func (d *Device) Each(f func(*Week)) {
	var out Week
	for b := range uint32(Weeks) {
		if d.newest < b {
			return
		}
		w := &d.weeks[b]
		out = Week{Number: d.newest - b, First: d.newest-b == d.since, Fresh: w.fresh, Hours: w.hours, Up: out.Up[:0], Ends: out.Ends[:0]}
		out.Active = max(w.active, uint8(bits.OnesCount8(w.scored)))
		for i := range d.ends {
			e := &d.ends[i]
			n := uint8(e.days >> (4 * b) & 15)
			if n == 0 {
				continue
			}
			if n == told {
				n = 0
			}
			out.Active = max(out.Active, n, 1)
			out.Ends = append(out.Ends, Used{e.Chain, n, e.Since})
		}
		for i, up := range w.up {
			if w.scored&(1<<i) != 0 {
				out.Up = append(out.Up, up)
			}
		}
		if out.Active > 0 {
			f(&out)
		}
	}
}

// Match gives the endpoints that the device used since a week, with the first week that is remembered and the last.
func (d *Device) Match(since uint32, f func(c *endpoint.Chain, first, last uint32)) {
	for i := range d.ends {
		e := &d.ends[i]
		if e.days == 0 {
			continue
		}
		if last := d.newest - uint32(bits.TrailingZeros32(e.days)/4); last >= since {
			f(&e.Chain, e.Since, last)
		}
	}
}

// LogBytes puts a number of bytes on a scale of eighths of a doubling: 1 is a byte or two, 0 none.
func LogBytes(n uint64) uint8 {
	if n == 0 {
		return 0
	}
	return uint8(min(1+math.Round(8*math.Log2(float64(n))), 255))
}

// Bytes is the middle of what LogBytes puts there.
func Bytes(l uint8) float64 {
	if l == 0 {
		return 0
	}
	return math.Exp2(float64(l-1) / 8)
}
