package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/internal/built"
	"cardea/internal/platform/db/dbtest"
)

// programs is where the program is that fills the store.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := built.Into(dir, "cardea"); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "cardea")
}

// Each table and screen of the console is asked for, and what of it was slowest is told.
func TestConsole(t *testing.T) {
	if os.Getenv("CARDEA_SOAK") != "1" { // the whole list is long; here a part of it on a small fleet
		kept := consoleQuestions
		consoleQuestions = func(now time.Time) (out []question) {
			for n, q := range kept(now) {
				if n%9 == 0 || !q.list {
					out = append(out, q)
				}
			}
			return out
		}
		t.Cleanup(func() { consoleQuestions = kept })
	}
	for kind, where := range map[string]string{"SQLite": "", "PostgreSQL": dbtest.PostgresURL(t)} {
		t.Run(kind, func(t *testing.T) {
			o := tiny()
			o.Homes, o.Data, o.DB, o.Cardea = 400, t.TempDir(), where, []string{programs(t)}
			if os.Getenv("CARDEA_SOAK") == "1" {
				o.Homes, o.Size = 100_000, 1
			}
			r, err := Console(t.Context(), o)
			checkReport(t, r, err, "GET /v1/staff/tables/homes", "GET /v1/staff/tables/incidents", "GET /v1/staff/tables/trends", "GET /v1/staff/tables/find", "GET /v1/staff/homes/{home}/care")
			if got := r.Input.(map[string]any)["database"]; got != kind {
				t.Errorf("measured on %v", got)
			}
			for _, m := range r.Measures {
				t.Logf("%-45s p50 %.1f ms, p95 %.1f ms, slowest %+v", m.What, m.Value, m.Tail.P95, *m.Slowest)
				if m.Goal == nil || m.Slowest == nil || m.Tail.P95 > m.Tail.Max || m.Slowest.P95 > m.Tail.Max || m.Goal.Met != (m.Slowest.P95 <= consoleGoal) {
					t.Errorf("%+v %+v", m, m.Tail)
				}
			}
		})
	}
}
