package respond

import (
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
)

// Would is what a mode would do to a device's normal work, as its own days without that mode show.
type Would struct {
	Mode  home.Mode `json:"mode"`
	Uses  int       `json:"uses"`            // services that it uses regularly; 0: too little is known of its days
	Lost  int       `json:"lost"`            // of these, those that it could not reach
	Names []string  `json:"names,omitempty"` // some of the lost ones, those of the most bytes first
}

// Breaks says whether the device could not do its normal work any more: half of its services are gone, as collateral counts it.
func (w Would) Breaks() bool { return w.Uses > 0 && 2*w.Lost >= w.Uses }

// Shadow is a mode that is to follow by itself and takes more away than the one that holds. It runs without being in force until it is
// known what it would break.
type Shadow struct {
	Mode home.Mode     `json:"mode"`
	For  time.Duration `json:"for"`            // it has run so long
	Seen bool          `json:"seen,omitempty"` // what it would do was looked at when it had run long enough
}

// Shaded is a device about which the gateway has to find out what modes would do.
type Shaded struct {
	Incident string
	Device   home.DeviceID
	Try      home.Mode   // to be tried live now; "" for none
	Ask      []home.Mode // to be looked at in its past, now; none: nothing is missing
	Before   time.Time   // the end of the days that tell how it works
	Symptom  home.Symptom
}

const (
	maxWould = 3 // modes with a list
	maxNames = 8 // names that are kept of what a mode would stop
	sayNames = 3 // and that are said
	lateSeen = time.Hour
)

// lists are the modes that may be tried, the strictest first.
var lists = []home.Mode{home.ModeUpdateOnly, home.ModeVendorOnly, home.ModeProfileOnly}

// Shadows are the devices of which it has to be found out what modes would do: those that are held apart, before one of these modes
// follows, and those that are to be held to a list by and by.
func (r *Responder) Shadows() (out []Shaded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cases {
		if !isolates(c.Incident.Mode) && c.Shadow == nil {
			continue
		}
		s := Shaded{Incident: c.Incident.ID, Device: c.Incident.Device, Before: c.Incident.Opened, Symptom: c.Incident.Symptom}
		switch {
		case c.Shadow != nil:
			s.Try = c.Shadow.Mode
			s.Before = c.Ticked // it works as ever still
		case !c.Chosen && r.knows(s.Device, home.ModeVendorOnly) && c.Incident.Mode.Rank() > home.ModeVendorOnly.Rank():
			s.Try = home.ModeVendorOnly // that follows when it is let out
		}
		last := c.Shadow != nil && !c.Shadow.Seen && c.Shadow.For >= r.policy.Shadow
		for _, m := range lists {
			if _, known := c.would(m); (!known || last) && r.knows(s.Device, m) {
				s.Ask = append(s.Ask, m)
			}
		}
		if s.Try != "" || len(s.Ask) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Shaded) int { return strings.Compare(a.Incident, b.Incident) })
	return out
}

// Foreseen takes what modes would do to a case's device, as the gateway found out.
func (r *Responder) Foreseen(incident string, found []Would) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.cases[incident]
	if c == nil {
		return
	}
	all := slices.Clone(found)
	for _, o := range c.Would {
		if !slices.ContainsFunc(found, func(w Would) bool { return w.Mode == o.Mode }) {
			all = append(all, o)
		}
	}
	c.Would = boundWould(all)
	if c.Shadow != nil && c.Shadow.For >= r.policy.Shadow {
		c.Shadow.Seen = true
	}
}

func boundWould(list []Would) (out []Would) {
	for _, w := range tail(list, maxWould) {
		if !w.Mode.Listing() || w.Uses < 0 || w.Lost < 0 || w.Lost > w.Uses {
			continue
		}
		names := []string{}
		for _, n := range w.Names[:min(len(w.Names), maxNames)] {
			if len(n) > home.MaxName { // (half a name is none)
				continue
			}
			names = append(names, n)
		}
		w.Names = names
		out = append(out, w)
	}
	return out
}

func (c *Case) would(m home.Mode) (Would, bool) {
	i := slices.IndexFunc(c.Would, func(w Would) bool { return w.Mode == m })
	if i < 0 {
		return Would{}, false
	}
	return c.Would[i], true
}

// shade lets the mode that is to follow run in shadow for a tick more, begins with it or ends it. The lock is held.
func (r *Responder) shade(c *Case, gap time.Duration, now time.Time) {
	to, why := r.coming(c)
	switch {
	case to == "":
		c.Shadow = nil
	case c.Shadow == nil || c.Shadow.Mode != to:
		c.Shadow = &Shadow{Mode: to}
		c.Would = nil // it works otherwise now than when it was shut in
		if c.Coming == to {
			return // a list that comes and goes is told of once
		}
		c.Coming = to
		r.move(c, now, c.Incident.State, c.Incident.Mode, ByGateway, sentences(why, say.New("Until then we try that without stopping anything, and look what it would stop.")))
	default:
		c.Shadow.For += gap
	}
}

// coming is the mode with a list that is to follow by itself and takes more away than what holds; "" for none. The lock is held.
func (r *Responder) coming(c *Case) (to home.Mode, why home.Words) {
	d, p := c.Incident.Device, c.Incident.Probation
	tightens := func(m home.Mode) bool {
		return m.Listing() && m.Rank() > c.Incident.Mode.Rank() && r.knows(d, m)
	}
	switch {
	case r.unproven(c) && c.Held >= r.policy.Unverified-r.policy.Shadow && tightens(home.ModeVendorOnly):
		return home.ModeVendorOnly, say.New("We still could not see that it is clean. In {0} it is to reach only its maker's services and updates.", span(r.policy.Shadow))
	case p != nil && p.Phase == PhaseVendor && tightens(r.phaseMode(c, PhaseProfile)):
		return r.phaseMode(c, PhaseProfile), say.New("When it counts as clean, it is to reach only what devices of its model use, for {0}.", span(r.policy.NoLAN*c.factor()))
	}
	return "", home.Words{}
}

// tried says whether a mode may follow now: it takes no more away than what holds, or its time in shadow is over. What was never
// found out is not waited for long. The lock is held.
func (r *Responder) tried(c *Case, to home.Mode) bool {
	if !to.Listing() || to.Rank() <= c.Incident.Mode.Rank() {
		return true
	}
	s := c.Shadow
	return s != nil && s.Mode == to && s.For >= r.policy.Shadow && (s.Seen || s.For >= r.policy.Shadow+min(r.policy.Shadow, lateSeen))
}

// choose is the mode in place of one that would break the device's normal work: the next milder one that is known not to (a list that came a
// moment ago was not looked at), at last no-lan. On strong evidence that is so only where more is taken away than before: who comes out of
// quarantine loses nothing by it. The lock is held.
func (r *Responder) choose(c *Case, to home.Mode) home.Mode {
	gives, instead := to.Rank() > c.Incident.Mode.Rank() || !c.Hard && !c.Approved, false
	for i := to.Rank(); gives && i > home.ModeNoLAN.Rank(); i-- {
		m := home.Modes[i]
		if !m.Listing() || !r.knows(c.Incident.Device, m) {
			continue
		}
		if w, ok := c.would(m); ok && !w.Breaks() || !ok && !instead {
			return m
		}
		instead = true
	}
	if gives && to.Listing() {
		return home.ModeNoLAN
	}
	return to
}

// foretold says what is known beforehand of a mode that begins. wanted is what was to follow; names are said only where the gateway
// itself acts: what people write is their own. The lock is held.
func (r *Responder) foretold(c *Case, wanted, mode home.Mode, by string) home.Words {
	w, ok := c.would(wanted)
	if !wanted.Listing() || wanted.Rank() < home.ModeProfileOnly.Rank() {
		return home.Words{}
	}
	more := wanted.Rank() > c.Incident.Mode.Rank()
	switch {
	case !ok || w.Uses == 0:
		if more {
			return say.New("Too little is known of its work to say what that stops.")
		}
		return home.Words{}
	case mode != wanted:
		return say.New("{0} would keep it from {1} of the {2} services that it uses regularly{3}, so we chose what takes less away.", say.Word(short[wanted]), say.Count(w.Lost),
			say.Count(w.Uses), w.named(by))
	case w.Lost == 0:
		return say.New("That leaves it all services that it uses regularly.")
	}
	return say.New("That keeps it from {0} of the {1} services that it uses regularly{2}.", say.Count(w.Lost), say.Count(w.Uses), w.named(by))
}

// short names a mode with a list at the beginning of a sentence.
var short = map[home.Mode]say.Pattern{
	home.ModeProfileOnly: "What devices of its model use", home.ModeVendorOnly: "Its maker's services alone", home.ModeUpdateOnly: "Its updates alone",
}

func (w Would) named(by string) say.Arg {
	if by != ByGateway || len(w.Names) == 0 {
		return say.Word("")
	}
	return say.Said(say.New(" ({0})", say.Text(strings.Join(w.Names[:min(len(w.Names), sayNames)], ", "))))
}
