package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// Homes are found by how their name or account begins, by their plan and by their gateway, in their own CSP only, also where a text
// finds too many to be looked up.
func TestSought(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		empty := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		var made []SeedHome
		for n := range MaxSought + 10 {
			made = append(made, SeedHome{ID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", n), Name: fmt.Sprintf("Ärgern Weg %d", n), Account: fmt.Sprintf("S-%05d", n),
				Gateway: fmt.Sprintf("018f0000-0000-7000-9000-%012d", n), Serial: fmt.Sprintf("sim%d", n), Created: w.clock.now()})
		}
		w.ok(w.Seed(w.ctx, empty.ID, made))
		ids := []string{made[0].ID, made[7].ID, w.home.ID}
		for text, c := range map[string]struct {
			n, among int
			more     bool
		}{
			"ärgern": {0, 2, true}, "ÄRGERN WEG 7": {n: 111, among: 1}, "s-00007": {n: 1, among: 1}, "S-0": {0, 2, true}, "SIM7": {n: 1, among: 1}, made[7].Gateway: {n: 1, among: 1},
			"weg": {}, "": {}, "%": {}, "_": {}, "Mill": {},
		} {
			got, more, err := w.Sought(w.ctx, empty.ID, text)
			if err != nil || len(got) != c.n || more != c.more {
				t.Errorf("%q finds %d, more %v, %v; want %+v", text, len(got), more, err, c)
			}
			if fit := must(w.Among(w.ctx, empty.ID, text, ids))(t); len(fit) != c.among {
				t.Errorf("%q is of %v, want %d", text, fit, c.among)
			}
			var all []string
			for after := ""; ; {
				page := must(w.Homes(w.ctx, empty.ID, Query{Text: text, After: after, Limit: 300}))(t)
				if len(page) == 0 {
					break
				}
				for _, h := range page {
					all, after = append(all, h.ID), h.ID
				}
			}
			if want := map[bool]int{true: len(made), false: c.n}[c.more || text == ""]; len(all) != want || !slices.IsSorted(all) {
				t.Errorf("%q lists %d homes, want %d", text, len(all), want)
			}
		}
		for _, id := range []string{"basic", "plus"} { // homes without a plan have the standard one
			more := id == "basic"
			must(w.SavePlan(w.ctx, Plan{Tenant: empty.ID, ID: id, Name: "Home " + id, Standard: more}, "staff"))(t)
			for _, text := range []string{id, "home " + id} {
				if got, many, err := w.Sought(w.ctx, empty.ID, text); len(got) > 0 || many != more || err != nil {
					t.Errorf("%q finds %d, more %v, %v", text, len(got), many, err)
				}
			}
		}
	})
}

// What a text finds is found by indexes: no way to it reads all homes of a CSP.
func TestSoughtDoesNotReadTheFleet(t *testing.T) {
	d := dbtest.SQLite(t)
	newWorld(t, d)
	by := soughtBy("text")
	err := d.View(t.Context(), func(tx *db.Tx) error {
		questions := map[string][]any{}
		for n, q := range soughtIn {
			questions[q+" LIMIT ?"] = []any{"t", by[n][0], by[n][1], 5}
		}
		for q, args := range questions {
			rows, err := tx.Query("EXPLAIN QUERY PLAN "+q, args...)
			if err != nil {
				return err
			}
			for rows.Next() {
				var id, parent, unused int
				var step string
				if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
					return err
				}
				if strings.HasPrefix(step, "SCAN") && step != "SCAN g" || strings.HasSuffix(step, "(tenant=?)") && !strings.Contains(step, " p ") {
					t.Errorf("%s: %q", q, step)
				}
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
