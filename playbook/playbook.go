// Package playbook holds the cleaning steps for each kind of infection on each kind of device: what the gateway does and checks, and
// what a person is asked for, one step at a time, in each language. The playbooks are data (data/*.yaml, embedded), checked whole
// when they are read. It is pure and imports home and the YAML reader only; a Shelf never changes, so that many may read it at once.
package playbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cardea/home"
)

// Languages that every text is there in, the first being the one to fall back to.
var Languages = []string{"en", "de"}

// Text is one text in each language.
type Text map[string]string

// In is the text in a language, else in the first of Languages.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t[Languages[0]]
}

// By says who does a step.
type By string

// Who does a step.
const (
	ByPerson  By = "person"
	ByGateway By = "gateway"
)

// Check is what the gateway looks at after a step.
type Check string

// Checks.
const (
	CheckSilent      Check = "silent"       // it does not show its symptom any more
	CheckRebooted    Check = "rebooted"     // it asked for its address anew, as it does when it starts
	CheckFirmware    Check = "firmware"     // what it says of its own version changed
	CheckPortClosed  Check = "port-closed"  // the service that it was entered by does not answer any more
	CheckMappingGone Check = "mapping-gone" // the internet is not led to it any more
	CheckDNSRight    Check = "dns-right"    // it asks the home's own resolver
	CheckNone        Check = "none"         // the gateway cannot see it: a person's word counts
)

// Checks are all of them.
var Checks = []Check{CheckSilent, CheckRebooted, CheckFirmware, CheckPortClosed, CheckMappingGone, CheckDNSRight, CheckNone}

// Where says at what a person does a step.
type Where string

// Places.
const (
	WhereDevice Where = "device" // at the device itself
	WhereOther  Where = "other"  // on another device at home: this one has no internet
	WhereAny    Where = ""
)

// Step is one step.
type Step struct {
	ID       string
	By       By
	Where    Where
	Text     Text // one thing to do, in one or two sentences
	Detail   Text // how; nil when there is nothing to add
	Check    Check
	Hold     home.Mode // how the device is held until the step is passed; "" as its case is
	Optional bool      // may be skipped
}

// Rate is how often an infected device shows its symptom at least, which the sequential test rests on.
type Rate struct {
	PerDay float64 // episodes a day on which it is powered on, lower bound
	Reboot bool    // a reboot is part of the test: it could show the symptom after one
	Source string
	Reason string
}

// Playbook is what to do about one kind of infection on some kinds of device.
type Playbook struct {
	ID      string
	Version int
	Kind    home.Infection
	Also    []home.Infection   // kinds that it is for besides
	Classes []home.DeviceClass // empty: all that have no playbook of their own
	Models  []string           // patterns of maker and product, as "QNAP *"; empty: any
	Rate    Rate
	Title   Text
	Intro   Text // what it is, for people
	Expert  Text // the same for people who know networks
	Steps   []Step
	Sources []string // what the steps rest on, where that is public
}

// Ref is the playbook's id with its version, as telnet-camera@1.
func (p *Playbook) Ref() string { return p.ID + "@" + strconv.Itoa(p.Version) }

// Step is the step of that id; nil when there is none.
func (p *Playbook) Step(id string) *Step {
	if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id }); i >= 0 {
		return &p.Steps[i]
	}
	return nil
}

// Fill puts the names into a text: {device} as its owner calls it, {provider}, {phone}. They stay text: whoever shows the result
// must escape it.
func Fill(text, device, provider, phone string) string {
	return strings.NewReplacer("{device}", device, "{provider}", provider, "{phone}", phone).Replace(text)
}

// Advice is general advice that goes with every playbook: what RFC 6561 wants a guide to hold.
type Advice struct {
	ID    string // backup, patch, automatic-updates, find-device, professional-help, law-enforcement, survey …
	Title Text
	Text  Text
	Link  string // "" when there is none
}

// Shelf is all playbooks.
type Shelf struct {
	books  []*Playbook // the newest version of an id first
	advice []Advice
}

// All lists the playbooks, by id, the newest version first.
func (s *Shelf) All() []*Playbook { return slices.Clone(s.books) }

// Advice lists the general advice.
func (s *Shelf) Advice() []Advice { return slices.Clone(s.advice) }

// ByID is the playbook of a reference, as telnet-camera@1. When that version is gone it is the newest of its id, for a step's id
// keeps its meaning through all versions; nil when there is none.
func (s *Shelf) ByID(ref string) *Playbook { return Find(ref, s) }

// Exact is the playbook of a reference in that very version; nil when there is none.
func (s *Shelf) Exact(ref string) *Playbook {
	if i := slices.IndexFunc(s.books, func(p *Playbook) bool { return p.Ref() == ref }); i >= 0 {
		return s.books[i]
	}
	return nil
}

// Find looks for a reference on several shelves: that very version on any of them, else the newest of its id on the first that has one,
// as ByID does.
func Find(ref string, shelves ...*Shelf) *Playbook {
	for _, s := range shelves {
		if p := s.Exact(ref); p != nil {
			return p
		}
	}
	id, _, _ := strings.Cut(ref, "@")
	for _, s := range shelves {
		if i := slices.IndexFunc(s.books, func(p *Playbook) bool { return p.ID == id }); i >= 0 {
			return s.books[i]
		}
	}
	return nil
}

// Old is a shelf of single playbooks, as open cases began with. It answers Exact and Find only.
func Old(books []*Playbook) *Shelf { return &Shelf{books: slices.Clone(books)} }

// For is the playbook that fits best: one for the model, else for the class, else the general one of the kind, else of the unknown
// kind. model is maker and product as far as they are known. Of Default's shelf it is never nil.
func (s *Shelf) For(kind home.Infection, class home.DeviceClass, model string) *Playbook {
	var best *Playbook
	score := 0
	for _, p := range s.books {
		if n := p.fits(kind, class, model); n > score {
			best, score = p, n
		}
	}
	if best == nil && kind != home.InfectionUnknown {
		return s.For(home.InfectionUnknown, class, model)
	}
	return best
}

// fits says how well, 0 not at all. A longer pattern says more of the model.
func (p *Playbook) fits(kind home.Infection, class home.DeviceClass, model string) int {
	n := 2
	if p.Kind != kind {
		if n = 1; !slices.Contains(p.Also, kind) {
			return 0
		}
	}
	if len(p.Classes) > 0 {
		// A model says more than a class, and is known to have one even when nobody said which.
		if !slices.Contains(p.Classes, class) && (class != "" || len(p.Models) == 0) {
			return 0
		}
		n += 2
	}
	if len(p.Models) == 0 {
		return n
	}
	longest := 0
	for _, m := range p.Models {
		if match(m, model) {
			longest = max(longest, len(m))
		}
	}
	if longest == 0 {
		return 0
	}
	return n + 10*longest
}

// Named is what For and KindOf take for a model: maker and product, or the maker alone.
func Named(i home.Identity) string {
	if i.Model != "" {
		return i.Model
	}
	return i.Vendor
}

// match compares a pattern with a name; * stands for any text, and the case of letters counts for nothing.
func match(pattern, name string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	name = strings.ToLower(name)
	if len(parts) == 1 {
		return parts[0] == name
	}
	last := len(parts) - 1
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, p := range parts[1:last] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, parts[last])
}

func (p *Playbook) String() string { return fmt.Sprintf("%s (%s)", p.Ref(), p.Kind) }
