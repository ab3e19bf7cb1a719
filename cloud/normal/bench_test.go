package normal

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// fleet fills homes of ten devices of two hundred models, each with thirty endpoints of its model's and now and then one of its
// own, over six weeks.
func (w *world) fleet(homes int) {
	const each, models, ends, weeks = 10, 200, 30, 6
	var list [models][ends]*home.Endpoint
	for m := range list {
		for e := range list[m] {
			d := fmt.Sprintf("m%d.example", m%60)
			list[m][e] = host(fmt.Sprintf("h%d-%d.%s", m, e, d), d)
		}
	}
	for range weeks {
		for from := 0; from < homes; from += 100 {
			if err := w.db.Tx(w.t.Context(), func(tx *db.Tx) error {
				b := w.Begin(tx)
				for n := from; n < min(from+100, homes); n++ {
					if err := w.aHome(b, n, func(m, e int) *home.Endpoint { return list[m%models][e%ends] }, each, ends); err != nil {
						return err
					}
				}
				return b.Flush()
			}); err != nil {
				w.t.Fatal(err)
			}
		}
		w.now = w.now.Add(week)
	}
}

// aHome is a home's week.
func (w *world) aHome(b *Batch, n int, end func(m, e int) *home.Endpoint, each, ends int) error {
	p := where(n)
	w.networks[p] = uint64(1 + n%50)
	levels := map[string]profile.Level{}
	var first []*pb.FirstTime
	var days []*pb.DayScore
	for d := range each {
		m := n*7 + d*d*31
		id := fmt.Sprint("d", d)
		levels[id] = profile.Level{Class: home.DeviceClass(fmt.Sprint("class", m%200%12)), Vendor: fmt.Sprint("vendor", m%200%60), Model: fmt.Sprint("model", m%200)}
		for e := range ends {
			first = append(first, w.used(id, end(m, e), uint32(1+e%7)))
		}
		if (n+d)%10 == 0 {
			x := fmt.Sprintf("own%d.example", n)
			first = append(first, w.used(id, host(x, x), 0))
		}
		for i := range 7 {
			days = append(days, &pb.DayScore{Device: id, Day: uint32(w.now.Unix()/86400) - uint32(i), Profile: 1, Up: 1 << 20, Maxima: []float32{1, 2, 3, 4, 5, 6, float32(n % 31)}[:calibrate.Stats],
				Hours: make([]uint32, 24)})
		}
	}
	w.levels[p] = levels
	return errorsOf(b.Take(p, w.now, firsts(first...)), b.Take(p, w.now, scores(days...)))
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkLearn learns of a fleet; CARDEA_HOMES says of how many homes.
func BenchmarkLearn(b *testing.B) {
	homes, err := strconv.Atoi(os.Getenv("CARDEA_HOMES"))
	if err != nil {
		homes = 1000
	}
	w := open(b, dbtest.SQLite(b))
	w.fleet(homes)
	for b.Loop() {
		r := w.learn()
		b.ReportMetric(float64(r.Levels), "levels")
		b.ReportMetric(float64(len(w.published["profiles"][len(w.published["profiles"])-1])), "bundle-bytes")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(homes), "µs/home")
}

// BenchmarkHunt looks for one endpoint in all homes.
func BenchmarkHunt(b *testing.B) {
	const homes = 1000
	w := open(b, dbtest.SQLite(b))
	w.fleet(homes)
	for b.Loop() {
		if err := w.Hunt(b.Context(), []uint64{host("own7.example", "own7.example").Hash()}, w.now.Add(-30*day), func(Hit) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/homes, "µs/home")
}

// BenchmarkStore stores a home's week of ten devices, which comes in parts in fact.
func BenchmarkStore(b *testing.B) {
	for name, open1 := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := open(b, open1(b))
			n := 0
			for b.Loop() {
				if err := w.db.Tx(b.Context(), func(tx *db.Tx) error {
					batch := w.Begin(tx)
					for range 100 {
						n++
						if err := w.aHome(batch, n, func(m, e int) *home.Endpoint { return host(fmt.Sprintf("h%d-%d.example", m%200, e), "example") }, 10, 30); err != nil {
							return err
						}
					}
					return batch.Flush()
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100, "µs/home-week")
		})
	}
}
