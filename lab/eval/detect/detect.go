// Package detect measures the detectors on real captures, for cardea eval detect: it learns what is normal from some units,
// calibrates on others, and tests on the rest and on attacks, later in time than what was learned from. Attacks can be played into
// benign units' time. Simpler methods (lab/eval/detect/baseline) are judged on the same units by the same rules.
//
// The detectors are the gateway's own, through gateway/judge; nothing here knows what it should find. It may import the
// gateway's judge, behavior with its parts, lab/eval/units, lab/eval/infected and its own parts; it writes no file. A run is one goroutine.
package detect

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/lab/eval/detect/baseline"
	"cardea/lab/eval/infected"
	"cardea/lab/eval/units"
)

// Options say what is measured.
type Options struct {
	Train, Benign []string // captures, or folders of them
	Attack        []Attack
	Splice        bool
	ByFolder      bool           // devices whose model is not known are called by their capture's folder
	Intel         baseline.Intel // of the blocklist, and of who may not teach; nil: that baseline is not run. The detectors get no list
	Despite       bool           // learn from training units, too, in which a device surely misbehaves
	Ablation      Ablation
	Seed          uint64
	Say           func(format string, a ...any) // progress; nil: none
}

// Ablation switches parts off, to see what they are worth.
type Ablation struct {
	NoFleet           bool // no profiles: the device's own history only
	NoHierarchy       bool // each level by itself
	FlowVotes         bool // flows vote instead of homes
	MinuteCalibration bool // thresholds from minutes instead of device-days
	Off               []home.Detector
}

func (a Ablation) list() []string {
	out := []string{}
	for _, x := range []struct {
		on   bool
		name string
	}{{a.NoFleet, "fleet"}, {a.NoHierarchy, "hierarchy"}, {a.FlowVotes, "homes' votes (flows vote)"}, {a.MinuteCalibration, "calibration by day (by minute)"}} {
		if x.on {
			out = append(out, x.name)
		}
	}
	for _, d := range a.Off {
		out = append(out, string(d))
	}
	return out
}

// run is one evaluation.
type run struct {
	o         Options
	parts     parts
	budget    Budget
	learned   learned
	baselines []baseline.Method
	report    *Report
	benign    []*pass // of the calibration, then of the test
	tested    []*pass
	limits    [][levels]float64
	blocks    [][]float64 // of each method: the calibration's block maxima
	homes     int
	back      *back // nil: no profile was learned, and nothing is told of the past
}

var errNothing = errors.New("nothing to measure: give --benign or --attack captures")

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if len(o.Benign) == 0 && len(o.Attack) == 0 {
		return nil, errNothing
	}
	r := &run{o: o, learned: learned{counts: profile.NewCounts()}, report: &Report{Schema: Schema, Ablations: o.Ablation.list(), Calibration: []Calibration{}, Notes: []string{}, Failed: []string{}}}
	p := calibrate.BudgetP(calibrate.PerHomeQuarter, calibrate.Devices)
	r.budget = Budget{calibrate.PerHomeQuarter, calibrate.Devices, p, p / 4}
	r.report.Budget = r.budget
	for _, step := range []func(context.Context) error{r.read, r.learn, r.calibrate, r.test, r.attacks} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	r.report.Past = r.back.done(r.budget.Devices)
	r.absent()
	return r.report, nil
}

func (r *run) read(ctx context.Context) error {
	read := func(what string, paths []string) ([]*units.Unit, error) {
		if len(paths) == 0 {
			return nil, nil
		}
		r.o.Say("reading %s", what)
		list, problems, err := units.Read(ctx, paths, units.Options{ByFolder: r.o.ByFolder, Benign: true})
		if err != nil {
			return nil, err
		}
		r.problems(problems)
		r.unread(what, paths, problems)
		for _, u := range list {
			if u.Left.Any() {
				r.note("%s: left out of %s: %s", what, u.Name, &u.Left)
			}
		}
		if len(list) == 0 {
			return nil, empty(what, paths, problems)
		}
		return list, nil
	}
	train, err := read("--train", r.o.Train)
	if err != nil {
		return err
	}
	benign, err := read("--benign", r.o.Benign)
	if err != nil {
		return err
	}
	train, refused, err := r.healthy(ctx, train)
	if err != nil {
		return err
	}
	days := map[*units.Unit]float64{}
	for _, u := range benign {
		w := newWatched()
		if err := u.Play(ctx, w.observe, nil); err != nil {
			return err
		}
		days[u] = w.deviceDays()
	}
	r.parts = divide(train, benign, days)
	r.report.Split = r.parts.split
	r.report.Split.Refused = refused
	r.baselines = []baseline.Method{&baseline.Quantile{}, &baseline.AllowList{}, &baseline.Forest{Seed: r.o.Seed}}
	if r.o.Intel != nil {
		r.baselines = append([]baseline.Method{baseline.Blocklist{Intel: r.o.Intel}}, r.baselines...)
	} else {
		r.note("the blocklist was not run: no --intel")
	}
	return nil
}

// healthy leaves training units out in which a device surely misbehaves: such homes teach nobody in the fleet.
func (r *run) healthy(ctx context.Context, train []*units.Unit) (healthy []*units.Unit, refused []Refused, err error) {
	refused = []Refused{}
	if r.o.Despite {
		return train, refused, nil
	}
	for _, u := range train {
		found, err := infected.Look(ctx, u, r.o.Intel)
		switch {
		case err != nil:
			return nil, nil, err
		case len(found) > 0:
			refused = append(refused, Refused{u.Name, found})
		default:
			healthy = append(healthy, u)
		}
	}
	if len(healthy) == 0 && len(train) > 0 {
		r.fail("--train: a device surely misbehaves in all of it: nothing was learned (--despite-findings learns all the same)")
	}
	return healthy, refused, nil
}

func (r *run) problems(list []units.Problem) {
	for _, p := range list {
		how := "was not read"
		if p.Part {
			how = "was read in part"
		}
		r.note("%s %s: %v", p.File, how, p.Err)
	}
}

func (r *run) note(format string, a ...any) {
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, a...))
}

// learn lets the detectors' profiles and the baselines learn from the training units.
func (r *run) learn(ctx context.Context) error {
	for _, u := range r.parts.train {
		r.o.Say("learning from %s", u.Name)
		uses, err := units.Uses(ctx, u, units.UseOptions{Skip: func(d *units.Device) bool { return d.Class.Personal() }})
		if err != nil {
			return err
		}
		seen := newWatched()
		var watchers []baseline.Watcher
		for _, m := range r.baselines {
			watchers = append(watchers, m.Learn(modelName))
		}
		err = u.Play(ctx, func(o *home.Observation) {
			seen.observe(o)
			for _, w := range watchers {
				w.Observe(o)
			}
		}, nil)
		if err != nil {
			return err
		}
		for _, w := range watchers {
			w.Close()
		}
		if !r.o.Ablation.NoFleet {
			r.learned.add(uses, 2*seen.deviceDays() > float64(len(seen.days)))
		}
	}
	for _, m := range r.baselines {
		if err := m.Ready(); err != nil {
			return fmt.Errorf("%s: %w", m.Name(), err)
		}
	}
	r.learned.build(r.options())
	return nil
}

// options are how profiles are made: of few homes that are the caller's own.
func (r *run) options() profile.Options {
	o := units.OwnHomes()
	o.NoHierarchy, o.FlowVotes = r.o.Ablation.NoHierarchy, r.o.Ablation.FlowVotes
	return o
}

// calibrate finds each method's thresholds from the block maxima of units that it has not learned from.
func (r *run) calibrate(ctx context.Context) error {
	for round := range 2 { // what several kinds of evidence tell together is calibrated when each of them is
		r.benign = nil
		for _, u := range r.parts.calibration {
			r.o.Say("calibrating on %s, round %d of 2", u.Name, round+1)
			p, err := play(ctx, u, r, nil, nil)
			if err != nil {
				return err
			}
			r.benign = append(r.benign, p)
		}
		if list := samples(r.benign, r.o.Ablation.MinuteCalibration); len(list) > 0 {
			r.learned.tables = calibrate.Build(list, calibrate.Options{Hostile: -1})
			r.learned.build(r.options())
		}
	}
	r.homes = len(r.parts.calibration)
	for range ownMethods {
		r.blocks, r.limits = append(r.blocks, nil), append(r.limits, [levels]float64{math.Inf(1), math.Inf(1)})
	}
	r.report.Methods = append(r.report.Methods, r.learned.methods(r.budget)...)
	for i, m := range r.baselines {
		blocks := values(r.benign, ownMethods+i)
		line := &Method{Name: m.Name(), DeviceDays: len(blocks)}
		limit := [levels]float64{}
		line.How = HowFixed
		if m.Calibrated() {
			limit[atBudget], line.How = threshold(blocks, r.budget.P)
			limit[atQuarter], _ = threshold(blocks, r.budget.QuarterP)
			line.Floor = finite(floorP(len(blocks)))
		}
		line.Threshold, line.Quarter = finite(limit[atBudget]), finite(limit[atQuarter])
		r.blocks, r.limits = append(r.blocks, blocks), append(r.limits, limit)
		r.report.Methods = append(r.report.Methods, line)
	}
	return nil
}

// values are the block maxima of one method.
func values(passes []*pass, method int) (out []float64) {
	for _, p := range passes {
		for _, v := range p.methods[method].maxima {
			out = append(out, v)
		}
	}
	return out
}
