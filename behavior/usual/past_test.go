package usual

import (
	"strings"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// What a device did before its model was learnt is told when it is, as it would have been at the first contact.
func TestThePastIsJudgedByWhatWasLearntSince(t *testing.T) {
	day := time.Date(2026, 3, 2, 14, 2, 0, 0, time.UTC)
	news := func(home.DeviceID, profile.Level, uint32) bool { return true }
	phone, other := lamp, lamp
	phone.Class, other.Model = home.ClassPhone, "Example Bulb"
	for _, v := range []struct {
		name string
		who  home.Identity
		far  home.Endpoint
		told bool
	}{
		{"a name nobody knows on an odd port", lamp, named("bot.example.net", "example.net", 4975), true},
		{"telnet of a bare address", lamp, at("203.0.113.77", 23, "tcp"), true},
		{"its maker's cloud", lamp, named("api.example.com", "example.com", 443), false},
		{"a bare address on a web port may have had a name", lamp, at("203.0.113.77", 443, "tcp"), false},
		{"a mail server that its owner entered", lamp, named("smtp.example.net", "example.net", 587), false},
		{"a phone", phone, named("bot.example.net", "example.net", 4975), false},
		{"a model that nobody knows", other, named("bot.example.net", "example.net", 4975), false},
		{"a broadcast", lamp, at("255.255.255.255", 6667, "udp"), false},
	} {
		s := newScene(t, v.who)
		s.set = nil
		if s.d.NewPast() != nil {
			t.Fatal("nothing is known, and that is news")
		}
		s.lives()
		s.calls(v.far)
		if len(s.found) != 0 {
			t.Fatalf("%s: found without a profile", v.name)
		}
		s.set = learnt()
		past := func(better func(home.DeviceID, profile.Level, uint32) bool) *home.Finding {
			p := s.d.NewPast()
			s.d.Add(p, s.dev, &home.Device{ID: "lamp", Identity: v.who}, s.now.UnixNano(), better)
			return p.Contact(&home.Contact{Device: "lamp", Endpoint: v.far, Flows: 3, First: day, Last: day})
		}
		f := past(news)
		if (f != nil) != v.told {
			t.Errorf("%s: told %v", v.name, f != nil)
		}
		if f == nil {
			continue
		}
		if f.Strength != home.Soft || !strings.Contains(f.Sentence, "14:02") || !strings.Contains(f.Sentence, "Example Lamp") || f.Card.Homes == nil || *f.Card.Homes != 0 || f.Card.Of != 30 || f.Card.Seen[0].Flows != 3 {
			t.Errorf("%s: %+v %+v", v.name, f, f.Card)
		}
		if past(func(home.DeviceID, profile.Level, uint32) bool { return false }) != nil {
			t.Errorf("%s: no news, and told", v.name)
		}
		s.d.Doubt(s.dev, &v.far)
		if past(news) != nil {
			t.Errorf("%s: told of it before, and told again", v.name)
		}
		if u := s.d.Usual(s.dev, &home.Contact{Endpoint: v.far, Flows: 1, Last: s.now.Add(72 * time.Hour)}); u.Device == nil || *u.Device {
			t.Errorf("%s: a finding was about it, and it is usual", v.name)
		}
	}
}

// Of bare addresses the port is told once, of names the domain.
func TestCausesOfThePast(t *testing.T) {
	of := func(e home.Endpoint) uint64 { return CauseOf(&e) }
	if of(at("203.0.113.77", 23, "tcp")) != of(at("203.0.113.78", 23, "tcp")) || of(at("203.0.113.77", 23, "tcp")) == of(at("203.0.113.77", 2323, "tcp")) ||
		of(named("a.example.net", "example.net", 4975)) == of(named("a.example.org", "example.org", 4975)) {
		t.Error("causes")
	}
}

// Where a model is of too few homes to say how usual something is, its maker's devices are counted, and named.
func TestACardSaysWhoseHomesAreCounted(t *testing.T) {
	counts, far := profile.NewCounts(), named("api.example.com", "example.com", 443)
	bulb := lamp
	bulb.Model = "Bulb"
	for h := range 45 {
		who := lamp
		if h < 5 {
			who = bulb
		}
		counts.Add(&profile.Use{Level: profile.LevelOf(who), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7, Ends: []profile.End{{Chain: endpoint.Of(&far, false, false), Days: 7}}})
	}
	set := counts.Build(profile.Options{Now: 100, Version: 3, Few: 20})
	for _, v := range []struct {
		who       home.Identity
		name      string
		whose     string
		homes, of uint32
	}{
		{lamp, "api.example.com", "Example Lamp", 40, 40}, {lamp, "bot.example.net", "Example Lamp", 0, 40},
		{bulb, "bot.example.net", "light / Example", 0, 45},
	} {
		s := newScene(t, v.who)
		s.set = set
		s.d.cfg.Domain = func(name string) string { return strings.TrimPrefix(strings.TrimPrefix(name, "api."), "bot.") }
		s.lives()
		c := s.d.Card(s.dev, &home.Symptom{Names: []string{v.name}})
		if c.Model != v.whose || c.Homes == nil || *c.Homes != v.homes || c.Of != v.of {
			t.Errorf("%s: %+v, homes %v", v.name, c, c.Homes)
		}
	}
}
