package profile

import (
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"

	"pgregory.net/rapid"
)

func TestThresholds(t *testing.T) {
	fine := Evidence{Homes: 40, Of: 400, Held: 3, Networks: 3, FindingsUpper: 1.9}
	with := func(change func(*Evidence)) Evidence { e := fine; change(&e); return e }
	for name, c := range map[string]struct {
		e    Evidence
		want Standing
	}{
		"all is well":           {fine, Normal},
		"19 homes":              {with(func(e *Evidence) { e.Homes, e.Of = 19, 19 }), Rare},
		"too small a share":     {with(func(e *Evidence) { e.Of = 600 }), Rare}, // 6.7 %, but the bound is 4.9 %
		"for two weeks":         {with(func(e *Evidence) { e.Held = 2 }), Pending},
		"on two networks":       {with(func(e *Evidence) { e.Networks = 2 }), Pending},
		"with findings":         {with(func(e *Evidence) { e.FindingsUpper = 2.1 }), Pending},
		"anybody's":             {with(func(e *Evidence) { e.Flags = endpoint.Shared }), Rare},
		"its vendor's, new":     {Evidence{Homes: 20, Of: 10000, Vendor: true, Flags: endpoint.Usual}, Normal},
		"its vendor's, anybody": {Evidence{Homes: 20, Of: 10000, Vendor: true, Flags: endpoint.Usual | endpoint.Shared}, Rare},
		"its vendor's, port":    {Evidence{Homes: 20, Of: 10000, Vendor: true}, Rare},
		"its vendor's, 19":      {Evidence{Homes: 19, Of: 10000, Vendor: true, Flags: endpoint.Usual}, Rare},
	} {
		if got := DefaultQualify(bulb, c.e); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// town is 600 homes with a bulb over some weeks. uses says what a home does beside contacting its bulb's own cloud.
func town(weeks uint32, uses func(homeID uint64, week uint32) (ends []endpoint.Chain, finding bool)) *Counts {
	c := NewCounts()
	for w := range weeks {
		for h := range uint64(600) {
			u := &Use{Level: bulb, Week: 100 + w, Home: h + 1, Network: uint32(h%9) + 1, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}}
			ends, finding := uses(h, w)
			for _, e := range ends {
				u.Ends = append(u.Ends, End{Chain: e, Days: 5})
			}
			u.Finding = finding
			c.Add(u)
		}
	}
	return c
}

func standingOf(c *Counts, now uint32, o Options, e endpoint.Chain) Standing {
	o.Now = now
	st, _ := c.Build(o).For(bulb).Known(&e)
	return st.Standing
}

func TestWhatBecomesNormal(t *testing.T) {
	update := chain("update.lumen.example", "lumen2.example", 443)
	c2 := chain("c2.example.net", "example.net", 443)
	bucket := chain("lumen.s3.amazonaws.com", "amazonaws.com", 443)
	only := func(e endpoint.Chain, who func(h uint64, w uint32) bool, ill func(h uint64, w uint32) bool) func(uint64, uint32) ([]endpoint.Chain, bool) {
		return func(h uint64, w uint32) ([]endpoint.Chain, bool) {
			f := ill != nil && ill(h, w)
			if who(h, w) {
				return []endpoint.Chain{e}, f
			}
			return nil, f
		}
	}
	for _, c := range []struct {
		name  string
		weeks uint32
		e     endpoint.Chain
		who   func(h uint64, w uint32) bool
		ill   func(h uint64, w uint32) bool
		want  Standing
	}{
		{"its own cloud, in the first weeks", 3, cloud, func(uint64, uint32) bool { return false }, nil, Pending},
		{"its own cloud, later", 4, cloud, func(uint64, uint32) bool { return false }, nil, Normal},
		{"an update, this week", 6, update, func(_ uint64, w uint32) bool { return w == 5 }, nil, Pending},
		{"an update, three weeks ago", 9, update, func(_ uint64, w uint32) bool { return w >= 5 }, nil, Normal},
		{"a tenth of the homes", 6, update, func(h uint64, _ uint32) bool { return h < 60 }, nil, Normal},
		{"2 % of the homes in league", 9, c2, func(h uint64, _ uint32) bool { return h < 12 }, nil, Rare},
		{"5 % infected from the start", 9, c2, func(h uint64, _ uint32) bool { return h < 30 }, nil, Rare},
		{"primed by one home long ago", 9, c2, func(h uint64, w uint32) bool { return h == 0 || w == 8 && h < 100 }, nil, Pending},
		{"behind one access network", 9, c2, func(h uint64, _ uint32) bool { return h%9 == 4 }, nil, Pending},
		{"a third infected, a few found out", 9, c2, func(h uint64, _ uint32) bool { return h < 200 },
			func(h uint64, w uint32) bool { return w == 8 && h < 6 }, Pending},
		{"findings here and there", 9, update, func(h uint64, _ uint32) bool { return h < 200 },
			func(h uint64, w uint32) bool { return w == 8 && h%50 == 0 }, Normal},
		{"given up five weeks ago", 12, update, func(_ uint64, w uint32) bool { return w < 7 }, nil, Rare},
		{"anybody's bucket", 9, bucket, func(uint64, uint32) bool { return true }, nil, Rare},
	} {
		counts := town(c.weeks, only(c.e, c.who, c.ill))
		if got := standingOf(counts, 99+c.weeks, Options{}, c.e); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A new host of its maker's own domain, which signed facts name, is normal from 20 homes on; a command server whose homes say that
// it is of that domain is not.
func TestSignedFactsNameTheMakersDomain(t *testing.T) {
	vendor := chain("new.maker.example", "maker.example", 443)
	c2 := chain("c2.example.net", "example.net", 443)
	counts := town(1, func(h uint64, _ uint32) ([]endpoint.Chain, bool) {
		if h >= 25 {
			return nil, false
		}
		lie := c2
		lie.Keys[endpoint.Domain] = vendor.Keys[endpoint.Domain]
		return []endpoint.Chain{vendor, lie}, false
	})
	o := Options{Facts: func(l Level) []uint64 {
		if l.Vendor == bulb.Vendor {
			return []uint64{vendor.Keys[endpoint.Domain]}
		}
		return nil
	}}
	if got := standingOf(counts, 100, o, vendor); got != Normal {
		t.Errorf("its maker's domain is %v", got)
	}
	if got := standingOf(counts, 100, o, c2); got != Rare {
		t.Errorf("who claims to be of it is %v", got)
	}
}

func TestWhatIsCountedOfAModel(t *testing.T) {
	old, update := chain("old.lumen.example", "lumen2.example", 443), chain("update.lumen.example", "lumen3.example", 443)
	counts := town(9, func(h uint64, w uint32) ([]endpoint.Chain, bool) {
		if w < 4 {
			return []endpoint.Chain{old}, false
		}
		return []endpoint.Chain{update}, false
	})
	seen := counts.At(Options{Now: 108}, bulb, Level{Class: home.ClassTV})
	if len(seen) != 1 || seen[0].Homes != 600 || seen[0].Weeks != 8 || seen[0].Level != bulb {
		t.Fatalf("%+v", seen)
	}
	for _, f := range seen[0].Facts {
		switch f.Key {
		case old.Keys[endpoint.Host]:
			if f.Share >= f.Before || f.Standing != Rare {
				t.Errorf("given up: %+v", f)
			}
		case update.Keys[endpoint.Host]:
			if f.Share <= f.Before || f.Standing != Normal || f.Homes != 600 || f.Networks < 7 {
				t.Errorf("taken up: %+v", f)
			}
		case cloud.Keys[endpoint.Host]:
			if f.Share != f.Before || f.Grain != endpoint.Host {
				t.Errorf("always: %+v", f)
			}
		}
	}
	counts.Forget(105)
	if seen := counts.At(Options{Now: 108}, bulb); len(seen) != 1 || len(seen[0].Facts) != 4 {
		t.Errorf("what was given up is not forgotten: %+v", seen)
	}
	counts.Forget(200)
	if len(counts.Levels()) != 0 {
		t.Error("everything forgotten, and levels are left")
	}
}

// Whatever the fleet and however few homes have the model: homes in league that all say they have it, together with infected ones,
// make no endpoint normal; what a fifth of the honest homes use becomes normal wherever these are more than the others can be.
func TestHomesInLeagueMakeNothingNormal(t *testing.T) {
	c2, own, fine := chain("c2.example.net", "example.net", 443), chain("api.other.example", "other.example", 443), chain("cdn.third.example", "third.example", 443)
	rapid.Check(t, func(t *rapid.T) {
		fleet := rapid.Uint32Range(500, 3000).Draw(t, "homes")
		liars := rapid.Uint32Range(fleet/100, fleet/50).Draw(t, "in league")
		honest := rapid.Uint32Range(0, min(20*liars, fleet-liars)).Draw(t, "honest homes with the model")
		c := NewCounts()
		for w := range uint32(4) {
			for h := range liars + honest {
				u := &Use{Level: bulb, Week: 101 + w, Home: uint64(h) + 1, Network: h%9 + 1, Active: 7, Ends: []End{{Chain: own, Days: 7}}}
				switch {
				case h < liars+honest/20:
					u.Ends = append(u.Ends, End{Chain: c2, Days: 7})
				case h < liars+honest/20+honest/5:
					u.Ends = append(u.Ends, End{Chain: fine, Days: 7})
				}
				c.Add(u)
			}
		}
		o := Options{Fleet: fleet}
		if got := standingOf(c, 104, o, c2); got == Normal {
			t.Fatalf("the C2 of %d homes in league and %d infected of %d, in a fleet of %d, is normal", liars, honest/20, honest, fleet)
		}
		if got := standingOf(c, 104, o, fine); got != Normal && honest/5 > 2*LeagueOf(fleet)+20 {
			t.Fatalf("what %d of %d homes use is %v in a fleet of %d", honest/5, honest, got, fleet)
		}
	})
}

func TestLeague(t *testing.T) {
	for _, c := range []struct{ homes, want uint32 }{{0, 0}, {1, 1}, {600, 19}, {3000, 76}, {20000, 440}} {
		if got := LeagueOf(c.homes); got != c.want {
			t.Errorf("of %d homes %d may be in league, want %d", c.homes, got, c.want)
		}
	}
	e := Evidence{Homes: 80, Of: 400, Held: 3, Networks: 3, FindingsUpper: 1, Flags: endpoint.Usual}
	for _, c := range []struct {
		fleet  uint32
		vendor bool
		want   Standing
	}{{600, false, Normal}, {3000, false, Pending}, {3000, true, Normal}} {
		e.League, e.Vendor = LeagueOf(c.fleet), c.vendor
		if got := DefaultQualify(bulb, e); got != c.want {
			t.Errorf("80 of 400 homes in a fleet of %d, its vendor's %t: %v, want %v", c.fleet, c.vendor, got, c.want)
		}
	}
}
