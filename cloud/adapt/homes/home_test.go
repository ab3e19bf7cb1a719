package homes

import (
	"errors"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/household"
	"cardea/cloud/incident"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// TestCaseIsToldInTheAppAsInMessages: who opens the app reads the words that a message about the case has, in their language.
func TestCaseIsToldInTheAppAsInMessages(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	a := &base.Adapter{Rooms: r, Now: time.Now}
	opened := time.Date(2026, 11, 22, 18, 5, 0, 0, time.UTC).UnixMilli()
	shut := &pb.Incident{State: "contained", Mode: "quarantine", Grade: "port", Kind: "telnet-botnet", Opened: opened, Symptom: &pb.Symptom{Detector: "scan-wan"}}
	odd := &pb.Incident{State: "open", Mode: "off", Opened: opened, Symptom: &pb.Symptom{Detector: "novelty", Names: []string{"Example Corp, Peru"}}}
	watched := &pb.Incident{State: "probation", Mode: "off", Kind: "telnet-botnet", Opened: opened, Symptom: shut.GetSymptom(),
		Probation: &pb.Probation{Phase: "watch", Share: 1, SilentMs: (60 * time.Hour).Milliseconds()}}
	for _, one := range []struct {
		name, lang, want string
		of               *pb.Incident
	}{
		{"infected", "en", "Your hall camera is sending traffic that looks like malware (it called many computers on the internet that did not answer). " +
			"We've kept it away from your other devices. Do this: unplug it, wait a minute, plug it in again and give it a new password.", shut},
		{"infected, in German", "de", "Ihr Gerät „hall camera“ sendet Daten, die nach Schadsoftware aussehen (es hat viele Rechner im Internet angerufen, die nicht antworteten). " +
			"Wir halten es von Ihren anderen Geräten fern. Das können Sie tun: Ziehen Sie den Stecker, warten Sie eine Minute, stecken Sie ihn wieder ein und vergeben Sie ein neues Passwort.", shut},
		{"odd", "en", "Your hall camera did something it hasn't done before: it contacted Example Corp, Peru at 18:05. Nothing is blocked. Was this you?", odd},
		{"goes its way", "en", "", &pb.Incident{State: "cleaning", Mode: "quarantine", Grade: "port", Opened: opened, Symptom: shut.GetSymptom()}},
		{"back", "en", "Your hall camera has behaved normally for 24 hours. It is back on your network.", watched},
		{"back, in German", "de", "Ihr Gerät „hall camera“ hat sich 24 Stunden lang normal verhalten. Es ist wieder in Ihrem Netz.", watched},
		{"held by its maker's list", "en", "", &pb.Incident{State: "probation", Mode: "vendor-only", Grade: "port", Opened: opened, Symptom: shut.GetSymptom(),
			Probation: &pb.Probation{Phase: "vendor", Share: 0.5}}},
		{"let out by its owner, and not known to be clean", "en", "", &pb.Incident{State: "probation", Mode: "off", Opened: opened, Symptom: shut.GetSymptom(),
			Probation: &pb.Probation{Phase: "watch", Share: 0.5}}},
		{"over", "en", "", &pb.Incident{State: "closed", Outcome: "clean", Opened: opened, Symptom: shut.GetSymptom()}},
	} {
		got, err := alert(ctx, a, h.Place(), incident.Case{Incident: one.of}, "hall camera", one.lang)
		if err != nil || got != one.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", one.name, err, got, one.want)
		}
	}
}

// TestTodayIsTheHomesDay: what was stopped today is counted from midnight at home, on a day on which the clock changes, too.
func TestTodayIsTheHomesDay(t *testing.T) {
	summer := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	zone := home.Zone{Name: "Europe/Berlin", Offsets: []home.Offset{{Seconds: 3600}, {From: summer, Seconds: 7200}}}
	tokyo := home.Zone{Name: "Asia/Tokyo", Offsets: []home.Offset{{Seconds: 9 * 3600}}}
	york := home.Zone{Name: "America/New_York", Offsets: []home.Offset{{Seconds: -5 * 3600}}}
	for _, one := range []struct {
		zone      home.Zone
		now, want string
	}{
		{home.Zone{}, "2026-03-28T15:00:00Z", "2026-03-28T00:00:00Z"},
		{zone, "2026-03-28T23:30:00Z", "2026-03-28T23:00:00Z"},
		{zone, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"},
		{zone, "2026-03-29T22:30:00Z", "2026-03-29T22:00:00Z"},
		{tokyo, "2026-03-28T15:00:00Z", "2026-03-28T15:00:00Z"},
		{tokyo, "2026-03-28T14:59:00Z", "2026-03-27T15:00:00Z"},
		{york, "2026-03-28T02:00:00Z", "2026-03-27T05:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, one.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := midnight(one.zone, now).Format(time.RFC3339); got != one.want {
			t.Errorf("%s at %s: %s, want %s", one.zone.Name, one.now, got, one.want)
		}
	}
}

// TestStoppedTodayIsOfTheHomesDay: of what was stopped twenty hours ago, a home counts as today's what was so by its own clock.
func TestStoppedTodayIsOfTheHomesDay(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	p := h.Place()
	p.Gateway = "0197a000-0000-7000-8000-00000000000b"
	now := time.Now().UTC().Truncate(24 * time.Hour).Add(5 * time.Hour) // 5:00 UTC, 14:00 in Tokyo
	at := now.Add(-10 * time.Hour).UnixMilli()                          // the evening before in UTC, 4:00 today in Tokyo
	stop := &pb.Item{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: []*pb.Stop{{Device: "d1", Endpoint: "bad.example", Class: "malware", Source: "feed", Count: 3, First: at, Last: at, Reason: "x"}}}}}
	if err := r.DB.Tx(ctx, func(tx *db.Tx) error {
		var errs []error
		for _, begin := range r.Handlers(func(home.Place, uint64) {}).Begin {
			b := begin(tx)
			errs = append(errs, b.Take(p, now, stop), b.Flush())
		}
		return errors.Join(errs...)
	}); err != nil {
		t.Fatal(err)
	}
	a := Homes{&base.Adapter{Rooms: r, Now: func() time.Time { return now }}}
	count := func() uint64 {
		t.Helper()
		v, err := a.Home(ctx, h.Place(), "en")
		if err != nil {
			t.Fatal(err)
		}
		return v.StoppedToday
	}
	if n := count(); n != 0 {
		t.Errorf("in UTC %d were stopped today, and it was yesterday", n)
	}
	if _, err := r.Household.Edit(ctx, h.Place(), household.By{ID: "anna"}, func(k *household.Kept) error {
		k.Zone.Name = "Asia/Tokyo"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 3 {
		t.Errorf("in Tokyo %d were stopped today, want 3", n)
	}
}
