package intel

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// million is shared by the benchmarks; it takes a second to make.
var million = sync.OnceValue(func() []string { return generated(1_000_000, 1) })

func questions(hit bool) []string {
	names := million()
	q := make([]string, 1<<16)
	for i := range q {
		if hit {
			q[i] = "a.b." + names[(i*7919)%len(names)]
		} else {
			q[i] = "www.cdn." + strings.ReplaceAll(names[(i*7919)%len(names)], ".", "-") + ".example.net"
		}
	}
	return q
}

// Four suffixes are looked up in a miss, three in a hit; both sides walk them alike.
func BenchmarkFind(b *testing.B) {
	s, m := build(b, million())
	for _, c := range []struct {
		name string
		hit  bool
	}{{"hit", true}, {"miss", false}} {
		q := questions(c.hit)
		b.Run("set/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := s.Find(q[i&(len(q)-1)]); ok != c.hit {
					b.Fatal("wrong answer")
				}
			}
		})
		b.Run("map/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := plainFind(m, q[i&(len(q)-1)]); ok != c.hit {
					b.Fatal("wrong answer")
				}
			}
		})
	}
	b.Run("set/overlay-miss", func(b *testing.B) {
		o, _ := s.Apply(Delta{Add: []Listed{{List{Source: "d"}, Entry{Name: "one.example"}}}})
		q := questions(false)
		for i := 0; b.Loop(); i++ {
			o.Find(q[i&(len(q)-1)])
		}
	})
}

// A list of a million names, from text to a set in force; the map is filled by the plainest loop.
func BenchmarkCompile(b *testing.B) {
	text := []byte("# domains\n" + strings.Join(million(), "\n"))
	b.Run("set", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bld := NewBuilder()
			if _, err := Read(bytes.NewReader(text), List{Source: "l"}, bld.Add); err != nil {
				b.Fatal(err)
			}
			if s := bld.Build(); s.Len() != 1_000_000 {
				b.Fatal(s.Len())
			} else {
				b.ReportMetric(float64(s.Bytes())/float64(s.Len()), "B/name")
			}
		}
	})
	b.Run("again", func(b *testing.B) { // the same list an hour later
		old, _ := build(b, million())
		for b.Loop() {
			bld := NewBuilderFrom(old)
			if _, err := Read(bytes.NewReader(text), List{Source: "l"}, bld.Add); err != nil {
				b.Fatal(err)
			}
			bld.Build()
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			m := map[string]bool{}
			for line := range bytes.SplitSeq(text, []byte("\n")) {
				m[string(line)] = true
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(m)), "B/name")
		}
	})
}

func BenchmarkApply(b *testing.B) {
	s, _ := build(b, million())
	names := generated(2000, 9)
	var d Delta
	for _, n := range names {
		d.Add = append(d.Add, Listed{List{Source: "d"}, Entry{Name: n}})
	}
	for b.Loop() {
		s.Apply(d)
	}
}
