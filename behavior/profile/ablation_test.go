package profile

import "testing"

// What the hierarchy and one home's one vote are worth can be measured by leaving them out.
func TestWhatCanBeLeftOut(t *testing.T) {
	other := Level{Class: bulb.Class, Vendor: "Other", Model: "Other Lamp"}
	c := NewCounts()
	for h := range uint64(30) {
		u := &Use{Level: bulb, Week: 9, Home: h, Active: 7, Ends: []End{{Chain: cloud, Days: 7, Flows: 1}}}
		if h == 0 { // one home shouts
			u.Ends = append(u.Ends, End{Chain: odd, Days: 1, Flows: 1_000_000})
		}
		c.Add(u)
		c.Add(&Use{Level: other, Week: 9, Home: h + 100, Active: 7, Ends: []End{{Chain: host("other", 1), Days: 7, Flows: 1}}})
	}
	pi := func(o Options) (kin, loud float64) {
		o.Now, o.Few = 9, 1
		p, k := c.Build(o).For(bulb), host("other", 1)
		return p.Pi(&k), p.Pi(&odd)
	}
	kin, loud := pi(Options{})
	alone, _ := pi(Options{NoHierarchy: true})
	_, flows := pi(Options{FlowVotes: true})
	if alone >= kin {
		t.Errorf("the class says nothing: %v with it, %v without", kin, alone)
	}
	if loud > 0.05 || flows < 0.5 {
		t.Errorf("one loud home: %v by votes, %v by flows", loud, flows)
	}
}

// A document is worth the votes of so many homes, until there are homes.
func TestAPriorGivesWay(t *testing.T) {
	prior := []Prior{{Level: bulb, Homes: 2, Ends: []End{{Chain: odd, Days: 7}}}}
	share := func(homes uint64) float64 {
		c := NewCounts()
		for h := range homes {
			c.Add(&Use{Level: bulb, Week: 9, Home: h, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}})
		}
		return c.Build(Options{Now: 9, Priors: prior}).For(bulb).Pi(&odd)
	}
	none, some, many := share(0), share(30), share(600)
	if none < 0.5 || some >= none/3 || many >= some/3 {
		t.Errorf("believed %v without homes, %v with 30, %v with 600", none, some, many)
	}
	c := NewCounts()
	c.Add(&Use{Level: bulb, Week: 9, Home: 1, Active: 7})
	if st, _ := c.Build(Options{Now: 9, Priors: prior}).For(bulb).Known(&odd); st.Standing != Rare || st.Homes != 0 {
		t.Errorf("a document made it %+v", st)
	}
}
