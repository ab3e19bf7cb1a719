package profile

import (
	"fmt"
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// flood is what a home claims that has as many devices, all of other models, as a home may have, each with as many endpoints.
func flood(home0 uint64, class home.DeviceClass) (uses []*Use) {
	key := home0<<32 | 1<<31
	for d := range 128 {
		name := fmt.Sprint(home0, ".", d)
		u := &Use{Level: Level{class, name, name}, Week: 100, Active: 7, Home: home0}
		for range 400 {
			key += 4
			u.Ends = append(u.Ends, End{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{key, key + 1, key + 2, key + 3}}, Days: 7})
		}
		uses = append(uses, u)
	}
	return uses
}

// Homes that claim what nobody else does neither fill the memory nor leave no room for what many use, whoever is counted first.
func TestFloodsOfClaimsAreForgottenFirst(t *testing.T) {
	c := NewCounts()
	c.most = 1 << 20
	cells := func() (n int) {
		for _, l := range c.levels {
			for _, rows := range l.rows {
				for _, r := range rows {
					n += r.size()
				}
			}
		}
		return n
	}
	honest := func(n uint64) *Use {
		return &Use{Level: Level{home.ClassCamera, "Example", "Example Cam"}, Week: 100, Active: 7, Home: n,
			Ends: []End{{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{1, 2, 3, 4}}, Days: 7}}}
	}
	for n := range uint64(10) { // before, among and after them
		c.Add(honest(1000 + n))
	}
	const homes = 3
	for n := range uint64(homes) {
		c.Add(flood(n, home.ClassCamera)...)
		c.Add(honest(1100 + n))
		if c.cells > c.most+c.most {
			t.Fatalf("%d cells after %d homes", c.cells, n+1)
		}
	}
	for n := range uint64(30) {
		c.Add(honest(1200 + n))
	}
	if c.full {
		t.Error("it takes nothing more")
	}
	if got := cells(); got != c.cells {
		t.Errorf("%d cells, counted as %d", got, c.cells)
	}
	if c.Shed() == 0 {
		t.Error("that something was forgotten is not told")
	}
	for l, ok := honest(0).Level, true; ok; l, ok = l.Parent() {
		r := c.levels[l].rows[endpoint.Host][1]
		if r == nil || r.cells[0].homes < 33 {
			t.Errorf("%v: %+v, want what many homes use", l, r)
		}
		if n := len(c.levels[l].rows[endpoint.Host]); n > MaxRows*3/4+60_000 {
			t.Errorf("%v: %d rows", l, n)
		}
	}
}

// Nor do models that single homes claim leave no room for one that many have.
func TestClaimedModelsMakeRoom(t *testing.T) {
	c := NewCounts()
	for n := range MaxLevels {
		name := fmt.Sprint(n)
		c.Add(&Use{Level: Level{home.ClassCamera, "", name}, Week: 100, Active: 7, Home: uint64(n % 100)})
	}
	l := Level{home.ClassPlug, "Example", "Example Plug"}
	for n := range uint64(30) {
		c.Add(&Use{Level: l, Week: 100, Active: 7, Home: n, Ends: []End{{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{1, 2, 3, 4}}, Days: 7}}})
	}
	if got := c.levels[l]; got == nil || got.rows[endpoint.Host][1].cells[0].homes != 30 || c.Shed() == 0 {
		t.Errorf("%+v, %d shed", got, c.Shed())
	}
}
