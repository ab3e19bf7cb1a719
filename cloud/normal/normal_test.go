package normal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// t0 is a Monday noon.
var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is what is normal with a clock, and with all that it asks others for.
type world struct {
	*Normal
	t         testing.TB
	db        *db.DB
	now       time.Time
	trouble   map[home.Place]bool
	levels    map[home.Place]map[string]profile.Level
	networks  map[home.Place]uint64
	rollups   map[home.Place]map[uint64]time.Time
	allowed   map[string]bool
	published map[string][][]byte
}

func (w *world) PublishData(_ context.Context, name string, data []byte) (uint64, bool, error) {
	list := w.published[name]
	if n := len(list); n > 0 && string(list[n-1]) == string(data) {
		return uint64(n), false, nil
	}
	w.published[name] = append(list, data)
	return uint64(len(list) + 1), true, nil
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "normal", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, now: t0, trouble: map[home.Place]bool{}, levels: map[home.Place]map[string]profile.Level{}, networks: map[home.Place]uint64{},
		rollups: map[home.Place]map[uint64]time.Time{}, allowed: map[string]bool{}, published: map[string][][]byte{}}
	w.Normal = New(d, Options{Now: func() time.Time { return w.now }, Publish: w,
		Troubled: func(context.Context) (func(home.Place) bool, error) {
			return func(p home.Place) bool { return w.trouble[p] }, nil
		},
		Levels: func(_ context.Context, homes []home.Place) (map[home.Place]map[string]profile.Level, error) {
			out := map[home.Place]map[string]profile.Level{}
			for _, p := range homes {
				out[p] = w.levels[p]
			}
			return out, nil
		},
		Networks: func(_ context.Context, homes []home.Place) (map[home.Place]uint64, error) {
			out := map[home.Place]uint64{}
			for _, p := range homes {
				out[p] = w.networks[p]
			}
			return out, nil
		},
		RollUp: func(_ context.Context, p home.Place, _ time.Time) (map[uint64]time.Time, error) {
			return w.rollups[p], nil
		},
		Allowed: func(name string) bool { return w.allowed[name] },
	})
	return w
}

const tenantA, tenantB = "11111111-1111-1111-1111-111111111111", "22222222-1111-1111-1111-111111111111"

func place(tenant string, n int) home.Place {
	return home.Place{Tenant: tenant, Home: fmt.Sprintf("%08d-1111-1111-1111-111111111111", n)}
}

// tell stores items of one place.
func (w *world) tell(p home.Place, items ...*pb.Item) {
	w.t.Helper()
	if err := w.try(p, items...); err != nil {
		w.t.Fatal(err)
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

func (w *world) learn() Report {
	w.t.Helper()
	r, err := w.Learn(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// set is the profiles in force.
func (w *world) set() *profile.Set {
	w.t.Helper()
	list := w.published["profiles"]
	if len(list) == 0 {
		return nil
	}
	s, err := profile.Parse(list[len(list)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

var camera = profile.Level{Class: "camera", Vendor: "Example", Model: "Example Cam"}

// host is an endpoint, port 443.
func host(name, domain string) *home.Endpoint {
	return &home.Endpoint{Name: name, Domain: domain, Port: 443, Proto: "tcp", ASN: 64500}
}

// used is a first time of an endpoint in the present week. days: those of the week before, 0 for none.
func (w *world) used(device string, e *home.Endpoint, days uint32) *pb.FirstTime {
	c := endpoint.Of(e, false, false)
	f := &pb.FirstTime{Device: device, Endpoint: c.Keys[endpoint.Host], Domain: c.Keys[endpoint.Domain], Network: c.Keys[endpoint.Network], Service: c.Keys[endpoint.Service],
		Flags: uint32(c.Flags), Week: wire.Week(w.now), Days: days, Renewed: days > 0}
	if days > 0 {
		f.Active = 7
	}
	return f
}

func firsts(list ...*pb.FirstTime) *pb.Item {
	return &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: list}}}
}

func scores(list ...*pb.DayScore) *pb.Item {
	return &pb.Item{Body: &pb.Item_DayScores{DayScores: &pb.DayScores{Days: list}}}
}

// live lets homes live for some weeks: each has a camera with its cloud, and what more is given.
func (w *world) live(homes, weeks int, more func(n int) []*home.Endpoint) {
	w.t.Helper()
	for range weeks {
		for n := range homes {
			p := place(tenantA, n)
			if n%2 == 1 {
				p = place(tenantB, n)
			}
			w.levels[p] = map[string]profile.Level{"cam": camera}
			if w.networks[p] == 0 {
				w.networks[p] = uint64(1 + n%5)
			}
			list := []*pb.FirstTime{w.used("cam", host("api.cam.example", "cam.example"), 7)}
			for _, e := range more(n) {
				list = append(list, w.used("cam", e, 5))
			}
			w.tell(p, firsts(list...))
		}
		w.now = w.now.Add(week)
	}
}

func nothing(int) []*home.Endpoint { return nil }

func standing(w *world, e *home.Endpoint) (profile.Standing, bool) {
	c := endpoint.Of(e, false, false)
	s, ok := w.set().For(camera).Known(&c)
	return s.Standing, ok
}

func TestWhatManyHomesDoForLongIsNormal(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		odd := host("odd.example.org", "example.org")
		w.live(40, 1, nothing)
		if r := w.learn(); r.Teach != 0 || r.Version != 0 || r.Homes != 40 {
			t.Fatalf("homes of a week teach: %+v", r)
		}
		w.live(40, 5, func(n int) []*home.Endpoint {
			if n < 3 {
				return []*home.Endpoint{odd}
			}
			return nil
		})
		r := w.learn()
		if r.Teach != 40 || r.Version != 1 || !r.Changed || r.Levels < 3 {
			t.Fatalf("%+v", r)
		}
		if s, ok := standing(w, host("api.cam.example", "cam.example")); !ok || s != profile.Normal {
			t.Errorf("its cloud is %v, %v", s, ok)
		}
		if s, _ := standing(w, odd); s != profile.Rare {
			t.Errorf("what three homes do is %v", s)
		}
		if r := w.learn(); r.Changed || r.Version != 1 {
			t.Errorf("the same again is news: %+v", r)
		}
		w.facts(t)
	})
}

// facts checks the page of the camera in the world of TestWhatManyHomesDoForLongIsNormal.
func (w *world) facts(t *testing.T) {
	t.Helper()
	list, next, err := w.Models(t.Context(), tenantA, "", "", 10)
	if err != nil || next != "" || len(list) != 1 || list[0].Level != camera || list[0].Homes != 40 || list[0].Own != 20 {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	f, err := w.Model(t.Context(), tenantB, list[0].ID)
	if err != nil || f.Homes != 40 || f.Voted != 40 || f.Rare != 1 || len(f.Ends) != 1 || f.Ends[0].Homes != 40 || f.Ends[0].Standing != "normal" || !f.Silent {
		t.Fatalf("%+v %v", f, err)
	}
	if _, err := w.Model(t.Context(), tenantA, "0"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := w.Model(t.Context(), "somebody", list[0].ID); err != nil {
		t.Errorf("what many homes have is not for all: %v", err)
	}
	if _, _, err := w.Models(t.Context(), tenantA, "", "x", 10); !errors.Is(err, ErrCursor) {
		t.Error(err)
	}
}

func TestWhoDoesNotTeach(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(20, 6, nothing)
	if r := w.learn(); r.Teach != 20 {
		t.Fatalf("%+v", r)
	}
	p := place(tenantA, 4)
	w.trouble[p] = true
	if r := w.learn(); r.Teach != 19 {
		t.Errorf("a home with an open incident teaches: %+v", r)
	}
	delete(w.trouble, p)
	w.levels[p] = map[string]profile.Level{"cam": {Class: home.ClassPhone, Model: "Phone"}}
	if r := w.learn(); r.Teach != 19 {
		t.Errorf("a phone teaches: %+v", r)
	}
	w.levels[p] = nil
	if r := w.learn(); r.Teach != 19 {
		t.Errorf("a guest's device teaches: %+v", r)
	}
	w.levels[p] = map[string]profile.Level{"cam": camera}
	if n, err := w.Erase(t.Context(), p); err != nil || n != 2 {
		t.Errorf("erased %d rows, %v", n, err)
	}
	if r := w.learn(); r.Teach != 19 || r.Homes != 19 {
		t.Errorf("a home that was erased teaches: %+v", r)
	}
	w.now = w.now.Add(KeepDevices + day)
	if err := w.Trim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := w.learn(); r.Teach != 0 {
		t.Errorf("devices that nothing was told of for long teach: %+v", r)
	}
}

func TestALeagueOfHomesTeachesNothing(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	evil, hosted := host("c2.example.net", "example.net"), host("x.duckdns.org", "duckdns.org")
	w.live(400, 6, func(n int) []*home.Endpoint {
		var out []*home.Endpoint
		if n < 20 { // 5 %: as many homes as it takes, but no more than the share
			out = append(out, evil)
		}
		return append(out, hosted)
	})
	w.learn()
	if s, _ := standing(w, evil); s != profile.Rare {
		t.Errorf("what a league of homes does is %v", s)
	}
	if s, _ := standing(w, hosted); s != profile.Rare {
		t.Errorf("shared hosting is %v", s)
	}
	for p := range w.networks {
		w.networks[p] = 7
	}
	w.now = w.now.Add(Rest)
	w.learn()
	if s, _ := standing(w, host("api.cam.example", "cam.example")); s == profile.Normal {
		t.Error("what homes of one access network do is normal")
	}
}

func TestDriftIsTold(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	next := host("v2.other.example", "other.example")
	w.live(40, 5, nothing)
	w.learn()
	w.live(40, 2, func(int) []*home.Endpoint { return []*home.Endpoint{next} })
	w.learn()
	if s, _ := standing(w, next); s != profile.Pending {
		t.Errorf("what all homes do since a week is %v", s)
	}
	w.live(40, 3, func(int) []*home.Endpoint { return []*home.Endpoint{next} })
	r := w.learn()
	if s, _ := standing(w, next); s != profile.Normal {
		t.Errorf("what all homes do since a month is %v", s)
	}
	if c := endpoint.Of(next, false, false); !slices.Contains(r.Moved, c.Keys[endpoint.Host]) || !r.Changed {
		t.Errorf("not told: %+v", r)
	}
	f, err := w.Model(t.Context(), tenantA, idOf(camera))
	if err != nil || len(f.Changes) != 2 || f.Changes[0].From != "pending" || f.Changes[0].To != "normal" || f.Changes[1].To != "pending" {
		t.Errorf("%+v, %v", f.Changes, err)
	}
}

// What many homes use and what is found in those homes more than in others waits, however many they are.
func TestWhatComesWithFindingsIsNotNormal(t *testing.T) {
	t.Parallel()
	for found, want := range map[int]profile.Standing{0: profile.Normal, 12: profile.Pending} {
		w := open(t, dbtest.SQLite(t))
		e := host("c2.example.net", "example.net")
		w.live(120, 6, func(n int) []*home.Endpoint {
			if n < 60 {
				return []*home.Endpoint{e}
			}
			return nil
		})
		for n := range found {
			w.tell(where(n), finding("f", home.DetectBeacon, home.Soft))
		}
		r := w.learn()
		if s, _ := standing(w, e); s != want || r.Teach != 120-found {
			t.Errorf("with %d findings it is %v, and %d homes teach", found, s, r.Teach)
		}
	}
}
