package detect

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"cardea/behavior/calibrate"
)

// test judges the benign units that nothing was learned from.
func (r *run) test(ctx context.Context) error {
	r.back = r.looking()
	for _, u := range slices.Concat(r.parts.calibration, r.parts.test) {
		if err := r.lookAt(ctx, u); err != nil {
			return err
		}
	}
	for _, u := range r.parts.test {
		r.o.Say("testing on %s", u.Name)
		p, err := play(ctx, u, r, r.limits, nil)
		if err != nil {
			return err
		}
		r.tested = append(r.tested, p)
	}
	r.report.Fresh = fresh(r.tested)
	for i, m := range r.report.Methods {
		m.False = r.falseAlerts(i)
		if i >= ownMethods && r.limits[i][atBudget] != 0 && len(r.tested) > 0 {
			r.report.Calibration = append(r.report.Calibration, table(m.Name, r.blocks[i], values(r.tested, i), r.homes, r.budget))
		}
	}
	r.report.Calibration = append(r.learned.checks(r.tested, r.budget), r.report.Calibration...)
	return nil
}

// fresh counts the endpoints that the test's devices met for the first time.
func fresh(tested []*pass) Fresh {
	f := Fresh{Examples: []string{}}
	for _, p := range tested {
		f.DeviceDays += p.watched.later.Hours() / 24
		for _, k := range p.cardea.order {
			f.Device++
			if !p.cardea.fresh[k] {
				continue
			}
			f.Both++
			if len(f.Examples) < 20 {
				f.Examples = append(f.Examples, fmt.Sprintf("%s: %s %d/%s", p.unit.Name, k.far, k.port, k.proto))
			}
		}
	}
	f.DeviceDays = math.Round(f.DeviceDays*1e6) / 1e6
	if f.DeviceDays > 0 {
		f.PerDay, f.BothPerDay = finite(float64(f.Device)/f.DeviceDays), finite(float64(f.Both)/f.DeviceDays)
	}
	return f
}

// falseAlerts sums up what one method told of the benign test units.
func (r *run) falseAlerts(method int) Benign {
	b := Benign{Detectors: map[string]int{}, Examples: []string{}}
	var alerts [levels]int
	contained := 0
	for _, p := range r.tested {
		of := p.methods[method]
		b.Blocks += len(p.watched.days)
		b.DeviceDays += p.watched.deviceDays()
		b.Findings += of.told
		contained += len(of.contain)
		for l := range levels {
			alerts[l] += len(of.alerts[l])
		}
		for _, a := range of.findings {
			if a.f != nil {
				b.Detectors[string(a.f.Detector)]++
			}
			if len(b.Examples) < 20 {
				b.Examples = append(b.Examples, p.unit.Name+": "+a.text())
			}
		}
	}
	b.DeviceDays = math.Round(b.DeviceDays*1e6) / 1e6
	b.Alerts, b.AtQuarter = rate(alerts[atBudget], b.DeviceDays, r.budget.Devices), rate(alerts[atQuarter], b.DeviceDays, r.budget.Devices)
	b.Containments = rate(contained, b.DeviceDays, r.budget.Devices)
	return b
}

func (a *alert) text() string {
	if a.f == nil {
		return fmt.Sprintf("score %.3g", a.value)
	}
	p := ""
	if a.f.P != nil {
		p = fmt.Sprintf(", p %.2g", *a.f.P)
	}
	return fmt.Sprintf("%s (%s%s): %s", a.f.Detector, a.f.Strength, p, a.f.Sentence)
}

// rate is a count in so many device-days, with its upper bound.
func rate(count int, days float64, devices int) Rate {
	r := Rate{Count: count}
	if days <= 0 {
		return r
	}
	quarter := float64(calibrate.Quarter * devices)
	one, upper := float64(count)/days, calibrate.Upper95(count, days)
	r.PerDeviceDay, r.UpperPerDeviceDay = finite(one), finite(upper)
	r.PerHomeQuarter, r.UpperPerHomeQuarter = finite(one*quarter), finite(upper*quarter)
	return r
}

// tableLevels are the p at which a calibration is checked.
var tableLevels = []float64{.5, .2, .1, .05, .02, .01, .001}

// table checks a calibration: how many of the test's block maxima reach each p, and how many should.
func table(name string, blocks, tested []float64, homes int, budget Budget) Calibration {
	c := Calibration{Statistic: name, DeviceDays: len(blocks), Homes: homes, Floor: floorP(len(blocks)), Levels: []Level{}}
	above, how := threshold(blocks, budget.P)
	quarter, _ := threshold(blocks, budget.QuarterP)
	c.How, c.Threshold, c.Quarter = how, finite(above), finite(quarter)
	sorted := slices.Sorted(slices.Values(blocks))
	for _, p := range tableLevels {
		l := Level{P: p, Expected: p * float64(len(tested)), Of: len(tested)}
		for _, v := range tested {
			if conformal(sorted, v) <= p {
				l.Observed++
			}
		}
		if l.Of > 0 {
			l.Share = finite(float64(l.Observed) / float64(l.Of))
		}
		c.Levels = append(c.Levels, l)
	}
	return c
}

// conformal is a score's p among sorted block maxima.
func conformal(sorted []float64, x float64) float64 {
	i, _ := slices.BinarySearchFunc(sorted, x, cmp.Compare[float64])
	return float64(1+len(sorted)-i) / float64(len(sorted)+1)
}

// families sums captures up by their family.
func families(captures []Capture) []Family {
	type sums struct {
		seconds, packets [levels][]float64
	}
	by := map[string]*sums{}
	for _, c := range captures {
		s := by[c.Family]
		if s == nil {
			s = &sums{}
			by[c.Family] = s
		}
		for l, d := range [levels]Detection{c.Detection, c.Quarter} {
			sec, pk := math.Inf(1), math.Inf(1)
			if d.Detected {
				sec, pk = *d.Seconds, *d.Packets
			}
			s.seconds[l], s.packets[l] = append(s.seconds[l], sec), append(s.packets[l], pk)
		}
	}
	out := []Family{}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		s := by[name]
		out = append(out, Family{name, len(s.seconds[0]), outcomeOf(s.seconds[atBudget], s.packets[atBudget]), outcomeOf(s.seconds[atQuarter], s.packets[atQuarter])})
	}
	return out
}

func outcomeOf(seconds, packets []float64) Outcome {
	o := Outcome{}
	for _, s := range seconds {
		if !math.IsInf(s, 1) {
			o.Detected++
		}
	}
	o.Share = float64(o.Detected) / float64(len(seconds))
	o.Low, o.High = wilson(o.Detected, len(seconds))
	o.Seconds = Quantile{finite(rank(seconds, .5)), finite(rank(seconds, .95))}
	o.Packets = Quantile{finite(rank(packets, .5)), finite(rank(packets, .95))}
	return o
}

// wilson is Wilson's interval of k in n at 95 % (Wilson, JASA 22, 1927).
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}
