package desired

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var (
	t0    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	homeA = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111111"}
	homeB = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "bbbbbbbb-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111112"}
	homeC = home.Place{Tenant: "22222222-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111113"}
)

// world is a store with a clock, and what it told others.
type world struct {
	*Desired
	db     *db.DB
	now    time.Time
	mu     sync.Mutex
	nudges []uint64
	feed   []string
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "desired", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{db: d, now: t0}
	w.Desired = New(d, Options{
		Feed: func(_ *db.Tx, p home.Place, kind, id string) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.feed = append(w.feed, kind+" "+p.Home+" "+id)
			return nil
		},
		Nudge: func(_ home.Place, v uint64) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.nudges = append(w.nudges, v)
		},
		Now: func() time.Time { return w.now },
	})
	return w
}

func (w *world) result(t testing.TB, p home.Place, r *pb.OrderResult) {
	t.Helper()
	if err := w.db.Tx(context.Background(), func(tx *db.Tx) error { return w.Result(tx, p, r) }); err != nil {
		t.Fatal(err)
	}
}

func check(incident string) Order {
	return Order{Place: homeA, Verb: "check", Incident: incident, By: "owner", Who: "r1"}
}

func TestAnOrderIsAskedForToldAndConfirmed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		o, err := w.Ask(ctx, Order{Place: homeA, Verb: "release", Incident: "i1", By: "owner", Who: "r1", Why: "it was me"})
		if err != nil || o.Status != Asked || !home.IsUUID(o.ID) {
			t.Fatalf("%+v %v", o, err)
		}
		want, err := w.Desired.Desired(ctx, homeA)
		if err != nil || want.GetVersion() != 1 || len(want.GetOrders()) != 1 || want.GetOrders()[0].GetId() != o.ID || want.GetOrders()[0].GetBy() != "owner" {
			t.Fatalf("%v %v", want, err)
		}
		if len(w.nudges) != 1 || w.nudges[0] != 1 {
			t.Errorf("nudges %v", w.nudges)
		}
		w.result(t, homeB, &pb.OrderResult{Id: o.ID, InForce: true})
		w.result(t, homeC, &pb.OrderResult{Id: o.ID, InForce: true})
		if got, _ := w.Get(ctx, homeA, o.ID); got.Status != Asked {
			t.Fatalf("another home's gateway confirmed it: %+v", got)
		}
		w.result(t, homeA, &pb.OrderResult{Id: o.ID, InForce: true, Done: t0.UnixMilli()})
		w.result(t, homeA, &pb.OrderResult{Id: o.ID, Why: "said twice"})
		got, err := w.Get(ctx, homeA, o.ID)
		if err != nil || got.Status != InForce || got.Reason != "" || !got.Done.Equal(t0) || got.Who != "r1" {
			t.Fatalf("%+v %v", got, err)
		}
		if want, _ := w.Desired.Desired(ctx, homeA); len(want.GetOrders()) != 0 {
			t.Errorf("confirmed and still wanted: %v", want)
		}
		if len(w.feed) != 2 {
			t.Errorf("feed %q", w.feed)
		}
	})
}

func TestTheSameKeyIsTheSameOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		o := check("i1")
		o.Key = "once"
		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				got, err := w.Ask(ctx, o)
				if err != nil {
					t.Error(err)
				}
				ids[i] = got.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("several orders: %v", ids)
			}
		}
		other := o
		other.Incident = "i2"
		if _, err := w.Ask(ctx, other); !errors.Is(err, ErrKey) {
			t.Errorf("the same key for something else: %v", err)
		}
		other.Place = homeB
		if _, err := w.Ask(ctx, other); err != nil {
			t.Errorf("another home's key: %v", err)
		}
		other.Place = homeC
		if _, err := w.Ask(ctx, other); err != nil {
			t.Errorf("another tenant's key: %v", err)
		}
	})
}

func TestOrdersExpireAndAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		var first Order
		for i := range wire.MaxOrders {
			o, err := w.Ask(ctx, check(fmt.Sprint("i", i)))
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = o
			}
		}
		if _, err := w.Ask(ctx, check("more")); !errors.Is(err, ErrTooMany) {
			t.Fatalf("one too many: %v", err)
		}
		if v, _ := w.Version(ctx, homeA); v != wire.MaxOrders {
			t.Errorf("version %d: a refused order counts", v)
		}
		w.now = t0.Add(CheckLife)
		if got, _ := w.Get(ctx, homeA, first.ID); got.Status != Expired {
			t.Errorf("%+v", got)
		}
		if _, err := w.Ask(ctx, check("more")); err != nil {
			t.Errorf("no room after all have expired: %v", err)
		}
		if want, _ := w.Desired.Desired(ctx, homeA); len(want.GetOrders()) != 1 {
			t.Errorf("expired orders are still wanted: %v", want)
		}
		if n, err := w.Expire(ctx); err != nil || n != wire.MaxOrders {
			t.Errorf("%d expired, %v", n, err)
		}
		w.result(t, homeA, &pb.OrderResult{Id: first.ID, InForce: true, Check: &pb.Check{Clean: true, Sentence: "Clean."}})
		if got, _ := w.Get(ctx, homeA, first.ID); got.Status != InForce || !got.Check.GetClean() {
			t.Errorf("the gateway's word came late and does not count: %+v", got)
		}
		if list, err := w.List(ctx, homeA, "more"); err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
		if list, err := w.List(ctx, homeA, ""); err != nil || len(list) != wire.MaxOrders+1 || list[0].Incident != "more" {
			t.Errorf("%d orders, %v", len(list), err)
		}
	})
}

func TestOrdersOfAHomeAreKeptUpToABound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		for i := range MaxKept + 5 {
			o, err := w.Ask(ctx, check(fmt.Sprint("i", i)))
			if err != nil {
				t.Fatal(err)
			}
			w.result(t, homeA, &pb.OrderResult{Id: o.ID, InForce: true})
		}
		n := 0
		if err := d.View(ctx, func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM desired_order").Scan(&n) }); err != nil || n != MaxKept {
			t.Errorf("%d orders kept, %v", n, err)
		}
		w.now = t0.Add(Keep + time.Hour)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := w.List(ctx, homeA, ""); err != nil || len(list) != 0 {
			t.Errorf("%d orders after 400 days, %v", len(list), err)
		}
	})
}

func TestWhatIsDesiredElsewhereIsTold(t *testing.T) {
	ctx, d := context.Background(), dbtest.SQLite(t)
	w := open(t, d)
	w.o.Sources = Sources{
		Keys: func(_ context.Context, p home.Place) ([]*pb.ResidentKey, error) {
			return []*pb.ResidentKey{{Id: p.Home}}, nil
		},
		Revoked: func(context.Context, home.Place) ([]string, error) { return []string{"c1"}, nil },
		Bundles: func(_ context.Context, p home.Place) (bundles, shadow []*pb.BundleVersion, err error) {
			return []*pb.BundleVersion{{Name: "lists", Version: 7}}, []*pb.BundleVersion{{Name: p.Home, Version: 8}}, nil
		},
		Household: func(_ context.Context, p home.Place) (*pb.Household, error) {
			return &pb.Household{Version: 3, Guests: []string{p.Home}}, nil
		},
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return w.Touch(tx, homeA) }); err != nil {
		t.Fatal(err)
	}
	got, err := w.Desired.Desired(ctx, homeA)
	want := &pb.Desired{Protocol: wire.Protocol, Version: 1, Keys: []*pb.ResidentKey{{Id: homeA.Home}}, RevokedConsents: []string{"c1"},
		Bundles: []*pb.BundleVersion{{Name: "lists", Version: 7}}, Shadow: []*pb.BundleVersion{{Name: homeA.Home, Version: 8}}, Household: &pb.Household{Version: 3, Guests: []string{homeA.Home}}}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if len(w.nudges) != 1 {
		t.Errorf("nudges %v", w.nudges)
	}
	w.o.Sources.Revoked = func(context.Context, home.Place) ([]string, error) { return nil, errors.New("no") }
	if _, err := w.Desired.Desired(ctx, homeA); err == nil {
		t.Error("a state that lacks something was told as whole")
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	for _, o := range []Order{
		{Verb: "reboot", By: "owner"},
		{Verb: "check", Incident: "i", By: "gateway"},
		{Verb: "check", By: "owner"},
		{Verb: "quarantine", By: "owner"},
		{Verb: "block", By: "owner", Device: "d"},
		{Verb: "release", By: "support", Incident: "i"},
		{Verb: "check", By: "owner", Incident: "a\x00b"},
		{Verb: "check", By: "owner", Incident: string(make([]byte, 65))},
		{Verb: "check", By: "owner", Incident: "\xff"},
	} {
		o.Place = homeA
		if _, err := w.Ask(context.Background(), o); !errors.Is(err, ErrOrder) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// Whatever is asked, confirmed and waited for in three homes: an order belongs to one home, a version never falls, and what is
// told is what waits.
func TestOrdersOfHomesNeverMix(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		rapid.Check(t, func(t *rapid.T) {
			run := uuid.NewString()
			homes := []home.Place{{Tenant: run, Home: homeA.Home}, {Tenant: run, Home: homeB.Home}, {Tenant: homeC.Tenant, Home: run}}
			waiting := map[home.Place]map[string]time.Time{}
			versions := map[home.Place]uint64{}
			for range rapid.IntRange(1, 12).Draw(t, "steps") {
				p := rapid.SampledFrom(homes).Draw(t, "home")
				if waiting[p] == nil {
					waiting[p] = map[string]time.Time{}
				}
				switch rapid.IntRange(0, 2).Draw(t, "step") {
				case 0:
					o, err := w.Ask(ctx, Order{Place: p, Verb: "check", Incident: "i", By: "owner"})
					if err != nil {
						t.Fatal(err)
					}
					waiting[p][o.ID] = o.Expires
				case 1:
					for of, ids := range waiting {
						for id := range ids {
							if err := d.Tx(ctx, func(tx *db.Tx) error { return w.Result(tx, p, &pb.OrderResult{Id: id, InForce: true}) }); err != nil {
								t.Fatal(err)
							}
							if of == p {
								delete(ids, id)
							}
						}
					}
				case 2:
					w.now = w.now.Add(time.Minute)
				}
				for _, p := range homes {
					got, err := w.Desired.Desired(ctx, p)
					if err != nil || got.GetVersion() < versions[p] {
						t.Fatalf("version %d after %d, %v", got.GetVersion(), versions[p], err)
					}
					versions[p] = got.GetVersion()
					n := 0
					for _, until := range waiting[p] {
						if until.After(w.now) {
							n++
						}
					}
					if len(got.GetOrders()) != n {
						t.Fatalf("%d orders told, %d wait", len(got.GetOrders()), n)
					}
					for _, o := range got.GetOrders() {
						if _, own := waiting[p][o.GetId()]; !own {
							t.Fatalf("order %s of another home", o.GetId())
						}
					}
				}
			}
			wants := map[home.Place]uint64{}
			for p, v := range versions {
				if v > 0 {
					wants[p] = v
				}
			}
			err := d.View(ctx, func(tx *db.Tx) error {
				got, err := w.Wanted(tx, append(homes, homes...))
				if err == nil && fmt.Sprint(got) != fmt.Sprint(wants) {
					t.Fatalf("wanted %v, want %v", got, wants)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	})
}

func FuzzResult(f *testing.F) {
	b, _ := proto.Marshal(&pb.OrderResult{Id: uuid.NewString(), Why: "a\x00b"})
	f.Add(b)
	w := open(f, dbtest.SQLite(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &pb.OrderResult{}
		if proto.Unmarshal(data, r) != nil {
			return
		}
		err := w.db.Tx(context.Background(), func(tx *db.Tx) error {
			b := w.Begin(tx)
			_ = b.Take(homeA, t0, &pb.Item{Body: &pb.Item_OrderResult{OrderResult: r}}) // what it refuses it has not taken
			return b.Flush()
		})
		if err != nil {
			t.Error(err)
		}
	})
}
