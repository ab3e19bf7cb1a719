package population

import (
	"math"
	"slices"

	"cardea/home"
)

// book is what is known of right and wrong: the truth beside what was told.
type book struct {
	tally    tally
	detector map[home.Detector]int // false alerts by detector
	contains int                   // healthy devices contained by themselves
	guests   int                   // alerts about guests' devices
	quieted  int                   // findings that the breaker kept from residents
	updates  int                   // alerts about an update's endpoints
	unknown  int                   // alerts about devices that nobody knows
	early    int                   // alerts before thresholds existed
}

// tally is what a shard counts by itself.
type tally struct {
	deviceDays, activeDays uint64
	homeDays, judgedDays   uint64 // judged: of homes that do not calibrate, once thresholds exist
	calibratingDays        uint64
	contacts               uint64
	pastFalse, pastIll     uint64 // told of the past
}

func (t *tally) add(o *tally) {
	t.deviceDays += o.deviceDays
	t.activeDays += o.activeDays
	t.homeDays += o.homeDays
	t.judgedDays += o.judgedDays
	t.calibratingDays += o.calibratingDays
	t.contacts += o.contacts
	t.pastFalse += o.pastFalse
	t.pastIll += o.pastIll
}

func (t *tally) past(ill bool) {
	if ill {
		t.pastIll++
	} else {
		t.pastFalse++
	}
}

func (t *tally) days(contacts int) {
	t.deviceDays++
	t.contacts += uint64(contacts)
	if contacts > 0 {
		t.activeDays++
	}
}

func (t *tally) home(h *house, day int, speaks bool) {
	t.homeDays++
	if !speaks || h.league {
		return
	}
	if h.calibrates {
		t.calibratingDays++
	} else {
		t.judgedDays++
	}
	h.judged++
	if h.onHoliday(day) {
		h.awayDays++
	}
}

// onHoliday: the day on which people are back counts, too.
func (h *house) onHoliday(day int) bool {
	return h.away != 0 && day >= h.away && day <= h.away+holidayLength
}

// holiday sums up judged homes whose people are away.
func holiday(homes []*house) (a Holiday) {
	for _, h := range homes {
		if h.calibrates || h.league || h.awayDays == 0 {
			continue
		}
		a.Homes++
		a.HomeDays += h.awayDays
		a.Alerts += h.awayAlerts
	}
	if days := float64(a.HomeDays); days > 0 {
		mean, upper := float64(a.Alerts)/days*quarter, poissonUpper(float64(a.Alerts))/days*quarter
		a.Mean, a.Upper = &mean, &upper
	}
	return a
}

func newBook() *book { return &book{detector: map[home.Detector]int{}} }

// finding takes one that was told to the cloud; quiet: the breaker
// keeps it from residents until then, or for ever (-1). An alert is an incident, as at the gateway: further findings of the
// device join it, until a week has passed without any.
func (b *book) finding(t *told, day int, speaks bool, quiet int64) {
	if t.device != nil && t.device.plague != nil && t.device.plague.onset != 0 && t.device.plague.onset <= t.at {
		p := t.device.plague // whatever is told of it then leads to it
		if p.found == 0 {
			p.found, p.by = t.at, t.detector
		}
		p.hard = p.hard || t.hard
		if at := max(t.at, quiet); quiet >= 0 && (p.told == 0 || at < p.told) {
			p.told = at
		}
		return
	}
	if t.house.league {
		return
	}
	if t.contain {
		b.contains++
	}
	if quiet < 0 {
		b.quieted++
		return
	}
	if t.device == nil {
		if t.house.guestAlert == day+1 {
			return
		}
		t.house.guestAlert = day + 1
		b.guests++
	} else {
		open := t.device.watched.alert != 0 && day+1-t.device.watched.alert < holdsOpen
		if t.device.watched.alert = day + 1; open {
			return
		}
		if t.device.unknown {
			b.unknown++
		}
		if t.end != nil && t.device.role == updated && slices.ContainsFunc(t.device.news, func(e end) bool { return e.chain == t.end.chain }) {
			b.updates++
		}
	}
	if !speaks {
		b.early++
	}
	if speaks {
		t.house.alerts++
		if t.house.onHoliday(day) {
			t.house.awayAlerts++
		}
		if !t.house.calibrates {
			b.detector[t.detector]++
		}
	}
}

// holdsOpen is for how many days after its latest finding an incident takes further ones.
const holdsOpen = 7

const quarter = 91

// alerts sums up homes: mean a quarter, its upper 95 % bound by homes, and the 99th of a hundred homes in a quarter, by a negative
// binomial of the same mean and variance, since fewer days than a quarter's are seen.
func alerts(homes []*house, calibrating bool) (a Alerts) {
	var n, days, sum, squares float64
	var counts []float64
	for _, h := range homes {
		if h.calibrates != calibrating || h.league || h.judged == 0 {
			continue
		}
		n++
		days += float64(h.judged)
		sum += float64(h.alerts)
		squares += float64(h.alerts) * float64(h.alerts)
		counts = append(counts, float64(h.alerts))
	}
	a.Homes, a.HomeDays, a.Alerts = int(n), int(days), int(sum)
	if n == 0 || days == 0 {
		return a
	}
	k := quarter / (days / n)
	mean := sum / n
	variance := max(0, squares/n-mean*mean) * n / max(n-1, 1)
	a.Mean = mean * k
	a.Upper = max((mean+1.645*math.Sqrt(variance/n))*k, poissonUpper(sum)/days*quarter)
	a.Worst = quantile(counts, 1)
	a.P99Seen = quantile(counts, 0.99)
	a.P99 = negativeBinomial(mean*k, mean*k+k*k*max(0, variance-mean), 0.99)
	return a
}

// poissonUpper is the upper 95 % bound of a Poisson mean after so many events (Wilson and Hilferty's approximation of the exact one).
func poissonUpper(n float64) float64 {
	a := n + 1
	x := 1 - 1/(9*a) + 1.645/(3*math.Sqrt(a))
	return a * x * x * x
}

// negativeBinomial is a quantile of a count.
func negativeBinomial(mean, variance, q float64) float64 {
	if mean <= 0 {
		return 0
	}
	if variance <= mean*1.0001 {
		p, sum := math.Exp(-mean), 0.0
		for k := 0.0; k < 10_000; k++ {
			if sum += p; sum >= q {
				return k
			}
			p *= mean / (k + 1)
		}
	}
	r, s := mean*mean/(variance-mean), mean/variance
	p, sum := math.Pow(s, r), 0.0
	for k := 0.0; k < 10_000; k++ {
		if sum += p; sum >= q {
			return k
		}
		p *= (k + r) / (k + 1) * (1 - s)
	}
	return 10_000
}
