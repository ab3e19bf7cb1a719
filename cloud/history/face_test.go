package history

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// Homes are listed by each sort, up and down, page by page, each once and in order.
func TestFacesAreSortedAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		var beats []Beat
		for n := range 23 {
			b := &pb.Heartbeat{Version: fmt.Sprint("1.", n%3), Armed: true, Devices: uint32(n % 5), Incidents: uint32(n % 4 / 3), Software: &pb.Software{Platform: []string{"linux-arm64", "linux-mipsle"}[n%2]}}
			beats = append(beats, Beat{Place: SeedPlace(homeA.Tenant, n), Beat: b, At: w.now.Add(-time.Duration(n) * 7 * time.Minute)})
		}
		beats = append(beats, Beat{Place: homeC, Beat: &pb.Heartbeat{Armed: true}, At: w.now})
		if err := w.Beat(ctx, beats); err != nil {
			t.Fatal(err)
		}
		for by := range sorts {
			var lists [2][]string
			for i, down := range []bool{false, true} {
				q := FaceQuery{Sort: by, Down: down, Limit: 4}
				for {
					page, err := w.Faces(ctx, homeA.Tenant, q)
					if err != nil {
						t.Fatal(err)
					}
					for _, f := range page {
						lists[i] = append(lists[i], f.Home)
						q.After = f.Next()
					}
					if len(page) < q.Limit {
						break
					}
				}
			}
			slices.Reverse(lists[1])
			if len(lists[0]) != 23 || !slices.Equal(lists[0], lists[1]) {
				t.Errorf("by %s: %d homes, and %d the other way around", by, len(lists[0]), len(lists[1]))
			}
		}
		for _, c := range []struct {
			q    FaceQuery
			want int
		}{
			{FaceQuery{}, 23}, {FaceQuery{Version: "1.0"}, 8}, {FaceQuery{Platform: "linux-mipsle"}, 11}, {FaceQuery{Troubled: true}, 5},
			{FaceQuery{Status: []string{StatusIncident}}, 5}, {FaceQuery{Status: []string{StatusFine}, Version: "1.1"}, 6}, {FaceQuery{Version: "nobody's"}, 0},
		} {
			for by := range sorts {
				c.q.Sort, c.q.walk = by, false
				got, err := w.Faces(ctx, homeA.Tenant, c.q)
				if err != nil || len(got) != c.want {
					t.Errorf("%+v: %d homes, %v; want %d", c.q, len(got), err, c.want)
				}
				c.q.walk = true
				if walked, err := w.Faces(ctx, homeA.Tenant, c.q); err != nil || !slices.Equal(got, walked) {
					t.Errorf("%+v: %v walked in order, %v; looked up %v", c.q, walked, err, got)
				}
			}
		}
		silent, err := w.Faces(ctx, homeA.Tenant, FaceQuery{Silent: true})
		heard, err2 := w.Faces(ctx, homeA.Tenant, FaceQuery{Heard: true})
		if err != nil || err2 != nil || len(silent)+len(heard) != 23 || len(heard) == 0 || len(silent) < 19 {
			t.Errorf("%d silent, %d heard, %v %v", len(silent), len(heard), err, err2)
		}
		for _, bad := range []string{"x", "x\ny", "1\n" + homeA.Home + "\n2"} {
			if _, err := w.Faces(ctx, homeA.Tenant, FaceQuery{After: bad, Sort: "devices"}); err == nil {
				t.Errorf("cursor %q is taken", bad)
			}
		}
	})
}

// A heartbeat that says nothing new writes no row; one that does, does.
func TestAFaceChangesWithItsHome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		beat := func(contained uint32) Face {
			t.Helper()
			if err := w.Beat(ctx, []Beat{{Place: homeA, Beat: &pb.Heartbeat{Armed: true, Version: "1", Contained: contained}, At: w.now}}); err != nil {
				t.Fatal(err)
			}
			list, err := w.Faces(ctx, homeA.Tenant, FaceQuery{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v %v", list, err)
			}
			return list[0]
		}
		if f := beat(0); f.Status != StatusFine || f.Contained != 0 || !f.Seen.Equal(w.now.Truncate(time.Millisecond)) {
			t.Errorf("%+v", f)
		}
		w.now = w.now.Add(time.Minute)
		if f := beat(2); f.Status != StatusContained || f.Contained != 2 || !f.Seen.Equal(w.now.Truncate(time.Millisecond)) {
			t.Errorf("%+v", f)
		}
		if err := w.CountDay(ctx, homeA.Tenant); err != nil {
			t.Fatal(err)
		}
		if err := w.CountDay(ctx, homeA.Tenant); err != nil {
			t.Fatal(err)
		}
		days, err := w.Days(ctx, homeA.Tenant, w.now)
		if err != nil || len(days) != 4 {
			t.Fatalf("%+v %v", days, err)
		}
		for _, c := range days {
			if c.N != 1 {
				t.Errorf("%+v", c)
			}
		}
		if _, err := w.Erase(ctx, homeA); err != nil {
			t.Fatal(err)
		}
		if list, err := w.Faces(ctx, homeA.Tenant, FaceQuery{}); err != nil || len(list) != 0 {
			t.Errorf("after erasure: %+v %v", list, err)
		}
	})
}

// Devices are found by how their names and MAC addresses begin, as long as these are theirs.
func TestDevicesAreFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		device := func(id, name string, macs ...string) *pb.Device { return &pb.Device{Id: id, Name: name, Macs: macs} }
		w.tell(t, homeA, devices(true, device("a", "Café Camera", "02:00:00:00:00:01"), device("b", "Zed", "02:00:00:00:00:02", "06:00:00:00:00:09")))
		w.tell(t, homeB, devices(true, device("a", "Cafeteria", "02:00:00:00:00:01")))
		w.tell(t, homeC, devices(true, device("a", "Café", "02:00:00:00:00:01")))
		find := func(kind, text string) (out []string) {
			t.Helper()
			list, _, err := w.Find(ctx, homeA.Tenant, kind, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				out = append(out, name(f.Home)+f.Device)
			}
			slices.Sort(out)
			return out
		}
		check := func(kind, text string, want ...string) {
			t.Helper()
			if got := find(kind, text); !slices.Equal(got, want) {
				t.Errorf("%s %q: %v, want %v", kind, text, got, want)
			}
		}
		check(FindMAC, "02:00:00:00:00:01", "Aa", "Ba")
		check(FindMAC, "06:00", "Ab")
		check(FindName, "CAF", "Aa", "Ba")
		check(FindName, "café", "Aa")
		check(FindName, "")
		check(FindName, "%")
		w.tell(t, homeA, devices(false, device("a", "Porch", "02:00:00:00:00:01"), &pb.Device{Id: "b", Removed: true}))
		check(FindName, "café")
		check(FindName, "porch", "Aa")
		check(FindMAC, "06:00")
		w.tell(t, homeA, devices(true, device("z", "New")))
		check(FindMAC, "02:00:00:00:00:01", "Ba")
		if _, err := w.Erase(ctx, homeB); err != nil {
			t.Fatal(err)
		}
		check(FindMAC, "02:00:00:00:00:01")
	})
}

func name(id string) string {
	return map[string]string{homeA.Home: "A", homeB.Home: "B"}[id]
}
