package normal

import (
	"errors"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func noted(*db.Tx) error { return nil }

// What staff refuse is no indicator any more with the next bundle, however many homes agree on it, until they take it back.
func TestStaffRefuseAnIndicator(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"on its port": "c2.example.net 443 tcp", "on any port": "C2.example.net"} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := open(t, d)
				w.live(60, 4, nothing)
				w.infect(0, 7, *host("c2.example.net", ""))
				w.infect(10, 17, *host("other.example.net", ""))
				if g := w.guard(); g.Indicators != 2 {
					t.Fatalf("%+v", g)
				}
				r, err := w.Refuse(t.Context(), value, "Its maker's own.", "admin", noted)
				if err != nil || r.Endpoint != strings.ToLower(value) {
					t.Fatal(r, err)
				}
				if g := w.guard(); g.Indicators != 1 || !g.Changed || w.bundle().Indicators[0].Name != "other.example.net" {
					t.Fatalf("%+v", g)
				}
				refused := 0
				for _, i := range w.indicators1(t) {
					if i.Refused {
						refused++
						if i.Endpoint != "c2.example.net 443 tcp" || !strings.Contains(i.Why, "Its maker's own.") {
							t.Errorf("%+v", i)
						}
					}
				}
				if list, err := w.Refused(t.Context()); err != nil || refused != 1 || len(list) != 1 || list[0] != r {
					t.Errorf("%d refused, %v, %v", refused, list, err)
				}
				if was, err := w.Unrefuse(t.Context(), value, noted); err != nil || !was {
					t.Fatal(was, err)
				}
				if g := w.guard(); g.Indicators != 2 || !g.Changed {
					t.Errorf("taken back: %+v", g)
				}
				if was, err := w.Unrefuse(t.Context(), value, noted); err != nil || was {
					t.Error("taken back twice:", was, err)
				}
			})
		})
	}
}

func TestWhatCannotBeRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for _, v := range [][2]string{{"", "why"}, {"localhost", "why"}, {"192.168.1.5", "why"}, {"a.example 443", "why"}, {"a.example 0 tcp", "why"}, {"a.example 443 icmp", "why"},
			{"a b c d", "why"}, {"<b>.example 443 tcp", "why"}, {"a.example", ""}, {"a.example", strings.Repeat("x", 501)}, {"a.example", "two\nlines"}} {
			if _, err := w.Refuse(t.Context(), v[0], v[1], "admin", noted); !errors.Is(err, ErrRefusal) {
				t.Errorf("%q, %q: %v", v[0], v[1], err)
			}
		}
		broken := errors.New("the audit is full")
		if _, err := w.Refuse(t.Context(), "a.example", "why", "admin", func(*db.Tx) error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		if list, err := w.Refused(t.Context()); err != nil || len(list) != 0 {
			t.Error("refused without being noted:", list, err)
		}
	})
}

// Names of what is normal nowhere are not kept for ever; those of what is normal are.
func TestNamesArePruned(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			for _, e := range []int{1, 2} {
				if _, err := tx.Exec("INSERT INTO normal_name (endpoint, name, at) VALUES (?,?,?)", e, "x", w.now.UnixMilli()); err != nil {
					return err
				}
			}
			_, err := tx.Exec("INSERT INTO normal_usual (endpoint) VALUES (?)", 2)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []struct{ after, want int }{{89, 2}, {2, 1}} {
			w.now = w.now.AddDate(0, 0, v.after)
			if err := w.Trim(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := 0
			if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM normal_name").Scan(&n) }); err != nil || n != v.want {
				t.Errorf("%d names, want %d: %v", n, v.want, err)
			}
		}
	})
}
