package respond

import (
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Harmed takes what the containment was seen to do to a device's normal work. On soft evidence the gateway gives way, one mode
// at a time and an hour apart; on hard evidence, and where a person chose the mode, it only says so.
func (r *Responder) Harmed(d home.DeviceID, h home.Harm, now time.Time) {
	r.act(func() {
		for _, c := range slices.Clone(r.devices[d]) {
			if c.Incident.Mode != home.ModeOff {
				r.harmed(c, h, now)
			}
		}
	})
}

func (r *Responder) harmed(c *Case, h home.Harm, now time.Time) {
	h.Sentence, h.Said = said(harms(&h))
	before := c.Incident.Harm
	h.Lifted = before != nil && before.Lifted
	c.Incident.Harm = &h
	if before == nil || before.Sentence != h.Sentence {
		r.dirty[c.Incident.ID] = true
	}
	if c.Hard || c.Chosen || c.Approved || len(c.Incident.Findings) == 0 || !past(c.Narrowed, now, narrowGap) {
		return
	}
	h.Lifted, c.Narrowed = true, now
	mode := r.milder(c)
	switch {
	case !isolates(mode):
		r.unhold(c, now)
	default:
		r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(mode)}, now)
	}
	if mode == home.ModeOff {
		r.uncut(c, ByGateway, now)
	}
	c.Base = mode
	state := c.Incident.State
	if !isolates(mode) && state != home.StateProbation {
		state = home.StateOpen
	}
	r.move(c, now, state, mode, ByGateway, sentences(harms(&h), say.New("The evidence was weak, so we gave way."), holdText(mode)))
}

// harms is what a containment was seen to do.
func harms(h *home.Harm) home.Words {
	if h.Said.Pattern != "" {
		return h.Said
	}
	return theirs(h.Sentence)
}

// milder is the next mode that takes less away and leaves the device its work, as far as its past tells.
func (r *Responder) milder(c *Case) home.Mode {
	for i := c.Incident.Mode.Rank() - 1; i > 0; i-- {
		m := home.Modes[i]
		if m == home.ModeEndpointBlock && c.blockMode() != m || !r.knows(c.Incident.Device, m) {
			continue
		}
		if w, ok := c.would(m); ok && w.Breaks() {
			continue // it would not do its work there either
		}
		return m
	}
	return home.ModeOff
}
