package desired

import (
	"strings"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

// TestHomesAreReadByTheirKey: what waits in all homes is not read for each gateway that asks, and not for each order.
func TestHomesAreReadByTheirKey(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "desired", Migrations); err != nil {
		t.Fatal(err)
	}
	for q, args := range map[string]int{
		"SELECT " + columns + " FROM desired_order WHERE " + waitingOf + " ORDER BY id LIMIT ?": 4,
		"SELECT COUNT(*) FROM desired_order WHERE " + waitingOf:                                 3,
		eraseAsked: 4,
	} {
		if plan := dbtest.Plan(t, d, q, args); !strings.Contains(plan[0], "(tenant=? AND home=?") {
			t.Errorf("%s: %q", q, plan)
		}
	}
}
