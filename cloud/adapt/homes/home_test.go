package homes

import (
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/incident"
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
