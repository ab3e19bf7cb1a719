package identity

import (
	"cmp"
	"math"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Who says so.
const (
	byRules   = "rules"
	byLearned = "learned"
	byOwner   = "owner"
)

// Least sums of facts' weights (log-odds in nats) for something to be believed, and the lead that it must have.
const (
	enoughModel, enoughVendor, enoughClass = 4, 2, 2
	lead                                   = 1
)

// Identity says who a device is taken for.
func (b *Book) Identity(id home.DeviceID) home.Identity {
	d := b.devices[id]
	if d == nil {
		return home.Identity{Evidence: []string{}}
	}
	if d.stale {
		d.stale = false
		b.resolve(d)
	}
	who := d.who
	who.Evidence = slices.Clone(who.Evidence)
	return who
}

// Candidates are who a device may be, the likeliest first, as far as it was learned.
func (b *Book) Candidates(id home.DeviceID) []Candidate {
	d := b.devices[id]
	if d == nil || b.model == nil {
		return nil
	}
	return b.model.Judge(d.session()).Candidates
}

// resolve works out who a device is: its owner's word, then our own rules, then what was learned.
func (b *Book) resolve(d *device) {
	var j Judgement
	if b.model != nil {
		j = b.model.Judge(d.session())
	}
	s := b.sumFacts(d, j.Copies != "")
	who := home.Identity{Evidence: []string{}}
	switch {
	case s.model.sure(enoughModel):
		f := s.model.fact
		who = home.Identity{Model: f.Model, Vendor: f.Vendor, Class: classOf(f.Class), Confidence: s.model.confidence(), By: byRules}
	case j.Accepted:
		c := j.Candidates[0]
		who = home.Identity{Model: c.Model, Vendor: c.Vendor, Class: c.Class, Confidence: c.Probability, By: byLearned}
	}
	b.fillIn(d, &who, &s, &j)
	who.Evidence = b.words(d, &who, &j)
	b.correct(d, &who)
	b.remember(d, who)
	d.who = who
	if j.Copies != "" && d.word == nil {
		b.findCopied(d, &j)
	}
}

// fillIn adds vendor and class where the model is not known, or does not say.
func (b *Book) fillIn(d *device, who *home.Identity, s *summed, j *Judgement) {
	if who.Vendor == "" && s.vendor.sure(enoughVendor) {
		who.Vendor = s.vendor.fact.Vendor
		b.sure(who, s.vendor.confidence(), byRules)
	}
	if who.Vendor == "" && len(j.Candidates) > 0 && j.match[famAddress] > 0 && j.Copies == "" {
		who.Vendor = j.Candidates[0].Vendor
		b.sure(who, .6, byLearned)
	}
	if who.Vendor == "" && d.maker != "" {
		who.Vendor = d.maker
		b.sure(who, .5, byRules)
	}
	if who.Class == "" && s.class.sure(enoughClass) {
		who.Class = classOf(s.class.fact.Class)
		b.sure(who, s.class.confidence(), byRules)
	}
}

// sure sets the confidence unless something more specific has set it.
func (b *Book) sure(who *home.Identity, confidence float64, by string) {
	if who.By == "" {
		who.Confidence, who.By = confidence, by
	}
}

// best is the most weighty thing that facts say of one kind, and the next.
type best struct {
	fact      Fact
	sum, next float64
}

func (x *best) sure(enough float64) bool { return x.sum >= enough && x.sum-x.next >= lead }

func (x *best) confidence() float64 { return math.Round((1-math.Exp(-(x.sum-x.next)))*1000) / 1000 }

// summed is what all the facts of a device say together.
type summed struct{ model, vendor, class best }

// sumFacts adds the facts up, each clue once for each thing that it says. What is easily forged counts for nothing when the rest
// contradicts it, and what a phone's app does counts only for a device that is none.
func (b *Book) sumFacts(d *device, copied bool) summed {
	s := b.sum(d, copied, true)
	if c := s.class.fact.Class; c.Personal() || s.class.sum == 0 {
		return s
	}
	return b.sum(d, copied, false)
}

func (b *Book) sum(d *device, copied, noApps bool) summed {
	var models, vendors, classes ballot
	for _, i := range d.facts {
		t := &b.told[i]
		if copied && t.clue.Forgeable() >= 2 || noApps && t.fact.Apps {
			continue
		}
		models.add(t.fact.Model, t)
		vendors.add(t.fact.Vendor, t)
		classes.add(string(t.fact.Class), t)
	}
	return summed{models.best(), vendors.best(), classes.best()}
}

// ballot sums weights by what they are for.
type ballot []vote

type vote struct {
	key  string
	sum  float64
	fact Fact
	by   [clueEnd]float64
}

func (l *ballot) add(key string, t *told) {
	if key == "" {
		return
	}
	at := slices.IndexFunc(*l, func(v vote) bool { return v.key == key })
	if at < 0 {
		at = len(*l)
		*l = append(*l, vote{key: key, fact: t.fact})
	}
	v := &(*l)[at]
	if w := t.fact.Weight; w > v.by[t.clue] { // one clue says one thing once
		v.sum += w - v.by[t.clue]
		v.by[t.clue] = w
	}
}

func (l ballot) best() best {
	var x best
	for _, v := range l {
		switch {
		case v.sum > x.sum || v.sum == x.sum && v.key < x.fact.Model:
			x = best{v.fact, v.sum, x.sum}
		case v.sum > x.next:
			x.next = v.sum
		}
	}
	return x
}

func compareTold(a, b told) int {
	return cmp.Or(cmp.Compare(b.fact.Weight, a.fact.Weight), cmp.Compare(a.clue, b.clue), cmp.Compare(a.fact.Words, b.fact.Words),
		cmp.Compare(a.fact.Model, b.fact.Model), cmp.Compare(a.fact.Vendor, b.fact.Vendor), cmp.Compare(a.fact.Class, b.fact.Class))
}

const maxWords = 5

// words tells the evidence, the strongest first: what facts say for it, then what was learned. All of it is text of ours.
func (b *Book) words(d *device, who *home.Identity, j *Judgement) []string {
	out := []string{}
	add := func(w string) {
		if w != "" && len(out) < maxWords && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	for _, i := range d.facts {
		f := &b.told[i].fact
		if f.Model != "" && f.Model == who.Model || f.Vendor != "" && f.Vendor == who.Vendor || f.Class != "" && f.Class == who.Class {
			add(f.Words)
		}
	}
	if who.By == byLearned && j.Accepted {
		order := []family{famCalls, famAsks, famAnnounces, famDHCP, famAgent, famPorts, famAddress, famStack}
		for _, f := range order {
			if j.match[f] >= .5 {
				add(familyWords[f])
			}
		}
	}
	if d.maker != "" {
		add(d.maker + " address range")
	}
	return out
}

// familyWords say what a family that agrees has in common with the model.
var familyWords = [families]string{
	famAddress: "its address range", famCalls: "calls itself as this model does", famDHCP: "asks DHCP as this model does",
	famAsks: "asks for the names that this model asks for", famAnnounces: "announces the services of this model",
	famAgent: "speaks to servers as this model does", famPorts: "uses the ports of this model", famStack: "opens connections as this model does",
}

// correct puts the owner's word, or the operator's, over what was worked out.
func (b *Book) correct(d *device, who *home.Identity) {
	w := d.word
	if w == nil {
		return
	}
	if w.Model != "" && w.Model != who.Model { // what was worked out is another device's
		*who = home.Identity{Model: w.Model, Evidence: who.Evidence}
	}
	if w.Vendor != "" {
		who.Vendor = w.Vendor
	}
	if w.Class != "" {
		who.Class = w.Class
	}
	who.Confidence, who.By = 1, cmp.Or(w.By, byOwner)
}

// remember notes the class for Strictest and the identity for Past.
func (b *Book) remember(d *device, who home.Identity) {
	day := d.ev.day()
	if who.Class != "" && d.word == nil {
		i := slices.IndexFunc(d.classes, func(c classDay) bool { return c.class == who.Class })
		if i >= 0 {
			d.classes[i].day = max(d.classes[i].day, day)
		} else {
			if len(d.classes) >= maxClasses { // the mildest goes: who pretends to be many things sheds nothing by it
				mildest := 0
				for i := range d.classes {
					if d.classes[i].class.Strictness() < d.classes[mildest].class.Strictness() {
						mildest = i
					}
				}
				d.classes = slices.Delete(d.classes, mildest, mildest+1)
			}
			d.classes = append(d.classes, classDay{who.Class, day})
		}
	}
	now := Label{who.Model, who.Vendor, who.Class}
	if n := len(d.past); n == 0 || d.past[n-1].Label != now {
		if n >= maxPast {
			d.past = slices.Delete(d.past, 0, 1)
		}
		d.past = append(d.past, Past{d.lastSeen(), now})
	}
}

// lastSeen is when the last token came, to the day.
func (d *device) lastSeen() time.Time { return time.Unix(int64(d.ev.day())*86400, 0).UTC() }

// findCopied makes a finding of a device that speaks as another model than it is, at most once a day.
func (b *Book) findCopied(d *device, j *Judgement) {
	day := d.ev.day()
	if d.copied == day || len(b.findings) >= maxFindings {
		return
	}
	d.copied = day
	model := j.Copies
	said := say.New("It calls itself what a {0} does, but its address and what it contacts are not those of one.", say.Text(model))
	b.findings = append(b.findings, home.Finding{
		Device: d.id, MAC: d.mac, Time: b.timeOf(d), Detector: home.DetectIdentity, Strength: home.Soft, Score: math.Round(j.soft*100) / 100,
		Sentence: say.English(said), Said: said,
		Facts:   map[string]any{"says": model, "fit": math.Round(j.soft*100) / 100, "hard_fit": math.Round(j.hard*100) / 100},
		Symptom: home.Symptom{Detector: home.DetectIdentity},
	})
}

// timeOf is when a device was last seen; ticks alone do not say in which span of years, the day does.
func (b *Book) timeOf(d *device) time.Time {
	const span = int64(1) << 32
	noon := (int64(d.ev.day())*86400 + 43200) * 1000 / tick.Milliseconds()
	at := noon - noon%span + int64(d.ev.last)
	for at-noon > span/2 {
		at -= span
	}
	for noon-at > span/2 {
		at += span
	}
	return time.UnixMilli(at * tick.Milliseconds()).UTC()
}

// Findings hands over what was found since it was asked last: devices that speak as a model that they are not.
func (b *Book) Findings() []home.Finding {
	out := b.findings
	b.findings = nil
	return out
}
