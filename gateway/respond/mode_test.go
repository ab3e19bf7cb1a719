package respond

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

// The owner's word counts at any time, whatever the case is at.
func TestOwnerOverrideAlways(t *testing.T) {
	for _, state := range []string{"none", "soft", "waits", "contained", "cleaning", "vendor", "profile", "watch", "month"} {
		for _, m := range home.Modes {
			p := everything()
			if state == "waits" {
				p.Decide = func(home.DeviceID) home.Policy { return home.Policy{Contain: home.PermitAsk} }
			}
			b := open(t, p)
			arrive(b, state)
			_, err := b.r.Mode("camera", m, ByOwner, "I said so.", b.now)
			if m == home.ModeOff && (state == "none" || state == "watch") {
				if !errors.Is(err, ErrOut) {
					t.Errorf("%s to %s: %v", state, m, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s to %s: %v", state, m, err)
				continue
			}
			want := m
			if state == "waits" && m == home.ModeOff {
				want = home.ModeOff
			}
			if got := b.r.Modes()["camera"]; got != want && !(want == home.ModeOff && got == "") {
				t.Errorf("%s to %s: %q", state, m, got)
			}
			if last := b.told[len(b.told)-1]; state != "none" && m != home.ModeQuarantine && last.By != ByOwner {
				t.Errorf("%s to %s: by %s: %s", state, m, last.By, last.Why)
			}
			b.on(3 * time.Hour)
			if got := b.r.Modes()["camera"]; m != home.ModeQuarantine && got != want && !(want == home.ModeOff && got == "") {
				t.Errorf("%s to %s: three hours later %q", state, m, got)
			}
		}
	}
}

// arrive brings the camera's case to a state.
func arrive(b *book, state string) {
	if state == "none" {
		return
	}
	if state == "soft" {
		b.finds(home.DetectBeacon, home.Soft, "new.example")
		return
	}
	b.finds(home.DetectScanWAN, home.Hard)
	switch state {
	case "cleaning":
		b.r.Check(b.of().ID, ByPortal, b.now)
	case "vendor":
		b.must(b.release(Release{By: ByOwner}))
	case "profile", "watch":
		b.on(20 * time.Hour)
		b.r.Rebooted("camera", b.now)
		b.on(20 * time.Hour)
		b.must(b.release(Release{By: ByPortal}))
		if state == "watch" {
			b.on(25 * time.Hour)
			b.is(home.StateProbation, home.ModeOff)
		}
	case "month":
		for range 31 {
			b.now = b.now.Add(24 * time.Hour)
			b.r.Tick(b.now)
		}
		b.is(home.StateContained, home.ModeVendorOnly)
	}
}

// Who may not, and what is no mode.
func TestWhoSetsModes(t *testing.T) {
	p := everything()
	p.Protected = func(d home.DeviceID) bool { return d == "pump" }
	b := open(t, p)
	for _, c := range []struct {
		device home.DeviceID
		mode   home.Mode
		by     string
		want   error
	}{
		{"camera", "shut", ByOwner, ErrMode}, {"camera", "", ByOwner, ErrMode},
		{"camera", home.ModeNoLAN, ByPortal, ErrWho}, {"camera", home.ModeNoLAN, ByGateway, ErrWho}, {"camera", home.ModeNoLAN, "", ErrWho},
		{"pump", home.ModeQuarantine, BySupport, ErrEssential}, {"pump", home.ModeNoLAN, BySupport, ErrEssential},
		{"pump", home.ModeEndpointBlock, BySupport, nil}, {"pump", home.ModeNoLAN, ByOwner, nil},
	} {
		if _, err := b.r.Mode(c.device, c.mode, c.by, "", b.now); !errors.Is(err, c.want) {
			t.Errorf("%s %s by %s: %v", c.device, c.mode, c.by, err)
		}
	}
	if m := b.r.Modes()["pump"]; m != home.ModeNoLAN {
		t.Errorf("the owner's own wish: %s", m)
	}
	b.r.Tick(b.now.Add(time.Hour))
	if m := b.r.Modes()["pump"]; m != home.ModeNoLAN {
		t.Errorf("an hour later: %s", m)
	}
}

// A wish of a person about a device that did nothing is a case that ends with the wish.
func TestAWishEnds(t *testing.T) {
	b := open(t, everything())
	b.r.Mode("camera", home.ModeQuarantine, ByOwner, "Bedtime.", b.now)
	b.is(home.StateContained, home.ModeQuarantine)
	for range 40 {
		b.now = b.now.Add(24 * time.Hour)
		b.r.Tick(b.now)
	}
	b.is(home.StateContained, home.ModeQuarantine) // no month counts for it
	b.on(25 * time.Hour)
	if err := b.release(Release{By: ByPortal}); !errors.Is(err, ErrNotClean) {
		t.Errorf("somebody at home who is not the owner: %v", err)
	}
	b.r.Mode("camera", home.ModeOff, ByOwner, "", b.now)
	if i := b.r.Incidents()[0]; i.State != home.StateClosed || i.Outcome != home.OutcomeAccepted {
		t.Errorf("%+v", i)
	}
	b.r.Quarantine("lamp", ByOwner, "", b.now)
	for range 40 {
		b.now = b.now.Add(24 * time.Hour)
		b.r.Tick(b.now)
	}
	if m := b.r.Modes()["lamp"]; m != home.ModeQuarantine {
		t.Errorf("the lamp is in mode %s", m)
	}
	if i, _ := b.r.Of("lamp"); len(i.Steps) != 0 {
		t.Errorf("nothing is known to be wrong with it, and there is a playbook: %+v", i.Steps)
	}
}

// What the owner lets out against the evidence stays out: the gateway asks, and does not do it again by itself.
func TestWhatTheOwnerLetOutStaysOut(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.r.Mode("camera", home.ModeOff, ByOwner, "I need it now.", b.now)
	b.is(home.StateProbation, home.ModeOff)
	b.now = b.now.Add(time.Minute)
	b.finds(home.DetectScanWAN, home.Hard)
	b.is(home.StateOpen, home.ModeOff)
	if i := b.of(); !i.Waits || i.Relapses != 1 || !strings.HasPrefix(b.told[len(b.told)-1].Why, "It did it again") {
		t.Errorf("waits %v, relapses %d, %+v", i.Waits, i.Relapses, b.told[len(b.told)-1])
	}
	told := len(b.told)
	b.finds(home.DetectScanWAN, home.Hard)
	if len(b.told) != told {
		t.Error("asked again")
	}
	b.r.Mode("camera", home.ModeQuarantine, ByOwner, "", b.now)
	b.is(home.StateContained, home.ModeQuarantine)
}

// How a case may be ended, and by whom.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		by   string
		out  home.Outcome
		want error
	}{
		{ByOwner, home.OutcomeFalseAlarm, nil}, {ByOwner, home.OutcomeAccepted, nil}, {ByGateway, home.OutcomeRemoved, nil}, {BySupport, home.OutcomeClean, nil},
		{ByPortal, home.OutcomeFalseAlarm, ErrWho}, {ByOwner, "", ErrOutcome}, {ByOwner, "won", ErrOutcome},
	} {
		b := open(t, everything())
		b.finds(home.DetectScanWAN, home.Hard)
		id := b.of().ID
		if err := b.r.Close(id, c.by, "x", c.out, b.now); !errors.Is(err, c.want) {
			t.Errorf("%s by %s: %v", c.out, c.by, err)
		}
		i := b.r.Incidents()[0]
		if c.want != nil {
			if i.State == home.StateClosed || i.Outcome != "" {
				t.Errorf("%s by %s: %s %q", c.out, c.by, i.State, i.Outcome)
			}
			continue
		}
		if i.Outcome != c.out || i.State != home.StateClosed || len(b.r.Modes()) != 0 {
			t.Errorf("%s by %s: %s %q %v", c.out, c.by, i.State, i.Outcome, b.r.Modes())
		}
		if err := b.r.Close(id, c.by, "x", c.out, b.now); !errors.Is(err, ErrClosed) {
			t.Errorf("twice: %v", err)
		}
	}
}
