package exposure

import (
	"testing"

	"cardea/home"
)

func BenchmarkObserve(b *testing.B) {
	book := New(Config{Facts: testFacts(b)})
	seen := []*home.Observation{local(t0, "192.168.1.20:50000", "192.168.1.10:80"), announces(t0, "md=x", "fw=1.2.3"),
		named(t0, home.Name{TLS: 0x0304}, "192.168.1.20:50000", "203.0.113.7:443")}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Observe(seen[i%len(seen)])
	}
}

func BenchmarkList(b *testing.B) {
	book := New(Config{Facts: testFacts(b)})
	book.Observe(local(t0, "192.168.1.20:50000", "192.168.1.10:80"))
	book.Observe(announces(t0, "server=RouterOS/6.49.10"))
	b.ReportAllocs()
	for b.Loop() {
		book.List("camera", aCam, t0)
	}
}
