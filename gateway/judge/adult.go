package judge

import "cardea/home"

// grown is what an Intel may know besides: names of class adult. They are asked for here alone, when a device looks a name up: no
// contact is judged by them, nothing is found by them, and what people read is kept and told nowhere.
type grown interface {
	Adult(name string) (home.Indicator, bool)
	HasAdult() bool
}

// Shields says whether names are refused to a device by its person's level: nobody is told then by name what a name leads to.
func (j *Judge) Shields(id home.DeviceID) bool { return j.shields(j.policy.Load(), id) != nil }

// shields gives the names that are refused to a device; nil: none are.
func (j *Judge) shields(p *policy, id home.DeviceID) grown {
	i := j.intel.Load()
	if i == nil {
		return nil
	}
	g, ok := (*i).(grown)
	if !ok || !g.HasAdult() {
		return nil
	}
	if p.class(id, home.ClassAdult) != home.Block && (j.level == nil || id == "" || j.level(id) != home.LevelFamily) {
		return nil
	}
	return g
}

// adult is the verdict about a name that a device's level refuses; false: it does not.
func (j *Judge) adult(p *policy, id home.DeviceID, name string) (v home.Verdict, ok bool) {
	g := j.shields(p, id)
	if g == nil || name == "" {
		return v, false
	}
	found, ok := g.Adult(name)
	if !ok {
		return v, false
	}
	if _, keep := p.guard.has(name); keep {
		return v, false
	}
	ind := found
	v = p.listed(id, name, &ind)
	v.Action = home.Block
	return v, true
}
