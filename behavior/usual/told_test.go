package usual

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

var tables = sync.OnceValue(func() *calibrate.Tables { return calibration(100, 1000) })

// calibration is of homes' days, with maxima that fall off exponentially.
func calibration(homes, days int) *calibrate.Tables {
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []calibrate.Sample
	for h := range homes {
		for day := range days {
			x := calibrate.Sample{Home: uint64(h + 1), Day: uint32(day)}
			for s := range x.Max {
				x.Max[s] = float32(rnd.ExpFloat64())
			}
			all = append(all, x)
		}
	}
	return calibrate.Build(all, calibrate.Options{})
}

func calibrated(t *testing.T, who home.Identity) *scene {
	s := newScene(t, who)
	s.set = withTables(t, who, tables())
	return s
}

func withTables(t *testing.T, who home.Identity, cal *calibrate.Tables) *profile.Set {
	t.Helper()
	counts := profile.NewCounts()
	for h := range 30 {
		u := profile.Use{Level: profile.LevelOf(who), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
		e := named("api.example.com", "example.com", 443)
		u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&e, false, false), Days: 7})
		for h := range u.Hours {
			u.Hours[h] = 10
		}
		for range 7 {
			u.Up = append(u.Up, 1<<20)
		}
		counts.Add(&u)
	}
	return counts.Build(profile.Options{Now: 100, Version: 3, Calibration: func(profile.Level) *calibrate.Tables { return cal }})
}

// days lets ordinary days pass.
func (s *scene) days(n int) {
	e := named("api.example.com", "example.com", 443)
	for range n {
		s.now = s.now.Truncate(24 * time.Hour).Add(33 * time.Hour)
		s.calls(e)
		s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: e, Flows: 1, Up: 1 << 20, First: s.now, Last: s.now})
	}
}

func (s *scene) of(det home.Detector) (list []*home.Finding) {
	for _, f := range s.found {
		if f.Detector == det {
			list = append(list, f)
		}
	}
	return list
}

func TestManyNewEndpoints(t *testing.T) {
	for _, v := range []struct {
		class home.DeviceClass
		told  bool
	}{{home.ClassTV, true}, {home.ClassPhone, false}, {"", false}} { // neither is of those whose first contact is told
		who := home.Identity{Class: v.class, Vendor: "Example", Model: "Example Thing"}
		s := calibrated(t, who)
		s.days(10)
		if len(s.found) > 0 {
			t.Fatalf("%q, on ordinary days: %s", v.class, s.found[0].Sentence)
		}
		for i := range 6 {
			s.calls(named(fmt.Sprintf("www.new%d.example", i), fmt.Sprintf("new%d.example", i), 8883))
			s.waits(5 * time.Second)
		}
		list := s.of(home.DetectNovelty)
		if (len(list) > 0) != v.told {
			t.Errorf("%q: %d findings", v.class, len(list))
		}
		for _, f := range list {
			if f.P == nil || *f.P > 7.6e-5 || f.Card == nil || f.Facts["floor"] == nil || !strings.Contains(f.Sentence, "new") {
				t.Errorf("%+v", f)
			}
		}
	}
}

func TestMuchSent(t *testing.T) {
	s := calibrated(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example TV"})
	s.days(10)
	e := named("api.example.com", "example.com", 443)
	send := func(bytes uint64) {
		s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: e, Flows: 1, Up: bytes, First: s.now, Last: s.now})
	}
	send(8 << 20)
	if len(s.found) > 0 {
		t.Fatalf("nine times the usual: %s", s.found[0].Sentence)
	}
	send(8 << 30)
	list := s.of(home.DetectVolume)
	if len(list) != 1 {
		t.Fatalf("%d findings", len(list))
	}
	if f := list[0]; f.P == nil || f.Sentence != "sent 9 GB to the internet today; on a usual day it sends 1 MB" || f.Card == nil {
		t.Errorf("%+v", f)
	}
	if d := s.dev.Today(); d.Max[calibrate.Volume] < 10 || d.Up != 8<<30+9<<20 {
		t.Errorf("%+v", d)
	}
}

// A busy day is told once, however long it goes on.
func TestVolumeIsToldOnceADay(t *testing.T) {
	s := calibrated(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example TV"})
	s.days(10)
	for range 6 {
		s.now = s.now.Add(2 * time.Hour)
		s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: named("api.example.com", "example.com", 443), Flows: 1, Up: 100 << 30, First: s.now, Last: s.now})
	}
	if n := len(s.of(home.DetectVolume)); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// Where few days calibrate, a device's volumes are told of only after a week of its own.
func TestFewDaysOfCalibrationWantAWeekOfItsOwn(t *testing.T) {
	for _, v := range []struct {
		days int
		told bool
	}{{5, false}, {9, true}} {
		s := calibrated(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example TV"})
		s.d.cfg.Maximum = true
		few := calibration(3, 5)
		s.set = withTables(t, s.who, few)
		s.days(v.days)
		s.found = nil
		s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: named("api.example.com", "example.com", 443), Flows: 1, Up: 1 << 50, First: s.now, Last: s.now})
		if got := len(s.of(home.DetectVolume)) > 0; got != v.told {
			t.Errorf("after %d days: told %v", v.days, got)
		}
	}
}

func TestAtNight(t *testing.T) {
	s := calibrated(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example TV"})
	for range 60 { // its own hours outweigh its model's
		s.days(1)
		for range 7 {
			s.calls(named("api.example.com", "example.com", 443))
		}
	}
	if got := len(s.of(home.DetectHours)); got > 0 {
		t.Fatalf("%d findings at its usual hour", got)
	}
	night := s.now.Truncate(24 * time.Hour).Add(27 * time.Hour)
	s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: named("api.example.com", "example.com", 443), Flows: 1, First: night, Last: night})
	x := float64(s.dev.Today().Max[calibrate.HoursOfDay])
	if p := s.set.For(profile.LevelOf(s.who)).Calibration().P(calibrate.HoursOfDay, x); (len(s.of(home.DetectHours)) > 0) != p.Within(calibrate.BudgetP(.25, 18)*partHours) || x < 5 {
		t.Errorf("%d findings at 3 o'clock, %v bits, p %+v", len(s.of(home.DetectHours)), x, p)
	}
}

// Nothing of it is told where nothing was calibrated, however odd.
func TestWithoutCalibrationAllIsSilent(t *testing.T) {
	s := newScene(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example TV"})
	s.days(20)
	for i := range 50 {
		s.calls(named(fmt.Sprintf("www.new%d.example", i), fmt.Sprintf("new%d.example", i), 4975))
	}
	s.d.Closed(s.dev, &home.Contact{Device: "lamp", Endpoint: at("203.0.113.9", 1, "tcp"), Flows: 1, Up: 1 << 40, First: s.now, Last: s.now})
	if len(s.found) > 0 {
		t.Error(s.found[0].Sentence)
	}
	if d := s.dev.Today(); d.Max[calibrate.Minutes] < 50 || d.Max[calibrate.Volume] < 5 {
		t.Errorf("the day's maxima are not noted: %+v", d.Max)
	}
}

func TestSeveralKindsTogether(t *testing.T) {
	s := calibrated(t, home.Identity{Class: home.ClassPhone, Vendor: "Example", Model: "Example Phone"})
	s.days(10)
	now := s.now.UnixNano()
	s.d.Against(s.dev, calibrate.Evidence{Family: calibrate.FamilyBeacon, P: 1e-4, At: now})
	for i := range 3 {
		s.calls(named(fmt.Sprintf("www.new%d.example", i), fmt.Sprintf("new%d.example", i), 8883))
		s.waits(5 * time.Second)
	}
	list := s.of(home.DetectUsual)
	if len(list) != 1 {
		t.Fatalf("%d findings of %v", len(list), s.found)
	}
	if f := list[0]; f.P == nil || !strings.Contains(f.Sentence, "new endpoints and regular calls") || f.Facts["contain"] != false && f.Facts["contain"] != true {
		t.Errorf("%+v", f)
	}
}

// A device that meets new endpoints all the time is told of by nothing but that it did again, and its days calibrate nobody.
func TestARestlessDeviceIsNoMeasure(t *testing.T) {
	var s State
	c := bare(0)
	for day := range 12 {
		at := start.AddDate(0, 0, day)
		s.Meet(&c, 0, norm{pi: .9}, 9, at.UnixNano())
		for i := range 3 {
			fresh := bare(1 + 3*day + i)
			s.Meet(&fresh, 0, norm{pi: 1. / 4096}, 9, at.Add(time.Duration(i+1)*time.Hour).UnixNano())
		}
		s.Turn(at.Add(20 * time.Hour).UnixNano())
		d, ok := s.Day()
		if day == 11 && (!ok || d.Max[calibrate.Minutes] != calibrate.Unscored || !s.Restless()) {
			t.Errorf("%v %+v", s.FreshPerDay(), d)
		}
	}
}
