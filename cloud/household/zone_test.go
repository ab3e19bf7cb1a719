package household

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"

	"pgregory.net/rapid"
)

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Asia/Gaza"}

// TestOffsetsAreTheZones holds what a gateway is told to Go's own tables, at any time of the 400 days and of the week before.
func TestOffsetsAreTheZones(t *testing.T) {
	for _, name := range zones {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			now := time.Unix(rapid.Int64Range(1.5e9, 2.2e9).Draw(t, "now"), 0)
			offsets, err := Offsets(name, now)
			z := home.Zone{Name: name, Offsets: offsets}
			if err != nil || wire.CheckHousehold(home.Household{Zone: z}) != nil {
				t.Fatalf("%v %v", err, wire.CheckHousehold(home.Household{Zone: z}))
			}
			at := now.Add(time.Duration(rapid.Int64Range(int64(-back), int64(horizon)).Draw(t, "later"))).Truncate(time.Second)
			if _, want := at.In(l).Zone(); z.At(at) != time.Duration(want)*time.Second {
				t.Fatalf("%s at %v is %v off, want %d s", name, at, z.At(at), want)
			}
		})
	}
}

func TestNamesThatAreNoZones(t *testing.T) {
	for _, name := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\x00", "UTC "} {
		if CheckZone(name) == nil {
			t.Errorf("%q is taken", name)
		}
		if _, err := Offsets(name, t0); err == nil {
			t.Errorf("%q has offsets", name)
		}
	}
}

func TestGatewaysHearOfTheirZoneBeforeWhatTheyKnowRunsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		for i := range refreshed + 5 {
			p := homeA
			p.Home = fmt.Sprint("home-", i)
			w.edit(p, func(k *Kept) error { k.Zone.Name = "Europe/Berlin"; return nil })
		}
		w.edit(homeB, func(*Kept) error { return nil }) // decided nothing
		told := len(w.touched)
		refresh := func(want int) {
			t.Helper()
			if n, err := w.Refresh(ctx); n != want || err != nil {
				t.Errorf("%d homes were told, %v; want %d", n, err, want)
			}
		}
		refresh(0)
		w.now = t0.Add(horizon - renew - time.Hour)
		refresh(0)
		w.now = t0.Add(horizon - renew + time.Hour)
		refresh(refreshed + 5)
		refresh(0)
		p := homeA
		p.Home = "home-1"
		if k := w.get(p); k.Version != 2 || len(w.touched) != told+refreshed+5 || len(w.acts(p)) != 1 {
			t.Errorf("version %d, touched %d", k.Version, len(w.touched)-told)
		}
	})
}

func TestAZoneThatIsNoMoreKeepsNothingElseBack(t *testing.T) {
	ctx, w := context.Background(), open(t, dbtest.SQLite(t))
	_, err := w.Edit(ctx, homeA, ann, func(k *Kept) error { k.Zone.Name = "Mars/Olympus"; return nil })
	var in *InputError
	if !errors.As(err, &in) || in.Field != "zone" {
		t.Errorf("a zone that is none was taken: %v", err)
	}
	w.edit(homeA, func(k *Kept) error { k.Zone.Name = "Europe/Berlin"; return nil })
	if err := w.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE household_home SET data = ?", []byte(`{"zone":{"name":"Mars/Olympus"}}`))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if m, err := w.Told(ctx, homeA); m != nil || err != nil {
		t.Errorf("%v %v", m, err)
	}
	if k := w.edit(homeA, func(k *Kept) error { k.Private = true; return nil }); !k.Private {
		t.Error("nothing can be changed any more")
	}
}
