package calibrate

import "math"

// Hierarchical is the p of conformal prediction when homes are exchangeable, and days within a home whatever they like: (1 + Σ of
// the homes' own shares of days that reach x)/(K + 1) (Y. Lee, R. Barber, R. Willett, Distribution-free inference with
// hierarchical data, 2023, section 3). It holds exactly, for any number of homes and days; never below 1/(K+1), it would need
// 6,550 homes to alert by. Tables.P has the days instead (see column.observe), which holds as homes become many.
func Hierarchical(homes [][]float64, x float64) float64 {
	sum, k := 1.0, 1.0
	for _, days := range homes {
		if len(days) == 0 {
			continue
		}
		n := 0
		for _, d := range days {
			if d >= x {
				n++
			}
		}
		sum += float64(n) / float64(len(days))
		k++
	}
	return sum / k
}

// Line is one line of a calibration table: how many held-out days are as improbable as alpha. Well calibrated, Observed is about
// Alpha, and Lower is not above it.
type Line struct {
	Alpha    float64
	Observed float64 // share of held-out days with p ≤ alpha, homes weighing equally
	Count    int     // the days
	Lower    float64 // exact 95 % bounds (two-sided) by as many days as weigh fully. Days of one home hang together, so that they are rather too narrow
	Upper    float64
	Days     int
	Homes    int
	Possible bool // the floor of p lets it come true at all
}

// Check compares what was promised with what held-out homes did. The homes must not have calibrated the tables.
func Check(t *Tables, s Stat, held []Sample, alphas ...float64) []Line {
	perHome := map[uint64]float64{}
	for i := range held {
		perHome[held[i].Home]++
	}
	inverse := 0.0
	for i := range held {
		n := perHome[held[i].Home]
		inverse += 1 / (n * n) // Σ over homes of 1/N, day by day in the samples' order
	}
	k := float64(len(perHome))
	out := make([]Line, 0, len(alphas))
	for _, a := range alphas {
		l := Line{Alpha: a, Days: len(held), Homes: len(perHome), Possible: t.P(s, math.Inf(1)).Floor <= a}
		for i := range held {
			if t.P(s, float64(held[i].Max[s])).Value <= a {
				l.Count++
				l.Observed += 1 / perHome[held[i].Home] / k
			}
		}
		if len(held) > 0 {
			n := int(math.Round(k * k / inverse))
			c := int(math.Round(l.Observed * float64(n)))
			l.Lower, l.Upper = LowerShare(c, n, 0.025), UpperShare(c, n, 0.025)
		} else {
			l.Upper = 1
		}
		out = append(out, l)
	}
	return out
}
