package exposure

import (
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
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
		Said:    say.New("Some versions of this product have a weakness that attackers are known to use."),
		Advised: say.New("Install its newest software. If there is none, keep it vendor-only, so that it reaches its maker's services and nothing else."),
		Protect: []home.Protection{home.ProtectVendorOnly, home.ProtectNoLAN}}
	if f.ended {
		x.Said = say.New("This product has a weakness that attackers are known to use, and its maker no longer repairs it.")
		if !x.Certain {
			x.Said = say.New("It seems to be a product with a weakness that attackers are known to use, and that its maker no longer repairs.")
		}
		x.Advised = say.New("Replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else.")
	}
	x.Shown = append(x.Shown, f.told())
	if l.who.Model != "" {
		x.Shown = append(x.Shown, l.taken())
	}
	x.Shown = append(x.Shown, l.version())
	l.add(x, f.cve)
}

// taken is for which model it is taken.
func (l *lister) taken() home.Words {
	return say.New("It is taken for this model: {0}.", say.Text(printable(l.who.Model, maxWord)))
}

func (f *flaw) told() home.Words {
	cve, added := say.Text(f.cve), say.Time(f.added)
	switch {
	case f.added.IsZero() && f.ransom:
		return say.New("{0} is in the list of known exploited vulnerabilities, used for extortion too.", cve)
	case f.added.IsZero():
		return say.New("{0} is in the list of known exploited vulnerabilities.", cve)
	case f.ransom:
		return say.New("{0} is in the list of known exploited vulnerabilities since {1:date}, used for extortion too.", cve, added)
	}
	return say.New("{0} is in the list of known exploited vulnerabilities since {1:date}.", cve, added)
}

// someFlaw is one statement for all that is known of some products of its maker and class, not of this one.
func (l *lister) someFlaw(some []*flaw) {
	x := home.Exposure{Kind: home.ExposedExploited, Reference: some[0].cve, Source: SourceKEV, First: some[0].added, Last: l.now,
		Said:    say.New("Some versions of this maker's {0} have a weakness that attackers are known to use.", plural(l.who.Class)),
		Advised: say.New("Install its newest software."),
		Protect: []home.Protection{home.ProtectNoLAN, home.ProtectVendorOnly}}
	for _, f := range some {
		x.Shown = append(x.Shown, f.told())
	}
	x.Shown = append(x.Shown[:min(len(x.Shown), maxEvidence-1)], l.version())
	l.add(x, "some")
}

// version is what it tells of its firmware; none when it tells nothing.
func (l *lister) version() home.Words {
	for _, kind := range []uint8{textFirmware, textSystem, textSoftware} {
		for _, t := range l.d.texts {
			if t.kind == kind && !old(t.last, l.now, textFor) && strings.ContainsFunc(t.value, isDigit) {
				return say.New(`It said that its software is "{0}".`, say.Text(t.value))
			}
		}
	}
	return home.Words{}
}

// Firmware is the version that a device tells of its software, "" when it tells none; the one that it told before, "" when it never
// told another; and since when it tells this one.
func (b *Book) Firmware(id home.DeviceID, now time.Time) (is, was string, since time.Time) {
	d := b.devices[id]
	if d == nil {
		return "", "", time.Time{}
	}
	for _, kind := range []uint8{textFirmware, textSystem, textSoftware} {
		for _, t := range d.texts {
			if t.kind == kind && !old(t.last, now, textFor) && strings.ContainsFunc(t.value, isDigit) {
				was, _ = strings.CutPrefix(d.was, string(rune(kind)))
				if was == d.was {
					was = "" // of another kind, or nothing
				}
				return t.value, was, clock(t.first)
			}
		}
	}
	return "", "", time.Time{}
}

// ended: a model, or the system that it says it runs, that gets no security updates any more.
func (l *lister) ended() {
	if e := l.facts.matchModel(l.vendor(), l.who.Model); e != nil && e.over(l.now) {
		l.end(e, l.sure(), l.taken())
	}
	for _, t := range l.d.texts {
		if t.kind != textSoftware && t.kind != textSystem && t.kind != textAgent && t.kind != textFirmware || old(t.last, l.now, textFor) {
			continue
		}
		// a text of one kind only: a newer version took the older one's place
		if e, v := l.facts.matchSystem(t.value); e != nil && e.over(l.now) {
			l.end(e, t.kind != textAgent, say.New("It said on {0:date} that it runs {1} {2}.", say.Time(clock(t.last)), say.Text(e.people()), say.Text(v)))
		}
	}
}

func (l *lister) end(e *end, certain bool, why home.Words) {
	for i := range l.out {
		if l.out[i].Kind == home.ExposedEndOfLife && l.out[i].Reference == e.product { // told in two ways
			l.out[i].Certain = l.out[i].Certain || certain
			return
		}
	}
	x := home.Exposure{Kind: home.ExposedEndOfLife, Reference: e.product, Source: SourceEOL, First: e.day, Last: l.now, Certain: certain,
		Shown:   []home.Words{why, e.told()},
		Advised: say.New("Replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else."),
		Protect: []home.Protection{home.ProtectVendorOnly, home.ProtectNoLAN}}
	switch since := say.Time(e.day); {
	case e.day.IsZero() && certain:
		x.Said = say.New("It no longer gets security updates.")
	case e.day.IsZero():
		x.Said = say.New("It seems that it no longer gets security updates.")
	case certain:
		x.Said = say.New("It no longer gets security updates since {0:month}.", since)
	default:
		x.Said = say.New("It seems that it no longer gets security updates since {0:month}.", since)
	}
	if e.system != "" {
		x.Advised = say.New("Install its newest software. If there is none, replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else.")
	}
	if l.who.Class.Personal() {
		x.Advised = say.New("Install its newest software. If there is none, use a newer device for banking and passwords.")
		x.Protect = []home.Protection{home.ProtectNoLAN}
	}
	l.add(x, e.product)
}

func (e *end) told() home.Words {
	if e.day.IsZero() {
		return say.New("Security updates for {0} have ended.", say.Text(e.label))
	}
	return say.New("Security updates for {0} ended on {1:date}.", say.Text(e.label), say.Time(e.day))
}

// people is the system's name for people.
func (e *end) people() string {
	if p, ok := products[e.product]; ok {
		return p.people
	}
	return e.system
}
