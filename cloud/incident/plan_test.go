package incident

import (
	"strings"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

// TestHomesAreReadByTheirKey: a provider's cases are not read for one home of it, whatever is asked of that home's.
func TestHomesAreReadByTheirKey(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "incident", Migrations); err != nil {
		t.Fatal(err)
	}
	for q, args := range map[string]int{
		leastOf: 3,
		"SELECT COUNT(*) FROM incident_case WHERE tenant = ? AND home = ?":                                                                                                                 2,
		"SELECT " + columns + " FROM incident_case WHERE tenant = ? AND home = ? AND state = ? ORDER BY changed DESC, incident DESC LIMIT ?":                                               4,
		"SELECT " + columns + " FROM incident_case WHERE tenant = ? AND home = ? AND state IN ('open', 'contained', 'cleaning', 'probation') ORDER BY changed DESC, incident DESC LIMIT ?": 3,
		"SELECT incident FROM incident_case WHERE tenant = ? AND home = ? AND device = ? AND state = 'closed'":                                                                             3,
	} {
		if plan := dbtest.Plan(t, d, q, args); !strings.Contains(plan[0], "(tenant=? AND home=?") {
			t.Errorf("%s: %q", q, plan)
		}
	}
}
