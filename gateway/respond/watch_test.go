package respond

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

// The whole of probation: the maker's services until the test on the symptom is passed, a day by the profile, two weeks of
// watching, closed.
func TestProbation(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	if s := b.r.Sensitivity("camera"); s != 1 {
		t.Errorf("sensitivity %v", s)
	}
	b.must(b.release(Release{By: ByOwner, Acknowledged: true}))
	b.is(home.StateProbation, home.ModeVendorOnly)
	if why := b.told[len(b.told)-1].Why; !strings.Contains(why, "confirmed") {
		t.Errorf("the acknowledgement is not kept: %q", why)
	}
	if s := b.r.Sensitivity("camera"); s != 10 {
		t.Errorf("sensitivity %v", s)
	}
	p := b.of().Probation
	if p == nil || p.Phase != PhaseVendor || p.Share != 0 || p.Need.Round(time.Minute) != 35*time.Hour+57*time.Minute {
		t.Fatalf("%+v", p)
	}
	b.on(40 * time.Hour)
	b.is(home.StateProbation, home.ModeVendorOnly) // long enough, but no reboot
	if p := b.of().Probation; p.Reboot || p.Share != 0.95 {
		t.Errorf("%+v", p)
	}
	if k, _ := b.r.Check(b.of().ID, ByOwner, b.now); k.Clean || !strings.Contains(k.Sentence, "Switch it off and on") {
		t.Errorf("%+v", k)
	}
	b.r.Rebooted("camera", b.now)
	b.on(8 * time.Hour) // ln 2 / 2 days: 8 h 19 min
	b.is(home.StateProbation, home.ModeVendorOnly)
	b.on(time.Hour)
	b.is(home.StateProbation, home.ModeProfileOnly)
	began := b.now
	b.on(23 * time.Hour)
	b.is(home.StateProbation, home.ModeProfileOnly)
	b.on(2 * time.Hour)
	b.is(home.StateProbation, home.ModeOff)
	if p := b.of().Probation; p.Phase != PhaseWatch || p.Share != 1 || p.Until.Sub(began.Add(15*24*time.Hour)).Abs() > 2*time.Hour {
		t.Errorf("%+v, began %s", p, began)
	}
	b.on(13 * 24 * time.Hour)
	b.is(home.StateProbation, home.ModeOff)
	b.on(24 * time.Hour)
	if i := b.r.Incidents()[0]; i.State != home.StateClosed || i.Outcome != home.OutcomeClean {
		t.Errorf("%s %q", i.State, i.Outcome)
	}
	if b.r.Sensitivity("camera") != 1 {
		t.Error("sensitive still")
	}
}

// Never before a powered-on day and a reboot, whatever the playbook's rate.
func TestNeverSooner(t *testing.T) {
	p := everything()
	p.Plan = func(home.DeviceID, home.Infection) *Plan { return &Plan{ID: "often@1", PerDay: 1e6, Reboot: true} }
	b := open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.release(Release{By: ByOwner}))
	b.r.Rebooted("camera", b.now)
	b.on(24*time.Hour - 2*time.Minute)
	b.is(home.StateProbation, home.ModeVendorOnly)
	b.now = b.now.Add(72 * time.Hour) // in a drawer
	b.r.Tick(b.now)
	b.is(home.StateProbation, home.ModeVendorOnly)
	b.on(10 * time.Minute)
	b.is(home.StateProbation, home.ModeProfileOnly)
}

// Each symptom begins the silence anew, and takes the reboot back.
func TestTheSymptomBeginsItAnew(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.r.Rebooted("camera", b.now)
	b.on(30 * time.Hour)
	b.r.Shown(b.of().ID, b.now)
	b.on(36 * time.Hour)
	k, err := b.r.Check(b.of().ID, ByPortal, b.now)
	b.must(err)
	if k.Clean || k.Seen != 1 || !strings.Contains(k.Sentence, "Switch it off and on") {
		t.Errorf("%+v", k)
	}
	for range 2 { // the second one begins nothing anew
		b.r.Rebooted("camera", b.now)
		b.on(5 * time.Hour)
	}
	if k, _ := b.r.Check(b.of().ID, ByPortal, b.now); !k.Clean {
		t.Errorf("%+v", k)
	}
}

// Where no list is known for its maker or model, it is kept from the others only.
func TestProbationWithoutLists(t *testing.T) {
	p := everything()
	p.Knows = nil
	b := open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.release(Release{By: ByOwner}))
	b.is(home.StateProbation, home.ModeNoLAN)
	if b.of().Probation.Phase != PhaseVendor {
		t.Errorf("%+v", b.of().Probation)
	}
}

// A device that relapses: shut in again, each time harder to pass, and in the end treated as something that stays.
func TestRelapses(t *testing.T) {
	b := open(t, everything())
	need, last := time.Duration(0), 0
	for n := range 4 {
		b.finds(home.DetectScanWAN, home.Hard)
		b.is(home.StateContained, home.ModeQuarantine)
		i := b.of()
		if i.Relapses != n || i.Steps[1].State != home.StepNow {
			t.Fatalf("relapse %d: counted %d, steps %+v", n, i.Relapses, i.Steps)
		}
		if want := map[bool]home.Infection{true: home.InfectionPersistent, false: home.InfectionTelnet}[n >= 2]; i.Kind != want {
			t.Errorf("relapse %d: treated as %s", n, i.Kind)
		}
		k, _ := b.r.Check(i.ID, ByPortal, b.now)
		if n > 0 && n < 3 && k.Need <= need || n == 3 && k.Need != need {
			t.Errorf("relapse %d: need %v after %v", n, k.Need, need)
		}
		need = k.Need
		if n == relapsesHelp {
			if err := b.release(Release{By: ByPortal, Code: "12345678"}); !errors.Is(err, ErrNeedsHelp) {
				t.Errorf("after %d relapses: %v", n, err)
			}
		}
		b.must(b.release(Release{By: ByOwner}))
		b.on(time.Hour)
		last = len(b.told)
	}
	if len(b.r.Incidents()) != 1 {
		t.Errorf("%d cases of one cause, told %d times", len(b.r.Incidents()), last)
	}
}

// A relapse of a device that must not be isolated, and of one about which people are asked first, is told and contains nothing.
func TestRelapsesThatAreAsked(t *testing.T) {
	for name, decided := range map[string]home.Policy{
		"alarm": {Essential: home.EssentialAlarm}, "ask": {Contain: home.PermitAsk}, "never": {Contain: home.PermitNever},
	} {
		p := everything()
		p.Decide = func(home.DeviceID) home.Policy { return decided }
		b := open(t, p)
		b.r.Mode("camera", home.ModeQuarantine, ByOwner, "", b.now)
		b.finds(home.DetectScanWAN, home.Hard)
		b.must(b.release(Release{By: ByOwner}))
		mode := b.of().Mode
		b.finds(home.DetectScanWAN, home.Hard)
		b.is(home.StateOpen, mode)
		if i := b.of(); i.Waits != (name != "never") || i.Relapses != 1 {
			t.Errorf("%s: waits %v, %d relapses", name, i.Waits, i.Relapses)
		}
	}
}

// After thirty days without proof: vendor-only, not free. The owner lets it out then, and it stays out.
func TestUnverifiedForAMonth(t *testing.T) {
	day := func(b *book) {
		for range 24 * 4 { // switched on now and then
			b.now = b.now.Add(15 * time.Minute)
			b.r.Tick(b.now)
		}
	}
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	for range 29 {
		day(b)
	}
	b.is(home.StateContained, home.ModeQuarantine)
	day(b)
	day(b)
	b.is(home.StateContained, home.ModeVendorOnly)
	told := len(b.told)
	for range 40 {
		day(b)
	}
	b.is(home.StateContained, home.ModeVendorOnly)
	if len(b.told) != told {
		t.Errorf("told %d times more", len(b.told)-told)
	}
	b.must(b.release(Release{By: ByOwner}))
	b.is(home.StateProbation, home.ModeOff)
	for range 29 {
		day(b)
	}
	b.is(home.StateProbation, home.ModeOff)
	day(b)
	day(b)
	if i := b.r.Incidents()[0]; i.Outcome != home.OutcomeAccepted {
		t.Errorf("%s %s %q", i.State, i.Mode, i.Outcome)
	}

	b = open(t, everything()) // on probation it stays at what it is held to
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.release(Release{By: ByOwner}))
	for range 31 {
		day(b)
	}
	b.is(home.StateProbation, home.ModeVendorOnly)
	if last := b.told[len(b.told)-1]; last.By != ByGateway || !strings.Contains(last.Why, "30 days") {
		t.Errorf("%+v", last)
	}
	b.must(b.release(Release{By: ByOwner}))
	b.is(home.StateProbation, home.ModeOff)

	p := everything()
	p.Knows = nil
	b = open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	for range 31 {
		day(b)
	}
	b.is(home.StateContained, home.ModeQuarantine) // nobody knows its maker's services, and free it is not
}

// A clock that jumps ahead by years lets nobody out, and one that is set back stops nothing for ever.
func TestProbationUnderHostileClocks(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.now = b.now.AddDate(10, 0, 0)
	b.r.Alive("camera", b.now)
	b.r.Tick(b.now)
	b.is(home.StateContained, home.ModeQuarantine)
	b.now = t0
	b.r.Tick(b.now)
	b.on(20 * time.Hour)
	b.r.Rebooted("camera", b.now)
	b.on(20 * time.Hour)
	b.must(b.release(Release{By: ByPortal}))
	b.on(30 * time.Hour)
	b.is(home.StateProbation, home.ModeOff)
	b.now = b.now.AddDate(20, 0, 0)
	b.r.Tick(b.now)
	b.is(home.StateProbation, home.ModeOff)
	b.now = b.now.AddDate(-20, 0, 0)
	b.on(14 * 24 * time.Hour)
	if i := b.r.Incidents()[0]; i.Outcome != home.OutcomeClean {
		t.Errorf("%s %s %q", i.State, i.Mode, i.Outcome)
	}

	b = open(t, everything()) // all of it began in a year that is to come
	b.now = b.now.AddDate(10, 0, 0)
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.release(Release{By: ByOwner}))
	b.now = t0
	b.on(20 * time.Hour)
	b.r.Rebooted("camera", b.now)
	b.on((18 + 24) * time.Hour)
	b.is(home.StateProbation, home.ModeOff)
	b.on(15 * 24 * time.Hour)
	if i := b.r.Incidents()[0]; i.Outcome != home.OutcomeClean {
		t.Errorf("begun in years to come: %s %s %q", i.State, i.Mode, i.Outcome)
	}

	b = open(t, everything())
	b.now = b.now.AddDate(10, 0, 0)
	b.finds(home.DetectHours, home.Soft)
	b.now = t0
	b.r.Tick(b.now)
	b.r.Tick(b.now.Add(openHolds + time.Hour))
	if i := b.r.Incidents()[0]; i.Outcome != home.OutcomeExpired {
		t.Errorf("a case of years to come: %s %q", i.State, i.Outcome)
	}
}

// Who is said to be essential while it is kept apart is let go at once; what a person did stays.
func TestBecomingEssential(t *testing.T) {
	essential := false
	p := everything()
	p.Protected = func(home.DeviceID) bool { return essential }
	for _, asked := range []bool{false, true} {
		essential = false
		b := open(t, p)
		b.finds(home.DetectScanWAN, home.Hard)
		if asked {
			b.r.Mode("camera", home.ModeNoLAN, ByOwner, "", b.now)
		}
		essential = true
		b.r.Tick(b.now.Add(time.Second))
		if asked {
			b.is(home.StateContained, home.ModeNoLAN)
			continue
		}
		b.is(home.StateOpen, home.ModeOff)
		if !b.of().Waits {
			t.Error("nobody is asked")
		}
	}
}

// One device, several causes: it is back when each is shown to be gone.
func TestSeveralCauses(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.now = b.now.Add(time.Minute)
	b.finds(home.DetectDNSSpoof, home.Hard)
	watched := b.r.Watching("camera")
	if len(watched) != 2 || watched[0].Symptom.Detector != home.DetectScanWAN || watched[1].Symptom.Detector != home.DetectDNSSpoof {
		t.Fatalf("%+v", watched)
	}
	b.on(20 * time.Hour)
	b.r.Rebooted("camera", b.now)
	b.on(19 * time.Hour)
	b.r.Shown(watched[1].Incident, b.now)
	if err := b.r.Release(Release{Incident: watched[0].Incident, By: ByPortal}, b.now); !errors.Is(err, ErrNotClean) {
		t.Errorf("one of two is clean: %v", err)
	}
	b.must(b.r.Release(Release{Incident: watched[0].Incident, By: ByOwner}, b.now))
	if m := b.r.Modes()["camera"]; m != home.ModeVendorOnly {
		t.Errorf("let out, and held to %s", m)
	}
	if len(b.r.Watching("lamp")) != 0 {
		t.Error("looks for something on a device without a case")
	}
}
