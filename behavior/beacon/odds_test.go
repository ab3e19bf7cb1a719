package beacon

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"cardea/home"
)

// Wald's example as a check of the arithmetic: with θ0 of .1 and θ1 of .6 a dead call weighs ln 6, an answered one ln(.4/.9); a
// dead server on an odd port is told at its third call, on a web port of a device that DNS is not seen of at the third as well.
func TestOdds(t *testing.T) {
	o := bare[odd]
	if math.Abs(o.dead-1.7918) > 1e-3 || math.Abs(o.ok+0.8109) > 1e-3 || math.Abs(threshold-9.2103) > 1e-3 {
		t.Errorf("dead %v, ok %v, threshold %v", o.dead, o.ok, threshold)
	}
	for k, calls := range map[kind]int{odd: 3, known: 2, telnet: 2, web: 3} {
		o, n, score := bare[k], 1, bare[k].first+bare[k].dead
		for ; score < threshold; n++ {
			score += o.persist + o.dead
		}
		if n != calls {
			t.Errorf("kind %d: %d dead calls, want %d", k, n, calls)
		}
	}
	if most := byName.first + byName.deadMost; most >= threshold {
		t.Errorf("a named dead cloud reaches %v of %v", most, threshold)
	}
	if most := byName.first + byName.churnMost; most >= threshold {
		t.Errorf("a named server that hangs up reaches %v of %v", most, threshold)
	}
}

func TestKinds(t *testing.T) {
	for port, want := range map[uint16]kind{
		80: web, 443: web, 8080: web, 22: ignored, 8883: ignored, 993: ignored, 27020: ignored, 23: telnet, 2323: telnet, 6667: known, 1177: known,
		4975: odd, 38241: odd, 666: odd,
	} {
		if got := kindOf(home.ProtoTCP, port); got != want {
			t.Errorf("port %d is %d, want %d", port, got, want)
		}
	}
}

// A crowd is never more than the hosts that were noted, and forgets them.
func TestCrowd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c crowd
		hosts := rapid.SliceOfN(rapid.Uint64(), 0, 40).Draw(t, "hosts")
		seen := map[uint64]bool{}
		now := int64(1)
		for _, h := range hosts {
			c.note(h, now, swarmSpan)
			seen[h] = true
			now += int64(swarmSpan) / 100
		}
		if n := c.size(now, swarmSpan); n > len(seen) || len(seen) > 0 && n == 0 {
			t.Fatalf("%d of %d", n, len(seen))
		}
		if n := c.size(now+2*int64(swarmSpan), swarmSpan); n != 0 {
			t.Fatalf("%d after twice the time", n)
		}
	})
}
