package line

import "time"

// Remedy is something that may help a slow line.
type Remedy string

// Remedies.
const (
	Fair     Remedy = "fair"     // the line is shared out between devices
	Upstream Remedy = "upstream" // another server of names is asked first
	Restart  Remedy = "restart"  // the gateway is started again
)

// Measured is how long a remedy is measured, before and after.
const Measured = 2 * time.Minute

// A remedy helped when what it is for takes at most helpedShare of what it took before, or much less is lost.
const (
	helpedShare = 0.7
	helpedLost  = 10 // of 1,000, at least so many fewer

	unnoticed = 5 * time.Millisecond // nobody feels that much more or less
)

// Trial is a remedy that is being measured.
type Trial struct {
	ID     string    `json:"id"` // of the order
	Kind   Remedy    `json:"kind"`
	Begun  time.Time `json:"begun"`
	Before Figures   `json:"before"`
}

// Begin is a trial that begins now; false when too little was measured just before.
func (b *Book) Begin(id string, kind Remedy, now time.Time) (Trial, bool) {
	begin := now.Truncate(time.Minute)
	t := Trial{ID: id, Kind: kind, Begun: now, Before: b.Figures(begin.Add(-Measured), begin)}
	return t, t.Before.known(kind)
}

// What has to be measured, before and after: both minutes, and in them so much.
const (
	needProbes = 10
	needAsked  = 2
)

func (f Figures) known(kind Remedy) bool {
	if f.Minutes < int(Measured/time.Minute) {
		return false
	}
	if kind == Upstream {
		return f.Asked >= needAsked && (f.DNS > 0 || f.DNSLost > 0)
	}
	return f.Probes >= needProbes && (f.First > 0 || f.Beyond > 0 || f.Lost > 0)
}

// window is when the trial's minutes after it are: whole ones, the first of them after the one in which it began.
func (t *Trial) window() (from, to time.Time) {
	from = t.Begun.Truncate(time.Minute).Add(time.Minute)
	return from, from.Add(Measured)
}

// Over says whether it is measured.
func (t *Trial) Over(now time.Time) bool {
	_, to := t.window()
	return !now.Before(to)
}

// End tells how it was after and whether the remedy helped.
func (b *Book) End(t *Trial) (after Figures, helped bool) {
	after = b.Figures(t.window())
	if !after.known(t.Kind) || t.Calm(after) {
		return after, false
	}
	if t.Kind == Upstream {
		return after, better(t.Before.DNS, after.DNS, t.Before.DNSLost, after.DNSLost)
	}
	if t.Before.Beyond > 0 && after.Beyond > 0 {
		return after, better(t.Before.Beyond, after.Beyond, t.Before.Lost, after.Lost)
	}
	return after, better(t.Before.First, after.First, t.Before.Lost, after.Lost)
}

// Calm says that so little moved after a remedy, beside before, that what it is against was gone by itself: of sharing nothing follows then.
func (t *Trial) Calm(after Figures) bool {
	return t.Kind == Fair && t.Before.Down+t.Before.Up > minUp && (after.Down+after.Up)*2 < t.Before.Down+t.Before.Up
}

// better says whether it takes much less time and no more is lost, or much less is lost and it takes no longer.
func better(before, after time.Duration, lostBefore, lostAfter int) bool {
	slower := before > 0 && float64(after) > 1.1*float64(before) && after-before > unnoticed
	switch {
	case after == 0: // nothing came back
		return false
	case before == 0: // nothing had come back
		return true
	case lostBefore-lostAfter >= helpedLost && lostAfter*2 <= lostBefore && !slower:
		return true
	}
	return float64(after) <= helpedShare*float64(before) && before-after > unnoticed && lostAfter <= lostBefore+helpedLost
}
