package words

import (
	"fmt"
	"strings"

	"cardea/home"
)

var classesEN = map[home.DeviceClass]string{
	home.ClassCamera: "camera", home.ClassDoorbell: "doorbell", home.ClassPlug: "smart plug", home.ClassLight: "light", home.ClassSensor: "sensor",
	home.ClassThermostat: "thermostat", home.ClassHub: "hub", home.ClassLock: "lock", home.ClassAlarm: "alarm system", home.ClassScale: "scale",
	home.ClassAppliance: "household appliance", home.ClassSpeaker: "speaker", home.ClassTV: "television", home.ClassConsole: "game console",
	home.ClassPrinter: "printer", home.ClassNAS: "network storage", home.ClassRouter: "router", home.ClassPhone: "phone", home.ClassTablet: "tablet",
	home.ClassComputer: "computer", home.ClassWatch: "watch", home.ClassVehicle: "vehicle", home.ClassGadget: "smart device",
}

// reasonsEN say what a device did, after "it".
var reasonsEN = map[home.Detector]string{
	home.DetectScanWAN: "called many computers on the internet that did not answer", home.DetectScanLAN: "called many addresses in your home that did not answer",
	home.DetectScanPorts: "tried many ports of another device", home.DetectFlood: "sent far more than any use of it needs",
	home.DetectBruteForce: "tried one password after another on other devices", home.DetectARPSpoof: "claimed to be another device of your home",
	home.DetectNDSpoof: "claimed to be another device of your home", home.DetectRogueDHCP: "told other devices to use it as their way to the internet",
	home.DetectRogueRouter: "told other devices to use it as their way to the internet", home.DetectInbound: "was reached from the internet",
	home.DetectIndicator: "contacted an address that is known to be bad", home.DetectDuplicate: "showed up in two places at once",
	home.DetectForgedMAC: "used another device's hardware address", home.DetectIdentity: "does not look like the device that it says it is",
	home.DetectDNSSpoof: "answered other devices' questions for names", home.DetectNovelty: "contacted an address that it never used before",
	home.DetectBeacon: "called one address again and again", home.DetectNames: "asked for many names that do not exist",
	home.DetectVolume: "sent far more than it usually does", home.DetectHours: "was busy at an hour when it never is",
	home.DetectMapping: "had your router let the internet in", home.DetectUsual: "did several unusual things at once",
}

var doEN = map[home.Infection]string{
	home.InfectionTelnet:      "unplug it, wait a minute, plug it in again and give it a new password.",
	home.InfectionPersistent:  "install its updates, then set it back to how it was when new.",
	home.InfectionDNS:         "restart it and check its network settings; the app shows which.",
	home.InfectionLogin:       "give it a new password that you use nowhere else.",
	home.InfectionProgram:     "type no passwords on it until it is clean, and run a virus scan.",
	home.InfectionUnpatchable: "plan to replace it: its maker does not repair it any more.",
}

var didEN = map[Deed][2]string{
	Apart:   {"We've kept it away from your other devices.", "We've kept them away from your other devices."},
	Partly:  {"We've kept it away from your other devices as far as your network lets us.", "We've kept them away from your other devices as far as your network lets us."},
	Pending: {"We are about to keep it away from your other devices; that is not in force yet.", "We are about to keep them away from your other devices; that is not in force yet."},
	Blocked: {"We've blocked what it called.", "We've blocked what they called."},
	Waits:   {"We have cut nothing off yet: you chose to be asked first.", "We have cut nothing off yet: you chose to be asked first."},
	Nothing: {"We have not cut it off.", "We have not cut them off."},
	Mixed:   {"The app shows what we did.", "The app shows what we did about each."},
}

// device names the first one: "your" stands before it.
func (s *speech) deviceEN() string {
	if len(s.f.Devices) == 0 {
		return "device"
	}
	d := s.f.Devices[0]
	if name := Line(d.Name, maxName); s.Names && name != "" {
		return name
	}
	kind, maker := d.kind(classesEN), d.maker()
	switch {
	case kind != "" && maker != "":
		return kind + " by " + maker
	case kind != "":
		return kind
	case maker != "":
		return "device by " + maker
	}
	return ""
}

// whoEN begins a sentence.
func (s *speech) whoEN() string {
	n, d := s.f.Count(), s.deviceEN()
	switch {
	case n > 1 && d == "":
		return fmt.Sprintf("%d of your devices", n)
	case n > 1:
		return "Your " + d + " and " + plural(n-1, "other device", "other devices")
	case d == "":
		return "One of your devices"
	}
	return "Your " + d
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (s *speech) english() Text {
	t := Text{SMS: s.name + ": one device at home needs attention. Open the " + s.name + " app or call the number on your bill."}
	if s.many() {
		t.SMS = fmt.Sprintf("%s: %d devices at home need attention. Open the %s app or call the number on your bill.", s.name, s.f.Count(), s.name)
	}
	who := s.whoEN()
	is, it, has, its := "is", "it", "has", "It is"
	if s.many() {
		is, it, has, its = "are", "they", "have", "They are"
	}
	switch s.f.Kind {
	case Infected, Again:
		t.Subject, t.Title = "one device at home needs attention", who+" needs attention"
		if s.many() {
			t.Subject, t.Title = fmt.Sprintf("%d devices at home need attention", s.f.Count()), who+" need attention"
		}
		t.Body = who + " " + is + " sending traffic that looks like malware" + s.reasonEN(it) + ". "
		if s.f.Kind == Again {
			t.Body = who + " did it again after it was let out" + s.reasonEN(it) + ". "
		}
		t.Body += s.didEN() + " Do this: " + s.doEN()
	case Odd:
		t.Subject, t.Title = "a question about a device at home", "Was this you?"
		t.Body = who + " did something " + it + " " + strings.Replace(has, "has", "hasn't", 1) + " done before: " + s.oddEN(it) + " at " + s.clock() + ". " + s.leftEN() + " Was this you?"
		if s.many() {
			t.Body = who + " did something they haven't done before. " + s.leftEN() + " Was this you?"
		}
	case Handled:
		t.Subject, t.Title = "news of a device at home", who+": the cleaning goes on"
		t.Body = who + " " + is + " being looked after. The app shows how far it is."
	case Clean:
		t.Subject, t.Title = "a device at home is fine again", who+" "+is+" fine again"
		t.Body = who + " " + has + " behaved normally" + s.behavedEN() + ". " + its + " back on your network."
		if s.f.Left > 0 {
			t.Body += " " + plural(s.f.Left, "other device is", "other devices are") + " still being looked after."
		}
	case Settled:
		t.Subject, t.Title = "a case at home is settled", "Settled: "+s.shortEN()
		t.Body = "The case about " + lower(who) + " is settled" + outcomeEN[s.f.Outcome] + "."
	case Stopped:
		t.Subject, t.Title = "we stopped a dangerous site", "We stopped a dangerous site"
		t.Body = "We stopped " + s.objectEN() + " opening " + s.sitesEN() + ". No action needed, unless you already typed a password there."
	case New:
		t.Subject, t.Title, t.Body = "a new device joined", "A new device joined", s.newEN()
		if s.many() {
			t.Subject, t.Title = "new devices joined", "New devices joined"
		}
	case Port:
		t.Subject, t.Title = "a device at home can be reached from the internet", who+" can be reached from the internet"
		t.Body = s.objectAsNameEN() + " can be reached from the internet on " + s.portsEN() + ". If you didn't set this up, close it."
	case Report:
		t.Subject, t.Title, t.Body = "your weekly report", "Your week at home", s.weekEN()
	case Test:
		t.Subject, t.Title = "a test", "A test"
		t.Body = "This is a test, as you asked. Messages from " + s.name + " reach you here."
		t.SMS = s.name + ": this is a test, as you asked. Text messages reach you here."
	}
	t.Subject = s.name + ": " + t.Subject
	return t
}

func (s *speech) behavedEN() string {
	switch h, m := s.behaved(); {
	case h > 0:
		return " for " + plural(h, "hour", "hours")
	case m > 0:
		return " for " + plural(m, "minute", "minutes")
	}
	return ""
}

func lower(s string) string {
	if strings.HasPrefix(s, "Your ") || strings.HasPrefix(s, "One ") {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func (s *speech) reasonEN(it string) string {
	if r := reasonsEN[s.f.Detector]; r != "" {
		return " (" + it + " " + r + ")"
	}
	return ""
}

func (s *speech) didEN() string {
	d, ok := didEN[s.f.Did]
	if !ok {
		d = didEN[Mixed]
	}
	if s.many() {
		return d[1]
	}
	return d[0]
}

func (s *speech) doEN() string {
	if do := doEN[s.f.Infection]; do != "" && !s.many() {
		return do
	}
	return "open the app; it leads you through it step by step."
}

func (s *speech) oddEN(it string) string {
	if c := Line(s.f.Contact, maxSite); s.Names && c != "" {
		return it + " contacted " + c
	}
	if r := reasonsEN[s.f.Detector]; r != "" {
		return it + " " + r
	}
	return it + " contacted an address that it never used before"
}

func (s *speech) leftEN() string {
	if s.f.Did == Blocked {
		return s.didEN()
	}
	return "Nothing is blocked."
}

var outcomeEN = map[home.Outcome]string{
	home.OutcomeFalseAlarm: ": it was a false alarm", home.OutcomeAccepted: ", as you decided", home.OutcomeRemoved: ": the device is gone",
	home.OutcomeExpired: ": nothing more was seen", home.OutcomeClean: ": it is clean",
}

func (s *speech) shortEN() string {
	if d := s.deviceEN(); d != "" {
		return d
	}
	return "a device"
}

// objectEN is "your camera" inside of a sentence; objectAsNameEN begins one, as the home calls it.
func (s *speech) objectEN() string {
	if len(s.f.Devices) > 0 && s.Names {
		if name := Line(s.f.Devices[0].Name, maxName); name != "" && !s.many() {
			return name
		}
	}
	return lower(s.whoEN())
}

func (s *speech) objectAsNameEN() string {
	o := s.objectEN()
	if o == lower(s.whoEN()) {
		return s.whoEN()
	}
	return o
}

func (s *speech) sitesEN() string {
	more := ""
	if s.f.Sites > 0 {
		more = " and " + plural(s.f.Sites, "other", "others")
	}
	if s.Names && s.f.Domain != "" {
		return "a site known for stealing passwords (" + site(s.f.Domain) + more + ")"
	}
	if s.f.Sites > 0 {
		return fmt.Sprintf("%d sites known for stealing passwords", s.f.Sites+1)
	}
	return "a site known for stealing passwords"
}

func (s *speech) newEN() string {
	var each []string
	for _, d := range s.f.Devices {
		kind, maker := d.kind(classesEN), d.maker()
		switch {
		case kind != "" && maker != "":
			each = append(each, "probably "+article(kind)+" by "+maker)
		case kind != "":
			each = append(each, "probably "+article(kind))
		case maker != "":
			each = append(each, "probably something by "+maker)
		default:
			each = append(each, "we don't know yet what it is")
		}
	}
	body := "A new device joined"
	ask, held := "Do you recognise it?", " It has no internet until you say yes."
	if s.many() {
		body, ask, held = fmt.Sprintf("%d new devices joined", s.f.Count()), "Do you recognise them?", " They have no internet until you say yes."
	}
	if len(each) > 0 {
		body += ": " + strings.Join(each, "; ")
	}
	if s.f.More > 0 && len(each) > 0 {
		body += "; and more"
	}
	if !s.f.Held {
		held = ""
	}
	return body + "." + held + " " + ask
}

func article(kind string) string {
	if strings.ContainsRune("aeiou", rune(kind[0])) {
		return "an " + kind
	}
	if kind == "network storage" {
		return kind
	}
	return "a " + kind
}

func (s *speech) portsEN() string {
	if len(s.f.Ports) == 1 {
		return fmt.Sprintf("port %d", s.f.Ports[0])
	}
	return "ports " + numbers(s.f.Ports, " and ")
}

func numbers(list []uint32, and string) string {
	var b strings.Builder
	for i, n := range list {
		switch {
		case i > 0 && i == len(list)-1:
			b.WriteString(and)
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}

func (s *speech) weekEN() string {
	w := s.f.Week
	if w == nil {
		return "Your weekly report is there."
	}
	var b strings.Builder
	if w.Clear {
		b.WriteString("All clear: nothing in your home needed attention this week.")
	} else {
		switch {
		case w.Open > 0:
			b.WriteString(plural(w.Open, "device still needs attention.", "devices still need attention."))
		case w.Cases > 0:
			b.WriteString(plural(w.Cases, "case came up, and it is settled.", "cases came up, and they are settled."))
		default:
			b.WriteString("Nothing needed attention as far as we saw.")
		}
	}
	b.WriteString(" We stopped " + plural64(w.Stopped, "dangerous contact", "dangerous contacts", ",") + ".")
	if w.New > 0 {
		b.WriteString(" " + plural(w.New, "new device", "new devices") + " joined.")
	}
	if w.Told < 7 {
		fmt.Fprintf(&b, " Your gateway told us something on %d of 7 days; of the rest we know nothing.", w.Told)
	}
	return b.String()
}

func plural64(n uint64, one, many, group string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n, group) + " " + many
}
