package exposure

import (
	"fmt"
	"strings"

	"cardea/home"
)

// surely is from which confidence on a statement about a model is made without "seems".
const surely = 0.9

// vendor is who made it: its identity's word, else its own.
func (l *lister) vendor() string {
	if v, _ := makerOf(l.who.Vendor); v != "" {
		return v
	}
	for _, t := range l.d.texts {
		if t.kind == textMaker {
			v, _ := makerOf(t.value)
			return v
		}
	}
	return ""
}

func (l *lister) sure() bool {
	return l.who.Model != "" && (l.who.By == "owner" || l.who.By == "operator" || l.who.Confidence >= surely)
}

// exploited: weaknesses that attackers are known to use. The catalog names products, hardly ever versions that a machine
// could read: only where no version gets repaired it is certain.
func (l *lister) exploited() {
	names := []string{l.who.Model}
	for _, t := range l.d.texts {
		if t.kind == textProduct || t.kind == textSoftware {
			names = append(names, t.value)
		}
	}
	models, some := l.facts.matchFlaws(l.vendor(), l.who.Class, names)
	for i, f := range models {
		if i == maxFlaws {
			break
		}
		l.flaw(f)
	}
	if len(some) > 0 {
		l.someFlaw(some)
	}
}

func (l *lister) flaw(f *flaw) {
	x := home.Exposure{Kind: home.ExposedExploited, Reference: f.cve, Source: SourceKEV, First: f.added, Last: l.now, Certain: f.ended && l.sure(),
		Sentence: "Some versions of this product have a weakness that attackers are known to use.",
		Advice:   "Install its newest software. If there is none, keep it vendor-only, so that it reaches its maker's services and nothing else.",
		Protect:  []home.Protection{home.ProtectVendorOnly, home.ProtectNoLAN}}
	if f.ended {
		x.Sentence = "This product has a weakness that attackers are known to use, and its maker no longer repairs it."
		if !x.Certain {
			x.Sentence = "It seems to be a product with a weakness that attackers are known to use, and that its maker no longer repairs."
		}
		x.Advice = "Replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else."
	}
	x.Evidence = append(x.Evidence, f.told())
	if l.who.Model != "" {
		x.Evidence = append(x.Evidence, "It is taken for this model: "+printable(l.who.Model, maxWord)+".")
	}
	x.Evidence = append(x.Evidence, l.version())
	l.add(x, f.cve)
}

func (f *flaw) told() string {
	s := f.cve + " is in the list of known exploited vulnerabilities"
	if !f.added.IsZero() {
		s += " since " + date(f.added)
	}
	if f.ransom {
		s += ", used for extortion too"
	}
	return s + "."
}

// someFlaw is one statement for all that is known of some products of its maker and class, not of this one.
func (l *lister) someFlaw(some []*flaw) {
	x := home.Exposure{Kind: home.ExposedExploited, Reference: some[0].cve, Source: SourceKEV, First: some[0].added, Last: l.now,
		Sentence: fmt.Sprintf("Some versions of this maker's %s have a weakness that attackers are known to use.", plural(l.who.Class)),
		Advice:   "Install its newest software.",
		Protect:  []home.Protection{home.ProtectNoLAN, home.ProtectVendorOnly}}
	for _, f := range some {
		x.Evidence = append(x.Evidence, f.told())
	}
	x.Evidence = append(x.Evidence[:min(len(x.Evidence), maxEvidence-1)], l.version())
	l.add(x, "some")
}

// version is what it tells of its firmware; "" when it tells nothing.
func (l *lister) version() string {
	for _, kind := range []uint8{textFirmware, textSystem, textSoftware} {
		for _, t := range l.d.texts {
			if t.kind == kind && !old(t.last, l.now, textFor) && strings.ContainsFunc(t.value, isDigit) {
				return fmt.Sprintf("It said that its software is %q.", t.value)
			}
		}
	}
	return ""
}

// ended: a model, or the system that it says it runs, that gets no security updates any more.
func (l *lister) ended() {
	if e := l.facts.matchModel(l.vendor(), l.who.Model); e != nil && e.over(l.now) {
		l.end(e, l.sure(), "It is taken for this model: "+printable(l.who.Model, maxWord)+".")
	}
	for _, t := range l.d.texts {
		if t.kind != textSoftware && t.kind != textSystem && t.kind != textAgent && t.kind != textFirmware || old(t.last, l.now, textFor) {
			continue
		}
		// a text of one kind only: a newer version took the older one's place
		if e, v := l.facts.matchSystem(t.value); e != nil && e.over(l.now) {
			l.end(e, t.kind != textAgent, fmt.Sprintf("It said on %s that it runs %s %s.", date(clock(t.last)), e.people(), v))
		}
	}
}

func (l *lister) end(e *end, certain bool, why string) {
	for i := range l.out {
		if l.out[i].Kind == home.ExposedEndOfLife && l.out[i].Reference == e.product { // told in two ways
			l.out[i].Certain = l.out[i].Certain || certain
			return
		}
	}
	x := home.Exposure{Kind: home.ExposedEndOfLife, Reference: e.product, Source: SourceEOL, First: e.day, Last: l.now, Certain: certain,
		Evidence: []string{why, e.told()},
		Advice:   "Replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else.",
		Protect:  []home.Protection{home.ProtectVendorOnly, home.ProtectNoLAN}}
	subject := "It no longer gets"
	if !certain {
		subject = "It seems that it no longer gets"
	}
	x.Sentence = subject + " security updates."
	if !e.day.IsZero() {
		x.Sentence = fmt.Sprintf("%s security updates since %s.", subject, month(e.day))
	}
	if e.system != "" {
		x.Advice = "Install its newest software. If there is none, replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else."
	}
	if l.who.Class.Personal() {
		x.Advice = "Install its newest software. If there is none, use a newer device for banking and passwords."
		x.Protect = []home.Protection{home.ProtectNoLAN}
	}
	l.add(x, e.product)
}

func (e *end) told() string {
	if e.day.IsZero() {
		return "Security updates for " + e.label + " have ended."
	}
	return "Security updates for " + e.label + " ended on " + date(e.day) + "."
}

// people is the system's name for people.
func (e *end) people() string {
	if p, ok := products[e.product]; ok {
		return p.people
	}
	return e.system
}
