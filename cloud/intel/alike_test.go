package intel

import (
	"context"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// touching has the first homes of a number use each of some names.
func (w *world) touching(of map[string][2]int) {
	uses := map[uint64][2]int{}
	for name, homes := range of {
		e, err := entryOf(name)
		if err != nil {
			w.t.Fatal(err)
		}
		uses[hashesOf(e)[0]] = homes
	}
	w.again(Options{
		Hunt: func(_ context.Context, ends []uint64, _ time.Time, do func(home.Place, string, uint64) error) error {
			for _, e := range ends {
				for i := uses[e][0]; i < uses[e][1]; i++ {
					if err := do(place(i), "tv", e); err != nil {
						return err
					}
				}
			}
			return nil
		},
		Day: func(_ context.Context, p home.Place, _ time.Time) (map[string][]uint64, error) {
			out := map[string][]uint64{}
			for e, homes := range uses {
				for i := homes[0]; i < homes[1]; i++ {
					if place(i) == p {
						out["tv"] = append(out["tv"], e)
					}
				}
			}
			return out, nil
		},
	})
}

// Whether few homes met a name is not told by the difference of two lists, in whatever order they are tried.
func TestFewHomesAreNotToldByADifference(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.touching(map[string][2]int{"a.bad.example": {0, 40}, "b.bad.example": {40, 41}, "c.bad.example": {100, 160}, "d.bad.example": {0, 35}})
		try := func(list string) Dry {
			t.Helper()
			d, err := w.n.DryRun(context.Background(), "t1", "list.txt", strings.NewReader(list), home.ClassMalware)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		for _, c := range []struct {
			list  string
			homes int
			alike bool
		}{
			{"a.bad.example\n", 40, false},
			{"a.bad.example\nb.bad.example\n", 40, true},
			{"d.bad.example\n", 40, true}, // a part of it
			{"a.bad.example\nc.bad.example\n", 100, false},
			{"a.bad.example\nb.bad.example\nc.bad.example\n", 100, true},
			{"c.bad.example\n", 60, false},
		} {
			d := try(c.list)
			if d.Homes != (Count{N: c.homes}) || d.Devices != c.homes || d.Alike != c.alike || d.Days[3].Homes.N != c.homes || d.Days[3].Devices != c.homes {
				t.Errorf("%q: %+v", c.list, d)
			}
		}
		if d := try("b.bad.example\n"); d.Homes != (Count{Few: true}) || d.Devices != 0 || d.Days[0].Homes != (Count{Few: true}) || d.Days[0].Devices != 0 {
			t.Errorf("%+v", d)
		}
		w.pass(keepDry + time.Hour) // it is of other days then
		if err := w.n.Trim(context.Background()); err != nil {
			t.Fatal(err)
		}
		if d := try("a.bad.example\nb.bad.example\n"); d.Homes.N != 41 || d.Alike {
			t.Errorf("%+v", d)
		}
	})
}

// Of more homes than are looked at day by day, the days are reckoned.
func TestDaysOfVeryManyHomes(t *testing.T) {
	inWorlds(t, func(w *world) {
		e, _ := entryOf("a.bad.example")
		end := hashesOf(e)[0]
		looked := 0
		w.again(Options{
			Hunt: func(_ context.Context, _ []uint64, _ time.Time, do func(home.Place, string, uint64) error) error {
				for i := range 4 * maxDryHome {
					if err := do(place(i), "tv", end); err != nil {
						return err
					}
				}
				return nil
			},
			Day: func(_ context.Context, p home.Place, _ time.Time) (map[string][]uint64, error) {
				if looked++; strings.HasSuffix(p.Home, "1") {
					return map[string][]uint64{"tv": {end}}, nil
				}
				return nil, nil
			},
		})
		d, err := w.n.DryRun(context.Background(), "t1", "list.txt", strings.NewReader("a.bad.example\n"), home.ClassMalware)
		if n := d.Days[0].Homes.N; err != nil || !d.Cut || d.Homes.N != 4*maxDryHome || n < 1800 || n > 2200 || looked != DryDays*maxDryHome {
			t.Errorf("%d of a tenth of %d, looked %d times: %v", n, d.Homes.N, looked, err)
		}
	})
}

// Two sets are near where fewer homes than may be told are in one of them only, however large they are.
func TestSketches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		both, one := rapid.IntRange(0, 3000).Draw(t, "both"), rapid.IntRange(0, 200).Draw(t, "one")
		var a, b, c sketch
		for i := range both {
			a.add(place(i))
			b.add(place(i))
		}
		for i := range one {
			b.add(place(10_000 + i))
		}
		if near := a.near(&b); one < MinHomes && !near || one > MinHomes+20 && near {
			t.Fatalf("%d homes are in one only: near %v", one, near)
		}
		if !c.read(a.bytes()) || c != a || c.read([]byte{1}) {
			t.Fatal("not as it was written")
		}
	})
}

// What few homes met is not told by the difference of the sum and what is told.
func TestASearchsSumTellsNoFew(t *testing.T) {
	for _, c := range []struct {
		first, second int
		want          int
	}{{22, 3, 22}, {22, 20, 42}, {10, 15, 25}, {5, 4, 0}} {
		h := Hunted{Hunt: Hunt{Of: make([]HuntFor, 2)}}
		var all []huntedHome
		for range c.first {
			all = append(all, huntedHome{met: []int{0}, devices: 1})
		}
		for range c.second {
			all = append(all, huntedHome{met: []int{1}, devices: 1})
		}
		h.sum(all, []told{{homes: c.first}, {homes: c.second}})
		if h.Homes.N != c.want || h.Devices != c.want {
			t.Errorf("%+v: %+v", c, h.Homes)
		}
	}
}
