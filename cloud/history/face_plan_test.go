package history

import (
	"strings"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// No page of the staff's table of homes reads all of them: each order has its index, and what is filtered by one more alone is found by it.
func TestPagesOfHomesDoNotReadTheFleet(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "history", Migrations); err != nil {
		t.Fatal(err)
	}
	last := "018f0000-0000-7000-8000-000000000001"
	for column, value := range map[string]string{"home": "", "status": "fine", "version": "1", "platform": "linux", "contact": "1", "devices": "1", "incidents": "1"} {
		sort := map[string]string{"status": "state"}[column]
		if sort == "" {
			sort = column
		}
		for name, q := range map[string]FaceQuery{"all": {}, "later": {After: value + "\n" + last}, "down": {Down: true}, "named": {Homes: []string{last}},
			"attention": {Status: []string{StatusContained, StatusDegraded}, Heard: true}, "nowhere": {Version: "9.9.9"}, "silent": {Silent: true}, "rare": {After: value + "\n" + last, Version: "9.9.9", Platform: "linux", Troubled: true, Status: []string{"fine"}, Heard: true, few: &condition{"f.version = ?", []any{"9.9.9"}}}} {
			q.Sort = sort
			text, args, err := q.text("t", column, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			steps := planOf(t, d, text, args...)
			for _, s := range steps {
				looked := name == "named" || name == "rare" // f is what was looked up, no table
				if strings.HasPrefix(s, "SCAN f") && !looked || strings.Contains(s, "SCAN history_face") {
					t.Errorf("%s by %s: %q", name, sort, steps)
				}
			}
			sorted := strings.Contains(strings.Join(steps, "\n"), "TEMP B-TREE")
			if plain := name == "all" || name == "later" || name == "down"; plain && sorted {
				t.Errorf("%s by %s is put into order when it is read: %q", name, sort, steps)
			}
			if all := strings.Join(steps, "\n"); name == "rare" && (!strings.Contains(all, "tenant=? AND version=?") || !strings.Contains(all, "tenant=? AND home=?")) {
				t.Errorf("homes with what is rare, by %s, are not found by it: %q", sort, steps)
			}
			if all := strings.Join(steps, "\n"); name == "named" && !strings.Contains(all, "tenant=? AND home=?") {
				t.Errorf("homes that are named, by %s, are not looked up: %q", sort, steps)
			}
		}
	}
}

// planOf says how SQLite answers a query.
func planOf(t *testing.T, d *db.DB, q string, args ...any) (steps []string) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("EXPLAIN QUERY PLAN "+q, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			steps = append(steps, step)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// However many devices' names or addresses begin with a text, those only are looked up that are told, by either kind of database.
func TestDevicesThatAreFoundAreLookedUp(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "history", Migrations); err != nil {
		t.Fatal(err)
	}
	steps := strings.Join(planOf(t, d, findText, "t", FindMAC, []byte("06"), []byte("07"), 5), "\n")
	for _, want := range []string{"history_find_word (tenant=? AND kind=? AND word>? AND word<?)", "(tenant=? AND home=? AND device=?)"} {
		if !strings.Contains(steps, want) {
			t.Errorf("want %s: %s", want, steps)
		}
	}
	p := dbtest.Postgres(t)
	if err := p.Migrate(t.Context(), "history", Migrations); err != nil {
		t.Fatal(err)
	}
	var plan []string
	err := p.Tx(t.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			"INSERT INTO history_device (tenant, home, device, updated, data) SELECT 't', 'h' || n, 'd', 0, convert_to(repeat('x', 600), 'UTF8') FROM generate_series(1, 40000) n",
			"INSERT INTO history_find (tenant, home, device, kind, word) SELECT 't', 'h' || n, 'd', 'mac', convert_to('06:' || n, 'UTF8') FROM generate_series(1, 40000) n",
			"ANALYZE history_device", "ANALYZE history_find",
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		rows, err := tx.Query("EXPLAIN "+findText, "t", FindMAC, []byte("06"), []byte("06\xff"), maxFindRows)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var step string
			if err := rows.Scan(&step); err != nil {
				return err
			}
			plan = append(plan, step)
		}
		return rows.Err()
	})
	if all := strings.Join(plan, "\n"); err != nil || strings.Contains(all, "Seq Scan on history_device") {
		t.Errorf("%s %v", all, err)
	}
}
