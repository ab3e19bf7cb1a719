package account

import (
	"strings"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

// TestSessionsDoNotReadTheFleet: what is asked with each request finds its rows by keys, however many homes a tenant has.
func TestSessionsDoNotReadTheFleet(t *testing.T) {
	d := dbtest.SQLite(t)
	newWorld(t, d)
	if plan := dbtest.Plan(t, d, homesQuery, 3); len(plan) != 1 || !strings.Contains(plan[0], "tenant=? AND person=?") {
		t.Fatalf("a person's homes are found by %q", plan)
	}
}

// TestComingsAreEndedByTheirKey: most homes' newest row has no end, so an index of ends would be read through for each home that comes.
func TestComingsAreEndedByTheirKey(t *testing.T) {
	d := dbtest.SQLite(t)
	newWorld(t, d)
	if plan := dbtest.Plan(t, d, lastOver, 4); !strings.Contains(plan[0], "tenant=? AND home=? AND since=?") {
		t.Fatalf("the row that ends is found by %q", plan)
	}
}
