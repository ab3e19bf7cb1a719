package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/lab/eval/units"
)

// unit makes a unit that was watched from day to day (of 2026).
func unit(name string, from, to int, devices ...string) *units.Unit {
	u := &units.Unit{Name: name, First: time.Date(2026, 1, from, 0, 0, 0, 0, time.UTC), Last: time.Date(2026, 1, to, 0, 0, 0, 0, time.UTC)}
	for _, d := range append(devices, name) {
		u.Devices = append(u.Devices, units.Device{Device: home.Device{ID: home.DeviceID(d)}})
	}
	return u
}

func names(list []*units.Unit) string {
	var out []string
	for _, u := range list {
		out = append(out, u.Name)
	}
	return strings.Join(out, " ")
}

// said is "" where there is nothing to compare.
func said(b *bool) string {
	if b == nil {
		return ""
	}
	return fmt.Sprint(*b)
}

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		name              string
		train, benign     []*units.Unit
		calibration, test string
		forward, after    string // "": not asked
		why               string
	}{
		{"in order", []*units.Unit{unit("a", 1, 3)}, []*units.Unit{unit("c", 8, 9), unit("b", 4, 6)}, "b", "c", "true", "true", ""},
		{"one is the test", nil, []*units.Unit{unit("b", 4, 6)}, "", "b", "", "", ""},
		{"none", []*units.Unit{unit("a", 1, 3)}, nil, "", "", "", "", ""},
		{"earlier than training", []*units.Unit{unit("a", 5, 7)}, []*units.Unit{unit("b", 1, 2), unit("c", 8, 9)}, "b", "c", "false", "true",
			"calibration: b begins before training has ended (2026-01-07): it cannot be later"},
		{"test earlier than training", []*units.Unit{unit("a", 9, 20)}, []*units.Unit{unit("b", 1, 2), unit("c", 8, 9), unit("d", 8, 10)}, "b", "c d", "false", "true",
			"test: c and 1 more begin before training"},
		{"overlap", []*units.Unit{unit("a", 1, 2)}, []*units.Unit{unit("b", 3, 10), unit("c", 4, 11)}, "b", "c", "true", "false",
			"test: c begins before calibration has ended"},
		{"apart where it can be", []*units.Unit{unit("a", 1, 2)}, []*units.Unit{unit("b", 3, 6), unit("c", 6, 9), unit("d", 7, 9), unit("e", 8, 10)}, "b", "c d e", "true", "true", ""},
		{"a device of training", []*units.Unit{unit("a", 1, 2, "x")}, []*units.Unit{unit("b", 3, 4, "x"), unit("c", 3, 4)}, "", "c", "true", "",
			"b is left out: it shows a device of a, which is in training"},
	} {
		days := map[*units.Unit]float64{}
		for _, u := range c.benign {
			days[u] = u.Last.Sub(u.First).Hours() / 24
		}
		p := divide(c.train, c.benign, days)
		if names(p.calibration) != c.calibration || names(p.test) != c.test || said(p.split.Forward) != c.forward || said(p.split.After) != c.after {
			t.Errorf("%s: %s | %s, forward %s, after %s", c.name, names(p.calibration), names(p.test), said(p.split.Forward), said(p.split.After))
		}
		if why := fmt.Sprint(p.split.Why); c.why == "" && len(p.split.Why) > 0 || !strings.Contains(why, c.why) {
			t.Errorf("%s: %s", c.name, why)
		}
	}
}
