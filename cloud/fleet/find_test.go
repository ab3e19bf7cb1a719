package fleet

import (
	"fmt"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

func TestModelsAreFoundByAText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for n := range MinHomes {
			var list []*pb.Sighted
			for m := range 30 {
				list = append(list, ruled(fmt.Sprint("d", m), fmt.Sprint("Modell Ä", m), of(fmt.Sprint("model", m), n)))
			}
			if n == 0 {
				list = append(list, ruled("d99", "Of few 100%_!'", of("few", n)))
			}
			w.tell(place(tenantA, n), sighted(list...))
		}
		w.later()
		w.learn()
		found := func(tenant, find string, limit int) (n int) {
			seen, after := map[string]bool{}, ""
			for range 100 {
				list, next, err := w.Models(t.Context(), tenant, find, after, limit)
				if err != nil || len(list) > limit || next != "" && len(list) != limit {
					t.Fatalf("%q after %q: %d lines, %q, %v", find, after, len(list), next, err)
				}
				for _, m := range list {
					if seen[m.ID] {
						t.Errorf("%q: %s twice", find, m.Label.Model)
					}
					seen[m.ID] = true
				}
				if after = next; next == "" {
					return len(seen)
				}
			}
			t.Fatalf("%q has no end", find)
			return 0
		}
		for _, limit := range []int{1, 7, 10, 50} {
			if all, some := found(tenantA, "", limit), found(tenantA, "MODELL ä1", limit); all != 31 || some != 11 {
				t.Errorf("pages of %d: %d in all, %d that begin with 1", limit, all, some)
			}
		}
		for find, want := range map[string]int{"modell": 30, " modell ä29 ": 1, "100%_!'": 1, "%": 1, "_": 1, "!": 1, "modell_": 0, "\x00": 31, "\xff": 0, "'; DROP TABLE fleet_label; --": 0,
			strings.Repeat("x", 5000): 0} {
			if n := found(tenantA, find, 50); n != want {
				t.Errorf("%.40q finds %d, want %d", find, n, want)
			}
		}
		if n := found(tenantB, "of few", 50); n != 0 {
			t.Errorf("another tenant finds what few have: %d", n)
		}
	})
}
