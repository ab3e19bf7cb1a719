package words

import (
	"fmt"
	"strings"

	"cardea/home"
)

var classesDE = map[home.DeviceClass]string{
	home.ClassCamera: "Kamera", home.ClassDoorbell: "Türklingel", home.ClassPlug: "Schaltsteckdose", home.ClassLight: "Lampe", home.ClassSensor: "Sensor",
	home.ClassThermostat: "Thermostat", home.ClassHub: "Zentrale", home.ClassLock: "Türschloss", home.ClassAlarm: "Alarmanlage", home.ClassScale: "Waage",
	home.ClassAppliance: "Haushaltsgerät", home.ClassSpeaker: "Lautsprecher", home.ClassTV: "Fernseher", home.ClassConsole: "Spielkonsole",
	home.ClassPrinter: "Drucker", home.ClassNAS: "Netzwerkspeicher", home.ClassRouter: "Router", home.ClassPhone: "Telefon", home.ClassTablet: "Tablet",
	home.ClassComputer: "Computer", home.ClassWatch: "Uhr", home.ClassVehicle: "Fahrzeug", home.ClassGadget: "smartes Gerät",
}

// reasonsDE say what a device did, after "es hat".
var reasonsDE = map[home.Detector]string{
	home.DetectScanWAN: "viele Rechner im Internet angerufen, die nicht antworteten", home.DetectScanLAN: "viele Adressen in Ihrem Zuhause angerufen, die nicht antworteten",
	home.DetectScanPorts: "viele Ports eines anderen Geräts ausprobiert", home.DetectFlood: "weit mehr gesendet, als irgendein Zweck verlangt",
	home.DetectBruteForce: "an anderen Geräten ein Passwort nach dem anderen probiert", home.DetectARPSpoof: "sich als anderes Gerät Ihres Zuhauses ausgegeben",
	home.DetectNDSpoof: "sich als anderes Gerät Ihres Zuhauses ausgegeben", home.DetectRogueDHCP: "sich anderen Geräten als Weg ins Internet angeboten",
	home.DetectRogueRouter: "sich anderen Geräten als Weg ins Internet angeboten", home.DetectInbound: "Besuch aus dem Internet bekommen",
	home.DetectIndicator: "eine Adresse angerufen, die als gefährlich bekannt ist", home.DetectDuplicate: "sich an zwei Stellen zugleich gezeigt",
	home.DetectForgedMAC: "die Hardware-Adresse eines anderen Geräts benutzt", home.DetectIdentity: "sich anders verhalten, als das Gerät, das es zu sein angibt",
	home.DetectDNSSpoof: "anderen Geräten falsche Antworten auf Namen gegeben", home.DetectNovelty: "eine Adresse angerufen, die es noch nie benutzt hat",
	home.DetectBeacon: "eine Adresse immer wieder angerufen", home.DetectNames: "nach vielen Namen gefragt, die es nicht gibt",
	home.DetectVolume: "weit mehr gesendet als sonst", home.DetectHours: "zu einer Zeit gearbeitet, zu der es das nie tut",
	home.DetectMapping: "Ihren Router das Internet hereinlassen lassen", home.DetectUsual: "mehrere ungewöhnliche Dinge zugleich getan",
}

var doDE = map[home.Infection]string{
	home.InfectionTelnet:      "Ziehen Sie den Stecker, warten Sie eine Minute, stecken Sie ihn wieder ein und vergeben Sie ein neues Passwort.",
	home.InfectionPersistent:  "Installieren Sie die Updates und setzen Sie es dann auf den Zustand bei Lieferung zurück.",
	home.InfectionDNS:         "Starten Sie es neu und prüfen Sie die Netzwerkeinstellungen; die App zeigt, welche.",
	home.InfectionLogin:       "Vergeben Sie ein neues Passwort, das Sie nirgends sonst benutzen.",
	home.InfectionProgram:     "Geben Sie dort kein Passwort ein, bis es sauber ist, und lassen Sie einen Virenscanner laufen.",
	home.InfectionUnpatchable: "Planen Sie, es zu ersetzen: Der Hersteller repariert es nicht mehr.",
}

var didDE = map[Deed][2]string{
	Apart:   {"Wir halten es von Ihren anderen Geräten fern.", "Wir halten sie von Ihren anderen Geräten fern."},
	Partly:  {"Wir halten es von Ihren anderen Geräten fern, soweit Ihr Netz das zulässt.", "Wir halten sie von Ihren anderen Geräten fern, soweit Ihr Netz das zulässt."},
	Pending: {"Wir sind dabei, es von Ihren anderen Geräten fernzuhalten; noch wirkt das nicht.", "Wir sind dabei, sie von Ihren anderen Geräten fernzuhalten; noch wirkt das nicht."},
	Blocked: {"Wir haben gesperrt, was es angerufen hat.", "Wir haben gesperrt, was sie angerufen haben."},
	Waits:   {"Wir haben noch nichts abgetrennt: Sie wollten zuerst gefragt werden.", "Wir haben noch nichts abgetrennt: Sie wollten zuerst gefragt werden."},
	Nothing: {"Wir haben es nicht abgetrennt.", "Wir haben sie nicht abgetrennt."},
	Mixed:   {"Die App zeigt, was wir getan haben.", "Die App zeigt, was wir bei jedem getan haben."},
}

// deviceDE names the first one, after "Gerät".
func (s *speech) deviceDE() string {
	if len(s.f.Devices) == 0 {
		return ""
	}
	d := s.f.Devices[0]
	if name := Line(d.Name, maxName); s.Names && name != "" {
		return "„" + name + "“"
	}
	kind, maker := d.kind(classesDE), d.maker()
	switch {
	case kind != "" && maker != "":
		return "(" + kind + " von " + maker + ")"
	case kind != "":
		return "(" + kind + ")"
	case maker != "":
		return "von " + maker
	}
	return ""
}

// whoDE is the same as subject and as object: that is why it says "Gerät".
func (s *speech) whoDE() string {
	n, d := s.f.Count(), s.deviceDE()
	switch {
	case n > 1 && d == "":
		return fmt.Sprintf("%d Ihrer Geräte", n)
	case n > 1:
		return "Ihr Gerät " + d + " und " + plural(n-1, "weiteres", "weitere")
	case d == "":
		return "Ein Gerät bei Ihnen"
	}
	return "Ihr Gerät " + d
}

func (s *speech) german() Text {
	t := Text{SMS: s.name + ": Ein Gerät bei Ihnen braucht Aufmerksamkeit. Öffnen Sie die App von " + s.name + " oder rufen Sie die Nummer auf Ihrer Rechnung an."}
	if s.many() {
		t.SMS = fmt.Sprintf("%s: %d Geräte bei Ihnen brauchen Aufmerksamkeit. Öffnen Sie die App von %s oder rufen Sie die Nummer auf Ihrer Rechnung an.", s.name, s.f.Count(), s.name)
	}
	who := s.whoDE()
	one := func(one, many string) string {
		if s.many() {
			return many
		}
		return one
	}
	switch s.f.Kind {
	case Infected, Again:
		t.Subject = one("ein Gerät bei Ihnen braucht Aufmerksamkeit", fmt.Sprintf("%d Geräte bei Ihnen brauchen Aufmerksamkeit", s.f.Count()))
		t.Title = who + one(" braucht", " brauchen") + " Aufmerksamkeit"
		t.Body = who + one(" sendet", " senden") + " Daten, die nach Schadsoftware aussehen" + s.reasonDE() + ". "
		if s.f.Kind == Again {
			t.Body = who + one(" hat", " haben") + " es wieder getan, nachdem wir " + one("es", "sie") + " freigelassen hatten" + s.reasonDE() + ". "
		}
		t.Body += s.didDE() + " Das können Sie tun: " + s.doDE()
	case Odd:
		t.Subject, t.Title = "eine Frage zu einem Gerät bei Ihnen", "Waren Sie das?"
		t.Body = who + one(" hat", " haben") + " etwas getan, das " + one("es", "sie") + " noch nie getan " + one("hat", "haben")
		if !s.many() {
			t.Body += ": " + s.oddDE() + " (um " + s.clock() + " Uhr)"
		}
		t.Body += ". " + s.leftDE() + " Waren Sie das?"
	case Handled:
		t.Subject, t.Title = "Neues von einem Gerät bei Ihnen", who+": Die Reinigung geht weiter"
		t.Body = "Wir kümmern uns um " + lowerDE(who) + ". Die App zeigt, wie weit es ist."
	case Clean:
		t.Subject, t.Title = "ein Gerät bei Ihnen ist wieder in Ordnung", who+one(" ist", " sind")+" wieder in Ordnung"
		t.Body = who + one(" hat", " haben") + " sich" + s.behavedDE() + " normal verhalten. " + one("Es ist", "Sie sind") + " wieder in Ihrem Netz."
		if s.f.Left > 0 {
			t.Body += " Um " + plural(s.f.Left, "weiteres Gerät", "weitere Geräte") + " kümmern wir uns noch."
		}
	case Settled:
		t.Subject, t.Title = "ein Fall bei Ihnen ist erledigt", "Erledigt: "+who
		t.Body = "Der Fall ist erledigt" + outcomeDE[s.f.Outcome] + ". Es ging um " + lowerDE(who) + "."
	case Stopped:
		t.Subject, t.Title = "wir haben eine gefährliche Seite gestoppt", "Wir haben eine gefährliche Seite gestoppt"
		t.Body = "Wir haben " + lowerDE(who) + " daran gehindert, " + s.sitesDE() + " zu öffnen. Sie müssen nichts tun, außer Sie haben dort schon ein Passwort eingegeben."
	case New:
		t.Subject = one("ein neues Gerät ist da", "neue Geräte sind da")
		t.Title, t.Body = one("Ein neues Gerät ist da", "Neue Geräte sind da"), s.newDE()
	case Port:
		t.Subject, t.Title = "ein Gerät bei Ihnen ist aus dem Internet erreichbar", who+" ist aus dem Internet erreichbar"
		t.Body = who + one(" ist", " sind") + " aus dem Internet erreichbar, über " + s.portsDE() + ". Wenn Sie das nicht eingerichtet haben, schließen Sie es."
	case Report:
		t.Subject, t.Title, t.Body = "Ihr Wochenbericht", "Ihre Woche zu Hause", s.weekDE()
	case Test:
		t.Subject, t.Title = "ein Test", "Ein Test"
		t.Body = "Das ist ein Test, wie von Ihnen gewünscht. Nachrichten von " + s.name + " erreichen Sie hier."
		t.SMS = s.name + ": Das ist ein Test, wie von Ihnen gewünscht. Kurznachrichten erreichen Sie hier."
	}
	t.Subject = s.name + ": " + t.Subject
	return t
}

func (s *speech) behavedDE() string {
	switch h, m := s.behaved(); {
	case h > 0:
		return " " + plural(h, "Stunde", "Stunden") + " lang"
	case m > 0:
		return " " + plural(m, "Minute", "Minuten") + " lang"
	}
	return ""
}

func lowerDE(s string) string {
	if strings.HasPrefix(s, "Ein ") { // "Ihr" keeps its capital: it is how people are addressed
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func (s *speech) reasonDE() string {
	if r := reasonsDE[s.f.Detector]; r != "" && !s.many() {
		return " (es hat " + r + ")"
	}
	return ""
}

func (s *speech) didDE() string {
	d, ok := didDE[s.f.Did]
	if !ok {
		d = didDE[Mixed]
	}
	if s.many() {
		return d[1]
	}
	return d[0]
}

func (s *speech) doDE() string {
	if do := doDE[s.f.Infection]; do != "" && !s.many() {
		return do
	}
	return "Öffnen Sie die App; sie führt Sie Schritt für Schritt."
}

func (s *speech) oddDE() string {
	if c := Line(s.f.Contact, maxSite); s.Names && c != "" {
		return "Es hat " + c + " angerufen"
	}
	if r := reasonsDE[s.f.Detector]; r != "" {
		return "Es hat " + r
	}
	return "Es hat eine Adresse angerufen, die es noch nie benutzt hat"
}

func (s *speech) leftDE() string {
	if s.f.Did == Blocked {
		return s.didDE()
	}
	return "Nichts ist gesperrt."
}

var outcomeDE = map[home.Outcome]string{
	home.OutcomeFalseAlarm: ": Es war ein Fehlalarm", home.OutcomeAccepted: ", wie Sie entschieden haben", home.OutcomeRemoved: ": Das Gerät ist fort",
	home.OutcomeExpired: ": Es war nichts mehr zu sehen", home.OutcomeClean: ": Das Gerät ist sauber",
}

func (s *speech) sitesDE() string {
	more := ""
	if s.f.Sites > 0 {
		more = " und " + plural(s.f.Sites, "weitere", "weitere")
	}
	if s.Names && s.f.Domain != "" {
		return "eine Seite, die dafür bekannt ist, Passwörter zu stehlen (" + site(s.f.Domain) + more + "),"
	}
	if s.f.Sites > 0 {
		return fmt.Sprintf("%d Seiten, die dafür bekannt sind, Passwörter zu stehlen,", s.f.Sites+1)
	}
	return "eine Seite, die dafür bekannt ist, Passwörter zu stehlen,"
}

func (s *speech) newDE() string {
	var each []string
	for _, d := range s.f.Devices {
		kind, maker := d.kind(classesDE), d.maker()
		switch {
		case kind != "" && maker != "":
			each = append(each, "wahrscheinlich "+kind+" von "+maker)
		case kind != "":
			each = append(each, "wahrscheinlich "+kind)
		case maker != "":
			each = append(each, "wahrscheinlich etwas von "+maker)
		default:
			each = append(each, "was es ist, wissen wir noch nicht")
		}
	}
	body, ask, held := "Ein neues Gerät ist da", "Kennen Sie es?", " Es hat kein Internet, bis Sie ja sagen."
	if s.many() {
		body, ask, held = fmt.Sprintf("%d neue Geräte sind da", s.f.Count()), "Kennen Sie sie?", " Sie haben kein Internet, bis Sie ja sagen."
	}
	if len(each) > 0 {
		body += ": " + strings.Join(each, "; ")
	}
	if s.f.More > 0 && len(each) > 0 {
		body += "; und mehr"
	}
	if !s.f.Held {
		held = ""
	}
	return body + "." + held + " " + ask
}

func (s *speech) portsDE() string {
	if len(s.f.Ports) == 1 {
		return fmt.Sprintf("Port %d", s.f.Ports[0])
	}
	return "die Ports " + numbers(s.f.Ports, " und ")
}

func (s *speech) weekDE() string {
	w := s.f.Week
	if w == nil {
		return "Ihr Wochenbericht ist da."
	}
	var b strings.Builder
	switch {
	case w.Clear:
		b.WriteString("Alles in Ordnung: Nichts in Ihrem Zuhause brauchte diese Woche Aufmerksamkeit.")
	case w.Open > 0:
		b.WriteString(plural(w.Open, "Gerät braucht noch Aufmerksamkeit.", "Geräte brauchen noch Aufmerksamkeit."))
	case w.Cases > 0:
		b.WriteString(plural(w.Cases, "Fall kam auf und ist erledigt.", "Fälle kamen auf und sind erledigt."))
	default:
		b.WriteString("Nichts brauchte Aufmerksamkeit, soweit wir sehen konnten.")
	}
	b.WriteString(" Wir haben " + plural64(w.Stopped, "gefährlichen Kontakt", "gefährliche Kontakte", ".") + " gestoppt.")
	if w.New > 0 {
		b.WriteString(" " + plural(w.New, "neues Gerät kam", "neue Geräte kamen") + " dazu.")
	}
	if w.Told < 7 {
		fmt.Fprintf(&b, " Ihr Gateway hat uns an %d von 7 Tagen etwas gemeldet; vom Rest wissen wir nichts.", w.Told)
	}
	return b.String()
}
