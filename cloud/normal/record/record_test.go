package record

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"cardea/behavior/endpoint"

	"pgregory.net/rapid"
)

func chain(n uint64) endpoint.Chain {
	return endpoint.Chain{Keys: [endpoint.Grains]uint64{n, n << 8, 0, 443}, Flags: endpoint.Named | endpoint.Usual}
}

func weeks(d *Device) (out []Week) {
	d.Each(func(w *Week) {
		c := *w
		c.Ends, c.Up = slices.Clone(w.Ends), slices.Clone(w.Up)
		out = append(out, c)
	})
	return out
}

func TestDaysAreOfTheWeekThatWasToldOfLast(t *testing.T) {
	var d Device
	d.Use(100, chain(1), 0, 0)
	d.Use(101, chain(1), 5, 6)
	d.Use(104, chain(1), 2, 7) // not used in two weeks; 2 days of week 101
	d.Use(104, chain(2), 0, 0)
	d.Day(101, 0, 40, 0, nil)
	d.Day(104, 0, 3, 1<<20, []uint32{0, 7})
	d.Day(104, 0, 9, 9, nil) // told twice
	got := weeks(&d)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct {
		week   uint32
		active uint8
		days   []uint8
	}{{104, 1, []uint8{0, 0}}, {101, 7, []uint8{2}}, {100, 6, []uint8{5}}} {
		w := got[i]
		var days []uint8
		for _, e := range w.Ends {
			days = append(days, e.Days)
		}
		if w.Number != want.week || w.Active != want.active || !slices.Equal(days, want.days) {
			t.Errorf("%+v, want %+v", w, want)
		}
	}
	if got[1].Fresh != 40 || got[0].First || !got[2].First {
		t.Errorf("first and fresh: %+v", got)
	}
	var e Device
	if e.Day(100, 2, 17, 0, nil); weeks(&e)[0].Fresh != 0 {
		t.Error("its first day says how often it meets what is new")
	}
	if got[0].Fresh != 3 || got[0].Hours[1] != 7 || !slices.Equal(got[0].Up, []uint8{161}) || math.Abs(Bytes(161)-1<<20) > 1 {
		t.Errorf("the day: %+v", got[0])
	}
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	var d Device
	d.Use(100, chain(1), 0, 0)
	d.Use(107, chain(2), 0, 0)
	if d.Ends() != 2 {
		t.Errorf("%d endpoints", d.Ends())
	}
	if d.Use(108, chain(2), 3, 3); d.Ends() != 1 {
		t.Errorf("%d endpoints", d.Ends())
	}
	if d.Use(100, chain(3), 0, 0); d.Ends() != 1 {
		t.Error("what is told too late counts")
	}
	got := ""
	all := func(c *endpoint.Chain, first, last uint32) { got += fmt.Sprint(c.Keys[0], first, last, ";") }
	d.Match(0, all)
	d.Match(109, all)
	if want := fmt.Sprint(2, 107, 108, ";"); got != want {
		t.Errorf("%s, want %s: one is forgotten, the other is not of the future", got, want)
	}
	d.Use(1000, chain(9), 0, 0)
	if d.Ends() != 1 || d.Newest() != 1000 {
		t.Errorf("%d endpoints after years", d.Ends())
	}
}

func TestADeviceIsBounded(t *testing.T) {
	var d Device
	for n := range uint64(MaxEnds) {
		if !d.Use(100, chain(n+1), 0, 0) {
			t.Fatal(n)
		}
	}
	if d.Use(100, chain(1<<40), 0, 0) || !d.Use(101, chain(7), 3, 4) {
		t.Error("the bound does not hold, or keeps out what is known")
	}
	if n := len(d.Append(nil)); n > 16<<10 {
		t.Errorf("%d bytes", n)
	}
}

// A device that was stored and read is the one that it was, and its form is one.
func TestDevicesSurviveTheDatabase(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var d Device
		for range rapid.IntRange(0, 40).Draw(rt, "acts") {
			w := uint32(100 + rapid.IntRange(0, 20).Draw(rt, "week"))
			if rapid.Bool().Draw(rt, "use") {
				d.Use(w, chain(uint64(rapid.IntRange(1, 9).Draw(rt, "end"))), rapid.Uint8().Draw(rt, "days"), rapid.Uint8().Draw(rt, "active"))
			} else {
				d.Day(w, rapid.IntRange(-1, 7).Draw(rt, "day"), rapid.Uint32().Draw(rt, "fresh"), rapid.Uint64().Draw(rt, "up"), rapid.SliceOfN(rapid.Uint32(), 0, 30).Draw(rt, "hours"))
			}
		}
		b := d.Append(nil)
		var e Device
		if err := e.Parse(b); err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(e.Append(nil), b) || !reflect.DeepEqual(weeks(&d), weeks(&e)) {
			rt.Fatal("another one came back")
		}
		for _, w := range weeks(&d) {
			for _, u := range w.Ends {
				if u.Days > w.Active {
					rt.Fatalf("%d of %d days", u.Days, w.Active)
				}
			}
		}
	})
}

func TestScores(t *testing.T) {
	s := Scores{}.Add(100, true, []float32{1, 2.5, 3}).Add(99, true, []float32{0, 0, 0, 7}).Add(100, false, []float32{0.5, 4, float32(math.NaN()), float32(math.Inf(1)), -3})
	if len(s) != 2 || s[0].Day != 99 || s[0].Max[3] != 7 || s[1].Max != [MaxStats]float32{1, 4, 3} || !s[0].Known || s[1].Known {
		t.Fatalf("%+v", s)
	}
	got, err := ParseScores(s.Append(nil), nil)
	if err != nil || !slices.Equal(got, s) {
		t.Errorf("%+v, %v", got, err)
	}
	if s = s.Add(99+MaxDays, true, nil); len(s) != 2 || s[0].Day != 100 {
		t.Errorf("what is older than %d days is kept: %+v", MaxDays, s)
	}
	if s.Add(1<<20, true, nil); len(s) != 2 {
		t.Error("a day that is none counts")
	}
}

func FuzzDevice(f *testing.F) {
	var d Device
	d.Use(100, chain(1), 0, 0)
	d.Day(101, 3, 2, 4000, []uint32{1, 2, 3})
	f.Add(d.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Device
		if d.Parse(b) == nil && len(b) > 0 && !bytes.Equal(d.Append(nil), b) {
			t.Errorf("%x is read, and written as %x", b, d.Append(nil))
		}
		d.Each(func(*Week) {})
	})
}

func FuzzScores(f *testing.F) {
	f.Add(Scores{}.Add(100, true, []float32{1, 2.5, 3}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseScores(b, nil); err == nil && len(b) > 0 && !bytes.Equal(s.Append(nil), b) {
			t.Errorf("%x is read, and written as %x", b, s.Append(nil))
		}
	})
}

// What could not be scored stays so, unless the day is told of again with a score.
func TestUnscoredDaysComeBack(t *testing.T) {
	var s Scores
	s = s.Add(100, true, []float32{Unscored, 3, Unscored})
	s = s.Add(101, true, []float32{Unscored})
	s = s.Add(101, true, []float32{2})
	back, err := ParseScores(s.Append(nil), nil)
	if err != nil || back[0].Max[0] != Unscored || back[0].Max[1] != 3 || back[0].Max[2] != Unscored || back[1].Max[0] != 2 {
		t.Errorf("%v %v", back, err)
	}
}
