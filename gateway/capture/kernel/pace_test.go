package kernel

import (
	"testing"
	"time"
)

// Only a storm lets a reader nap: neither lone packets nor what a page load begins.
func TestPaceNapsInStormsOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		every time.Duration
		naps  bool
	}{
		{"a packet a second", 100, time.Second, false},
		{"a page load", 40, 0, false},
		{"five hundred a second", 5000, 2 * time.Millisecond, false},
		{"five thousand a second", 5000, 200 * time.Microsecond, true},
		{"a hundred thousand a second", 5000, 10 * time.Microsecond, true},
	} {
		p, now, naps := pace{}, now0, false
		for range c.n {
			now = now.Add(c.every)
			p.count(now)
			naps = naps || p.level > napLevel
		}
		if naps != c.naps {
			t.Errorf("%s: naps %v, level %.0f", c.name, naps, p.level)
		}
		p.count(now.Add(time.Second))
		if p.level > napLevel {
			t.Errorf("%s: still naps a second later", c.name)
		}
	}
}
