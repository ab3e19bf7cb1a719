package notify

import (
	"strings"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

// TestHomesAreReadByTheirKey: very many deliveries are due at one time after an outage, and each is found by its message.
func TestHomesAreReadByTheirKey(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "notify", Migrations); err != nil {
		t.Fatal(err)
	}
	for q, args := range map[string]int{
		takeDelivery: 7,
	} {
		if plan := dbtest.Plan(t, d, q, args); !strings.Contains(plan[0], "(tenant=? AND home=?") {
			t.Errorf("%s: %q", q, plan)
		}
	}
}
