package respond

import (
	"errors"
	"strings"
	"testing"

	"cardea/home"
)

// tooOften lets the camera out early as often as that is easy, and has it relapse.
func tooOften(t *testing.T) *book {
	b := shutIn(t)
	for range easyReleases {
		b.must(b.release(Release{By: ByPortal, Code: "12345678"}))
		b.finds(home.DetectScanWAN, home.Hard)
	}
	b.is(home.StateContained, home.ModeQuarantine)
	return b
}

// Help is asked for first; but whose home it is has the last word also where nobody can be called: with a code, and once they were warned.
// The device itself has not.
func TestTheLastWordIsThePersons(t *testing.T) {
	for name, c := range map[string]struct {
		wish Release
		want error
	}{
		"nothing":                  {Release{}, ErrNeedsHelp},
		"a code":                   {Release{Code: "12345678"}, ErrNeedsHelp},
		"warned, and no code":      {Release{Acknowledged: true}, ErrNotClean},
		"warned, and a wrong code": {Release{Code: "1", Acknowledged: true}, ErrCode},
		"itself, warned, no code":  {Release{Self: true, Acknowledged: true}, ErrCode},
		"warned, with a code":      {Release{Code: "12345678", Acknowledged: true}, nil},
		"itself, with a code":      {Release{Self: true, Code: "12345678", Acknowledged: true}, nil},
	} {
		b := tooOften(t)
		c.wish.By = ByPortal
		if err := b.release(c.wish); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		i := b.of()
		if c.want != nil {
			b.is(home.StateContained, home.ModeQuarantine)
			continue
		}
		b.is(home.StateProbation, home.ModeVendorOnly)
		if why := i.History[len(i.History)-1].Why; i.Releases != easyReleases+1 || !strings.Contains(why, "With the code on the gateway's label.") || !strings.Contains(why, "was told that it may still be infected") {
			t.Errorf("%s: kept of it: %d releases, %q", name, i.Releases, why)
		}
	}
}

// A case is dismissed at the gateway's page with a code only, and what is held, or surely bad, only by who was warned.
func TestDismissedAtThePage(t *testing.T) {
	for name, c := range map[string]struct {
		soft bool
		wish Dismissal
		want error
	}{
		"nothing":             {false, Dismissal{}, ErrWarned},
		"a code, not warned":  {false, Dismissal{Code: "12345678"}, ErrWarned},
		"warned, no code":     {false, Dismissal{Acknowledged: true}, ErrCode},
		"itself, no code":     {false, Dismissal{Acknowledged: true, Self: true}, ErrCode},
		"soft, no code":       {true, Dismissal{}, ErrCode},
		"soft, a wrong one":   {true, Dismissal{Code: "0", Self: true}, ErrCode},
		"soft, with a code":   {true, Dismissal{Code: "12345678"}, nil},
		"warned, with a code": {false, Dismissal{Code: "1234 5678", Acknowledged: true}, nil},
		"itself, with a code": {false, Dismissal{Code: "12345678", Acknowledged: true, Self: true}, nil},
	} {
		for _, outcome := range []home.Outcome{home.OutcomeAccepted, home.OutcomeFalseAlarm, home.OutcomeClean, ""} {
			b := shutIn(t)
			if c.soft {
				b = open(t, everything())
				b.finds(home.DetectBeacon, home.Soft, "new.example")
			}
			w, want := c.wish, c.want
			if w.Incident, w.Outcome = b.of().ID, outcome; outcome == "" || outcome == home.OutcomeClean {
				want = ErrOutcome
			}
			if err := b.r.Dismiss(w, b.now); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", name, outcome, err, want)
			}
			i := b.r.Incidents()[0]
			if closed := i.State == home.StateClosed; closed != (want == nil) {
				t.Errorf("%s, %s: %s", name, outcome, i.State)
			}
			if want != nil {
				continue
			}
			last := b.told[len(b.told)-1]
			if i.Outcome != outcome || i.Mode != home.ModeOff || last.By != ByPortal || len(b.r.Deeds()) > 0 {
				t.Errorf("%s: %+v", name, i)
			}
			if !strings.Contains(last.Why, "With the code on") || strings.Contains(last.Why, "may still be infected") != w.Acknowledged {
				t.Errorf("%s: kept of it: %q", name, last.Why)
			}
		}
	}
	b := shutIn(t)
	if err := b.r.Close(b.of().ID, ByPortal, "", home.OutcomeAccepted, b.now); !errors.Is(err, ErrWho) {
		t.Errorf("without asking for a code: %v", err)
	}
	if err := b.r.Dismiss(Dismissal{Incident: "none", Code: "12345678", Outcome: home.OutcomeAccepted}, b.now); !errors.Is(err, ErrUnknown) {
		t.Errorf("of no case: %v", err)
	}
}

// After thirty days without proof a device stays at its maker's; a person's word at the page ends that, as it does in the app.
func TestAMonthEndsByAWordAtThePage(t *testing.T) {
	for name, free := range map[string]func(*book) error{
		"release": func(b *book) error { return b.release(Release{By: ByPortal, Code: "12345678", Acknowledged: true}) },
		"undo": func(b *book) error {
			i := b.of()
			return b.r.Undo(Undoing{Incident: i.ID, Deed: i.Deeds[len(i.Deeds)-1].ID, By: ByPortal, Code: "12345678"}, b.now)
		},
	} {
		b := shutIn(t)
		b.must(b.release(Release{By: ByOwner}))
		for range 31 * 24 {
			b.now = b.now.Add(3600e9)
			b.r.Tick(b.now)
		}
		b.is(home.StateProbation, home.ModeVendorOnly)
		if name == "undo" {
			i := b.of()
			if err := b.r.Undo(Undoing{Incident: i.ID, Deed: i.Deeds[len(i.Deeds)-1].ID, By: ByPortal}, b.now); !errors.Is(err, ErrCode) {
				t.Errorf("undone without a code: %v", err)
			}
		}
		b.must(free(b))
		b.is(home.StateProbation, home.ModeOff)
	}
}
