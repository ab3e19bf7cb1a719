package respond

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/say"
)

// letOutForAnHour is a camera that is shut in on hard evidence, and that support lets out for an hour.
func letOutForAnHour(t *testing.T) *book {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.is(home.StateContained, home.ModeQuarantine)
	b.must(b.release(Release{By: BySupport, Until: b.now.Add(time.Hour)}))
	return b
}

// crash ends the responder and begins it anew from what was written.
func (b *book) crash() {
	s := overJSON(b.r.Snapshot())
	b.r = New(b.r.policy, b)
	b.r.Restore(s)
}

func (b *book) latest() home.Transition {
	h := b.of().History
	return h[len(h)-1]
}

func TestOutForAnHour(t *testing.T) {
	for _, crash := range []time.Duration{0, time.Minute, 59 * time.Minute, time.Hour, 90 * time.Minute} {
		b := letOutForAnHour(t)
		from, at := b.now, b.now.Add(time.Hour)
		if i := b.of(); i.State != home.StateProbation || !i.Probation.Again.Equal(at) || !strings.Contains(b.latest().Why, "For 60 minutes only") {
			t.Fatalf("%+v, %+v", i.Probation, b.latest())
		}
		if crash > 0 { // it is off until then, and begins anew
			b.now = from.Add(crash)
			b.crash()
			b.r.Tick(b.now)
		}
		for b.now.Before(at) {
			if b.of().State != home.StateProbation {
				t.Fatalf("%v early", at.Sub(b.now))
			}
			b.on(time.Minute)
		}
		b.is(home.StateContained, home.ModeQuarantine)
		if de, ok := say.In("de", b.latest().Said); b.latest().By != BySupport || !strings.Contains(b.latest().Why, "is over") || !ok || !strings.Contains(de, "ist um") {
			t.Errorf("%+v: %s", b.latest(), de)
		}
		n := len(b.of().History)
		b.on(time.Hour)
		if len(b.of().History) != n {
			t.Error("it was shut in again twice")
		}
	}
}

// Whoever lives there, and what the gateway sees, come before the end of the hour.
func TestTheHourEndsOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(b *book)
		state home.State
		mode  home.Mode
	}{
		"its owner lets it out":  {func(b *book) { b.must(b.release(Release{By: ByOwner})) }, home.StateProbation, home.ModeVendorOnly},
		"at home, with the code": {func(b *book) { b.must(b.release(Release{By: ByPortal, Code: "1234-5678"})) }, home.StateProbation, home.ModeVendorOnly},
		"by its mode": {func(b *book) {
			_, err := b.r.Mode("camera", home.ModeOff, ByOwner, "", b.now)
			b.must(err)
		}, home.StateProbation, home.ModeOff},
		"its being held taken back": {func(b *book) {
			i := b.of()
			for k := len(i.Deeds) - 1; k >= 0; k-- {
				if i.Deeds[k].Kind == home.DeedHold && i.Deeds[k].Undone.IsZero() {
					b.must(b.r.Undo(Undoing{Incident: i.ID, Deed: i.Deeds[k].ID, By: ByOwner}, b.now))
					return
				}
			}
			b.t.Fatal("nothing holds it")
		}, home.StateProbation, home.ModeOff},
		"its owner shuts it in": {func(b *book) { b.r.Quarantine("camera", ByOwner, "", b.now) }, home.StateContained, home.ModeQuarantine},
		"it did it again":       {func(b *book) { b.finds(home.DetectScanWAN, home.Hard) }, home.StateContained, home.ModeQuarantine},
	} {
		t.Run(name, func(t *testing.T) {
			b := letOutForAnHour(t)
			b.on(10 * time.Minute)
			c.do(b)
			b.crash()
			b.on(2 * time.Hour)
			b.is(c.state, c.mode)
			for _, x := range b.of().History {
				if strings.Contains(x.Why, "is over") {
					t.Errorf("%+v", x)
				}
			}
		})
	}
	t.Run("closed", func(t *testing.T) {
		b := letOutForAnHour(t)
		b.must(b.r.Close(b.of().ID, ByOwner, "", home.OutcomeFalseAlarm, b.now))
		b.on(2 * time.Hour)
		if m := b.r.Modes()["camera"]; isolates(m) {
			t.Error(m)
		}
	})
}

// What is shown to be clean meanwhile stays out.
func TestCleanWithinTheTime(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.release(Release{By: BySupport, Until: b.now.Add(10 * 24 * time.Hour)}))
	b.r.Rebooted("camera", b.now)
	stayed := false
	for b.now.Before(t0.Add(11 * 24 * time.Hour)) {
		b.on(time.Hour)
		if b.of().State != home.StateProbation {
			t.Fatalf("%+v", b.latest())
		}
		stayed = stayed || strings.Contains(b.latest().Why, "It stays out. Clean")
	}
	if !stayed || !b.of().Probation.Again.IsZero() {
		t.Errorf("%+v %+v", b.latest(), b.of().Probation)
	}
}

// Who may not let it out for good does not by asking for an hour, and nobody gets a longer one by the clock.
func TestAnHourIsNoWayAround(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	if err := b.release(Release{By: ByPortal, Until: b.now.Add(time.Hour)}); err == nil {
		t.Error("let out without a code")
	}
	b = letOutForAnHour(t)
	if err := b.release(Release{By: ByPortal}); err == nil {
		t.Error("it stays out without a code")
	}
	b.now = b.now.Add(-30 * 24 * time.Hour) // the clock was put right
	b.r.Tick(b.now)
	if i := b.of(); i.Probation.Again.Sub(b.now) > time.Hour {
		t.Errorf("out until %v, at %v", i.Probation.Again, b.now)
	}
	b.on(time.Hour)
	b.is(home.StateContained, home.ModeQuarantine)
}

// What a person shut in showed no symptom whose absence could say that it is clean.
func TestAPersonsWishComesBackAfterTheHour(t *testing.T) {
	b := open(t, everything())
	b.r.Quarantine("camera", ByOwner, "I do not trust it.", b.now)
	b.must(b.release(Release{By: BySupport, Until: b.now.Add(time.Hour)}))
	b.on(61 * time.Minute)
	b.is(home.StateContained, home.ModeQuarantine)
	if b.latest().By != BySupport {
		t.Errorf("%+v", b.latest())
	}
}

// Who may let it out for an hour does so once a day: neither one hour after the other, nor a longer one.
func TestAnHourIsOnceADay(t *testing.T) {
	b := letOutForAnHour(t)
	at := b.of().Probation.Again
	hour := func() error { return b.release(Release{By: BySupport, Until: b.now.Add(time.Hour)}) }
	b.must(b.release(Release{By: BySupport, Until: at})) // the same wish twice
	b.on(30 * time.Minute)
	if err := hour(); !errors.Is(err, ErrOnce) {
		t.Errorf("longer: %v", err)
	}
	b.crash()
	b.on(31 * time.Minute)
	b.is(home.StateContained, home.ModeQuarantine)
	for range 3 {
		b.on(time.Hour)
		b.crash()
		if err := hour(); !errors.Is(err, ErrOnce) {
			t.Fatalf("again: %v", err)
		}
		b.is(home.StateContained, home.ModeQuarantine)
	}
	b.now = b.now.Add(-30 * 24 * time.Hour) // the clock was put right: no month of waiting follows
	if err := hour(); !errors.Is(err, ErrOnce) {
		t.Errorf("the clock: %v", err)
	}
	b.on(25 * time.Hour)
	b.must(hour())
	b.is(home.StateProbation, home.ModeVendorOnly)

	b = letOutForAnHour(t) // whoever may let it out for good does so at any time
	b.on(61 * time.Minute)
	b.must(b.release(Release{By: BySupport}))
	b.is(home.StateProbation, home.ModeVendorOnly)
}
