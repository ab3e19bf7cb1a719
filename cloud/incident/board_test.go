package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// street is a tenant with cases of three models, some of which call the same server.
func street(t *testing.T, w *world) {
	w.o.Model = func(_ *db.Tx, _ home.Place, device string) (string, error) { return "Model " + device, nil }
	for n := range 30 {
		p := homeA
		p.Home = fmt.Sprintf("aaaaaaaa-1111-1111-1111-%012d", n%20)
		opened := t0.Add(-time.Duration(n) * 6 * time.Hour)
		c := &pb.Incident{Id: fmt.Sprint("case", n), Code: "K7QM", Device: []string{"x", "y", "z"}[n%3], State: "contained", Opened: opened.UnixMilli(), Changed: opened.Add(time.Hour).UnixMilli(),
			Symptom: &pb.Symptom{Detector: []string{"scan", "list"}[n%2], Names: []string{[]string{"", "c2.example"}[n%2]}}, Findings: 2, Releases: uint32(n % 5 / 4)}
		if n%2 == 0 {
			c.Symptom.Names = []string{fmt.Sprintf("own%d.example", n)}
		}
		if n%10 == 9 {
			c.State, c.Outcome = "closed", []string{"clean", "false-alarm"}[n%20/10]
		}
		w.tell(t, p, c)
	}
	w.tell(t, homeC, &pb.Incident{Id: "theirs", Code: "AAAA", Device: "x", State: "open", Opened: t0.UnixMilli(), Changed: t0.UnixMilli(), Symptom: &pb.Symptom{Detector: "scan"}})
}

func TestTheBoardIsSortedAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		street(t, w)
		for _, sort := range []string{"changed", "opened", "repeats"} {
			var lists [2][]string
			for i, down := range []bool{false, true} {
				q := BoardQuery{Sort: sort, Down: down, Limit: 7}
				for {
					page, err := w.BoardBy(ctx, homeA.Tenant, q)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range page {
						lists[i] = append(lists[i], c.GetId())
						q.After = c.NextBy(sort)
					}
					if len(page) < q.Limit {
						break
					}
				}
			}
			slices.Reverse(lists[1])
			if len(lists[0]) != 30 || !slices.Equal(lists[0], lists[1]) {
				t.Errorf("by %s: %v\n%v", sort, lists[0], lists[1])
			}
		}
		for _, c := range []struct {
			q    BoardQuery
			want int
		}{
			{BoardQuery{State: Open}, 27}, {BoardQuery{State: Closed}, 3}, {BoardQuery{State: "contained"}, 27}, {BoardQuery{Detector: "list"}, 15}, {BoardQuery{Model: "Model x"}, 10},
			{BoardQuery{Indicator: "c2.example"}, 15}, {BoardQuery{Since: t0.Add(-24 * time.Hour)}, 5}, {BoardQuery{Before: t0.Add(-24 * time.Hour)}, 25}, {BoardQuery{Repeated: true}, 6},
		} {
			if got, err := w.BoardBy(ctx, homeA.Tenant, c.q); err != nil || len(got) != c.want {
				t.Errorf("%+v: %d, %v; want %d", c.q, len(got), err, c.want)
			}
		}
		for _, q := range []BoardQuery{{Sort: "data"}, {State: "x"}, {After: "x"}} {
			if _, err := w.BoardBy(ctx, homeA.Tenant, q); err == nil {
				t.Errorf("%+v is taken", q)
			}
		}
		homes, devices, err := w.Reach(ctx, homeA.Tenant, BoardQuery{Indicator: "c2.example"})
		if err != nil || homes != 8 || devices != 12 {
			t.Errorf("reach %d homes, %d devices, %v", homes, devices, err)
		}
	})
}

// What many homes call is told, what a few call is not.
func TestGroupsNameNothingOfFewHomes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		street(t, w)
		for by, want := range map[string]int{"": 6, "detector": 2, "model": 3, "indicator": 2} {
			list, _, err := w.Groups(ctx, homeA.Tenant, GroupsQuery{By: by, Since: t0.Add(-90 * 24 * time.Hour)})
			if err != nil || len(list) != want && by != "" {
				t.Fatalf("by %q: %d groups, %v: %+v", by, len(list), err, list)
			}
			cases := 0
			for _, g := range list {
				if cases += g.Cases; g.Indicator != "" && g.Indicator != "c2.example" {
					t.Errorf("by %q an indicator of few homes is told: %+v", by, g)
				}
			}
			if cases != 30 {
				t.Errorf("by %q: %d cases", by, cases)
			}
		}
		if _, _, err := w.Groups(ctx, homeA.Tenant, GroupsQuery{By: "data", Since: t0}); err == nil {
			t.Error("any column is taken")
		}
	})
}

// Groups are found by text, a page at a time; what few homes called is not found by it either.
func TestGroupsAreFilteredAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		street(t, w)
		q := GroupsQuery{Since: t0.Add(-90 * 24 * time.Hour), Limit: 4}
		var paged []Group
		for {
			list, next, err := w.Groups(ctx, homeA.Tenant, q)
			if err != nil || len(list) > 4 {
				t.Fatalf("%d, %v", len(list), err)
			}
			paged = append(paged, list...)
			if q.After = next; next == "" {
				break
			}
		}
		whole, _, err := w.Groups(ctx, homeA.Tenant, GroupsQuery{Since: q.Since})
		if err != nil || !slices.Equal(paged, whole) || len(whole) < 5 {
			t.Errorf("%v: %+v, want %+v", err, paged, whole)
		}
		for text, want := range map[string]int{"C2.EX": 3, "scan": 3, "Model y": 2, "own": 0, "%": 0, "_": 0, "!": 0} {
			list, _, err := w.Groups(ctx, homeA.Tenant, GroupsQuery{Text: text, Since: q.Since})
			if err != nil || len(list) != want {
				t.Errorf("%q: %v, %+v", text, err, list)
			}
		}
		for _, after := range []string{"x", "-1", "0", "99999999"} {
			if _, _, err := w.Groups(ctx, homeA.Tenant, GroupsQuery{After: after}); !errors.Is(err, ErrCursor) {
				t.Errorf("%q: %v", after, err)
			}
		}
	})
}

func TestDaysAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		street(t, w)
		for range 2 {
			if err := w.CountDays(ctx, homeA.Tenant, 10); err != nil {
				t.Fatal(err)
			}
		}
		for _, by := range []string{"day", "detector", "model"} {
			list, err := w.Days(ctx, homeA.Tenant, by, t0.Add(-30*24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			sums := map[string]int{}
			for _, c := range list {
				sums[c.Kind] += c.N
			}
			if sums[DayOpened] != 30 || sums[DayClosed] != 3 || sums[DayWrong]+sums[DayClean] != 3 || sums[DayReleased] != 3 {
				t.Errorf("by %s: %v", by, sums)
			}
		}
		if _, err := w.Days(ctx, homeA.Tenant, "bucket", t0); err == nil {
			t.Error("any column is taken")
		}
	})
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		hours []float64
		want  time.Duration
	}{
		{nil, 0}, {[]float64{10}, 10 * time.Hour}, {[]float64{1, 10, 200}, 10 * time.Hour}, {[]float64{0, 0, 0, 300}, 0},
	} {
		counts := map[int]int{}
		for _, h := range c.hours {
			counts[BucketOf(time.Duration(h*float64(time.Hour)))]++
		}
		if got := Median(counts); got < c.want*8/10 || got > c.want*12/10+time.Hour/5 {
			t.Errorf("%v: %v, want about %v", c.hours, got, c.want)
		}
	}
}
