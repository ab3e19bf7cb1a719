package account

import (
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// TestSessionsDoNotReadTheFleet: what is asked with each request finds its rows by keys, however many homes a tenant has.
func TestSessionsDoNotReadTheFleet(t *testing.T) {
	d := dbtest.SQLite(t)
	newWorld(t, d)
	var plan []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("EXPLAIN QUERY PLAN "+homesQuery, "t", "p", maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			plan = append(plan, step)
		}
		return rows.Err()
	})
	if err != nil || len(plan) != 1 || !strings.Contains(plan[0], "tenant=? AND person=?") {
		t.Fatalf("a person's homes are found by %q, %v", plan, err)
	}
}
