package cloud_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// stays are tables that people are told are erased, and of which a row may stay all the same.
var stays = map[string]string{
	"desired_order":  "the order by which the gateway erases",
	"history_home":   "an empty row",
	"rollout_health": "what the gateway, which runs, has beaten since",
	"feed_event":     "what happened since, as that the gateway has erased",
}

// staysOf are those that stay when one device's history is erased.
var staysOf = map[string]string{
	"desired_order":  "the order by which the gateway erases",
	"history_device": "that there is such a device, without its evidence",
	"history_find":   "by which name and address it is in the list",
}

// ofAll are tables of which the erasure of one device takes more: what is left is learned again.
var ofAll = map[string]bool{"fleet_cluster": true}

// erasable are the tables whose rows go when a home's history is erased, as people are told.
func (w *whole) erasable(by *person) (tables []string) {
	w.t.Helper()
	var inventory view.Inventory
	if out := w.ask("GET", "/v1/privacy", "", as(by)); json.Unmarshal([]byte(out.body), &inventory) != nil {
		w.t.Fatalf("%d %s", out.code, out.body)
	}
	for _, k := range inventory.Items {
		if k.Erased && !strings.Contains(k.Source, ":") {
			tables = append(tables, k.Source)
		}
	}
	return tables
}

// shape is a table's columns and of which type each is.
func shape(t testing.TB, d *db.DB, table string) (names, types []string) {
	t.Helper()
	q := "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
	if !d.Postgres() {
		q = "SELECT name, type FROM pragma_table_info(?)"
	}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(q, table)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, kind string
			if err := rows.Scan(&name, &kind); err != nil {
				return err
			}
			names, types = append(names, name), append(types, kind)
		}
		return rows.Err()
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", table, err)
	}
	return names, types
}

// row puts a row of a home and a device into a table.
func row(t testing.TB, d *db.DB, table string, p home.Place, device string) {
	t.Helper()
	names, types := shape(t, d, table)
	known := map[string]any{"tenant": p.Tenant, "home": p.Home, "device": device, "id": newID(t), "idem": newID(t), "code": newID(t), "message": newID(t), "incident": newID(t)}
	args := make([]any, len(names))
	for i, n := range names {
		kind := strings.ToUpper(types[i])
		if v, ok := known[n]; ok && (kind == "TEXT" || kind == "CHARACTER VARYING") {
			args[i] = v
			continue
		}
		switch kind {
		case "TEXT", "CHARACTER VARYING":
			args[i] = "{}"
		case "BLOB", "BYTEA": // no message, no filter
			args[i] = []byte{}
		case "BOOL", "BOOLEAN":
			args[i] = true
		default:
			args[i] = 7
		}
	}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")+")", args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
}

// rowsOf counts a home's rows, or with a device its rows.
func rowsOf(t testing.TB, d *db.DB, table string, p home.Place, device string) (n int) {
	t.Helper()
	q, args := "SELECT count(*) FROM "+table+" WHERE tenant = ? AND home = ?", []any{p.Tenant, p.Home}
	if device != "" {
		q, args = q+" AND device = ?", append(args, device)
	}
	if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row(q, args...).Scan(&n) }); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	return n
}

// On both databases every table of which people are told that it is erased has rows before and none after: of a device's when its history
// is erased, of a home's when that is. A neighbour's stay.
func TestEveryTableThatIsErasedIsEmptyAfterwards(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWhole(t, database(t))
			p := w.addProvider()
			mine, neighbour := w.addHouse(p), w.addHouse(p)
			at := time.Now()
			for _, h := range []*house{mine, neighbour} {
				h.tell(t, talked(h, h.device, h.mark+".example", at)...)
				h.tell(t, talked(h, h.other, h.mark+".other.example", at)...)
				w.stored(h)
			}
			d := dbtest.Open(t, w.cfg.DB)
			tables := w.erasable(mine.resident)
			if len(tables) < 20 {
				t.Fatalf("only %v", tables)
			}
			w.full(d, tables, mine, neighbour)
			w.eraseDevice(d, tables, mine)
			before := map[string]int{}
			for _, table := range tables {
				before[table] = rowsOf(t, d, table, neighbour.place, "")
			}
			if _, err := w.rooms.EraseHome(t.Context(), mine.place.OfHome(), mine.resident.id); err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if stays[table] == "" { // a heartbeat that is just being stored is taken back at once
					w.eventually(table+" has no rows of the home", func() bool { return rowsOf(t, d, table, mine.place, "") == 0 })
				}
				if n := rowsOf(t, d, table, neighbour.place, ""); n < before[table] {
					t.Errorf("%s: the neighbour had %d rows and has %d", table, before[table], n)
				}
			}
		})
	}
}

// full sees to it that each table has rows of each of the homes' devices.
func (w *whole) full(d *db.DB, tables []string, houses ...*house) {
	w.t.Helper()
	for _, table := range tables {
		names, _ := shape(w.t, d, table)
		for _, h := range houses {
			devices := []string{""}
			if slices.Contains(names, "device") {
				devices = []string{h.device, h.other}
			}
			for _, device := range devices {
				if rowsOf(w.t, d, table, h.place, device) == 0 {
					row(w.t, d, table, h.place.OfHome(), device)
				}
				if rowsOf(w.t, d, table, h.place, device) == 0 {
					w.t.Errorf("%s has no row of %q: this test cannot fail", table, device)
				}
			}
		}
	}
}

// eraseDevice erases one device's history and looks at each table that names devices.
func (w *whole) eraseDevice(d *db.DB, tables []string, h *house) {
	w.t.Helper()
	if _, err := w.rooms.EraseDevice(w.t.Context(), h.place.OfHome(), h.device, h.resident.id); err != nil {
		w.t.Fatal(err)
	}
	for _, table := range tables {
		if names, _ := shape(w.t, d, table); !slices.Contains(names, "device") {
			continue
		}
		if n := rowsOf(w.t, d, table, h.place, h.device); n != 0 && staysOf[table] == "" {
			w.t.Errorf("%s: %d rows of the device are left", table, n)
		}
		if rowsOf(w.t, d, table, h.place, h.other) == 0 && !ofAll[table] {
			w.t.Errorf("%s: the other device's rows are gone, too", table)
		}
	}
	if q := fmt.Sprint(w.where(d, tables, h.mark+".example")); q != "[]" {
		w.t.Errorf("whom the device talked to is in %s", q)
	}
}

// where lists columns in which a text is, on either database.
func (w *whole) where(d *db.DB, tables []string, text string) (out []string) {
	w.t.Helper()
	for _, table := range tables {
		names, _ := shape(w.t, d, table)
		err := d.View(w.t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Query("SELECT * FROM " + table)
			if err != nil {
				return err
			}
			defer rows.Close()
			cells, to := make([]any, len(names)), make([]any, len(names))
			for i := range cells {
				to[i] = &cells[i]
			}
			for rows.Next() {
				if err := rows.Scan(to...); err != nil {
					return err
				}
				for i, c := range cells {
					if b, ok := c.([]byte); ok {
						c = string(b)
					}
					if s, ok := c.(string); ok && strings.Contains(s, text) {
						out = append(out, table+"."+names[i])
					}
				}
			}
			return rows.Err()
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}
