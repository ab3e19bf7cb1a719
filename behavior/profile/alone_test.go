package profile

import (
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// What one or two homes have is not pushed to others: neither the model's name nor what its devices use. That some use it is known.
func TestWhatSingleHomesHaveStaysWithTheCloud(t *testing.T) {
	key := func(n uint64) endpoint.Chain {
		return endpoint.Chain{Keys: [endpoint.Grains]uint64{n, n << 8, n << 16, n << 24}, Flags: endpoint.Named}
	}
	common, own := key(1), key(2)
	cam, rare := Level{home.ClassCamera, "Example", "Example Cam"}, Level{home.ClassCamera, "Nobody", "one home's own"}
	for homes, pushed := range map[uint64]bool{1: false, 2: false, 3: true} {
		c := NewCounts()
		for n := range uint64(40) {
			u := &Use{Level: cam, Week: 100, Active: 7, Home: n, Network: uint32(n%5 + 1), Ends: []End{{Chain: common, Days: 7}}}
			if n < homes {
				u.Ends = append(u.Ends, End{Chain: own, Days: 7})
			}
			c.Add(u)
		}
		for n := range homes {
			c.Add(&Use{Level: rare, Week: 100, Active: 7, Home: 100 + n, Ends: []End{{Chain: own, Days: 7}}})
		}
		s := c.Build(Options{Now: 100})
		if p := s.For(rare); (p.Level() == rare) != pushed {
			t.Errorf("a model of %d homes is judged as %v", homes, p.Level())
		}
		p := s.For(cam)
		for g := range p.rows {
			if got := p.rows[g].find(printOf(own.Keys[g], s.salt)) != nil; got != pushed {
				t.Errorf("grain %d of what %d homes use is pushed: %v", g, homes, got)
			}
			if p.rows[g].find(printOf(common.Keys[g], s.salt)) == nil {
				t.Errorf("grain %d of what all use is not", g)
			}
		}
		if trusted := c.Build(Options{Now: 100, Few: 1}).For(rare); trusted.Level() != rare {
			t.Error("of the caller's own homes all is his")
		}
	}
}
