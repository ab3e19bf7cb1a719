package dbtest

import (
	"testing"

	"cardea/internal/platform/db"
)

// Plan gives the steps by which SQLite would answer a question, as EXPLAIN QUERY PLAN (sqlite.org/eqp.html) words them. It has want
// parameters.
func Plan(t testing.TB, d *db.DB, q string, want int) (steps []string) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("EXPLAIN QUERY PLAN "+q, make([]any, want)...)
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
	if err != nil || len(steps) == 0 {
		t.Fatalf("the plan of %s: %q, %v", q, steps, err)
	}
	return steps
}
