package detect

import (
	"fmt"

	"cardea/behavior/calibrate"
)

// samples are the calibration's device-days, or minutes.
func samples(passes []*pass, minutes bool) []calibrate.Sample {
	var out []calibrate.Sample
	for _, p := range passes {
		list := p.cardea.days
		if minutes {
			list = p.cardea.each
		}
		for _, d := range list {
			out = append(out, calibrate.Sample{Home: p.unit.Key(), Day: d.Of, Max: d.Max})
		}
	}
	return out
}

// shown are the statistics whose calibration is shown.
var shown = [...]calibrate.Stat{calibrate.Minutes, calibrate.Hours, calibrate.Days, calibrate.Volume, calibrate.HoursOfDay, calibrate.Combined}

// checks compare the calibration with the test's benign units.
func (l *learned) checks(tested []*pass, b Budget) []Calibration {
	out := []Calibration{}
	if l.tables == nil {
		return out
	}
	var days []calibrate.Sample
	days = append(days, samples(tested, false)...)
	for _, stat := range shown {
		above, how := l.tables.Threshold(stat, b.P)
		quarter, _ := l.tables.Threshold(stat, b.QuarterP)
		c := Calibration{
			Statistic: "cardea: " + stat.String(), DeviceDays: l.tables.Days(), Homes: l.tables.Homes(), Floor: floorP(l.tables.Days()),
			How: howOf(how), Threshold: finite(above), Quarter: finite(quarter), Levels: []Level{},
		}
		for _, p := range tableLevels {
			line := Level{P: p, Expected: p * float64(len(days)), Of: len(days)}
			for i := range days {
				if x := float64(days[i].Max[stat]); x > 0 && l.tables.P(stat, x).Value <= p {
					line.Observed++
				}
			}
			if line.Of > 0 {
				line.Share = finite(float64(line.Observed) / float64(line.Of))
			}
			c.Levels = append(c.Levels, line)
		}
		out = append(out, c)
	}
	return out
}

func howOf(h calibrate.How) string {
	switch h {
	case calibrate.Exact:
		return HowExact
	case calibrate.Extrapolated:
		return HowExtrapolated
	case calibrate.Maximum:
		return HowMaximum
	case calibrate.Silent:
	}
	return HowSilent
}

// methods describe the detectors.
func (l *learned) methods(b Budget) []*Method {
	gateway, maximum := &Method{Name: "cardea", How: HowSilent}, &Method{Name: "cardea-maximum", How: HowSilent}
	if l.tables != nil {
		_, how := l.tables.Threshold(calibrate.Minutes, b.P)
		maximum.How = howOf(how)
		if gateway.How = maximum.How; how == calibrate.Maximum {
			gateway.How = fmt.Sprintf("silent (%d device-days of %d units; the budget needs %d of %d)",
				l.tables.Days(), l.tables.Homes(), calibrate.NeedDays(b.P), calibrate.MinHomes)
		}
	}
	for _, m := range []*Method{gateway, maximum} {
		m.How += "; " + HowRules
		if l.tables != nil {
			m.DeviceDays, m.Floor = l.tables.Days(), finite(floorP(l.tables.Days()))
		}
	}
	return []*Method{gateway, maximum}
}
