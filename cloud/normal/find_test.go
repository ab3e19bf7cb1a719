package normal

import (
	"fmt"
	"strings"
	"testing"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// have stores a model that so many homes of tenants have.
func (w *world) have(t testing.TB, l profile.Level, homes map[string]int) {
	t.Helper()
	if err := w.db.Tx(t.Context(), func(tx *db.Tx) error { return storeFacts(tx, &Facts{ID: idOf(l), Level: l}, &model{homes: homes}) }); err != nil {
		t.Fatal(err)
	}
}

// found are the models that a text finds, page by page.
func (w *world) found(t testing.TB, tenant, find string, limit int) (out []string) {
	t.Helper()
	after := ""
	for range 100 {
		list, next, err := w.Models(t.Context(), tenant, find, after, limit)
		if err != nil || len(list) > limit || next != "" && len(list) != limit {
			t.Fatalf("%q after %q: %d lines, %q, %v", find, after, len(list), next, err)
		}
		for _, m := range list {
			out = append(out, m.Level.Model)
		}
		if after = next; next == "" {
			return out
		}
	}
	t.Fatalf("%q has no end", find)
	return nil
}

func TestModelsAreFoundByAText(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for n := range 60 { // many with the same number of homes: a page ends among them
			w.have(t, profile.Level{Class: home.DeviceClass([]string{"camera", "plug"}[n%2]), Vendor: "Example", Model: fmt.Sprint("Cam ", n)}, map[string]int{tenantA: MinHomes + n/20})
		}
		w.have(t, profile.Level{Class: "nas", Vendor: "Müller", Model: "KÜHL 100%_!'"}, map[string]int{tenantA: 3})
		w.have(t, profile.Level{Class: "nas", Vendor: "Other", Model: "Of few"}, map[string]int{tenantB: 3})
		for _, limit := range []int{1, 7, 30, 200} {
			once := map[string]bool{}
			for _, m := range w.found(t, tenantA, "CAMERA", limit) {
				once[m] = true
			}
			if n := len(w.found(t, tenantA, "CAMERA", limit)); n != 30 || len(once) != 30 {
				t.Errorf("pages of %d: %d lines, %d models", limit, n, len(once))
			}
			if n := len(w.found(t, tenantA, "", limit)); n != 61 {
				t.Errorf("pages of %d: %d in all", limit, n)
			}
		}
		for find, want := range map[string]int{"example cam": 60, "cam 1 plug": 1, " cam 11 ": 1, "kühl": 1, "MÜLLER": 1, "100%_!'": 1, "%": 1, "_": 1, "!": 1, "cam_1": 0, "of few": 0, "\x00": 61, "\xff": 0,
			"'; DROP TABLE normal_model; --": 0, strings.Repeat("x", 5000): 0} {
			if got := w.found(t, tenantA, find, 50); len(got) != want {
				t.Errorf("%.40q finds %d, want %d: %.200q", find, len(got), want, got)
			}
		}
		if got := w.found(t, tenantB, "of few", 50); len(got) != 1 {
			t.Errorf("its own: %q", got)
		}
	})
}

func TestWhichModelsAreLearnedIsToldOfThoseOneMaySee(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		many, few, none := profile.Level{Class: "camera", Vendor: "V", Model: "Many"}, profile.Level{Class: "camera", Vendor: "V", Model: "Few"}, profile.Level{Model: "None"}
		w.have(t, many, map[string]int{tenantA: MinHomes})
		w.have(t, few, map[string]int{tenantB: 2})
		for tenant, want := range map[string]int{tenantA: 1, tenantB: 2} {
			got, err := w.Learned(t.Context(), tenant, []profile.Level{many, few, none, many})
			if err != nil || len(got) != want || got[many] != idOf(many) || tenant == tenantB && got[few] != idOf(few) {
				t.Errorf("%s: %v %v", tenant, got, err)
			}
		}
		if got, err := w.Learned(t.Context(), tenantA, nil); err != nil || len(got) != 0 {
			t.Errorf("of none: %v %v", got, err)
		}
	})
}

// BenchmarkFind: a text that no model has reads all of them.
func BenchmarkFind(b *testing.B) {
	w := open(b, dbtest.SQLite(b))
	err := w.db.Tx(b.Context(), func(tx *db.Tx) error {
		for n := range maxModels {
			l := profile.Level{Class: "camera", Vendor: "Example", Model: fmt.Sprint("Cam ", n)}
			if err := storeFacts(tx, &Facts{ID: idOf(l), Level: l}, &model{homes: map[string]int{tenantA: n / 100}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if list, _, err := w.Models(b.Context(), tenantA, "nobody has it", "", 50); err != nil || len(list) != 0 {
			b.Fatal(len(list), err)
		}
	}
}
