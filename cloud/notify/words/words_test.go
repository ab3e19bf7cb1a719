package words

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
)

var provider = Provider{Name: "Example Net"}

func facts(k Kind, devices ...Device) Facts {
	return Facts{Kind: k, Devices: devices, Detector: home.DetectScanWAN, Infection: home.InfectionTelnet, Did: Apart, Contact: "Example Cloud in Utopia", Domain: "login.bad.example",
		Ports: []uint32{8080}, Time: time.Date(2026, 11, 20, 13, 5, 0, 0, time.UTC), Code: "K7QM", Silent: 60 * time.Hour, Week: &Week{Clear: true, Stopped: 12, Told: 7}}
}

// TestTextsOfTheNetwork are the texts that people were promised.
func TestTextsOfTheNetwork(t *testing.T) {
	camera := Device{Name: "Kitchen", Class: "camera", Vendor: "Acme"}
	for _, c := range []struct {
		kind     Kind
		en, de   string
		enF, deF string // without names
	}{
		{Infected, "Your Kitchen is sending traffic that looks like malware (it called many computers on the internet that did not answer). We've kept it away from your other devices. Do this: unplug it, wait a minute, plug it in again and give it a new password.",
			"Ihr Gerät „Kitchen“ sendet Daten, die nach Schadsoftware aussehen (es hat viele Rechner im Internet angerufen, die nicht antworteten). Wir halten es von Ihren anderen Geräten fern. Das können Sie tun: Ziehen Sie den Stecker,",
			"Your camera by Acme is sending traffic that looks like malware", "Ihr Gerät (Kamera von Acme) sendet Daten"},
		{Odd, "Your Kitchen did something it hasn't done before: it contacted Example Cloud in Utopia at 14:05. Nothing is blocked. Was this you?",
			"Ihr Gerät „Kitchen“ hat etwas getan, das es noch nie getan hat: Es hat Example Cloud in Utopia angerufen (um 14:05 Uhr). Nichts ist gesperrt. Waren Sie das?",
			"Your camera by Acme did something it hasn't done before: it called many computers", "Ihr Gerät (Kamera von Acme) hat etwas getan"},
		{Stopped, "We stopped Kitchen opening a site known for stealing passwords (login.bad.example). No action needed, unless you already typed a password there.",
			"Wir haben Ihr Gerät „Kitchen“ daran gehindert, eine Seite, die dafür bekannt ist, Passwörter zu stehlen (login.bad.example), zu öffnen.",
			"We stopped your camera by Acme opening a site known for stealing passwords. No action", "eine Seite, die dafür bekannt ist, Passwörter zu stehlen, zu öffnen"},
		{New, "A new device joined: probably a camera by Acme. Do you recognise it?", "Ein neues Gerät ist da: wahrscheinlich Kamera von Acme. Kennen Sie es?", "A new device joined: probably a camera by Acme.", "Kamera von Acme"},
		{Port, "Kitchen can be reached from the internet on port 8080. If you didn't set this up, close it.",
			"Ihr Gerät „Kitchen“ ist aus dem Internet erreichbar, über Port 8080. Wenn Sie das nicht eingerichtet haben, schließen Sie es.",
			"Your camera by Acme can be reached", "Ihr Gerät (Kamera von Acme) ist"},
		{Clean, "Your Kitchen has behaved normally for 24 hours. It is back on your network.", "Ihr Gerät „Kitchen“ hat sich 24 Stunden lang normal verhalten. Es ist wieder in Ihrem Netz.",
			"Your camera by Acme has behaved", "Ihr Gerät (Kamera von Acme) hat sich"},
	} {
		for _, names := range []bool{true, false} {
			for lang, want := range map[string]string{"en": c.en, "de": c.de} {
				if !names {
					want = map[string]string{"en": c.enF, "de": c.deF}[lang]
				}
				got := Write(How{Language: lang, Provider: provider, Zone: time.Hour, Names: names}, facts(c.kind, camera))
				if !strings.Contains(got.Body, want) {
					t.Errorf("%s %s names %v:\n%s\nwant\n%s", c.kind, lang, names, got.Body, want)
				}
				if !strings.HasPrefix(got.Subject, "Example Net: ") {
					t.Errorf("subject %q does not say who speaks", got.Subject)
				}
			}
		}
	}
	if got := Write(How{Provider: provider}, facts(Infected, camera)).SMS; got != "Example Net: one device at home needs attention. Open the Example Net app or call the number on your bill." {
		t.Errorf("text message %q", got)
	}
}

// TestNothingPersonalGoesInTheOpen: subjects and text messages name nothing of the home, bodies without names neither.
func TestNothingPersonalGoesInTheOpen(t *testing.T) {
	secret := Device{Name: "Anna's private thing", Class: "medical", Vendor: "Insulin Works"}
	for _, k := range Kinds {
		for _, lang := range Languages {
			for _, devices := range [][]Device{{secret}, {secret, secret}} {
				f := facts(k, devices...)
				f.Sites = len(devices) - 1
				text := Write(How{Language: lang, Provider: provider}, f)
				open := text.Subject + text.SMS + text.Body + text.Title
				for _, bad := range []string{"Anna", "Insulin", "medi", "bad.example", "Utopia", "://"} {
					if strings.Contains(open, bad) {
						t.Errorf("%s %s tells %q: %q", k, lang, bad, text)
					}
				}
				named := Write(How{Language: lang, Provider: provider, Names: true}, f)
				if s := named.Subject + named.SMS; strings.Contains(s, "Anna") || strings.Contains(s, "bad.example") || strings.Contains(s, "://") {
					t.Errorf("%s %s: subject or text message tells too much: %q", k, lang, s)
				}
				if text.Body == "" || text.Title == "" || text.SMS == "" {
					t.Errorf("%s %s: something is not said: %+v", k, lang, text)
				}
			}
		}
	}
}

func TestEveryWordIsInBothLanguages(t *testing.T) {
	same := func(what string, en, de []string) {
		t.Helper()
		if !slices.Equal(slices.Sorted(slices.Values(en)), slices.Sorted(slices.Values(de))) {
			t.Errorf("%s: %v and %v", what, en, de)
		}
	}
	same("classes", strs(maps.Keys(classesEN)), strs(maps.Keys(classesDE)))
	same("reasons", strs(maps.Keys(reasonsEN)), strs(maps.Keys(reasonsDE)))
	same("what to do", strs(maps.Keys(doEN)), strs(maps.Keys(doDE)))
	same("what was done", strs(maps.Keys(didEN)), strs(maps.Keys(didDE)))
	same("outcomes", strs(maps.Keys(outcomeEN)), strs(maps.Keys(outcomeDE)))
}

func strs[T ~string](seq func(func(T) bool)) (out []string) {
	seq(func(k T) bool { out = append(out, string(k)); return true })
	return out
}

func TestSMSFitsOneMessage(t *testing.T) {
	for _, lang := range Languages {
		sms := Write(How{Language: lang, Provider: Provider{Name: "Example Net"}}, facts(Infected, Device{})).SMS
		if n := utf8.RuneCountInString(sms); n > 145 { // a check code of 13 characters follows
			t.Errorf("%s: %d characters: %s", lang, n, sms)
		}
	}
}

func TestWeeks(t *testing.T) {
	for _, c := range []struct {
		week Week
		want string
	}{
		{Week{Clear: true, Told: 7}, "All clear: nothing in your home needed attention this week. We stopped 0 dangerous contacts."},
		{Week{Open: 1, Cases: 1, Stopped: 1, Told: 7}, "1 device still needs attention. We stopped 1 dangerous contact."},
		{Week{Cases: 2, New: 1, Told: 7}, "2 cases came up, and they are settled. We stopped 0 dangerous contacts. 1 new device joined."},
		{Week{Told: 3}, "Nothing needed attention as far as we saw. We stopped 0 dangerous contacts. Your gateway told us something on 3 of 7 days; of the rest we know nothing."},
	} {
		f := Facts{Kind: Report, Week: &c.week}
		if got := Write(How{Provider: provider}, f).Body; got != c.want {
			t.Errorf("%+v: %q", c.week, got)
		}
		if de := Write(How{Language: "de", Provider: provider}, f).Body; strings.HasPrefix(de, "Alles in Ordnung") != c.week.Clear {
			t.Errorf("%+v: %q", c.week, de)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("Cam\r\nBcc: all@example.com\r\n\r\n<b>\u202eera", "camera", "V\x00endor", "x\u2066y.example")
	f.Add(strings.Repeat("é\n", 5000), "nonsense", "", "")
	f.Fuzz(func(t *testing.T, name, class, vendor, contact string) {
		for _, k := range Kinds {
			for _, lang := range Languages {
				in := facts(k, Device{name, class, vendor})
				in.Contact, in.Domain = contact, contact
				text := Write(How{Language: lang, Provider: Provider{Name: name}, Names: true}, in)
				for _, s := range []string{text.Subject, text.Title, text.Body, text.SMS} {
					if !utf8.ValidString(s) || len(s) > 4000 || strings.ContainsFunc(s, func(r rune) bool {
						return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
					}) {
						t.Fatalf("%s %s: %q", k, lang, s)
					}
				}
			}
		}
	})
}

// TestNumbersAndTimesAreThoseOfTheLanguage: a time of day and a large number are written as people write them.
func TestNumbersAndTimesAreThoseOfTheLanguage(t *testing.T) {
	camera := Device{Name: "Kitchen", Class: "camera"}
	for _, c := range []struct{ lang, zone, clock, number string }{
		{"en", "Europe/London", " at 13:05. ", "We stopped 1,234,567 dangerous contacts."},
		{"en", "America/New_York", " at 1:05 PM. ", "We stopped 1,234,567 dangerous contacts."},
		{"de", "America/New_York", " (um 13:05 Uhr). ", "Wir haben 1.234.567 gefährliche Kontakte gestoppt."},
	} {
		how := How{Language: c.lang, Noon: Noon(c.zone), Names: true}
		if got := Write(how, facts(Odd, camera)).Body; !strings.Contains(got, c.clock) {
			t.Errorf("%s in %s: %s", c.lang, c.zone, got)
		}
		f := facts(Report)
		f.Week = &Week{Stopped: 1_234_567, Told: 7}
		if got := Write(how, f).Body; !strings.Contains(got, c.number) {
			t.Errorf("%s in %s: %s", c.lang, c.zone, got)
		}
	}
	if got := grouped(9999, ",") + " " + grouped(10_000, "."); got != "9999 10.000" {
		t.Error(got)
	}
}
