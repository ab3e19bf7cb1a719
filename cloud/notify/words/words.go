// Package words says in English and German what there is to tell a person: the title and text of a push, the subject and text
// of an e-mail, a text message. It is pure and imports home only. Names of devices and all that comes of a network are hostile
// text: each becomes one line of visible characters, cut short, and nothing here is markup.
package words

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"cardea/home"
)

// Kind is what a message is about.
type Kind string

// Kinds of message.
const (
	Infected Kind = "infected"
	Again    Kind = "again" // it was let out and did it again
	Odd      Kind = "odd"
	Handled  Kind = "handled" // a case goes its way
	Clean    Kind = "clean"
	Settled  Kind = "settled" // a case ended otherwise
	Stopped  Kind = "stopped"
	New      Kind = "new"
	Port     Kind = "port"
	Report   Kind = "report"
	Test     Kind = "test"
)

// Kinds are all of them.
var Kinds = []Kind{Infected, Again, Odd, Handled, Clean, Settled, Stopped, New, Port, Report, Test}

// Languages are those that everything is said in; the first is for whoever chose none.
var Languages = []string{"en", "de"}

// Device is what a message is about. Name is what the home calls it, Class and Vendor what it is.
type Device struct {
	Name   string `json:"name"`
	Class  string `json:"class"`
	Vendor string `json:"vendor"`
}

// Facts are what a message says, without words. What does not apply is zero.
type Facts struct {
	Kind      Kind           `json:"kind"`
	Devices   []Device       `json:"devices"` // at most MaxDevices
	More      int            `json:"more"`    // further devices
	Detector  home.Detector  `json:"detector"`
	Infection home.Infection `json:"infection"`
	Did       Deed           `json:"did"`
	Contact   string         `json:"contact"` // company, country or name that an odd device contacted
	Domain    string         `json:"domain"`  // of a site that was stopped
	Sites     int            `json:"sites"`   // further sites
	Ports     []uint32       `json:"ports"`
	Held      bool           `json:"held"` // a new device waits for a yes
	Outcome   home.Outcome   `json:"outcome"`
	Silent    time.Duration  `json:"silent"` // for which what is back was seen to behave; 0 is not known
	Left      int            `json:"left"`   // further devices that are not back yet
	Time      time.Time      `json:"time"`
	Code      string         `json:"code"` // by which support finds the case
	Week      *Week          `json:"week"`
}

// MaxDevices are named in one message.
const MaxDevices = 5

// Count is of all devices.
func (f Facts) Count() int { return len(f.Devices) + f.More }

// Deed is what was done about an infected device.
type Deed string

// Deeds.
const (
	Apart   Deed = "apart"   // kept away from the home's other devices
	Partly  Deed = "partly"  // so far as the network allows
	Pending Deed = "pending" // asked for, not in force
	Blocked Deed = "blocked" // what it called is blocked
	Waits   Deed = "waits"   // the home wants to be asked first
	Nothing Deed = "nothing"
	Mixed   Deed = "mixed" // several devices, and not the same of all
)

// Week is what a weekly report says in short.
type Week struct {
	Clear   bool   `json:"clear"`
	Stopped uint64 `json:"stopped"`
	Cases   int    `json:"cases"` // that were open in the week
	Open    int    `json:"open"`  // still
	New     int    `json:"new"`   // devices
	Told    int    `json:"told"`  // days of seven on which the gateway told something
}

// Provider is who speaks. HintEN and HintDE are one sentence of its own.
type Provider struct{ Name, Phone, HintEN, HintDE string }

// Hint is its sentence in a language; "" for none.
func (p Provider) Hint(lang string) string {
	return home.Brand{HintEN: p.HintEN, HintDE: p.HintDE}.Hint(lang)
}

// How a message is said.
type How struct {
	Language string
	Provider Provider
	Zone     time.Duration // the home's offset from UTC
	Noon     bool          // the home's clock goes to twelve, in English
	// Names lets a text name devices as the home does, and sites. It is for what is encrypted from end to end; e-mail and text
	// messages go through others' hands and name only what kind of device it is.
	Names bool
}

// Text is a message in words.
type Text struct {
	Subject string // of an e-mail: without anything personal, for it stands in others' logs
	Title   string
	Body    string
	SMS     string // without anything personal and without a link
}

// Write puts facts into words.
func Write(h How, f Facts) Text {
	s := &speech{How: h, f: f, name: h.Provider.name()}
	if h.Language == "de" {
		return s.german()
	}
	return s.english()
}

type speech struct {
	How
	f    Facts
	name string // the provider's
}

func (s *speech) many() bool { return s.f.Count() > 1 }

// behaved is for how long what is back was seen to behave, in hours or in minutes. A day is what is asked of every device at least,
// and people are told of the day.
func (s *speech) behaved() (hours, minutes int) {
	d := min(s.f.Silent, 24*time.Hour)
	if d >= time.Hour {
		return int(d / time.Hour), 0
	}
	return 0, int(d / time.Minute)
}

// clock is a time of day as it is written in the language, and where that is not one way only, at home.
func (s *speech) clock() string {
	t := s.f.Time.UTC().Add(s.Zone)
	if s.Noon && s.Language != "de" {
		return t.Format("3:04 PM")
	}
	return t.Format("15:04")
}

// Noon says whether people count twelve hours twice where a time zone is, when they speak English: its name is all that is known of where.
func Noon(zone string) bool {
	switch area, _, _ := strings.Cut(zone, "/"); area {
	case "America", "Australia", "US", "Canada":
		return true
	}
	return zone == "Pacific/Honolulu" || zone == "Pacific/Auckland" || zone == "Asia/Kolkata" || zone == "Asia/Manila"
}

// grouped writes a whole number, from five digits on in groups of three.
func grouped(n uint64, group string) string {
	out := strconv.FormatUint(n, 10)
	if n < 10_000 {
		return out
	}
	for at := len(out) - 3; at > 0; at -= 3 {
		out = out[:at] + group + out[at:]
	}
	return out
}

func (p Provider) name() string {
	if n := Line(p.Name, 40); n != "" {
		return n
	}
	return "Cardea"
}

// Line makes one line of at most n characters, visible ones only: no control, no formatting and no private characters, and
// none that turn the direction of a text.
func Line(s string, n int) string {
	var b strings.Builder
	left := n
	for _, word := range strings.Fields(strings.ToValidUTF8(first(s, 8*n+64), " ")) {
		gap := b.Len() > 0
		for _, r := range word {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) {
				continue
			}
			if gap && left > 1 {
				b.WriteByte(' ')
				left--
			}
			gap = false
			if left <= 1 {
				b.WriteString("…")
				return b.String()
			}
			b.WriteRune(r)
			left--
		}
	}
	return b.String()
}

// first cuts a long text before it is looked at rune by rune.
func first(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

const (
	maxName  = 60
	maxMaker = 30
	maxSite  = 80
)

// kind is what a device is, "" when that is not known or nobody's business: that somebody has a medical device is not told in the open.
func (d Device) kind(classes map[home.DeviceClass]string) string {
	c := home.DeviceClass(d.Class)
	if c == home.ClassMedical {
		return ""
	}
	return classes[c]
}

func (d Device) maker() string {
	if home.DeviceClass(d.Class) == home.ClassMedical {
		return ""
	}
	return Line(d.Vendor, maxMaker)
}

// site is the name of a site, as text.
func site(s string) string { return Line(s, maxSite) }
