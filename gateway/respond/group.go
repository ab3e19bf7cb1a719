package respond

import (
	"net/netip"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

func (r *Responder) kind(fs []home.Finding, d home.DeviceID) home.Infection {
	if r.policy.Kind == nil {
		return ""
	}
	return r.policy.Kind(fs, d)
}

func named(k home.Infection) bool { return k != "" && k != home.InfectionUnknown }

// caseOf is the open case that a finding belongs to: of the same kind, of no kind that is known, or about the same endpoints.
// nil: it is a cause of its own. The lock is held.
func (r *Responder) caseOf(f *home.Finding, kind home.Infection) *Case {
	all := r.devices[f.Device]
	for _, c := range all {
		if (c.Incident.Kind == kind || c.Was == kind) && named(kind) {
			return c
		}
	}
	for _, c := range all {
		if !named(kind) || !named(c.Incident.Kind) || shares(c.Incident.Symptom, f.Symptom) {
			return c
		}
	}
	if len(all) >= maxOfDevice {
		return r.primary(f.Device)
	}
	return nil
}

// shares says whether two symptoms are about the same far end.
func shares(a, b home.Symptom) bool {
	return slices.ContainsFunc(a.Names, func(n string) bool { return slices.Contains(b.Names, n) }) ||
		slices.ContainsFunc(a.Addrs, func(x netip.Addr) bool { return slices.Contains(b.Addrs, x) })
}

func (c *Case) join(f *home.Finding) {
	c.Latest = f.Time
	c.Incident.Count++
	if len(c.Incident.Findings) < maxFindings {
		c.Incident.Findings = append(c.Incident.Findings, *f)
	} else {
		c.Incident.Findings[maxFindings-1] = *f
	}
}

// rename gives a case its kind once the findings together tell it, and the playbook for that. The lock is held.
func (r *Responder) rename(c *Case, now time.Time) {
	if named(c.Incident.Kind) {
		return
	}
	k := r.kind(c.Incident.Findings, c.Incident.Device)
	if k == c.Incident.Kind || k == "" {
		return
	}
	c.Incident.Kind = k
	r.dirty[c.Incident.ID] = true
	begun := slices.ContainsFunc(c.Incident.Steps, func(s home.Step) bool { return s.State != home.StepTodo && s.State != home.StepNow })
	if c.Incident.State != home.StateOpen && !begun {
		r.begin(c)
		r.advance(c, now)
	}
}

// relapsed counts that a device did it again on probation. What a restart should have removed and did not, twice, is treated as
// something that stays. The lock is held.
func (r *Responder) relapsed(c *Case) {
	c.Incident.Relapses++
	if c.Incident.Kind == home.InfectionTelnet && c.Incident.Relapses >= 2 {
		c.Was, c.Incident.Kind = c.Incident.Kind, home.InfectionPersistent
	}
}

// recurrences counts on from a case of the same cause that ended well not long ago.
func (r *Responder) recurrences(d home.DeviceID, kind home.Infection, now time.Time) int {
	for i := len(r.done) - 1; i >= 0; i-- {
		o := &r.done[i]
		if o.Device == d && o.Kind == kind && o.Outcome == home.OutcomeClean && !past(o.Changed, now, recurs) {
			return min(o.Relapses+1, 1000)
		}
	}
	return 0
}

// room makes room for a case more; false: each is enforced, and nobody has so many devices. The lock is held.
func (r *Responder) room(now time.Time) bool {
	if len(r.cases) < maxIncidents {
		return true
	}
	out := r.leastUrgent()
	if out == nil {
		return false
	}
	out.Incident.Outcome = home.OutcomeExpired
	r.move(out, now, home.StateClosed, home.ModeOff, ByGateway, say.New("Nothing more was seen of it, and there were too many cases."))
	return true
}

// leastUrgent is the case that was silent the longest among those in which nothing is enforced. The lock is held.
func (r *Responder) leastUrgent() (out *Case) {
	for _, c := range r.cases {
		if c.Incident.State == home.StateOpen && (out == nil || c.less(out)) {
			out = c
		}
	}
	return out
}

func (c *Case) less(o *Case) bool {
	if isolates(c.Incident.Mode) != isolates(o.Incident.Mode) {
		return !isolates(c.Incident.Mode)
	}
	if !c.Latest.Equal(o.Latest) {
		return c.Latest.Before(o.Latest)
	}
	return c.Incident.ID < o.Incident.ID
}
