package respond

import (
	"slices"
	"testing"
	"time"

	"cardea/home"
)

// One case per device and cause; nobody is alerted twice of what is being handled.
func TestGrouping(t *testing.T) {
	type f struct {
		d    home.Detector
		name string
	}
	for _, c := range []struct {
		name  string
		after []f
		kinds []home.Infection // of the open cases, by opening
	}{
		{"the same again", []f{{home.DetectScanWAN, ""}, {home.DetectScanWAN, ""}}, []home.Infection{home.InfectionTelnet}},
		{"another cause", []f{{home.DetectScanWAN, ""}, {home.DetectDNSSpoof, ""}}, []home.Infection{home.InfectionTelnet, home.InfectionDNS}},
		{"another cause, twice", []f{{home.DetectScanWAN, ""}, {home.DetectDNSSpoof, ""}, {home.DetectDNSSpoof, ""}, {home.DetectScanWAN, ""}},
			[]home.Infection{home.InfectionTelnet, home.InfectionDNS}},
		{"something unknown joins", []f{{home.DetectScanWAN, ""}, {home.DetectNovelty, "a.example"}}, []home.Infection{home.InfectionTelnet}},
		{"the cause becomes known", []f{{home.DetectNovelty, "a.example"}, {home.DetectScanWAN, ""}}, []home.Infection{home.InfectionTelnet}},
		{"the same far end", []f{{home.DetectScanWAN, "c2.example"}, {home.DetectFlood, "c2.example"}}, []home.Infection{home.InfectionTelnet}},
		{"too many causes", []f{{home.DetectScanWAN, ""}, {home.DetectDNSSpoof, ""}, {home.DetectBruteForce, ""}, {home.DetectFlood, ""}, {home.DetectScanPorts, ""}},
			[]home.Infection{home.InfectionTelnet, home.InfectionDNS, home.InfectionLogin, home.InfectionProgram}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, everything())
			for _, f := range c.after {
				names := []string{f.name}
				if f.name == "" {
					names = nil
				}
				b.now = b.now.Add(time.Second)
				b.finds(f.d, home.Hard, names...)
			}
			var got []home.Infection
			var n uint64
			for _, i := range b.r.Incidents() {
				got, n = append(got, i.Kind), n+i.Count
			}
			slices.Reverse(got)
			if !slices.Equal(got, c.kinds) || n != uint64(len(c.after)) {
				t.Errorf("cases of %v with %d findings, want %v with %d", got, n, c.kinds, len(c.after))
			}
			opened, contained := 0, 0
			for _, tr := range b.told {
				if tr.To == home.StateOpen && tr.From == home.StateOpen && tr.Mode == home.ModeOff {
					opened++
				}
				if tr.To == home.StateContained && tr.From == home.StateOpen {
					contained++
				}
			}
			if opened != len(c.kinds) || contained != len(c.kinds) {
				t.Errorf("told of %d cases and %d containments, want %d", opened, contained, len(c.kinds))
			}
		})
	}
}

// The policy of the home and of the device: what is done at once, what is asked, what is only told.
func TestPolicy(t *testing.T) {
	const auto, ask, never = home.PermitAuto, home.PermitAsk, home.PermitNever
	for _, c := range []struct {
		name     string
		policy   home.Policy
		strength home.Strength
		mode     home.Mode
		waits    bool
		cut      int
		tidied   int
	}{
		{"hard, by itself", home.Policy{}, home.Hard, home.ModeQuarantine, false, 1, 1},
		{"hard, ask first", home.Policy{Contain: ask}, home.Hard, home.ModeEndpointBlock, true, 1, 1},
		{"hard, never", home.Policy{Contain: never}, home.Hard, home.ModeOff, false, 0, 0},
		{"hard, do not tidy", home.Policy{Tidy: ask}, home.Hard, home.ModeQuarantine, false, 1, 0},
		{"hard, medical", home.Policy{Essential: home.EssentialMedical}, home.Hard, home.ModeEndpointBlock, true, 1, 1},
		{"hard, alarm", home.Policy{Essential: home.EssentialAlarm, Contain: auto}, home.Hard, home.ModeEndpointBlock, true, 1, 1},
		{"hard, internet", home.Policy{Essential: home.EssentialInternet, Contain: never}, home.Hard, home.ModeOff, false, 0, 0},
		{"soft, by itself", home.Policy{}, home.Soft, home.ModeEndpointBlock, false, 1, 0},
		{"soft, ask first", home.Policy{Block: ask}, home.Soft, home.ModeOff, false, 0, 0},
		{"soft, never", home.Policy{Block: never}, home.Soft, home.ModeOff, false, 0, 0},
		{"soft, medical", home.Policy{Essential: home.EssentialMedical}, home.Soft, home.ModeEndpointBlock, false, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := everything()
			p.Decide = func(home.DeviceID) home.Policy { return c.policy }
			b := open(t, p)
			b.finds(home.DetectIndicator, c.strength, "c2.example")
			i := b.of()
			acts := b.r.Deeds()["camera"]
			if i.Mode != c.mode || i.Waits != c.waits || len(acts.Blocked) != c.cut || len(acts.Closed) != c.tidied {
				t.Errorf("mode %s, waits %v, cut %v, closed %v; want %+v", i.Mode, i.Waits, acts.Blocked, acts.Closed, c)
			}
			if len(b.cases) == 0 || b.cases[0].Waits != c.waits {
				t.Errorf("told %+v", b.cases)
			}
		})
	}
}

// What a person answers to a case that waits for them.
func TestAnswersToWhatWaits(t *testing.T) {
	p := everything()
	p.Decide = func(home.DeviceID) home.Policy { return home.Policy{Contain: home.PermitAsk} }
	b := open(t, p)
	b.finds(home.DetectNovelty, home.Soft)
	told := len(b.told)
	b.finds(home.DetectScanWAN, home.Hard)
	if i := b.of(); !i.Waits || len(b.told) != told+1 {
		t.Fatalf("strong evidence for a case that is open: waits %v, told %d times", i.Waits, len(b.told)-told)
	}
	b.finds(home.DetectScanWAN, home.Hard)
	if len(b.told) != told+1 {
		t.Error("asked twice")
	}
	if _, err := b.r.Mode("camera", home.ModeQuarantine, ByOwner, "", b.now); err != nil {
		t.Fatal(err)
	}
	b.is(home.StateContained, home.ModeQuarantine)
	if i := b.of(); i.Waits || len(i.Steps) != len(clean.Steps) {
		t.Errorf("contained: waits %v, steps %v", i.Waits, i.Steps)
	}

	b = open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	if _, err := b.r.Mode("camera", home.ModeOff, ByOwner, "", b.now); err != nil {
		t.Fatal(err)
	}
	if b.of().Waits {
		t.Error("it waits still, though the owner said no")
	}
	b.finds(home.DetectScanWAN, home.Hard)
	if b.of().Waits {
		t.Error("asked again what was answered")
	}
}

// A cause that comes back after it was cleaned is counted on.
func TestRecurrences(t *testing.T) {
	b := open(t, everything())
	for n := range 3 {
		b.finds(home.DetectScanWAN, home.Hard)
		if i := b.of(); i.Relapses != n {
			t.Fatalf("case %d: %d relapses", n, i.Relapses)
		}
		b.must(b.r.Close(b.of().ID, BySupport, "Replaced.", home.OutcomeClean, b.now))
		b.now = b.now.Add(24 * time.Hour)
	}
	b.finds(home.DetectDNSSpoof, home.Hard)
	if i := b.of(); i.Relapses != 0 {
		t.Errorf("another cause: %d relapses", i.Relapses)
	}
	b.must(b.r.Close(b.of().ID, ByOwner, "", home.OutcomeFalseAlarm, b.now))
	b.finds(home.DetectDNSSpoof, home.Hard)
	if i := b.of(); i.Relapses != 0 {
		t.Errorf("after a false alarm: %d relapses", i.Relapses)
	}
	b.must(b.r.Close(b.of().ID, ByOwner, "", home.OutcomeClean, b.now))
	b.now = b.now.Add(recurs + time.Hour)
	b.finds(home.DetectDNSSpoof, home.Hard)
	if i := b.of(); i.Relapses != 0 {
		t.Errorf("a quarter later: %d relapses", i.Relapses)
	}
}

// What is hard is contained also where a person had chosen a milder mode before anybody knew.
func TestHardEvidenceAfterAPersonsChoice(t *testing.T) {
	b := open(t, everything())
	b.r.Mode("camera", home.ModeNoLAN, ByOwner, "", b.now)
	b.is(home.StateContained, home.ModeNoLAN)
	b.finds(home.DetectScanWAN, home.Hard)
	b.is(home.StateContained, home.ModeQuarantine)
	b.r.Mode("camera", home.ModeNoLAN, ByOwner, "I need it.", b.now)
	b.finds(home.DetectScanWAN, home.Hard)
	b.is(home.StateContained, home.ModeNoLAN) // they know
}
