package detect

import (
	"cmp"
	"context"
	"slices"

	"cardea/home"
	"cardea/lab/eval/units"
)

const (
	spliceHosts = 3 // benign units that each attack is played into, when there are as many
	hostPool    = 6 // the longest of the test's units, among which the hosts change from attack to attack
)

// places are when in a host's time an attack begins, as a share of the time it was watched: after some life of its own to learn from.
var places = [spliceHosts]float64{.5, .7, .4}

// hosts are the test units that can take an attack, the longest first.
func (r *run) hosts() []*units.Unit {
	var out []*units.Unit
	for _, u := range r.parts.test {
		if len(u.Devices) > 0 {
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, func(a, b *units.Unit) int { return cmp.Compare(b.Last.Sub(b.First), a.Last.Sub(a.First)) })
	return out[:min(len(out), hostPool)]
}

// host is the unit's device that an attack is put onto: the most active one that is no person's.
func host(u *units.Unit) *units.Device {
	for i := range u.Devices {
		if !u.Devices[i].Class.Personal() {
			return &u.Devices[i]
		}
	}
	return &u.Devices[0]
}

// splices plays each attack into benign units, and benign units into each other.
func (r *run) splices(ctx context.Context, list []*captured) error {
	for _, m := range r.report.Methods {
		m.Splices, m.Sham = []Capture{}, &Sham{Plays: Plays{Findings: []string{}}, Other: Plays{Findings: []string{}}}
	}
	hosts := r.hosts()
	if len(hosts) == 0 {
		r.note("nothing was spliced: there is no benign test unit")
		return nil
	}
	for i, c := range list {
		if c.infected == "" {
			continue
		}
		for j := range min(spliceHosts, len(hosts)) {
			if err := r.splice(ctx, c, hosts[(i+j)%len(hosts)], places[j]); err != nil {
				return err
			}
		}
	}
	return r.shams(ctx, hosts)
}

// into splices at a share of the time in which the host was watched: where nobody captured it, there is no benign time.
func (r *run) into(u *units.Unit, attack *units.Unit, from home.DeviceID, place float64) (*units.Unit, error) {
	return u.Splice(host(u).ID, units.Splice{Attack: attack, From: from, At: r.alone(u).watched.at(place)})
}

func (r *run) splice(ctx context.Context, c *captured, u *units.Unit, place float64) error {
	s, err := r.into(u, c.unit, c.infected, place)
	if err != nil {
		r.note("%s was not spliced into %s: %v", c.file, u.Name, err)
		return nil
	}
	r.o.Say("attack %s in %s", c.file, u.Name)
	p, err := play(ctx, s, r, r.limits, c.attacked(s.Attack, r.alone(u)))
	if err != nil {
		return err
	}
	if !p.began {
		r.note("%s in %s: nothing malicious was left after splicing", c.file, u.Name)
		return nil
	}
	for i, m := range r.report.Methods {
		out := c.result(p, i)
		out.Host = u.Name
		m.Splices = append(m.Splices, out)
	}
	return r.lookAtAttack(ctx, c, s, u, func(d home.DeviceID) bool { return d == s.Attack.Device })
}

// shams plays benign conduct into benign time: of another unit of the host's model, or where there is none the host's own of
// another time. What is found beyond what the host alone shows is the splice's doing, and makes every spliced figure worthless.
// Besides, each host gets the conduct of another model: whoever knows models may find that, and rightly.
func (r *run) shams(ctx context.Context, hosts []*units.Unit) error {
	for i, u := range hosts {
		donor := r.sibling(u)
		if err := r.sham(ctx, u, donor, func(m *Method) *Plays { return &m.Sham.Plays }); err != nil {
			return err
		}
		for _, m := range r.report.Methods {
			if donor != u {
				m.Sham.Siblings++
			}
		}
		other := hosts[(i+1)%len(hosts)]
		if other == u || modelName(&host(other).Device) == modelName(&host(u).Device) {
			continue
		}
		if err := r.sham(ctx, u, other, func(m *Method) *Plays { return &m.Sham.Other }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) sham(ctx context.Context, u, donor *units.Unit, to func(*Method) *Plays) error {
	name := donor.Name + " in " + u.Name
	s, err := r.into(u, donor, host(donor).ID, places[0])
	if err != nil {
		r.note("sham %s: %v", name, err)
		return nil
	}
	r.o.Say("sham: %s", name)
	p, err := play(ctx, s, r, r.limits, nil)
	if err != nil {
		return err
	}
	alone := r.alone(u)
	for j, m := range r.report.Methods {
		to(m).add(p.methods[j], alone.methods[j], s.Attack, name)
	}
	return nil
}

// sibling finds another test unit whose device is of the host's model, else the host itself.
func (r *run) sibling(u *units.Unit) *units.Unit {
	model := modelName(&host(u).Device)
	for _, o := range r.parts.test {
		if o != u && len(o.Devices) > 0 && model != "" && modelName(&host(o).Device) == model {
			return o
		}
	}
	return u
}

// alone is the host's own pass.
func (r *run) alone(u *units.Unit) *pass {
	i := slices.Index(r.parts.test, u)
	return r.tested[i]
}

// add counts what was told since the splice began and is not told of the host alone.
func (s *Plays) add(of, alone *passed, a *units.Attack, name string) {
	s.Played++
	days := map[dayKey]bool{}
	for _, f := range of.findings {
		k := dayKey{f.device, dayOf(f.time)}
		if f.time.Before(a.At) || alone.alerts[atBudget][k] && (f.f == nil || alone.by[told{k, f.f.Detector}]) {
			continue
		}
		if !days[k] {
			days[k] = true
			s.Alerts++
		}
		if len(s.Findings) < 20 {
			s.Findings = append(s.Findings, name+": "+f.text())
		}
	}
}
