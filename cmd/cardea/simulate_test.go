package main_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

// The simulator's own list of what it sent and what the cloud has stored agree, on both stores. How much the cloud takes is
// in docs/performance.md; here it is little, on a machine that does other things too.
func TestSimulate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		db   func(*testing.T) string
	}{
		{"SQLite", []string{"--homes=50", "--rate=100", "--duration=3s"},
			func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "cardea.db") }},
		{"PostgreSQL", []string{"--homes=20", "--rate=50", "--duration=2s"}, func(t *testing.T) string { return dbtest.PostgresURL(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, status := cardea(t, me, append([]string{"simulate", "--json", "--dir", t.TempDir(), "--db", c.db(t)}, c.args...)...)
			if status != 0 {
				t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
			}
			var r struct {
				Simulated, Complete                       *bool
				Homes, Sent, Acknowledged, Stored, Pushes uint64
				Lost, Doubled, Disconnects                *uint64
				PushesLost                                *uint64 `json:"pushes_lost"`
				CPU                                       float64 `json:"cpu_us_per_report"`
				P50                                       float64 `json:"push_p50_ms"`
				P99                                       float64 `json:"push_p99_ms"`
			}
			if err := json.Unmarshal([]byte(stdout), &r); err != nil {
				t.Fatalf("%v\n%s", err, stdout)
			}
			if r.Lost == nil || r.Doubled == nil || r.PushesLost == nil || r.Disconnects == nil || r.Simulated == nil || r.Complete == nil {
				t.Fatalf("something is not told: %s", stdout)
			}
			if !*r.Simulated || !*r.Complete || *r.Lost+*r.Doubled+*r.PushesLost+*r.Disconnects > 0 {
				t.Errorf("%s", stdout)
			}
			if r.Sent < r.Homes || r.Acknowledged != r.Sent || r.Stored != r.Acknowledged || r.Pushes == 0 || r.P50 <= 0 || r.P99 < r.P50 || r.CPU <= 0 {
				t.Errorf("%s", stdout)
			}
		})
	}
}
