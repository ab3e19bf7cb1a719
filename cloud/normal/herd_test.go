package normal

import (
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// infect has homes tell of a scan and, with it, of whom the camera calls.
func (w *world) infect(from, to int, c2 home.Endpoint) {
	w.t.Helper()
	for n := from; n < to; n++ {
		w.tell(where(n), finding("scan", home.DetectScanWAN, home.Hard, *host("victim.example.org", "")), finding("c2", home.DetectBeacon, home.Soft, c2))
	}
}

func (w *world) indicators1(t *testing.T) []Indicator {
	t.Helper()
	list, err := w.Indicators(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatHardFindingsAgreeOnIsBlockedForAll(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.live(60, 4, nothing)
		c2 := *host("c2.example.net", "")
		w.infect(0, 4, c2)
		if g := w.guard(); g.Indicators != 0 || g.Changed {
			t.Fatalf("four homes agree: %+v", g)
		}
		w.infect(4, 7, c2)
		began := w.now
		g := w.guard()
		if g.Indicators != 1 || !g.Changed || len(g.New) != 1 || g.New[0] != c2.Hash() {
			t.Fatalf("%+v", g)
		}
		i := w.bundle().Indicators
		if len(i) != 1 || i[0].Name != "c2.example.net" || i[0].Acts(w.now) || !i[0].Acts(began.Add(10*time.Minute)) {
			t.Fatalf("%+v", i)
		}
		w.now = w.now.Add(time.Minute)
		if g := w.guard(); g.Changed || len(g.New) != 0 || g.Indicators != 1 {
			t.Errorf("the same again: %+v", g)
		}
		if list := w.indicators1(t); len(list) != 1 || list[0].Homes != 0 || list[0].Refused || list[0].Hash != c2.Hash() {
			t.Errorf("%+v", list)
		}
		w.now = w.now.Add(9 * day)
		if g := w.guard(); g.Indicators != 0 || !g.Changed || len(w.bundle().Indicators) != 0 {
			t.Errorf("it does not expire: %+v", g)
		}
	})
}

func TestALeagueOfHomesFramesNobody(t *testing.T) {
	t.Parallel()
	const homes, league = 200, 10 // 5 %
	shop := host("shop.example.org", "example.org")
	at := func(e *home.Endpoint, port uint16) *home.Endpoint {
		c := *e
		c.Port = port
		return &c
	}
	for name, c := range map[string]struct {
		end    *home.Endpoint
		before func(w *world)
	}{
		"what is normal for a model":       {host("api.cam.example", ""), func(w *world) { w.learn() }},
		"what healthy homes use":           {shop, func(*world) {}},
		"a port of it that nobody uses":    {at(shop, 31337), func(*world) {}},
		"a port of what is normal":         {at(host("api.cam.example", ""), 31337), func(w *world) { w.learn() }},
		"a host of a domain that is":       {at(host("new.cam.example", "cam.example"), 31337), func(w *world) { w.learn() }},
		"what many share":                  {host("x.cloudfront.net", ""), func(*world) {}},
		"a platform":                       {host("play.googleapis.com", ""), func(*world) {}},
		"what is allowed":                  {host("fine.example.net", ""), func(w *world) { w.allowed["fine.example.net"] = true }},
		"what the league attacks together": {host("victim.example.org", ""), func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, dbtest.SQLite(t))
			w.live(homes, 5, func(n int) []*home.Endpoint {
				if n >= 100 && n < 106 {
					return []*home.Endpoint{shop}
				}
				return nil
			})
			c.before(w)
			w.infect(0, league, *c.end)
			for range 20 {
				w.now = w.now.Add(time.Minute)
				w.guard()
			}
			for _, i := range w.bundle().Indicators {
				if i.Acts(w.now) {
					t.Errorf("%s is blocked in all homes", i.Name)
				}
			}
		})
	}
}

func TestYoungHomesAndHomesOfOneNetworkAgreeOnNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"young": func(w *world) { w.live(60, 1, nothing) },
		"one network": func(w *world) {
			w.live(60, 4, nothing)
			clear(w.networks)
			for n := range 60 {
				w.networks[where(n)] = 3
			}
		},
	} {
		w := open(t, dbtest.SQLite(t))
		change(w)
		w.infect(0, 50, *host("c2.example.net", ""))
		if g := w.guard(); g.Indicators != 0 {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

// A contact with what is listed is no vote, and with what herd protection listed no proof either: else an indicator kept itself, and
// brought others.
func TestAnIndicatorDoesNotKeepItself(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(60, 4, nothing)
	c2, shop := *host("c2.example.net", ""), *host("shop.example.org", "")
	for n := range 40 {
		w.tell(where(n), finding("f", home.DetectIndicator, home.Hard, shop))
	}
	if g := w.guard(); g.Indicators != 0 {
		t.Errorf("a contact with what is listed: %+v", g)
	}
	for n := range 8 {
		w.tell(where(n), finding("g", home.DetectBeacon, home.Soft, c2))
	}
	if g := w.guard(); g.Indicators != 1 {
		t.Errorf("what else devices call that deal with what a feed lists: %+v", g)
	}
	for n := 40; n < 60; n++ {
		w.tell(where(n), finding("f", home.DetectIndicator, home.Hard, c2), finding("g", home.DetectBeacon, home.Soft, shop))
	}
	if g := w.guard(); g.Indicators != 1 {
		t.Errorf("what herd protection lists proves something: %+v", g)
	}
}
