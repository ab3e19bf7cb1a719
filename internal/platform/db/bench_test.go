package db_test

import (
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// benchmark writes rows in batches of 200, as ingest does.
func benchmark(b *testing.B, d *db.DB) {
	if err := d.Migrate(b.Context(), "test", migrations); err != nil {
		b.Fatal(err)
	}
	id := 0
	for b.Loop() {
		err := d.Tx(b.Context(), func(tx *db.Tx) error {
			for range 200 {
				id++
				if _, err := tx.Exec("INSERT INTO thing (id, n, b) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET n = excluded.n, b = excluded.b", id, 1, []byte("x")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*200), "µs/row")
}

func BenchmarkSQLite(b *testing.B)   { benchmark(b, dbtest.SQLite(b)) }
func BenchmarkPostgres(b *testing.B) { benchmark(b, dbtest.Postgres(b)) }
