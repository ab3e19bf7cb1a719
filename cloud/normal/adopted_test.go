package normal

import (
	"strings"
	"testing"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// week0 has homes with the camera live for four weeks and, this week, some of them begin to use something.
func (w *world) week0(homes, adopt int, ends ...*home.Endpoint) {
	w.t.Helper()
	w.live(homes, 4, nothing)
	for n := range adopt {
		for _, e := range ends {
			w.tell(where(n), firsts(w.used("cam", e, 0)))
		}
	}
	w.learn()
}

func (w *world) cases(tenant string) []Incident {
	w.t.Helper()
	list, _, err := w.Incidents(w.t.Context(), tenant, "", 10)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// An update that no home finds anything in is one line for the operator all the same, however often it is learned and however many
// endpoints it brings.
func TestAQuietUpdateIsOneLine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		a, b := host("fw.cam.example", "cam.example"), host("fw2.cam.example", "cam.example")
		w.o.Facts = func(profile.Level) []uint64 { return []uint64{home.HashPort("cam.example", 443, "tcp")} }
		w.week0(44, 44, a, b)
		w.learn()
		list := w.cases(tenantA)
		if len(list) != 1 || list[0].Kind != "update" || list[0].Level != camera || list[0].Reason != Adopted || list[0].Homes != 44 || list[0].Own != 22 ||
			!list[0].Open || !strings.Contains(list[0].Why, "the vendor's own") || !strings.Contains(list[0].Why, "2 new endpoints") {
			t.Fatalf("%+v", list)
		}
		if g := w.guard(); g.Trips != 0 || len(w.bundle().Pauses) != 0 {
			t.Errorf("%+v pauses %+v", g, w.bundle().Pauses)
		}
		w.tell(where(3), firsts(w.used("cam", host("fw3.cam.example", "cam.example"), 0)))
		w.learn()
		if again := w.cases(tenantB); len(again) != 1 || again[0].ID != list[0].ID {
			t.Errorf("%+v", again)
		}
	})
}

// What few homes, few networks or new devices begin to use, what homes used before and what platforms serve, is no line.
func TestWhatIsNoUpdate(t *testing.T) {
	t.Parallel()
	fresh := host("fw.cam.example", "cam.example")
	for name, do := range map[string]func(w *world){
		"few homes":  func(w *world) { w.week0(40, MinHomes-1, fresh) },
		"a platform": func(w *world) { w.week0(40, 40, host("www.google.com", "google.com")) },
		"few of many": func(w *world) {
			w.week0(6*MinHomes, MinHomes, fresh)
		},
		"one network": func(w *world) {
			for n := range 40 {
				w.networks[where(n)] = 7
			}
			w.week0(40, 40, fresh)
		},
		"used before": func(w *world) {
			w.live(60, 4, func(n int) []*home.Endpoint {
				if n >= 40 {
					return []*home.Endpoint{fresh}
				}
				return nil
			})
			for n := range 40 {
				w.tell(where(n), firsts(w.used("cam", fresh, 0)))
			}
			w.learn()
		},
		"new devices": func(w *world) {
			w.live(40, 4, nothing)
			for n := range 40 {
				w.levels[where(n)]["cam2"] = camera
				w.tell(where(n), firsts(w.used("cam2", fresh, 0)))
			}
			w.learn()
		},
	} {
		w := open(t, dbtest.SQLite(t))
		do(w)
		if list := w.cases(tenantA); len(list) != 0 {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

// A new host of a domain that other homes' devices used before is taken for an update, as somebody's service that a maker turned to.
func TestANewHostOfAKnownDomainIsAnUpdate(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(60, 4, func(n int) []*home.Endpoint {
		if n >= 50 {
			return []*home.Endpoint{host("a.service.example", "service.example")}
		}
		return nil
	})
	for n := range 44 {
		w.tell(where(n), firsts(w.used("cam", host("b.service.example", "service.example"), 0)))
	}
	w.learn()
	if list := w.cases(tenantA); len(list) != 1 || list[0].Kind != "update" {
		t.Errorf("%+v", list)
	}
}

// A bare address, an odd port, or findings in many of the homes: it is told, but nobody calls it an update.
func TestWhatMayBeAnOutbreakIsNotCalledAnUpdate(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(w *world){
		"an odd port": func(w *world) {
			e := host("fw.cam.example", "cam.example")
			e.Port = 4975
			w.week0(40, 40, e)
		},
		"a domain on 443 that no home used before": func(w *world) {
			w.week0(40, 40, host("gate.qwzxkvhj.example", "qwzxkvhj.example"))
		},
		"findings": func(w *world) {
			w.live(40, 4, nothing)
			for n := range 40 {
				w.tell(where(n), firsts(w.used("cam", host("fw.cam.example", "cam.example"), 0)))
				if n%3 == 0 {
					w.tell(where(n), finding("x", home.DetectScanWAN, home.Hard))
				}
			}
			w.learn()
		},
	} {
		w := open(t, dbtest.SQLite(t))
		do(w)
		if list := w.cases(tenantA); len(list) != 1 || list[0].Kind != "unknown" {
			t.Errorf("%s: %+v", name, list)
		}
	}
}
