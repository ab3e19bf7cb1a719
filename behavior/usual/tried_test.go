package usual

import (
	"slices"
	"testing"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// lampsThat are profiles of 30 homes whose lamps use these.
func lampsThat(version uint64, cal *calibrate.Tables, use ...home.Endpoint) *profile.Set {
	counts := profile.NewCounts()
	for h := range 30 {
		u := profile.Use{Level: profile.LevelOf(lamp), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
		for i := range use {
			u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&use[i], false, false), Days: 7})
		}
		counts.Add(&u)
	}
	return counts.Build(profile.Options{Now: 100, Version: version, Calibration: func(profile.Level) *calibrate.Tables { return cal }})
}

// What only one of two versions would find is told, and which; what both say alike is not. Findings come of what is in force alone.
func TestWhatTriedProfilesWouldFind(t *testing.T) {
	api, bot := named("api.example.com", "example.com", 443), named("bot.example.net", "example.net", 4975)
	both, one := []home.Endpoint{api, bot}, []home.Endpoint{api}
	for _, v := range []struct {
		name         string
		force, tried []home.Endpoint
		found        int
		differs      []bool
	}{
		{"it lacks what the device begins to use", both, one, 0, []bool{true}},
		{"it knows what is found now", one, both, 1, []bool{false}},
		{"both know it", both, both, 0, nil},
		{"neither knows it", one, one, 1, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newScene(t, lamp)
			var differs []bool
			tried := lampsThat(4, nil, v.tried...)
			s.set = lampsThat(3, nil, v.force...)
			s.d.cfg.Beside = func() *profile.Set { return tried }
			s.d.cfg.Differs = func(id home.DeviceID, more bool, at time.Time) {
				if id != "lamp" || !at.Equal(s.now) {
					t.Errorf("%s at %s", id, at)
				}
				differs = append(differs, more)
			}
			s.lives()
			s.calls(bot)
			s.calls(bot)
			if len(s.found) != v.found || !slices.Equal(differs, v.differs) {
				t.Errorf("%d findings, differs %v", len(s.found), differs)
			}
		})
	}
}

// Sums are weighed by the tables of each version; an equal version never differs, whatever comes.
func TestSumsOfTriedProfiles(t *testing.T) {
	api := named("api.example.com", "example.com", 443)
	for _, v := range []struct {
		name  string
		tried *calibrate.Tables
		less  bool // it finds less
	}{
		{"equal", tables(), false},
		{"without thresholds", nil, true},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newScene(t, lamp)
			s.set = lampsThat(3, tables(), api)
			tried, more, less := lampsThat(4, v.tried, api), 0, 0
			s.d.cfg.Beside = func() *profile.Set { return tried }
			s.d.cfg.Differs = func(_ home.DeviceID, is bool, _ time.Time) {
				if is {
					more++
				} else {
					less++
				}
			}
			s.days(10)
			for i := range 20 {
				name := string(rune('a'+i)) + ".new.example"
				s.calls(named(name, name, 443))
			}
			if len(s.of(home.DetectNovelty)) == 0 {
				t.Error("what is in force finds nothing")
			}
			if more != 0 || (less > 0) != v.less {
				t.Errorf("%d more, %d less", more, less)
			}
		})
	}
}

func TestToTryTakesNoMemoryForEachContact(t *testing.T) {
	api := named("api.example.com", "example.com", 443)
	set, tried := lampsThat(3, tables(), api), lampsThat(4, nil, api)
	d, dev := watched(set)
	d.cfg.Beside, d.cfg.Differs = func() *profile.Set { return tried }, func(home.DeviceID, bool, time.Time) {}
	now := start
	o := contact(api, now)
	d.Contact(dev, o, now.UnixNano())
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(24 * time.Hour)
		o.Time = now
		d.Contact(dev, o, now.UnixNano())
	}); n > 0 {
		t.Errorf("%.0f allocations a contact", n)
	}
}
