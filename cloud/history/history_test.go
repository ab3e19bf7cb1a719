package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var (
	t0    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	homeA = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111111"}
	homeB = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "bbbbbbbb-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111112"}
	homeC = home.Place{Tenant: "22222222-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111113"}
)

// world is a store with a clock.
type world struct {
	*History
	db   *db.DB
	now  time.Time
	feed []string
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "history", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{db: d, now: t0}
	w.History = New(d, Options{Now: func() time.Time { return w.now }, Feed: func(_ *db.Tx, p home.Place, kind, id string) error {
		w.feed = append(w.feed, kind+" "+id)
		return nil
	}})
	return w
}

// tell stores items of one place in one transaction.
func (w *world) tell(t testing.TB, p home.Place, items ...*pb.Item) {
	t.Helper()
	if err := w.try(p, items...); err != nil {
		t.Fatal(err)
	}
}

func (w *world) try(p home.Place, items ...*pb.Item) error {
	return w.db.Tx(context.Background(), func(tx *db.Tx) error {
		b := w.Begin(tx)
		for _, i := range items {
			if err := b.Take(p, w.now, i); err != nil {
				return err
			}
		}
		return b.Flush()
	})
}

func devices(whole bool, ds ...*pb.Device) *pb.Item {
	return &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: whole, Devices: ds}}}
}

func firstTimes(week uint32, device string, endpoints ...uint64) *pb.Item {
	m := &pb.FirstTimes{Scheme: home.CollapseScheme}
	for _, e := range endpoints {
		m.FirstTimes = append(m.FirstTimes, &pb.FirstTime{Device: device, Endpoint: e, Week: week})
	}
	return &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: m}}
}

func rollUp(hours ...*pb.DeviceHour) *pb.Item {
	return &pb.Item{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: hours}}}
}

func stopped(trackers uint64, stops ...*pb.Stop) *pb.Item {
	return &pb.Item{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: stops, Trackers: trackers}}}
}

// names lists a home's devices.
func (w *world) names(t testing.TB, p home.Place) string {
	t.Helper()
	list, err := w.DeviceList(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	s := ""
	for _, d := range list {
		s += d.GetId() + "=" + d.GetName() + " "
	}
	return s
}

func TestDevicesAreAsTheGatewayToldThemLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.tell(t, homeA, devices(true, &pb.Device{Id: "a", Name: "Camera"}, &pb.Device{Id: "b", Name: "Plug"}))
		w.tell(t, homeB, devices(true, &pb.Device{Id: "a", Name: "Other"}))
		w.tell(t, homeC, devices(true, &pb.Device{Id: "a", Name: "Foreign"}))
		w.tell(t, homeA, devices(false, &pb.Device{Id: "a", Name: "Cam\x00era 2"}, &pb.Device{Id: "c", Name: "<b>TV"}), devices(false, &pb.Device{Id: "b", Removed: true}))
		if got := w.names(t, homeA); got != "a=Camera 2 c=<b>TV " {
			t.Errorf("devices %q", got)
		}
		if got := w.names(t, homeB) + w.names(t, homeC); got != "a=Other a=Foreign " {
			t.Errorf("others' devices %q", got)
		}
		if d, err := w.Device(ctx, homeA, "c"); err != nil || d.GetName() != "<b>TV" || !d.Updated.Equal(t0) {
			t.Errorf("%v %v", d, err)
		}
		if _, err := w.Device(ctx, homeB, "c"); !errors.Is(err, ErrUnknown) {
			t.Errorf("another home's device: %v", err)
		}
		swapped := homeA
		swapped.Gateway = "99999999-1111-1111-1111-999999999999"
		list := devices(true, &pb.Device{Id: "x", Name: "New"})
		list.GetDevices().Blocked = []string{"bad.example"}
		w.tell(t, swapped, list)
		if got := w.names(t, homeA); got != "x=New " {
			t.Errorf("after a swap %q", got)
		}
		if h, err := w.Home(ctx, homeA); err != nil || h.Gateway != swapped.Gateway || len(h.Blocked) != 1 {
			t.Errorf("%+v %v", h, err)
		}
	})
}

// The last endpoint that a home blocked is blocked no more: the gateway says so with whatever it tells of its devices.
func TestTheLastRuleOfAHomeEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.tell(t, homeB, ruled(devices(true), "theirs.example"))
		w.tell(t, homeA, ruled(devices(true, &pb.Device{Id: "a"}), "bad.example"))
		w.tell(t, homeA, ruled(devices(false, &pb.Device{Id: "a", Name: "Camera"}), "bad.example", "worse.example"))
		if h, err := w.Home(ctx, homeA); err != nil || len(h.Blocked) != 2 {
			t.Errorf("%+v %v", h, err)
		}
		w.tell(t, homeA, devices(false))
		if h, err := w.Home(ctx, homeA); err != nil || len(h.Blocked) != 0 {
			t.Errorf("after the last has ended: %+v %v", h, err)
		}
		if h, err := w.Home(ctx, homeB); err != nil || !slices.Equal(h.Blocked, []string{"theirs.example"}) {
			t.Errorf("another's: %+v %v", h, err)
		}
	})
}

func ruled(i *pb.Item, blocked ...string) *pb.Item {
	i.GetDevices().Blocked = blocked
	return i
}

func TestAHomeHasSoManyDevicesAndNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for i := range 6 {
			w.now = t0.Add(time.Duration(i) * time.Minute)
			var ds []*pb.Device
			for j := range 200 {
				ds = append(ds, &pb.Device{Id: fmt.Sprintf("%d-%03d", i, j)})
			}
			w.tell(t, homeA, devices(false, ds...))
		}
		list, err := w.DeviceList(context.Background(), homeA)
		if err != nil || len(list) != MaxDevices || list[len(list)-1].GetId() != "5-199" {
			t.Errorf("%d devices, %v", len(list), err)
		}
	})
}

func TestFirstTimesAreOneRowAHome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w, week := context.Background(), open(t, d), wire.Week(t0)
		w.tell(t, homeA, firstTimes(week, "a", 1, 2, 1<<63+5), firstTimes(week, "b", 1))
		w.tell(t, homeB, firstTimes(week, "a", 1))
		for range 3 {
			w.tell(t, homeA, firstTimes(week, "a", 1, 2))
		}
		w.tell(t, homeA, firstTimes(week+50, "a", 9), firstTimes(3, "a", 9)) // whose clock is wrong
		got, err := w.FirstTimes(ctx, homeA)
		if err != nil || got["a"] != 4 || got["b"] != 1 || len(got) != 2 {
			t.Errorf("%v %v", got, err)
		}
		weeks := func() (n int, highest int64) {
			if err := d.View(ctx, func(tx *db.Tx) error {
				return tx.Row("SELECT COUNT(*), MAX(week) FROM history_first WHERE tenant = ? AND home = ?", homeA.Tenant, homeA.Home).Scan(&n, &highest)
			}); err != nil {
				t.Fatal(err)
			}
			return n, highest
		}
		if n, highest := weeks(); n != 5 || highest != int64(week) {
			t.Errorf("%d rows, week %d", n, highest)
		}
		w.now = t0.Add(60 * day)
		w.tell(t, homeA, firstTimes(wire.Week(w.now), "a", 1))
		w.now = t0.Add(100 * day)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if n, _ := weeks(); n != 1 {
			t.Errorf("%d rows after 100 days", n)
		}
		if e, err := w.Erase(ctx, homeA); err != nil || e.FirstTimes != 1 {
			t.Errorf("%+v %v", e, err)
		}
	})
}

func TestFirstTimesOfAHomeAreBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	w := open(t, d)
	for i := range uint64(12) {
		var ends []uint64
		for j := range uint64(2000) {
			ends = append(ends, i*2000+j)
		}
		w.tell(t, homeA, firstTimes(wire.Week(t0), "a", ends...))
	}
	got, err := w.FirstTimes(context.Background(), homeA)
	if err != nil || got["a"] != MaxFirstTimes {
		t.Errorf("%v %v", got, err)
	}
	if n := w.Dropped().FirstTimes; n != 4000 {
		t.Errorf("dropped %d", n)
	}
	w.tell(t, homeB, firstTimes(wire.Week(t0), "a", 1))
	if got, _ := w.FirstTimes(context.Background(), homeB); got["a"] != 1 {
		t.Error("one home's bound is another's")
	}
}

func TestADayIsOneBlobAndReadBackMerged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		ms := func(h int) int64 { return t0.Add(time.Duration(h) * time.Hour).UnixMilli() }
		w.tell(t, homeA, rollUp(&pb.DeviceHour{Device: "a", Hour: ms(-1) + 5, Up: 1, Down: 2, Unnamed: 1, Usage: []*pb.Usage{{Endpoint: 7, Flows: 1, Up: 1}}}))
		w.tell(t, homeA, rollUp(&pb.DeviceHour{Device: "b", Hour: ms(-1), Up: 10}), rollUp(&pb.DeviceHour{Device: "a", Hour: ms(-1), Up: 100,
			Usage: []*pb.Usage{{Endpoint: 8, Flows: 1}, {Endpoint: 7, Flows: 2, Up: 5}}}))
		w.tell(t, homeA, rollUp(&pb.DeviceHour{Device: "a", Hour: ms(-14), Up: 1000}, &pb.DeviceHour{Device: "a", Hour: ms(500), Down: 7}))
		w.tell(t, homeB, rollUp(&pb.DeviceHour{Device: "a", Hour: ms(0), Up: 1}))
		rows := 0
		if err := d.View(ctx, func(tx *db.Tx) error {
			return tx.Row("SELECT COUNT(*) FROM history_rollup WHERE tenant = ? AND home = ?", homeA.Tenant, homeA.Home).Scan(&rows)
		}); err != nil || rows != 2 {
			t.Fatalf("%d blobs, %v", rows, err)
		}
		got, err := w.Day(ctx, homeA, t0)
		want := &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{
			{Device: "a", Hour: ms(-1), Up: 101, Down: 2, Unnamed: 1, Usage: []*pb.Usage{{Endpoint: 7, Flows: 3, Up: 6}, {Endpoint: 8, Flows: 1}}},
			{Device: "b", Hour: ms(-1), Up: 10},
			{Device: "a", Hour: ms(0), Down: 7}, // it cannot be of the future
		}}
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("%v %v", got, err)
		}
		week, err := w.Week(ctx, homeA, "a", t0)
		if err != nil || week[6].Up != 101 || week[6].Hours[11] != 103 || week[5].Up != 1000 || week[0].Up != 0 || !week[6].Day.Equal(t0.Truncate(day)) {
			t.Errorf("%+v %v", week, err)
		}
		if empty, err := w.Day(ctx, homeC, t0); err != nil || len(empty.GetHours()) != 0 {
			t.Errorf("%v %v", empty, err)
		}
	})
}

// SQLite joins blobs as text: it must keep every byte, and count them.
func TestADaysBlobKeepsEveryByteAndIsBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		rapid.Check(t, func(t *rapid.T) {
			if _, err := w.Erase(ctx, homeA); err != nil {
				t.Fatal(err)
			}
			want := map[uint64]uint64{}
			for range rapid.IntRange(1, 6).Draw(t, "reports") {
				h := &pb.DeviceHour{Device: "a", Hour: t0.UnixMilli()}
				for range rapid.IntRange(0, 4).Draw(t, "endpoints") {
					e, n := rapid.Uint64().Draw(t, "endpoint"), rapid.Uint64Max(1<<50).Draw(t, "bytes")
					want[e] += n
					h.Usage = append(h.Usage, &pb.Usage{Endpoint: e, Up: n})
				}
				if err := w.try(homeA, rollUp(h)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.Day(ctx, homeA, t0)
			if err != nil || len(got.GetHours()) != 1 || len(got.GetHours()[0].GetUsage()) != len(want) {
				t.Fatalf("%v %v", got, err)
			}
			for _, u := range got.GetHours()[0].GetUsage() {
				if want[u.GetEndpoint()] != u.GetUp() {
					t.Fatalf("endpoint %d: %d, want %d", u.GetEndpoint(), u.GetUp(), want[u.GetEndpoint()])
				}
			}
		})
		big := &pb.DeviceHour{Device: "a", Hour: t0.UnixMilli()}
		for i := range uint64(1000) {
			big.Usage = append(big.Usage, &pb.Usage{Endpoint: i << 50, Flows: 3, Up: 1 << 40, Down: 1 << 40})
		}
		for range 20 {
			w.tell(t, homeB, rollUp(big))
		}
		size := 0
		if err := d.View(ctx, func(tx *db.Tx) error {
			return tx.Row("SELECT octet_length(data) FROM history_rollup WHERE tenant = ? AND home = ?", homeB.Tenant, homeB.Home).Scan(&size)
		}); err != nil || size > MaxDayBytes || size < MaxDayBytes/2 || w.Dropped().RollUps == 0 {
			t.Errorf("%d bytes, %+v, %v", size, w.Dropped(), err)
		}
	})
}

func TestWhatWasStoppedIsCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		stop := func(device string, count uint64, at time.Time) *pb.Stop {
			return &pb.Stop{Device: device, Endpoint: "c2.example", Class: "malware", Family: "Mirai", Count: count, First: at.Add(-time.Minute).UnixMilli(), Last: at.UnixMilli()}
		}
		w.now = t0.Add(-day)
		w.tell(t, homeA, stopped(3, stop("a", 1, w.now)))
		w.now = t0
		w.tell(t, homeA, stopped(4, stop("a", 10, t0), stop("a", 100, t0.Add(-time.Hour))), stopped(0, stop("b", 1<<63, t0.Add(99*time.Hour))))
		w.tell(t, homeC, stopped(50, stop("a", 1000, t0)))
		got, trackers, err := w.StoppedSince(ctx, homeA, t0)
		if err != nil || trackers != 4 || len(got) != 2 || got[0].Count != 110 && got[1].Count != 110 || got[0].Last.After(t0) {
			t.Errorf("%+v %d %v", got, trackers, err)
		}
		got, trackers, err = w.StoppedSince(ctx, homeA, t0.Add(-day))
		if err != nil || trackers != 7 || len(got) != 2 || got[0].Count+got[1].Count != 111+maxCount {
			t.Errorf("%+v %d %v", got, trackers, err)
		}
		got, trackers, earlier, err := w.StoppedBetween(ctx, homeA, t0.Add(-2*time.Hour), t0.Add(time.Hour))
		if err != nil || trackers != 4 || len(got) != 2 || !earlier.Equal(t0.Add(-day)) {
			t.Errorf("today: %+v %d %v %v", got, trackers, earlier, err)
		}
		got, trackers, earlier, err = w.StoppedBetween(ctx, homeA, earlier, t0.Add(-2*time.Hour))
		if err != nil || trackers != 3 || len(got) != 1 || got[0].Count != 1 || !earlier.IsZero() {
			t.Errorf("the day before: %+v %d %v %v", got, trackers, earlier, err)
		}
		if got, _, earlier, err := w.StoppedBetween(ctx, homeA, t0.Add(-day+time.Hour), t0.Add(-2*time.Hour)); err != nil || len(got) != 0 || !earlier.Equal(t0.Add(-day)) {
			t.Errorf("between them: %+v %v %v", got, earlier, err)
		}
		var many []*pb.Stop
		for i := range 700 {
			many = append(many, &pb.Stop{Device: "a", Endpoint: fmt.Sprint(i, ".example"), Count: 1, Last: t0.UnixMilli()})
		}
		w.tell(t, homeB, stopped(1, many...))
		w.tell(t, homeB, stopped(1, many...))
		if got, trackers, err := w.StoppedSince(ctx, homeB, t0); err != nil || len(got) > MaxStops || len(got) < MaxStops-1 || trackers != 2 {
			t.Errorf("%d refusals, %d trackers, %v", len(got), trackers, err)
		}
		w.now = t0.Add(KeepStopped + 2*day)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if got, _, err := w.StoppedSince(ctx, homeA, time.Unix(0, 0)); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

// The evidence of what was stopped is kept as it came last, within its bound; what is no card is none, and an older gateway sends none.
func TestEvidenceOfWhatWasStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		stop := func(endpoint, card string, sure uint32) *pb.Stop {
			return &pb.Stop{Device: "a", Endpoint: endpoint, Class: "malware", Count: 1, Last: t0.UnixMilli(), Card: []byte(card), Confidence: sure}
		}
		w.tell(t, homeA, stopped(1, stop("older.example", "", 0), stop("c2.example", `{"of":40}`, 80)))
		w.tell(t, homeA, stopped(1, stop("c2.example", `{"of":41}`, 90), stop("large.example", `"`+strings.Repeat("x", wire.MaxCard)+`"`, 1<<31), stop("odd.example", "{\x00\xff", 100)))
		got, _, err := w.StoppedSince(ctx, homeA, t0)
		if err != nil || len(got) != 4 {
			t.Fatalf("%+v %v", got, err)
		}
		want := map[string]string{"older.example": " 0", "c2.example": `{"of":41} 90`, "large.example": " 100", "odd.example": " 100"}
		for _, s := range got {
			if is := fmt.Sprintf("%s %d", s.Card, s.Confidence); is != want[s.Endpoint] {
				t.Errorf("%s: %s, want %s", s.Endpoint, is, want[s.Endpoint])
			}
		}
		if _, err := w.Erase(ctx, homeA); err != nil {
			t.Fatal(err)
		}
		if got, _, err := w.StoppedSince(ctx, homeA, t0); err != nil || len(got) != 0 {
			t.Errorf("erased: %+v %v", got, err)
		}
	})
}

func TestLooksAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		look := func(n int) *pb.Item {
			return &pb.Item{Body: &pb.Item_Look{Look: &pb.Look{Question: fmt.Sprint(n), Asker: "support", Who: "s1\x00", Refused: true}}}
		}
		for i := range MaxLooks + 20 {
			w.now = t0.Add(time.Duration(i) * time.Second)
			w.tell(t, homeA, look(i))
		}
		got, err := w.Looks(ctx, homeA)
		if err != nil || len(got) != MaxLooks || got[0].GetQuestion() != fmt.Sprint(MaxLooks+19) || got[0].GetWho() != "s1" {
			t.Errorf("%d looks, %v", len(got), err)
		}
		if got, err := w.Looks(ctx, homeC); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestTheStateIsTheNewestHeartbeat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		beat := func(p home.Place, at time.Time, b *pb.Heartbeat) {
			t.Helper()
			if err := w.Beat(ctx, []Beat{{p, &pb.Heartbeat{Version: "old"}, at.Add(-time.Second)}, {p, b, at}}); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := w.State(ctx, homeA); err != nil || !s.Seen.IsZero() || s.Online(t0) {
			t.Fatalf("%+v %v", s, err)
		}
		beat(homeA, t0, &pb.Heartbeat{Version: "1\x00", Armed: true, Contained: 1, Incidents: 1, Desired: 5})
		beat(homeB, t0, &pb.Heartbeat{Armed: true, Degraded: []string{"no DNS"}})
		beat(homeC, t0, &pb.Heartbeat{Armed: true})
		s, err := w.State(ctx, homeA)
		if err != nil || s.Status != StatusContained || s.Beat.GetVersion() != "1" || s.Beat.GetDesired() != 5 || s.Place != homeA || !s.Online(t0.Add(time.Minute)) || s.Online(t0.Add(Offline)) {
			t.Errorf("%+v %v", s, err)
		}
		beat(homeA, t0.Add(-time.Minute), &pb.Heartbeat{Version: "0"})
		if s, _ := w.State(ctx, homeA); s.Beat.GetVersion() != "1" {
			t.Error("an older heartbeat counts")
		}
		n := len(w.feed)
		beat(homeA, t0.Add(time.Minute), &pb.Heartbeat{Version: "1", Armed: true, Contained: 1, Incidents: 1, Desired: 5, SpoolItems: 9})
		if len(w.feed) != n {
			t.Error("apps are told of what nobody sees")
		}
		beat(homeA, t0.Add(2*time.Minute), &pb.Heartbeat{Version: "1", Armed: true})
		beat(homeA, t0.Add(time.Hour), &pb.Heartbeat{Version: "1", Armed: true})
		if len(w.feed) != n+2 {
			t.Errorf("feed %q", w.feed[n:])
		}
		got, err := w.States(ctx, homeA.Tenant, []string{homeA.Home, homeB.Home, "nobody"})
		if err != nil || len(got) != 2 || got[homeB.Home].Status != StatusDegraded {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestTheFleetIsListedByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		tenant := homeA.Tenant
		if err := Seed(ctx, w.History, tenant, 1000, t0); err != nil {
			t.Fatal(err)
		}
		if err := w.Beat(ctx, []Beat{{homeC, &pb.Heartbeat{Armed: true}, t0}}); err != nil {
			t.Fatal(err)
		}
		w.now = t0.Add(time.Minute)
		count := func(q FleetQuery) (n int) {
			t.Helper()
			q.Limit = 70
			for {
				page, err := w.Fleet(ctx, tenant, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page {
					if s.Place.Home <= q.After || s.Place.Tenant != tenant {
						t.Fatalf("%v after %s", s.Place, q.After)
					}
					q.After = s.Place.Home
				}
				if n += len(page); len(page) < q.Limit {
					return n
				}
			}
		}
		c, err := w.Counts(ctx, tenant)
		if err != nil || c.Homes != 1000 || c.Online == 0 || c.Online == 1000 || c.Contained == 0 {
			t.Fatalf("%+v %v", c, err)
		}
		for state, want := range map[string]uint64{"": 1000, "online": c.Online, "offline": 1000 - c.Online, StatusContained: c.Contained, StatusIncident: c.Incident, StatusDegraded: c.Degraded} {
			if n := count(FleetQuery{State: state}); n != int(want) {
				t.Errorf("%q: %d, want %d", state, n, want)
			}
		}
		one, err := w.Fleet(ctx, tenant, FleetQuery{Limit: 1})
		if err != nil || len(one) != 1 {
			t.Fatal(one, err)
		}
		if n := count(FleetQuery{Text: one[0].Place.Home}); n != 1 {
			t.Errorf("%d homes of one id", n)
		}
		if n := count(FleetQuery{Text: "%"}); n != 0 {
			t.Errorf("%d homes", n)
		}
		if _, err := w.Fleet(ctx, tenant, FleetQuery{State: "odd"}); err == nil {
			t.Error("a state that is none was taken")
		}
	})
}

func TestEraseTakesAllOfAHomeAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		tables := []string{"history_device", "history_first", "history_rollup", "history_stopped", "history_look", "history_state", "history_line"}
		fill := func(p home.Place) {
			w.tell(t, p, devices(true, &pb.Device{Id: "a"}), firstTimes(wire.Week(t0), "a", 1), rollUp(&pb.DeviceHour{Device: "a", Hour: t0.UnixMilli()}),
				stopped(1), lineHour(0, "a"), &pb.Item{Body: &pb.Item_Look{Look: &pb.Look{}}}, &pb.Item{Body: &pb.Item_Dropped{Dropped: &pb.Dropped{Items: 3}}})
			if err := w.Beat(ctx, []Beat{{p, &pb.Heartbeat{}, t0}}); err != nil {
				t.Fatal(err)
			}
		}
		rows := func(p home.Place) (out []int) {
			for _, table := range tables {
				n := 0
				if err := d.View(ctx, func(tx *db.Tx) error {
					return tx.Row("SELECT COUNT(*) FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n)
				}); err != nil {
					t.Fatal(err)
				}
				out = append(out, n)
			}
			return out
		}
		all := []home.Place{homeA, homeB, homeC}
		for _, p := range all {
			fill(p)
		}
		if h, err := w.Home(ctx, homeA); err != nil || h.Dropped != 3 {
			t.Errorf("%+v %v", h, err)
		}
		if _, err := w.Erase(ctx, homeA); err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			want := "[1 1 1 1 1 1 1]"
			if p == homeA {
				want = "[0 0 0 0 0 0 0]"
			}
			if got := fmt.Sprint(rows(p)); got != want {
				t.Errorf("%v: rows %s of %v", p, got, tables)
			}
		}
		fill(homeA)
		if got := fmt.Sprint(rows(homeA)); got != "[1 1 1 1 1 1 1]" {
			t.Errorf("what comes after an erasure is not kept: %s", got)
		}
	})
}

func TestWhatIsBadIsRefusedWhole(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	long := make([]*pb.Device, MaxDevices+1)
	for i := range long {
		long[i] = &pb.Device{Id: fmt.Sprint(i)}
	}
	for name, i := range map[string]*pb.Item{
		"a device without id":      devices(true, &pb.Device{Id: "fine"}, &pb.Device{}),
		"an id that is markup":     devices(true, &pb.Device{Id: "<b>"}),
		"a path":                   firstTimes(1, "a/b", 1),
		"too many devices":         devices(true, long...),
		"another collapse scheme":  {Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: 99}}},
		"a roll-up's other scheme": {Body: &pb.Item_RollUp{RollUp: &pb.RollUp{}}},
		"a stop without device":    stopped(0, &pb.Stop{Endpoint: "x"}),
	} {
		if w.try(homeA, i) == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if got := w.names(t, homeA); got != "" {
		t.Errorf("devices %q", got)
	}
}

func FuzzItem(f *testing.F) {
	for _, i := range []*pb.Item{devices(true, &pb.Device{Id: "a", Name: "\x00"}), firstTimes(3, "a", 1), rollUp(&pb.DeviceHour{Device: "a", Hour: -1 << 63}),
		stopped(1, &pb.Stop{Device: "a", First: 1 << 62, Last: -1 << 63}), {Body: &pb.Item_Look{}}, {Body: &pb.Item_Dropped{}}} {
		b, err := proto.Marshal(i)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	w := open(f, dbtest.SQLite(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		i := &pb.Item{}
		if proto.Unmarshal(data, i) != nil {
			return
		}
		err := w.db.Tx(context.Background(), func(tx *db.Tx) error {
			b := w.Begin(tx)
			_ = b.Take(homeA, t0, i) // what it refuses it has not taken
			return b.Flush()
		})
		if err != nil {
			t.Error(err)
		}
	})
}
