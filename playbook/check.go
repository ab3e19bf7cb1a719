package playbook

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cardea/home"
)

const (
	maxSteps  = 24
	maxModels = 64
	maxText   = 600  // characters
	maxDetail = 1600 // characters
)

var (
	idRE     = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)
	holderRE = regexp.MustCompile(`\{[^{}]*\}`)
	holders  = []string{"{device}", "{provider}", "{phone}"}
)

// Kinds and classes that a playbook may name.
var (
	kinds = []home.Infection{
		home.InfectionTelnet, home.InfectionPersistent, home.InfectionDNS, home.InfectionLogin, home.InfectionProgram,
		home.InfectionUnpatchable, home.InfectionUnknown,
	}
	classes = []home.DeviceClass{
		home.ClassCamera, home.ClassDoorbell, home.ClassPlug, home.ClassLight, home.ClassSensor, home.ClassThermostat, home.ClassHub,
		home.ClassLock, home.ClassAlarm, home.ClassMedical, home.ClassScale, home.ClassAppliance, home.ClassSpeaker, home.ClassTV,
		home.ClassConsole, home.ClassPrinter, home.ClassNAS, home.ClassRouter, home.ClassPhone, home.ClassTablet, home.ClassComputer,
		home.ClassWatch, home.ClassVehicle, home.ClassGadget,
	}
)

// Topics of RFC 6561 that the general advice has to cover.
var topics = []string{
	"backup", "patch", "automatic-updates", "find-device", "professional-help", "law-enforcement", "survey",
}

func (d *document) shared(list []stepFile) {
	seen := map[string]bool{}
	for i := range list {
		at := fmt.Sprintf("[%d]", i)
		if list[i].Use != "" {
			d.fail(at+".use", "a shared step stands by itself")
		}
		d.step(at, list[i], nil, seen)
	}
}

func (d *document) advice(list []adviceFile) (out []Advice) {
	seen := map[string]bool{}
	for i, a := range list {
		at := fmt.Sprintf("[%d]", i)
		d.id(at+".id", a.ID, seen)
		d.text(at+".title", a.Title, maxText, true)
		d.text(at+".text", a.Text, maxDetail, true)
		if a.Link != "" && (!strings.HasPrefix(a.Link, "https://") || !plain(a.Link) || strings.ContainsAny(a.Link, " \"'<>")) {
			d.fail(at+".link", "is no https:// address")
		}
		out = append(out, Advice(a))
	}
	for _, t := range topics {
		if !seen[t] {
			d.fail("[0]", "the advice %q is missing", t)
		}
	}
	return out
}

func (d *document) playbook(f *file, shared []stepFile) *Playbook {
	p := &Playbook{
		ID: f.ID, Version: f.Version, Kind: home.Infection(f.Kind), Models: f.Models, Rate: Rate(f.Rate),
		Title: f.Title, Intro: f.Intro, Expert: f.Expert, Sources: f.Sources,
	}
	d.id("id", f.ID, map[string]bool{})
	if f.Version < 1 || f.Version > 9999 {
		d.fail("version", "%d is not from 1 to 9999", f.Version)
	}
	if !slices.Contains(kinds, p.Kind) {
		d.fail("kind", "%q is not one of %v", f.Kind, kinds)
	}
	d.fits(f, p)
	d.sources(f)
	d.rate(&f.Rate)
	d.text("title", f.Title, maxText, true)
	d.text("intro", f.Intro, maxText, true)
	d.text("expert", f.Expert, maxDetail, true)
	p.Steps = d.steps(f.Steps, shared)
	return p
}

// fits: what the playbook is for.
func (d *document) fits(f *file, p *Playbook) {
	for i, k := range f.Also {
		if p.Also = append(p.Also, home.Infection(k)); !slices.Contains(kinds, p.Also[i]) || p.Also[i] == p.Kind {
			d.fail(fmt.Sprintf("also[%d]", i), "%q is not another one of %v", k, kinds)
		}
	}
	for i, c := range f.Classes {
		if p.Classes = append(p.Classes, home.DeviceClass(c)); !slices.Contains(classes, p.Classes[i]) {
			d.fail(fmt.Sprintf("classes[%d]", i), "%q is no class of device", c)
		}
	}
	if len(f.Models) > maxModels {
		d.fail("models", "%d models: at most %d", len(f.Models), maxModels)
	}
	for i, m := range f.Models {
		if len(strings.Trim(m, "* ")) < 2 || !plain(m) || len(m) > 80 {
			d.fail(fmt.Sprintf("models[%d]", i), "%q fits nothing or nearly everything", m)
		}
	}
	if len(f.Models) > 0 && len(f.Sources) == 0 {
		d.fail("models", "what is said of models needs a source")
	}
}

func (d *document) sources(f *file) {
	for i, s := range f.Sources {
		if s == "" || !plain(s) || utf8.RuneCountInString(s) > maxText {
			d.fail(fmt.Sprintf("sources[%d]", i), "is empty, too long or no plain text")
		}
	}
}

// rate: what the test for being clean rests on must be a number with a reason, for it lets devices out.
func (d *document) rate(r *rateFile) {
	if !(r.PerDay >= 0.1 && r.PerDay <= 1000) {
		d.fail("rate.per_day", "%v is not from 0.1 to 1000", r.PerDay)
	}
	for _, s := range []struct{ at, text string }{{"rate.source", r.Source}, {"rate.reason", r.Reason}} {
		if strings.TrimSpace(s.text) == "" || !plain(s.text) || utf8.RuneCountInString(s.text) > maxDetail {
			d.fail(s.at, "is missing, too long or no plain text")
		}
	}
}

func (d *document) steps(list, shared []stepFile) (out []Step) {
	if len(list) == 0 || len(list) > maxSteps {
		d.fail("steps", "%d steps: 1 to %d are wanted", len(list), maxSteps)
	}
	seen, person, silent := map[string]bool{}, false, false
	for i := range list {
		s := d.step(fmt.Sprintf("steps[%d]", i), list[i], shared, seen)
		person = person || s.By == ByPerson && !s.Optional
		silent = silent || s.Check == CheckSilent && !s.Optional
		out = append(out, s)
	}
	if !person && len(list) > 0 {
		d.fail("steps", "nobody is asked for anything")
	}
	if !silent && len(list) > 0 {
		d.fail("steps", "no step has the gateway look whether the symptom is silent")
	}
	return out
}

func (d *document) step(at string, f stepFile, shared []stepFile, seen map[string]bool) Step {
	if f.Use != "" {
		i := slices.IndexFunc(shared, func(s stepFile) bool { return s.ID == f.Use })
		if i < 0 {
			d.fail(at+".use", "%q is no shared step", f.Use)
			return Step{}
		}
		f = f.over(shared[i])
	}
	s := Step{
		ID: f.ID, By: By(f.By), Where: Where(f.Where), Text: f.Text, Detail: f.Detail, Check: Check(f.Check), Hold: home.Mode(f.Hold),
		Optional: f.Optional != nil && *f.Optional,
	}
	d.id(at+".id", s.ID, seen)
	if s.By != ByPerson && s.By != ByGateway {
		d.fail(at+".by", "%q is neither person nor gateway", f.By)
	}
	if !slices.Contains([]Where{WhereAny, WhereDevice, WhereOther}, s.Where) {
		d.fail(at+".where", "%q is neither device nor other", f.Where)
	}
	if !slices.Contains(Checks, s.Check) {
		d.fail(at+".check", "%q is not one of %v", f.Check, Checks)
	}
	if s.Hold != "" && s.Hold.Rank() < 0 {
		d.fail(at+".hold", "%q is not one of %v", f.Hold, home.Modes)
	}
	d.text(at+".text", s.Text, maxText, true)
	d.text(at+".detail", s.Detail, maxDetail, false)
	return s
}

// over is the shared step with what f names in its place.
func (f stepFile) over(s stepFile) stepFile {
	s.ID, s.By, s.Where = cmp.Or(f.ID, s.ID), cmp.Or(f.By, s.By), cmp.Or(f.Where, s.Where)
	s.Check, s.Hold = cmp.Or(f.Check, s.Check), cmp.Or(f.Hold, s.Hold)
	if f.Text != nil {
		s.Text = f.Text
	}
	if f.Detail != nil {
		s.Detail = f.Detail
	}
	if f.Optional != nil {
		s.Optional = f.Optional
	}
	return s
}

// complete checks what only all files together show.
func (s *Shelf) complete() error {
	slices.SortFunc(s.books, func(a, b *Playbook) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(b.Version, a.Version))
	})
	for i, p := range s.books {
		if i > 0 && s.books[i-1].Ref() == p.Ref() {
			return fmt.Errorf("%s is there twice", p.Ref())
		}
	}
	for _, k := range kinds {
		if !slices.ContainsFunc(s.books, func(p *Playbook) bool { return p.Kind == k && len(p.Classes) == 0 && len(p.Models) == 0 }) {
			return fmt.Errorf("no playbook for %s on any device", k)
		}
	}
	if len(s.advice) == 0 {
		return fmt.Errorf("%s is missing", advised)
	}
	return nil
}
