package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"cardea/home"
	"cardea/lab/eval/units"
)

// parts are the units by what they are for.
type parts struct {
	train, calibration, test []*units.Unit
	split                    Split
}

// divide gives the benign units that are not in training to calibration and to the test: in the order of time, the earlier half
// of the time watched (device-days) calibrates. Units share no device: Read has made one unit of captures that do, and what is in training as
// well is left out here.
func divide(train, benign []*units.Unit, days map[*units.Unit]float64) parts {
	p := parts{train: train, split: Split{Why: []string{}}}
	var end time.Time
	for _, u := range train {
		if u.Last.After(end) {
			end = u.Last
		}
	}
	var rest []*units.Unit
	for _, u := range benign {
		if why := shares(u, train); why != "" {
			p.say("%s is left out: %s, which is in training", u.Name, why)
			continue
		}
		rest = append(rest, u)
	}
	slices.SortStableFunc(rest, func(a, b *units.Unit) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Name, b.Name)) })
	half := middle(rest, days)
	p.calibration, p.test = rest[:half], rest[half:]
	late := p.inOrder("calibration", p.calibration, "training", end)
	if forward := p.inOrder("test", p.test, "training", end) && late; len(train) > 0 && len(rest) > 0 {
		p.split.Forward = &forward
	}
	end = time.Time{}
	for _, u := range p.calibration {
		if u.Last.After(end) {
			end = u.Last
		}
	}
	if after := p.inOrder("test", p.test, "calibration", end); len(p.calibration) > 0 && len(p.test) > 0 {
		p.split.After = &after
	}
	p.split.Train, p.split.Calibration, p.split.Test = list(p.train), list(p.calibration), list(p.test)
	return p
}

// middle is the number of units, from the first, that calibrate: those of about half of the device-days, where a quarter to three
// quarters allow it so that they all end before the others begin. One unit is for the test.
func middle(rest []*units.Unit, days map[*units.Unit]float64) int {
	all := 0.
	for _, u := range rest {
		all += days[u]
	}
	best, least, sum := 0, math.Inf(1), 0.
	var end time.Time
	for i, u := range rest {
		if i > 0 {
			off := math.Abs(sum - all/2)
			if u.First.Before(end) || off > all/4 {
				off += all // what overlaps, or is too uneven, is the second choice
			}
			if off < least {
				best, least = i, off
			}
		}
		sum += days[u]
		if u.Last.After(end) {
			end = u.Last
		}
	}
	return best
}

// shares says why a unit may be of a home that is in training; "": nothing says so.
func shares(u *units.Unit, train []*units.Unit) string {
	for _, t := range train {
		if why := u.Same(t); why != "" {
			return why
		}
	}
	return ""
}

// inOrder says which units of a part begin before the part before it has ended. Their time cannot be changed: a capture's days are
// what they are.
func (p *parts) inOrder(part string, list []*units.Unit, before string, end time.Time) bool {
	n, first := 0, ""
	for _, u := range list {
		if u.First.Before(end) {
			if n++; n == 1 {
				first = u.Name
			}
		}
	}
	switch n {
	case 0:
		return true
	case 1:
		p.say("%s: %s begins before %s has ended (%s): it cannot be later", part, first, before, end.Format(time.DateOnly))
	default:
		p.say("%s: %s and %d more begin before %s has ended (%s): they cannot be later", part, first, n-1, before, end.Format(time.DateOnly))
	}
	return false
}

func (p *parts) say(format string, a ...any) {
	p.split.Why = append(p.split.Why, fmt.Sprintf(format, a...))
}

func list(of []*units.Unit) []Unit {
	out := []Unit{}
	for _, u := range of {
		l := Unit{Name: u.Name, Files: len(u.Files), First: u.First, Last: u.Last, Devices: []string{}, Left: LeftOut{u.Left.Malicious, u.Left.Unknown, append([]string{}, u.Left.Words...)}}
		for i := range u.Devices {
			if name := modelName(&u.Devices[i].Device); name != "" && !slices.Contains(l.Devices, name) {
				l.Devices = append(l.Devices, name)
			}
		}
		out = append(out, l)
	}
	return out
}

// modelName is what a device is compared with: its model, else its vendor and class, as far as they are known.
func modelName(d *home.Device) string {
	switch {
	case d.Model != "":
		return d.Model
	case d.Vendor != "" && d.Class != "":
		return d.Vendor + " " + string(d.Class)
	case d.Vendor != "":
		return d.Vendor
	}
	return string(d.Class)
}
