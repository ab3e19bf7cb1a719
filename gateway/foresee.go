package gateway

import (
	"cmp"
	"context"
	"time"

	"cardea/gateway/collateral"
	"cardea/gateway/permits"
	"cardea/gateway/respond"
	"cardea/home"
)

// foreseen is what the gateway does to find out what modes would break before it holds a device to them by itself. Used by treat only.
type foreseen struct {
	tries map[home.DeviceID]home.Mode // trials that the gateway itself began
	after map[string]time.Time        // cases about which the past was asked, and when that may be done again
}

// foreseeAgain is how long a case's past is not read again, when that failed.
const foreseeAgain = time.Minute

// foresee has modes tried that are to follow by themselves, and looks in the past for what they would take from a device's work.
func (g *Gateway) foresee(now time.Time) {
	wanted := g.responder.Shadows()
	try := map[home.DeviceID]home.Mode{}
	for _, s := range wanted {
		if s.Try.Rank() > try[s.Device].Rank() {
			try[s.Device] = s.Try
		}
	}
	for id, m := range g.foreseen.tries {
		if try[id] != m {
			delete(g.foreseen.tries, id)
			if t, on := g.book.Trial(id, nil); on && t.Mode == m {
				g.book.Stop(id)
			}
		}
	}
	for id, m := range try {
		if _, on := g.book.Trial(id, nil); on {
			continue // people try something on it, or it is tried already
		}
		if g.try(id, m, now) == nil {
			g.foreseen.tries[id] = m
		}
	}
	for _, s := range wanted {
		if len(s.Ask) > 0 && !now.Before(g.foreseen.after[s.Incident]) && g.lookAhead(s, now) {
			if len(g.foreseen.after) >= 256 {
				clear(g.foreseen.after)
			}
			g.foreseen.after[s.Incident] = now.Add(min(foreseeAgain, cmp.Or(g.cfg.Containment.Quiet, foreseeAgain)))
		}
	}
}

// lookAhead finds out from the ledger what modes would take from a device's work. That takes time, so it is done aside; false: another
// job runs.
func (g *Gateway) lookAhead(s respond.Shaded, now time.Time) bool {
	d := g.known(s.Device)
	if d == nil {
		return false
	}
	who := permits.SubjectOf(d)
	if held, ok := g.book.Of(s.Device); ok {
		who = held.Subject
	}
	before := s.Before
	if before.IsZero() || before.After(now) {
		before = now
	}
	return g.aside(func(ctx context.Context) error {
		var failed error
		found := g.wouldOf(g.past(ctx, s.Device, before.Add(-previewDays), &failed), who, &s, before)
		if failed == nil {
			g.responder.Foreseen(s.Incident, found)
		}
		return failed
	})
}

// wouldOf is what modes take of a device's work, as contacts of the time before tell it.
func (g *Gateway) wouldOf(contacts func(func(*home.Contact) bool), who permits.Subject, s *respond.Shaded, before time.Time) (out []respond.Would) {
	var ways []func(*home.Contact) bool
	for _, m := range s.Ask {
		ways = append(ways, func(c *home.Contact) bool { return g.book.Leaves(who, m, c) })
	}
	losses := collateral.NewLosses(ways...)
	base := collateral.BaselineOf(func(yield func(*home.Contact) bool) {
		for c := range contacts {
			if c.First.Before(before) {
				losses.Contact(c)
			}
			if !yield(c) {
				return
			}
		}
	}, before, 0, func(c *home.Contact) bool { return ofSymptom(&s.Symptom, c) })
	for i, m := range s.Ask {
		w := respond.Would{Mode: m}
		if base.Enough() {
			w.Uses = len(base.Ends)
			w.Lost, w.Names = losses.Of(&base, i)
		}
		out = append(out, w)
	}
	return out
}
