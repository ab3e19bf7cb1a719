package usual

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/say"
)

// telling is how many bits a contact has at least that raises a finding.
const telling = 4

// weigh asks the calibration what the sums mean.
func (d *Detector) weigh(f *found) {
	if f.met.Bits < telling {
		return // what the sums hold was weighed when it came
	}
	best, at, ok := chance(f.who.profile.Calibration(), f.dev.Sums())
	if !ok {
		return
	}
	d.against(f.dev, calibrate.FamilyNovelty, best, f.moment)
	if d.novel(f, best) {
		d.tellSum(f, at, float64(f.dev.Sums()[at-calibrate.Minutes]), best)
		return
	}
	d.together(f.dev, &f.who, f.moment, f.far)
}

// chance is the least likely of what the sums are, and at which horizon; false: nothing can be said of them.
func chance(tables *calibrate.Tables, sums [3]float32) (best calibrate.P, at calibrate.Stat, ok bool) {
	best, at = calibrate.P{Value: 1}, calibrate.Minutes
	for i, sum := range sums {
		s := calibrate.Minutes + calibrate.Stat(i)
		if p := tables.P(s, float64(sum)); p.How != calibrate.Silent && p.Value < best.Value {
			best, at = p, s
		}
	}
	if best.Value >= 1 {
		return best, at, false
	}
	best.Value = min(1, best.Value*float64(len(sums))) // three looks at one thing (Bonferroni)
	return best, at, true
}

// novel says whether sums that are so unlikely are told by themselves.
func (d *Detector) novel(f *found, best calibrate.P) bool {
	return alone(f.who.class) && !f.dev.Restless() && d.enough(f.dev, best, partNovelty)
}

// alone: of what people use for whatever they like, and of what nobody knows, new endpoints say nothing by themselves.
func alone(class home.DeviceClass) bool { return class != "" && !class.Personal() }

// The alert budget is one for all that is told here, so each kind has its part of it (Bonferroni): novelty the most, as it is
// what infections show first.
const (
	partNovelty  = 1. / 2
	partVolume   = 1. / 8
	partHours    = 1. / 8
	partTogether = 1. / 4
)

// maxSensitive is by how much findings about a device that is watched more closely count for more, at most.
const maxSensitive = 10

// enough says whether a probability is within a part of the alert budget.
func (d *Detector) enough(dev *Device, p calibrate.P, part float64) bool {
	budget := calibrate.BudgetP(calibrate.PerHomeQuarter, d.cfg.Devices) * part
	if p.Within(budget) {
		return true
	}
	if d.cfg.Sensitive != nil && p.Within(budget*maxSensitive) && p.Within(budget*min(d.cfg.Sensitive(dev.ID), maxSensitive)) {
		return true
	}
	return d.cfg.Maximum && p.How == calibrate.Maximum && p.Beyond
}

// against notes evidence of a family for what several tell together.
func (d *Detector) against(dev *Device, f calibrate.Family, p calibrate.P, m evidence.Moment) {
	dev.need()
	e := &dev.against[f]
	if now := m.Time.UnixNano(); e.At == 0 || p.Value <= e.P || now-e.At > dayNanos || now < e.At {
		*e = calibrate.Evidence{Family: f, P: p.Value, At: now}
	}
}

// Against takes another detector's evidence about a device into what several kinds tell together.
func (d *Detector) Against(dev *Device, e calibrate.Evidence) {
	if e.Family != calibrate.FamilyNone && e.Family < calibrate.Families {
		dev.need()
		dev.against[e.Family] = e
	}
}

// together combines the day's evidence of all families.
func (d *Detector) together(dev *Device, w *who, m evidence.Moment, far *home.Endpoint) {
	dev.need()
	tables := w.profile.Calibration()
	score := calibrate.Score(dev.against[:])
	dev.raise(calibrate.Combined, score)
	p := tables.P(calibrate.Combined, score)
	if !d.enough(dev, p, partTogether) {
		return
	}
	_, active, _ := dev.Seen()
	var list []calibrate.Evidence
	for _, e := range dev.against {
		if e.At != 0 && e.P <= together {
			list = append(list, e)
		}
	}
	if len(list) < 2 {
		return
	}
	decision := calibrate.Combine(list, calibrate.Policy{
		Notify: 1, Days: active, Homes: p.Homes, Personal: !alone(w.class),
		Combined: func(float64) calibrate.P { return p },
	})
	if decision.Notify && d.tell.May(dev.Device, home.DetectUsual, 0, false, m.Time.UnixNano()) {
		d.tellTogether(dev, w, m, far, list, score, p, decision)
	}
}

// together is from what probability on a kind of evidence counts as one of several.
const together = 0.01

func (d *Detector) tellFirst(f *found, why string) {
	now := f.moment.Time.UnixNano()
	f.dev.report(f.dev.key(f.chain, f.dev.Address(f.far)))
	if !d.tell.May(f.dev.Device, home.DetectNovelty, f.cause(), false, now) {
		return
	}
	whose := f.who.profile.Level()
	host, port := say.Text(host(f.far)), say.Port(f.far.Port)
	said := say.New("contacted {0} on port {1}; it never did before, and nothing like it is known of any {2}", host, port, kind(whose))
	if why == whyBare {
		said = say.New("contacted {0} on port {1} by its address alone; until now it asked for names, and no {2} is known to go there",
			host, port, kind(whose))
	}
	d.tell.Find(f.dev.Device, f.moment, home.Finding{
		Detector: home.DetectNovelty, Strength: home.Soft, Score: f.met.Bits, Said: said,
		Facts: map[string]any{
			"unit": "bits", "why": why, "first": true, "endpoint": place(f.far), "model": whose.Model, "homes": f.who.profile.Homes(),
			"profile": f.who.version,
		},
		Symptom: symptom(f.far),
		Card:    f.card([]home.Number{{Name: "surprise", Value: f.met.Bits, Unit: "bits"}, {Name: "new endpoints of its model", Value: f.who.profile.Fresh(), Unit: "a day"}}),
	})
}

// cause is what is told once in a while: of bare addresses the port, for who scans meets hundreds of them a second.
func (f *found) cause() uint64 {
	if f.chain.Flags&endpoint.Named == 0 {
		return home.HashPort("bare", f.far.Port, f.far.Proto)
	}
	return Own(f.chain)
}

// kind is what devices of a level are called.
func kind(l profile.Level) say.Arg {
	plain := l.Class == "" || l.Class == home.ClassGadget
	switch {
	case l.Model != "":
		return say.Text(l.Model)
	case plain && l.Vendor == "":
		return say.Word("device")
	case plain:
		return say.Said(say.New("{0} device", say.Text(l.Vendor)))
	case l.Vendor == "":
		return say.Class(l.Class)
	}
	return say.Said(say.New("{0} {1}", say.Text(l.Vendor), say.Class(l.Class)))
}

func (d *Detector) tellSum(f *found, at calibrate.Stat, sum float64, p calibrate.P) {
	now := f.moment.Time.UnixNano()
	if f.met.New {
		f.dev.report(f.dev.key(f.chain, f.dev.Address(f.far)))
	}
	if !d.tell.May(f.dev.Device, home.DetectNovelty, uint64(at), false, now) {
		return
	}
	value := p.Value
	span, figure := within(at)
	d.tell.Find(f.dev.Device, f.moment, home.Finding{
		Detector: home.DetectNovelty, Strength: home.Soft, Score: sum, P: &value,
		Said: say.New("contacted more that is new to it and to its kind within {0} than such devices do, lately {1} on port {2}",
			span, say.Text(host(f.far)), say.Port(f.far.Port)),
		Facts: map[string]any{
			"unit": "bits", "horizon": at.String(), "endpoint": place(f.far), "device_days": p.N, "homes": p.Homes, "floor": p.Floor,
			"how": p.How.String(), "profile": f.who.version,
		},
		Symptom: symptom(f.far),
		Card:    f.card([]home.Number{{Name: string(figure), Value: sum, Unit: "bits"}, {Name: "chance a day", Value: value, Unit: ""}}),
	})
}

func (d *Detector) tellTogether(dev *Device, w *who, m evidence.Moment, far *home.Endpoint, list []calibrate.Evidence, score float64, p calibrate.P, dec calibrate.Decision) {
	value := p.Value
	f := found{dev: dev, who: *w, far: far, moment: m}
	var kinds []string
	var told []say.Arg
	for _, e := range list {
		kinds = append(kinds, e.Family.String())
		told = append(told, say.Word(say.Pattern(e.Family.String())))
	}
	numbers := []home.Number{{Name: "score", Value: score, Unit: ""}, {Name: "chance a day", Value: value, Unit: ""}}
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectUsual, Strength: home.Soft, Score: score, P: &value,
		Said: say.New("behaves unlike itself and its kind in several ways at once: {0}", say.List(told...)),
		Facts: map[string]any{
			"unit": "", "kinds": kinds, "device_days": p.N, "homes": p.Homes, "floor": p.Floor, "how": p.How.String(),
			"contain": dec.Contain, "why": dec.Why, "profile": w.version,
		},
		Card: f.card(numbers),
	})
}

// card is the evidence for people.
func (f *found) card(numbers []home.Number) *home.Card {
	began, active, endpoints := f.dev.Seen()
	c := &home.Card{
		Model: f.who.profile.Level().Product(), Of: f.who.profile.Homes(), Numbers: numbers, Seen: []home.Seen{}, Blocks: []string{},
		History: home.History{Days: uint32(active), Endpoints: uint32(endpoints), Before: uint32(f.met.Days), New: f.dev.FreshPerDay()},
	}
	c.History.Since = unix(began)
	switch {
	case f.who.profile.Homes() == 0:
		c.Model = ""
	case f.chain != nil:
		asked(c, f.who.profile, f.chain)
	}
	if f.far != nil {
		c.Seen = append(c.Seen, home.Seen{Endpoint: *f.far, Flows: 1, First: f.moment.Time, Last: f.moment.Time})
		c.Blocks = append(c.Blocks, host(f.far))
	}
	return c
}

// unix is a time, or none.
func unix(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func host(e *home.Endpoint) string {
	if e.Name != "" {
		return e.Name
	}
	return evidence.AddrText(e.IP)
}

func place(e *home.Endpoint) string { return fmt.Sprintf("%s on port %d", host(e), e.Port) }

func symptom(e *home.Endpoint) home.Symptom {
	s := home.Symptom{Ports: []uint16{e.Port}, Proto: home.ProtoTCP}
	if e.Proto == "udp" {
		s.Proto = home.ProtoUDP
	}
	if e.Name != "" {
		s.Names = []string{e.Name}
	} else if e.IP.IsValid() {
		s.Addrs = []netip.Addr{e.IP.Unmap()}
	}
	return s
}

// within is the time that a sum of surprise is about, and what its figure is called.
func within(s calibrate.Stat) (span say.Arg, figure say.Pattern) {
	switch s {
	case calibrate.Minutes:
		return say.Span(10 * time.Minute), "surprise within 10 minutes"
	case calibrate.Hours:
		return say.Span(6 * time.Hour), "surprise within 6 hours"
	}
	return say.Word("a week"), "surprise within a week"
}

// report marks an endpoint that was told of: it does not become usual by being repeated.
func (s *State) report(key uint32) {
	if e := s.find(key); e != nil {
		e.marks |= reported
		e.marks &^= taught
	}
}

// Restless: the device itself is proven to meet new endpoints so often that more of them say nothing by themselves. That is a matter of
// the lower 95 % bound of a Poisson mean, not of the mean: two new endpoints in a device's first week would else set aside just the
// high days that thresholds are made of, while months later two in a week do not, and all of these would be told.
func (s *State) Restless() bool {
	return s.active > ownDays && leastMean(float64(s.fresh)) >= restless*float64(s.active-1)
}

// restless is how many new endpoints a day make it so.
const restless = 0.15

// leastMean is the lower 95 % bound of a Poisson mean after so many events (Wilson and Hilferty's approximation of the exact one).
func leastMean(n float64) float64 {
	if n < 1 {
		return 0
	}
	x := 1 - 1/(9*n) - 1.645/(3*math.Sqrt(n))
	return max(0, n*x*x*x)
}

// FreshPerDay is how many endpoints a day it met that it had not used before.
func (s *State) FreshPerDay() float64 {
	if s.active <= 1 {
		return 0
	}
	return float64(s.fresh) / float64(s.active-1)
}
