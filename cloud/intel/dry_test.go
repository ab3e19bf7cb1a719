package intel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// aUse is an endpoint that a home's device used on a day.
type aUse struct {
	home, ago int
	device    string
	end       uint64
}

// using is a fleet that used what it did, asked home by home or many at once.
func using(uses []aUse, today time.Time, atOnce bool) (o Options) {
	o.Hunt = func(_ context.Context, ends []uint64, _ time.Time, do func(home.Place, string, uint64) error) error {
		for _, u := range uses {
			if slices.Contains(ends, u.end) {
				if err := do(place(u.home), u.device, u.end); err != nil {
					return err
				}
			}
		}
		return nil
	}
	o.Day = func(_ context.Context, p home.Place, at time.Time) (map[string][]uint64, error) {
		out := map[string][]uint64{}
		for _, u := range uses {
			if place(u.home) == p && at.Equal(today.Add(-time.Duration(u.ago)*day)) {
				out[u.device] = append(out[u.device], u.end)
			}
		}
		return out, nil
	}
	if atOnce {
		o.Days = func(_ context.Context, homes []home.Place, from, to time.Time, do func(home.Place, time.Time, string, uint64) error) error {
			for _, u := range uses {
				at := today.Add(-time.Duration(u.ago) * day)
				if !slices.Contains(homes, place(u.home)) || at.Before(from.Add(-day)) || at.After(to.Add(day)) { // it may tell more than it was asked for
					continue
				}
				if err := do(place(u.home), at, u.device, u.end); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return o
}

// slowly counts a day as it is meant: each home, each device.
func slowly(uses []aUse, sought map[uint64]bool, ago int) (homes, devices int) {
	of, all := map[int]bool{}, map[string]bool{}
	for _, u := range uses {
		if u.ago == ago && sought[u.end] {
			of[u.home], all[fmt.Sprint(u.home, u.device)] = true, true
		}
	}
	return len(of), len(all)
}

// However homes are asked, a dry run tells the same, and what it tells is what a count home by home gives, where that may be told.
func TestADryRunCountsAsHomeByHome(t *testing.T) {
	inWorlds(t, func(w *world) {
		names := []string{"a.bad.example", "b.bad.example", "c.bad.example"}
		var ends []uint64
		for _, name := range names {
			e, err := entryOf(name)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, hashesOf(e)[0])
		}
		today := w.now().Truncate(day)
		rapid.Check(t, func(rt *rapid.T) {
			var uses []aUse
			for range rapid.IntRange(0, 120).Draw(rt, "uses") {
				uses = append(uses, aUse{rapid.IntRange(0, 45).Draw(rt, "home"), rapid.IntRange(0, DryDays).Draw(rt, "days ago"),
					rapid.SampledFrom([]string{"tv", "plug"}).Draw(rt, "device"), rapid.SampledFrom(append([]uint64{7}, ends...)).Draw(rt, "endpoint")})
			}
			n := rapid.IntRange(1, len(names)).Draw(rt, "names")
			sought := map[uint64]bool{}
			for _, e := range ends[:n] {
				sought[e] = true
			}
			var told []Dry
			for _, atOnce := range []bool{false, true} {
				w.pass(keepDry + time.Hour) // nothing was told of these days
				today = w.now().Truncate(day)
				w.again(using(uses, today, atOnce))
				d, err := w.n.DryRun(context.Background(), "t1", "list.txt", strings.NewReader(strings.Join(names[:n], "\n")+"\n"), home.ClassMalware)
				if err != nil {
					rt.Fatal(err)
				}
				for k := range d.Days {
					ago := DryDays - 1 - k
					if !d.Days[k].Day.Equal(today.Add(-time.Duration(ago) * day)) {
						rt.Fatalf("%s", d.Days[k].Day)
					}
					d.Days[k].Day = time.Time{}
					homes, devices := slowly(uses, sought, ago)
					if homes < MinHomes {
						devices = 0
					}
					if x := d.Days[k]; x.Homes != countOf(homes) || x.Devices != devices {
						rt.Fatalf("%d days ago: %+v, want %d homes, %d devices", ago, x, homes, devices)
					}
				}
				told = append(told, d)
			}
			if !reflect.DeepEqual(told[0], told[1]) {
				rt.Fatalf("%+v\nand many at once %+v", told[0], told[1])
			}
		})
	})
}

// The homes that are looked at day by day are the first by their hash, in whatever order they came, and nothing of them is left out; of
// the others nothing is kept but that they are there.
func TestTheSampleOfHomes(t *testing.T) {
	for _, n := range []int{1, maxDryHome, maxDryHome + 1, 2 * maxDryHome, 3*maxDryHome - 7} {
		order := rand.New(rand.NewPCG(1, uint64(n))).Perm(2 * n) // each home is met twice, by two endpoints
		m := newMeeting()
		for _, i := range order {
			m.add(place(i%n), fmt.Sprint(i/n), uint64(1+i/n))
			m.add(place(i%n), "", uint64(1+i/n))
		}
		if len(m.homes) != n || m.devices != 2*n || len(m.looked) > 2*maxDryHome {
			t.Fatalf("%d of %d homes, %d devices, %d looked at", len(m.homes), n, m.devices, len(m.looked))
		}
		var all []hashed
		for p := range m.homes {
			all = append(all, hashed{hashOf(p), p})
		}
		slices.SortFunc(all, func(a, b hashed) int { return cmp.Or(cmp.Compare(a.hash, b.hash), byHome(a.place, b.place)) })
		var want []home.Place
		for _, x := range all[:min(n, maxDryHome)] {
			want = append(want, x.place)
		}
		got := m.sample()
		slices.SortFunc(got, byHome)
		slices.SortFunc(want, byHome)
		if !slices.Equal(got, want) {
			t.Fatalf("%d homes, not the first %d of %d", len(got), len(want), n)
		}
		kept := 0
		for _, h := range m.homes {
			if h.ends != nil {
				kept++
			}
		}
		for _, p := range want {
			if !m.met(p, 1) || !m.met(p, 2) || m.met(p, 3) {
				t.Fatalf("%+v", m.homes[p])
			}
		}
		if kept != len(want) {
			t.Fatalf("endpoints of %d homes are kept", kept)
		}
	}
}

// A list is tried whole as far as it can be, each entry once; JSON that is no STIX is no list.
func TestDryRunOfManyLines(t *testing.T) {
	inWorlds(t, func(w *world) { tryLines(t, w) })
}

func tryLines(t *testing.T, w *world) {
	t.Helper()
	w.again(Options{Hunt: func(context.Context, []uint64, time.Time, func(home.Place, string, uint64) error) error { return nil }})
	try := func(text string) (Dry, error) {
		return w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader(text), home.ClassMalware)
	}
	d, err := try(strings.Repeat("same.example\n", 50))
	if err != nil || d.Entries != 1 || d.Report.Entries != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	var b strings.Builder
	for i := range maxDry {
		fmt.Fprintf(&b, "n%d.bad.example\n", i)
	}
	if d, err = try(b.String()); err != nil || d.Entries != maxDry || d.Looked != maxDry {
		t.Errorf("%d of %d, %v", d.Looked, d.Entries, err)
	}
	if d, err = try(b.String() + "more.example\n"); err != nil || d.Entries != maxDry+1 || d.Looked != maxDry {
		t.Errorf("%d of %d, %v", d.Looked, d.Entries, err)
	}
	for _, text := range []string{`{"a":1}`, `{}`, `{"objects":[]}`} {
		if _, err := try(text); !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), "list.txt") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
