package fleet

import (
	"fmt"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// BenchmarkLearn groups and learns of a fleet of homes with ten devices each, of five hundred products.
func BenchmarkLearn(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			const homes, each, products = 2000, 10, 500
			for b.Loop() {
				b.StopTimer()
				w := open(b, open1(b))
				w.o.Learner = Models{}
				for n := range homes {
					var list []*pb.Sighted
					for d := range each {
						p := (n*7 + d*d*31) % products
						s := unknown(fmt.Sprint("d", d), product(fmt.Sprint("product ", p), n))
						if p%2 == 0 {
							s.Model, s.By = fmt.Sprint("Product ", p), "rules"
						}
						list = append(list, s)
					}
					w.tell(place(tenantA, n), sighted(list...))
				}
				w.later()
				b.StartTimer()
				r := w.learn()
				b.ReportMetric(float64(r.Teaching), "models")
				b.ReportMetric(float64(len(w.published[len(w.published)-1])), "bundle-bytes")
			}
		})
	}
}
