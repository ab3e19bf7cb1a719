package normal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/mud"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"
)

func rollup(hash uint64, at time.Time) *pb.Item {
	return &pb.Item{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{{Device: "phone", Hour: at.UnixMilli(),
		Usage: []*pb.Usage{{Endpoint: hash, Flows: 1}}}}}}}
}

func TestHunt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		evil := host("c2.example.net", "example.net")
		c := endpoint.Of(evil, false, false)
		w.live(30, 6, func(n int) []*home.Endpoint {
			if n == 4 || n == 7 {
				return []*home.Endpoint{evil}
			}
			return nil
		})
		w.now = w.now.Add(-day)
		w.tell(where(11), rollup(evil.Hash(), w.now))
		w.tell(where(12), rollup(evil.Hash()+1, w.now))
		w.rollups[where(11)] = map[uint64]time.Time{evil.Hash(): w.now.Add(-time.Hour), 9: w.now}
		hunt := func(hashes []uint64, since time.Time) string {
			t.Helper()
			var out []string
			if err := w.Hunt(t.Context(), hashes, since, func(h Hit) error {
				out = append(out, fmt.Sprint(strings.TrimLeft(h.Place.Home[:8], "0"), h.Device))
				if h.Last.After(w.now) || h.Last.Before(w.now.Add(-2*week)) {
					t.Errorf("%+v", h)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(out, " ")
		}
		month := w.now.Add(-30 * day)
		for _, key := range []uint64{evil.Hash(), c.Keys[endpoint.Domain]} {
			want := "4cam 7cam"
			if key == evil.Hash() {
				want = "4cam 7cam 11"
			}
			if got := hunt([]uint64{key, 12345}, month); len(got) != len(want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		if got := hunt([]uint64{evil.Hash()}, w.now.Add(week+day)); got != "" {
			t.Errorf("of the future: %q", got)
		}
		if got := hunt([]uint64{0}, month); got != "" {
			t.Errorf("what is no endpoint: %q", got)
		}
		if n, err := w.HuntCount(t.Context(), tenantB, []uint64{evil.Hash()}, month); err != nil || n.Homes != 0 || !n.Any || n.All != 0 {
			t.Errorf("%+v, %v", n, err)
		}
		if n, err := w.HuntCount(t.Context(), tenantB, []uint64{host("api.cam.example", "cam.example").Hash()}, month); err != nil || n.Homes != 0 || n.All != 30 {
			t.Errorf("%+v, %v", n, err)
		}
		if list, err := w.HuntHome(t.Context(), where(11), []uint64{evil.Hash()}, month); err != nil || len(list) != 1 || list[0].Device != "" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := w.HuntHome(t.Context(), where(5), []uint64{evil.Hash()}, month); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestNamesAreKeptWhenManyHomesToldThem(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		api := host("api.cam.example", "cam.example")
		w.live(30, 4, nothing)
		named := func(n int, e *home.Endpoint, name string) {
			f := w.used("cam", e, 0)
			f.Name = name
			w.tell(where(n), firsts(f))
		}
		key := wire.EndpointKey(*api)
		for n := range MinHomes - 1 {
			named(n, api, key)
			named(n, api, key) // twice is once
		}
		named(25, api, "evil.example:443/tcp")
		named(26, host("x<b>.example", ""), "x<b>.example:443/tcp")
		name := func() string {
			w.learn()
			f, err := w.Model(t.Context(), tenantA, idOf(camera))
			if err != nil || len(f.Ends) == 0 {
				t.Fatal(f, err)
			}
			return f.Ends[0].Name
		}
		if got := name(); got != "" || w.Dropped() != 2 {
			t.Errorf("%q by too few homes, %d dropped", got, w.Dropped())
		}
		named(20, api, key)
		if got := name(); got != key {
			t.Errorf("%q, want %q", got, key)
		}
		if n := w.count("normal_said"); n != 0 {
			t.Errorf("%d homes are known to have said it", n)
		}
		if named(21, api, key); w.count("normal_said") != 0 {
			t.Error("what is known is told of again")
		}
		w.document(t)
	})
}

// document checks documents both ways, in the world of TestNamesAreKeptWhenManyHomesToldThem.
func (w *world) document(t *testing.T) {
	t.Helper()
	noted := 0
	note := func(*db.Tx) error { noted++; return nil }
	file, left, err := w.ExportMUD(t.Context(), tenantA, idOf(camera), "https://cardea.example/mud/cam.json")
	if err != nil || left != 0 || !bytes.Contains(file, []byte("api.cam.example")) {
		t.Fatalf("%s %d %v", file, left, err)
	}
	other := profile.Level{Class: "plug", Vendor: "Example", Model: "Example Plug"}
	f, err := w.ImportMUD(t.Context(), camera, file, "staff", note)
	if err != nil || len(f.Rules) == 0 {
		t.Fatalf("%+v %v", f, err)
	}
	for name, l := range map[string]profile.Level{"no model": {Class: "plug"}, "markup": {Class: "plug", Model: "x\ny"}} {
		if _, err := w.ImportMUD(t.Context(), l, file, "staff", note); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := w.ImportMUD(t.Context(), other, []byte("{"), "staff", note); err == nil {
		t.Error("what is no document is taken")
	}
	if _, err := w.ImportMUD(t.Context(), other, file, "staff", note); err != nil {
		t.Fatal(err)
	}
	w.learn()
	if f, err := w.Model(t.Context(), tenantA, idOf(camera)); err != nil || !f.Mud {
		t.Errorf("%+v %v", f, err)
	}
	if p, err := w.priors(t.Context()); err != nil || len(p) != 2 || p[0].Homes != mud.PriorHomes {
		t.Errorf("%+v %v", p, err)
	}
	if err := w.RemoveMUD(t.Context(), idOf(other), note); err != nil || noted != 3 {
		t.Error(err, noted)
	}
	if err := w.RemoveMUD(t.Context(), idOf(other), note); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func (w *world) count(table string) (n int) {
	w.t.Helper()
	if err := w.db.View(context.Background(), func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM " + table).Scan(&n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestThresholdsAreCalibratedByDaysLongAgo(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(40, 4, nothing)
	for range 50 { // days
		today := uint32(w.now.Unix() / 86400)
		for n := range 40 {
			max := make([]float32, calibrate.Stats)
			max[calibrate.Combined] = float32(1 + (n+int(today))%7)
			w.tell(where(n), scores(&pb.DayScore{Device: "cam", Day: today, Profile: 1, Maxima: max, Up: 1 << 20, Fresh: 1}, &pb.DayScore{Device: "cam", Day: today + 7}))
		}
		w.now = w.now.Add(day)
	}
	facts := func() *Facts {
		w.learn()
		f, err := w.Model(t.Context(), tenantA, idOf(camera))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	all := facts()
	if all.Silent || all.Healthy != 40 || all.Days < 200 || all.Days > 21*40 || all.Floor > .01 {
		t.Errorf("days %d, homes %d, floor %g", all.Days, all.Healthy, all.Floor)
	}
	for n := range 5 {
		w.tell(where(n), finding("scan", home.DetectScanWAN, home.Hard))
	}
	if f := facts(); f.Healthy != 35 || f.Days >= all.Days {
		t.Errorf("homes with hard evidence calibrate: %d homes, %d days", f.Healthy, f.Days)
	}
}

func TestNothingIsKeptTooLong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.live(3, 1, nothing)
		p, q := where(0), where(1)
		today := uint32(w.now.Unix() / 86400)
		w.tell(p, scores(&pb.DayScore{Device: "cam", Day: today - 80, Maxima: []float32{1}}, &pb.DayScore{Device: "cam", Day: today, Maxima: []float32{2}},
			&pb.DayScore{Device: "cam", Day: today - 95}), finding("f", home.DetectNovelty, home.Soft), rollup(7, w.now))
		w.tell(q, scores(&pb.DayScore{Device: "cam", Day: today - 80, Maxima: []float32{1}}))
		f := w.used("cam", host("api.cam.example", "cam.example"), 0)
		f.Name = wire.EndpointKey(*host("api.cam.example", "cam.example"))
		w.tell(p, firsts(f))
		if got := fmt.Sprint(w.count("normal_device"), w.count("normal_day"), w.count("normal_finding"), w.count("normal_said"), w.count("normal_used")); got != "3 2 1 1 1" {
			t.Fatal(got)
		}
		e, err := w.Export(t.Context(), p)
		if err != nil || len(e) != 1 || len(e[0].Days) != 2 || e[0].Endpoints != 1 || len(e[0].Weeks) == 0 {
			t.Fatalf("%+v %v", e, err)
		}
		w.now = w.now.Add(20 * day)
		if err := w.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e, err := w.Export(t.Context(), p); err != nil || len(e[0].Days) != 1 || w.count("normal_day") != 1 {
			t.Errorf("%+v %v", e, err)
		}
		w.now = w.now.Add(KeepScores)
		if err := w.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(w.count("normal_device"), w.count("normal_day"), w.count("normal_finding"), w.count("normal_said"), w.count("normal_used")); got != "0 0 0 0 0" {
			t.Error(got)
		}
	})
}

func TestADeviceThatWentIsForgotten(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(2, 2, nothing)
	w.tell(where(0), &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{{Id: "cam", Removed: true}, {Id: "other"}}}}})
	if n := w.count("normal_device"); n != 1 {
		t.Errorf("%d devices", n)
	}
}

func TestAHomeIsBounded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		p := where(0)
		for from := 0; from < MaxDevices+20; from += 37 {
			var first []*pb.FirstTime
			var days []*pb.DayScore
			for n := from; n < from+37; n++ {
				first = append(first, w.used(fmt.Sprint("d", n), host("api.cam.example", "cam.example"), 0))
				days = append(days, &pb.DayScore{Device: fmt.Sprint("d", n), Day: uint32(w.now.Unix() / 86400), Maxima: []float32{1}})
			}
			w.tell(p, firsts(first...), scores(days...))
			w.now = w.now.Add(time.Second)
		}
		for n := range MaxFindings + 9 {
			w.tell(p, finding(fmt.Sprint("f", n), home.DetectNovelty, home.Soft))
		}
		if got := fmt.Sprint(w.count("normal_device"), w.count("normal_finding")); got != fmt.Sprint(MaxDevices, MaxFindings) || w.count("normal_day") > MaxScored {
			t.Error(got)
		}
	})
}

func TestBadItemsAreRefusedWhole(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	for name, i := range map[string]*pb.Item{
		"a scheme of another time": {Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: 99}}},
		"no device":                firsts(&pb.FirstTime{Endpoint: 1}),
		"markup":                   scores(&pb.DayScore{Device: "<b>"}),
		"too many":                 scores(make([]*pb.DayScore, maxScores+1)...),
		"a finding of nothing":     {Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "a", Device: "d"}}},
		"an incident without id":   {Body: &pb.Item_Incident{Incident: &pb.Incident{}}},
		"another roll-up":          {Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: 99}}},
	} {
		if err := w.try(where(0), i); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if n := w.count("normal_home"); n != 0 {
		t.Errorf("%d homes", n)
	}
}

func TestAWrongClockMakesNothingOld(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	f := w.used("cam", host("api.cam.example", "cam.example"), 0)
	for _, weeks := range []uint32{100, 3, 0} {
		g := *host("api.cam.example", "cam.example")
		one := w.used("cam", &g, 0)
		one.Week = f.Week - weeks
		w.tell(where(0), firsts(one))
	}
	f.Week += 5
	w.tell(where(0), firsts(f))
	e, err := w.Export(t.Context(), where(0))
	if err != nil || len(e) != 1 || len(e[0].Weeks) != 1 {
		data, _ := json.Marshal(e)
		t.Errorf("%s %v", data, err)
	}
}

func TestOneLearnsAndOneGuards(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	for which, busy := range map[int]func() bool{turnLearn: func() bool { return w.learn().Busy }, turnGuard: func() bool { return w.guard().Busy }} {
		if ok, err := w.turn(t.Context(), which, false); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if !busy() {
			t.Error("two at once")
		}
		w.now = w.now.Add(turnLife + time.Second)
		if busy() {
			t.Error("who died holds the turn for ever")
		}
		if ok, err := w.turn(t.Context(), which, false); !ok || err != nil {
			t.Error("the turn was not given back", err)
		}
	}
}

func TestABloomFilterForgetsNothing(t *testing.T) {
	bits := make([]byte, usedBytes)
	for n := range uint64(500) {
		mark(bits, n*0x9e3779b97f4a7c15)
	}
	wrong := 0
	for n := range uint64(10_000) {
		if n < 500 && !marked(bits, n*0x9e3779b97f4a7c15) {
			t.Fatal("forgotten")
		}
		if marked(bits, mix(n+1)) {
			wrong++
		}
	}
	if wrong > 60 {
		t.Errorf("%d of 10,000 in vain", wrong)
	}
}
