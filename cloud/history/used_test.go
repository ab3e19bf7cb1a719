package history

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"pgregory.net/rapid"
)

// What devices of many homes used on which day, read at once, is what each home's days say one by one.
func TestUsedOnIsWhatDaysSay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			var homes []home.Place
			for n := range rapid.IntRange(1, 2*homesAtOnce/40).Draw(rt, "homes") {
				p := home.Place{Tenant: fmt.Sprintf("t%d-%d", round, n%2), Home: fmt.Sprintf("h%d", n)}
				homes = append(homes, p)
				for range rapid.IntRange(0, 4).Draw(rt, "told") {
					ago := time.Duration(rapid.IntRange(0, 9*24).Draw(rt, "hours ago")) * time.Hour
					h := &pb.DeviceHour{Device: rapid.SampledFrom([]string{"tv", "plug"}).Draw(rt, "device"), Hour: t0.Add(-ago).UnixMilli()}
					for _, e := range rapid.SliceOfN(rapid.Uint64Range(1, 5), 0, 4).Draw(rt, "endpoints") {
						h.Usage = append(h.Usage, &pb.Usage{Endpoint: e, Flows: rapid.Uint64Range(0, 2).Draw(rt, "flows"), Blocked: 1})
					}
					if err := w.try(p, rollUp(h)); err != nil {
						rt.Fatal(err)
					}
				}
			}
			ask := homes[:rapid.IntRange(0, len(homes)).Draw(rt, "asked")]
			from, to := t0.AddDate(0, 0, -rapid.IntRange(0, 9).Draw(rt, "from")), t0.AddDate(0, 0, -rapid.IntRange(0, 2).Draw(rt, "to"))
			got, want := map[string]bool{}, map[string]bool{}
			err := w.UsedOn(context.Background(), ask, from, to, func(p home.Place, day time.Time, device string, e uint64) error {
				got[fmt.Sprint(p, day, device, e)] = true
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			for _, p := range ask {
				for day := from.Truncate(24 * time.Hour); !day.After(to); day = day.AddDate(0, 0, 1) {
					told, err := w.Day(context.Background(), p, day)
					if err != nil {
						rt.Fatal(err)
					}
					for _, h := range told.GetHours() {
						for _, u := range h.GetUsage() {
							if u.GetFlows() > 0 {
								want[fmt.Sprint(p, day, h.GetDevice(), u.GetEndpoint())] = true
							}
						}
					}
				}
			}
			if !maps.Equal(got, want) {
				rt.Fatalf("%v: want %v", got, want)
			}
		})
	})
}

// Homes are found by their key, however many there are: more of them than one statement asks for as well.
func TestUsedOnFindsHomesByTheirKey(t *testing.T) {
	d := dbtest.SQLite(t)
	w := open(t, d)
	var homes []home.Place
	for n := range homesAtOnce + 1 {
		homes = append(homes, home.Place{Tenant: "t", Home: fmt.Sprintf("h%03d", n)})
		w.tell(t, homes[n], rollUp(&pb.DeviceHour{Device: "tv", Hour: t0.UnixMilli(), Usage: []*pb.Usage{{Endpoint: uint64(n + 1), Flows: 1}}}))
	}
	seen := map[uint64]bool{}
	err := w.UsedOn(t.Context(), homes, t0, t0, func(_ home.Place, _ time.Time, _ string, e uint64) error { seen[e] = true; return nil })
	if err != nil || len(seen) != len(homes) {
		t.Errorf("%d of %d homes: %v", len(seen), len(homes), err)
	}
	stop := fmt.Errorf("enough")
	if err := w.UsedOn(t.Context(), homes, t0, t0, func(home.Place, time.Time, string, uint64) error { return stop }); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("it went on: %v", err)
	}
	args := []any{"t", 1, 2}
	for range homesAtOnce {
		args = append(args, "h")
	}
	steps := strings.Join(planOf(t, d, usedOnText, args...), "\n")
	if !strings.Contains(steps, "tenant=? AND home=? AND day>? AND day<?") || strings.Contains(steps, "SCAN history_rollup") {
		t.Errorf("%s", steps)
	}
}
