package fleet

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// number reads one number from the database.
func (w *world) number(q string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.View(w.t.Context(), func(tx *db.Tx) error { return tx.Row(q, args...).Scan(&n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestAHomeCannotSayThatItIsOld: an item's time is its gateway's word.
func TestAHomeCannotSayThatItIsOld(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	for n := range 2 * MinHomes {
		err := w.db.Tx(t.Context(), func(tx *db.Tx) error {
			b, at := w.Begin(tx), w.now.Add(-300*day)
			for _, i := range []*pb.Item{sighted(ruled("d1", "Example Thermo", of("thermo", n))), corrected("d1", "Example Thermo")} {
				if err := b.Take(place(tenantA, n), at, i); err != nil {
					return err
				}
			}
			return b.Flush()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if r := w.learn(); r.Homes != 0 || r.Teaching != 0 {
		t.Errorf("homes of today teach: %+v", r)
	}
	if n := w.number("SELECT COUNT(*) FROM fleet_word WHERE since < ?", w.now.UnixMilli()); n != 0 {
		t.Errorf("%d residents said something before they did", n)
	}
	w.later()
	if r := w.learn(); r.Teaching != 1 {
		t.Errorf("they teach never: %+v", r)
	}
}

// odd are tokens that no other device has.
func odd(home, device int) []*pb.Token {
	var names []string
	for i := range 6 {
		names = append(names, fmt.Sprintf("odd %d %d %d", home, device, i))
	}
	return tokens(names...)
}

// TestAHomeCannotUseUpTheClusters: neither by devices that it makes up, nor do those of many homes that resemble nothing.
func TestAHomeCannotUseUpTheClusters(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	var list []*pb.Sighted
	for i := range MaxDevices {
		list = append(list, unknown(fmt.Sprint("d", i), odd(0, i)))
	}
	w.tell(place(tenantA, 0), sighted(list...))
	w.learn()
	if n := w.number("SELECT COUNT(*) FROM fleet_cluster"); n != maxLed {
		t.Fatalf("one home began %d clusters, want %d", n, maxLed)
	}
	w.most = 2 * maxLed
	for n := 1; n <= maxLed; n++ {
		w.tell(place(tenantA, n), sighted(unknown("d", odd(n, 0))))
	}
	w.learn()
	alike := func(n int) { w.tell(place(tenantA, n), sighted(unknown("new", of("thermo", n)))) }
	alike(1000)
	if w.learn(); w.number("SELECT COUNT(*) FROM fleet_device WHERE device = 'new' AND grp <> ''") != 0 {
		t.Fatal("the table is not full: the test is too small")
	}
	w.now = w.now.Add(aloneFor + time.Hour)
	for n := range 3 {
		alike(1000 + n)
	}
	w.learn()
	if n := w.number("SELECT COUNT(*) FROM fleet_cluster WHERE homes = 3"); n != 1 {
		t.Errorf("%d clusters of three homes, want 1: those of one home must make room", n)
	}
	if n := w.number("SELECT COUNT(*) FROM fleet_device d WHERE grp <> '' AND NOT EXISTS (SELECT 1 FROM fleet_cluster c WHERE c.id = d.grp)"); n != 0 {
		t.Errorf("%d devices are of a cluster that is gone", n)
	}
}

// TestNoTextOfAnErasedHomeStays: also where a cluster keeps its name.
func TestNoTextOfAnErasedHomeStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		p := place(tenantA, 1)
		w.tell(p, sighted(unknown("d1", of("thermo", 1))))
		w.learn()
		list, _, err := w.Clusters(t.Context(), tenantA, "", 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if _, err := w.Name(t.Context(), tenantA, "somebody", list[0].ID, Label{Model: "Example Thermo"}, func(*db.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Erase(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		var data []byte
		if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT tokens FROM fleet_cluster").Scan(&data) }); err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 || bytes.Contains(data, []byte("thermo")) {
			t.Errorf("what is kept of the cluster: %q", data)
		}
		w.tell(place(tenantA, 2), sighted(unknown("d1", of("thermo", 1))))
		if w.learn(); w.number("SELECT COUNT(*) FROM fleet_cluster WHERE homes = 1") != 1 {
			t.Error("the name holds no more for such a device of another home")
		}
	})
}

// TestADeviceThatIsGoneLeadsNoCluster: what others are compared with is a device that is there.
func TestADeviceThatIsGoneLeadsNoCluster(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	first := func() (h string) {
		if err := w.db.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT home FROM fleet_cluster").Scan(&h) }); err != nil {
			t.Fatal(err)
		}
		return h
	}
	for n := range 2 {
		w.tell(place(tenantA, n), sighted(unknown("d1", of("thermo", n))))
	}
	w.learn()
	if got := first(); got != place(tenantA, 0).Home {
		t.Fatalf("led by %s", got)
	}
	w.tell(place(tenantA, 0), devices(false, &pb.Device{Id: "d1", Removed: true}))
	w.tell(place(tenantA, 2), sighted(unknown("d1", of("thermo", 2)))) // as many homes as before
	w.learn()
	if got := first(); got != place(tenantA, 1).Home {
		t.Errorf("led by %s, whose device is gone", got)
	}
}
