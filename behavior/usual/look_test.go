package usual

import (
	"testing"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// A broker's next address, whose name was told long ago, is no blind contact where the kind uses the port; one that DNS never gave is.
func TestANextAddressOfAService(t *testing.T) {
	counts := profile.NewCounts()
	for h := range 40 {
		lampEnds := []home.Endpoint{named("api.example.com", "example.com", 443)}
		if h < 10 { // some of its homes use a broker
			lampEnds = append(lampEnds, named("mqtt.example.com", "example.com", 8883))
		}
		other := []home.Endpoint{named("mqtt.other.example", "other.example", 8883)}
		for level, ends := range map[profile.Level][]home.Endpoint{
			profile.LevelOf(lamp): lampEnds, {Class: home.ClassPlug, Vendor: "Other", Model: "Other Plug"}: other, {Class: home.ClassHub, Vendor: "Third", Model: "Third Hub"}: other,
		} {
			u := profile.Use{Level: level, Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
			for i := range ends {
				u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&ends[i], false, false), Days: 7})
			}
			counts.Add(&u)
		}
	}
	set := counts.Build(profile.Options{Now: 100, Version: 3})
	for _, v := range []struct {
		name     string
		resolved bool
		port     uint16
		told     bool
	}{
		{"given by DNS, the kind's port", true, 8883, false},
		{"blind, the kind's port", false, 8883, true},
		{"given by DNS, a service's port that nobody uses", true, 5222, true},
		{"given by DNS, an odd port", true, 4975, true},
	} {
		s := newScene(t, lamp)
		s.set = set
		s.lives()
		s.now = s.now.Add(time.Minute)
		o := s.observation(home.EventFlow, at("203.0.113.77", v.port, "tcp"))
		o.Resolved = v.resolved
		s.d.Flow(s.dev, o, s.now.UnixNano())
		s.waits(4 * time.Second)
		if got := len(s.found) > 0; got != v.told {
			t.Errorf("%s: told %v", v.name, got)
		}
	}
}

// Two new endpoints in its first week are no proof that a device is restless, and its high day calibrates; one a day is.
func TestAFirstWeeksBurstIsNotRestless(t *testing.T) {
	for _, v := range []struct {
		name string
		new  func(day int) bool
		want bool
	}{
		{"two in a week", func(day int) bool { return day == 5 || day == 8 }, false},
		{"one a day", func(day int) bool { return day > 1 }, true},
	} {
		var s State
		n := 100
		for day := range 10 {
			at := start.Add(time.Duration(day) * 24 * time.Hour)
			known := bare(1)
			s.Meet(&known, 0, norm{pi: .9}, 3, at.UnixNano())
			if v.new(day) {
				n++
				fresh := bare(n)
				s.Meet(&fresh, 0, norm{pi: .0001}, 3, at.Add(time.Hour).UnixNano())
			}
		}
		if got := s.Restless(); got != v.want {
			t.Errorf("%s: restless %v with %.2f a day", v.name, got, s.FreshPerDay())
		}
	}
	if leastMean(0) != 0 || leastMean(1) > 0.06 || leastMean(10) < 5.3 || leastMean(10) > 5.5 { // exact: 0.051 and 5.43
		t.Errorf("bounds %v, %v", leastMean(1), leastMean(10))
	}
}

// A sum that only lingers is no new look: the day's maximum is of contacts that a finding could be about.
func TestLingeringSumsAreNoLook(t *testing.T) {
	var s State
	known := bare(1)
	now := start
	for range 9 {
		s.Meet(&known, 0, norm{pi: .9}, 3, now.UnixNano())
		now = now.Add(24 * time.Hour)
	}
	strange := bare(2)
	s.Meet(&strange, 0, norm{pi: 1e-6}, 3, now.UnixNano())
	if got := s.Today().Max[calibrate.Days]; got < telling {
		t.Fatalf("the burst's day: %v", got)
	}
	now = now.Add(24 * time.Hour)
	s.Meet(&known, 0, norm{pi: .9}, 3, now.UnixNano())
	if sum, got := s.Sums()[2], s.Today().Max[calibrate.Days]; sum < telling || got != 0 {
		t.Errorf("the day after: a sum of %v, a maximum of %v", sum, got)
	}
}
