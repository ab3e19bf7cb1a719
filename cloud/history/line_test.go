package history

import (
	"context"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// lineHour is an hour that began so many hours before t0.
func lineHour(before int, devices ...string) *pb.Item {
	h := &pb.LineHour{Hour: t0.Add(-time.Duration(before) * time.Hour).UnixMilli(), LatencyP50: 8000, Probes: 720}
	for _, d := range devices {
		h.Busiest = append(h.Busiest, &pb.Busy{Device: d, Down: 10})
	}
	return &pb.Item{Body: &pb.Item_LineHour{LineHour: h}}
}

func remedy(id string) *pb.Item {
	return &pb.Item{Body: &pb.Item_RemedyResult{RemedyResult: &pb.RemedyResult{Id: id, Kind: "fair", Kept: true, Before: &pb.Line{Latency: 90_000}, After: &pb.Line{Latency: 9_000}, Why: "The line is quicker since then."}}}
}

func TestALineIsKeptByDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		for h := 40; h >= 0; h-- {
			w.tell(t, homeA, lineHour(h, "a", "b"))
		}
		short := lineHour(0, "c") // the gateway was started again within the hour
		short.GetLineHour().Probes = 30
		w.tell(t, homeA, short, remedy("order"))
		w.tell(t, homeB, lineHour(1, "a"))
		hours, remedies, err := w.Line(ctx, homeA, t0.Add(-24*time.Hour))
		if err != nil || len(hours) != 25 || hours[0].GetHour() != t0.Add(-24*time.Hour).UnixMilli() || hours[24].GetProbes() != 720 {
			t.Fatalf("%d hours %v", len(hours), err)
		}
		if len(remedies) != 1 || remedies[0].GetAfter().GetLatency() != 9_000 || !remedies[0].At.Equal(t0) {
			t.Errorf("%v", remedies)
		}
		if hours, _, _ := w.Line(ctx, homeC, t0.Add(-24*time.Hour)); len(hours) != 0 {
			t.Error("another tenant's")
		}
		if err := d.Tx(ctx, func(tx *db.Tx) error { _, err := w.EraseDevice(tx, homeA, "a"); return err }); err != nil {
			t.Fatal(err)
		}
		for _, p := range []home.Place{homeA, homeB} {
			hours, _, _ := w.Line(ctx, p, t0.Add(-72*time.Hour))
			for _, h := range hours {
				for _, b := range h.GetBusiest() {
					if (b.GetDevice() == "a") == (p == homeA) {
						t.Errorf("%s: %v", p.Home, h)
					}
				}
			}
		}
		w.now = t0.Add(KeepLine + 25*time.Hour)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if hours, remedies, _ := w.Line(ctx, homeA, t0.Add(-72*time.Hour)); len(hours)+len(remedies) != 0 {
			t.Errorf("kept too long: %d hours", len(hours))
		}
	})
}

func TestALineIsBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	w := open(t, d)
	wrong := lineHour(0)
	wrong.GetLineHour().Where = "moon"
	for _, bad := range []*pb.Item{wrong, lineHour(0, "a b"), lineHour(0, ""), remedy(""), {Body: &pb.Item_RemedyResult{RemedyResult: &pb.RemedyResult{Id: "x", Kind: "dance"}}}} {
		if err := w.try(homeA, bad); err == nil {
			t.Errorf("taken: %v", bad)
		}
	}
	ahead := lineHour(-500)
	ahead.GetLineHour().Slow, ahead.GetLineHour().Lost = 1<<30, 1<<30
	w.tell(t, homeA, ahead)
	for range 2000 {
		w.tell(t, homeA, lineHour(0, "a", "b", "c", "d", "e", "f"))
	}
	hours, _, err := w.Line(context.Background(), homeA, t0.Add(-time.Hour))
	if err != nil || len(hours) != 1 || len(hours[0].GetBusiest()) > 5 || hours[0].GetSlow() > 3600 || hours[0].GetLost() > 1000 || w.Dropped().Lines == 0 {
		t.Errorf("%v %v dropped %d", hours, err, w.Dropped().Lines)
	}
}
