package respond

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// sees finds out what is asked for: would says what a mode does. It returns what is tried live.
func (b *book) sees(would map[home.Mode]Would) (tried []home.Mode) {
	for _, s := range b.r.Shadows() {
		var found []Would
		for _, m := range s.Ask {
			if w, ok := would[m]; ok {
				w.Mode = m
				found = append(found, w)
			}
		}
		if len(found) > 0 {
			b.r.Foreseen(s.Incident, found)
		}
		if s.Try != "" {
			tried = append(tried, s.Try)
		}
	}
	return tried
}

func (b *book) last() home.Transition { return b.told[len(b.told)-1] }

// A list that becomes known while a device is on probation without one: before the thirty days hold it to that list, it runs in shadow for a
// day, its people are told, and what would break its work gives way to what takes less away.
func TestAStricterListRunsInShadowFirst(t *testing.T) {
	fine, bad := Would{Uses: 4, Lost: 1, Names: []string{"video.example"}}, Would{Uses: 4, Lost: 3, Names: []string{"a.example", "b.example", "c.example", "d.example"}}
	for name, c := range map[string]struct {
		would map[home.Mode]Would
		want  home.Mode
		says  string
		late  bool // nothing was found out: an hour is waited for it
	}{
		"it leaves its work": {map[home.Mode]Would{home.ModeVendorOnly: fine}, home.ModeVendorOnly, "That keeps it from 1 of the 4 services that it uses regularly (video.example).", false},
		"its model's list does": {map[home.Mode]Would{home.ModeVendorOnly: bad, home.ModeProfileOnly: fine}, home.ModeProfileOnly,
			"would keep it from 3 of the 4 services that it uses regularly (a.example, b.example, c.example), so we chose what takes less away.", false},
		"none does":      {map[home.Mode]Would{home.ModeVendorOnly: bad, home.ModeProfileOnly: bad}, home.ModeNoLAN, "so we chose what takes less away", false},
		"little is seen": {map[home.Mode]Would{home.ModeVendorOnly: {}}, home.ModeVendorOnly, "Too little is known of its work", false},
		"never seen":     {nil, home.ModeVendorOnly, "Too little is known of its work", true},
	} {
		t.Run(name, func(t *testing.T) {
			listed := false
			p := everything()
			p.Knows = func(home.DeviceID, home.Mode) bool { return listed }
			b := open(t, p)
			b.finds(home.DetectScanWAN, home.Hard)
			b.must(b.release(Release{By: ByOwner}))
			b.is(home.StateProbation, home.ModeNoLAN)
			listed = true
			var tried []home.Mode
			for b.now.Sub(t0) < 29*24*time.Hour-time.Hour { // it is off: nothing is proven of it
				b.now = b.now.Add(30 * time.Minute)
				b.r.Tick(b.now)
				tried = append(tried, b.sees(c.would)...)
			}
			told := len(b.told)
			if slices.Contains(tried, home.ModeVendorOnly) {
				t.Fatal("it is tried for weeks")
			}
			tick := func(until time.Duration) {
				for b.now.Sub(t0) < until {
					b.now = b.now.Add(5 * time.Minute)
					b.r.Tick(b.now)
					tried = b.sees(c.would)
				}
			}
			tick(29*24*time.Hour + 10*time.Minute)
			if len(b.told) != told+1 || !strings.Contains(b.last().Why, "In 24 hours it is to reach only its maker's services") || !slices.Equal(tried, []home.Mode{home.ModeVendorOnly}) {
				t.Fatalf("told %+v, tried %v", b.told[told:], tried)
			}
			b.is(home.StateProbation, home.ModeNoLAN)
			tick(30*24*time.Hour - 10*time.Minute)
			b.is(home.StateProbation, home.ModeNoLAN)
			b.r = again(b)
			tick(30*24*time.Hour + 20*time.Minute)
			if c.late {
				b.is(home.StateProbation, home.ModeNoLAN)
				tick(30*24*time.Hour + 80*time.Minute)
			}
			b.is(home.StateProbation, c.want)
			month := slices.IndexFunc(b.told, func(t home.Transition) bool { return strings.HasPrefix(t.Why, "For 30 days") })
			if month < 0 || !strings.Contains(b.told[month].Why, c.says) {
				t.Errorf("%+v", b.told[told:])
			}
			if tried = b.sees(c.would); slices.Contains(tried, home.ModeVendorOnly) {
				t.Error("it is tried still")
			}
		})
	}
}

// again stops the responder and begins it anew from what is kept.
func again(b *book) *Responder {
	kept, p := overJSON(b.r.Snapshot()), b.r.policy
	r := New(p, b)
	r.Restore(kept)
	return r
}

// The day by its model's profile runs in shadow while the device is held more loosely; out of a stricter mode it begins at once.
func TestTheProfileRunsInShadowFirst(t *testing.T) {
	for _, bad := range []bool{false, true} {
		p := everything()
		p.Knows = func(_ home.DeviceID, m home.Mode) bool { return m == home.ModeProfileOnly }
		p.Plan = func(home.DeviceID, home.Infection) *Plan { return &Plan{ID: "quick@1", PerDay: 3} }
		b := open(t, p)
		b.finds(home.DetectScanWAN, home.Hard)
		b.on(20 * time.Hour) // in quarantine, and silent
		b.must(b.release(Release{By: ByOwner}))
		b.is(home.StateProbation, home.ModeNoLAN)
		lost := map[bool]int{false: 0, true: 2}[bad]
		would := map[home.Mode]Would{home.ModeProfileOnly: {Uses: 2, Lost: lost}}
		for range 20 {
			b.on(time.Hour)
			b.sees(would)
		}
		if b.of().Probation.Phase != PhaseVendor { // it counts as clean, and its list was not tried for long enough
			t.Fatalf("%+v", b.of().Probation)
		}
		b.is(home.StateProbation, home.ModeNoLAN)
		for range 6 {
			b.on(time.Hour)
			b.sees(would)
		}
		if bad {
			b.is(home.StateProbation, home.ModeNoLAN)
		} else {
			b.is(home.StateProbation, home.ModeProfileOnly)
		}
		if b.of().Probation.Phase != PhaseProfile {
			t.Errorf("%+v", b.of().Probation)
		}
	}
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.on(20 * time.Hour)
	b.r.Rebooted("camera", b.now)
	b.on(17 * time.Hour)
	b.must(b.release(Release{By: ByPortal}))
	b.is(home.StateProbation, home.ModeProfileOnly)
}

// What is to follow is looked at while a device is shut in. It comes out even where it cannot do all of its work yet, and is told so; whose names
// those are is not written into what people did.
func TestWhatFollowsQuarantineIsTold(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	if tried := b.sees(map[home.Mode]Would{home.ModeVendorOnly: {Uses: 3, Lost: 3, Names: []string{"far.example"}}, home.ModeProfileOnly: {Uses: 3}, home.ModeUpdateOnly: {Uses: 3, Lost: 3}}); !slices.Equal(tried, []home.Mode{home.ModeVendorOnly}) {
		t.Errorf("tried %v", tried)
	}
	for _, s := range b.r.Shadows() {
		if len(s.Ask) != 0 {
			t.Errorf("asked again for %v", s.Ask)
		}
	}
	b.must(b.release(Release{By: ByOwner}))
	b.is(home.StateProbation, home.ModeVendorOnly) // strong evidence, and it is more than nothing
	if why := b.last().Why; !strings.Contains(why, "keeps it from 3 of the 3 services") || strings.Contains(why, "far.example") {
		t.Errorf("%q", why)
	}
	b.r.Erase("camera")
	for _, w := range b.r.Snapshot().Cases[0].Would {
		if len(w.Names) != 0 {
			t.Errorf("after it was erased: %+v", w)
		}
	}
}

// Weak evidence narrows to what leaves the device its work, and skips what is known not to.
func TestNarrowingSkipsWhatWouldBreakToo(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectHours, home.Soft)
	c := b.r.primary("camera")
	b.r.contain(c, b.now, home.ModeVendorOnly, ByGateway, theirs("x")) // as an older version did
	b.sees(map[home.Mode]Would{home.ModeProfileOnly: {Uses: 2, Lost: 1}})
	b.r.Harmed("camera", home.Harm{Sentence: "It is broken."}, b.now.Add(time.Minute))
	b.is(home.StateContained, home.ModeNoLAN)
}

// In place of a list that would break its work comes none of which nothing is known: it may have come a moment ago.
func TestInsteadOfAListComesNoneThatWasNotLookedAt(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectHours, home.Soft)
	c := b.r.primary("camera")
	for _, would := range []struct {
		known []Would
		want  home.Mode
	}{
		{nil, home.ModeVendorOnly},
		{[]Would{{Mode: home.ModeVendorOnly, Uses: 2, Lost: 2}}, home.ModeNoLAN},
		{[]Would{{Mode: home.ModeVendorOnly, Uses: 2, Lost: 2}, {Mode: home.ModeProfileOnly, Uses: 2}}, home.ModeProfileOnly},
	} {
		c.Would = would.known
		if got := b.r.choose(c, home.ModeVendorOnly); got != would.want {
			t.Errorf("%+v: %s, want %s", would.known, got, would.want)
		}
	}
}

// Whatever is found out, and whenever: no list that takes more away is in force before its time in shadow, and none that is known to break the
// device's work; an unproven device is not free after its month.
func TestNoListComesWithoutItsShadow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := map[home.Mode]bool{}
		p := everything()
		p.Knows = func(_ home.DeviceID, m home.Mode) bool { return known[m] }
		b := &book{now: t0}
		b.r = New(p, b)
		b.finds(home.DetectScanWAN, home.Hard)
		if err := b.r.Release(Release{Incident: b.r.Incidents()[0].ID, By: ByOwner}, b.now); err != nil {
			t.Fatal(err)
		}
		var since time.Time // a stricter mode is tried without a break
		trying := home.Mode("")
		before := b.r.Modes()["camera"]
		breaks := map[home.Mode]bool{}
		for range 24 * 45 {
			b.now = b.now.Add(time.Hour)
			if rapid.IntRange(0, 99).Draw(t, "change") == 0 {
				m := rapid.SampledFrom(lists).Draw(t, "list")
				known[m] = !known[m]
			}
			b.r.Tick(b.now)
			mode := b.r.Modes()["camera"]
			if mode.Listing() && mode.Rank() > before.Rank() && (trying == "" || b.now.Sub(since) < 24*time.Hour || breaks[mode]) {
				t.Fatalf("%s after %s: %s tried since %s, breaks %v", mode, before, trying, since, breaks)
			}
			before = mode
			now := home.Mode("")
			for _, s := range b.r.Shadows() {
				now = s.Try
				var found []Would
				for _, m := range s.Ask {
					w := Would{Mode: m, Uses: 2, Lost: rapid.IntRange(0, 2).Draw(t, "lost")}
					breaks[m] = w.Breaks()
					found = append(found, w)
				}
				b.r.Foreseen(s.Incident, found)
			}
			if now != trying {
				trying, since = now, b.now
			}
		}
		if m := b.r.Modes()["camera"]; !isolates(m) {
			t.Fatalf("free after a month: %s", m)
		}
	})
}
