package population

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/herd"
	"cardea/behavior/profile"
	"cardea/home"
)

// calibrate makes thresholds for each model by its own homes, and for the levels above by all of theirs. Homes with an incident
// leave, also with their older days.
func (c *cloud) calibrate() {
	o := calibrate.Options{Except: func(id uint64) bool { return c.ill[id] }}
	below := map[profile.Level][]*calibrate.Sketch{}
	own := side(len(c.w.models), c.o.Workers, func(i int) *calibrate.Tables {
		if s := c.sketches[i]; s != nil {
			return s.Build(o)
		}
		return nil
	})
	for i, m := range c.w.models {
		s := c.sketches[i]
		if s == nil {
			continue
		}
		c.tables[m.level] = own[i]
		for l, ok := m.level.Parent(); ok; l, ok = l.Parent() {
			below[l] = append(below[l], s)
		}
	}
	levels := slices.SortedFunc(maps.Keys(below), func(a, b profile.Level) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Vendor, b.Vendor))
	})
	made := side(len(levels), c.o.Workers, func(i int) *calibrate.Tables {
		t, err := calibrate.Pooled(o, below[levels[i]]...)
		if err != nil {
			panic("population: sketches of one salt do not merge: " + err.Error())
		}
		return t
	})
	pooled := map[profile.Level]*calibrate.Tables{}
	for i, l := range levels {
		pooled[l] = made[i]
	}
	for l := range below {
		chain := []*calibrate.Tables{pooled[l]}
		for p, ok := l.Parent(); ok; p, ok = p.Parent() {
			chain = append(chain, pooled[p])
		}
		c.tables[l] = calibrate.Pool(chain...)
	}
	for i, m := range c.w.models {
		if c.sketches[i] == nil {
			continue
		}
		chain := []*calibrate.Tables{c.tables[m.level]}
		for p, ok := m.level.Parent(); ok; p, ok = p.Parent() {
			chain = append(chain, pooled[p])
		}
		c.tables[m.level] = calibrate.Pool(chain...)
	}
}

// facts are the vendor's own domains, as signed facts tell them.
func (c *cloud) facts(l profile.Level) []uint64 {
	if l.Vendor == "" {
		return nil
	}
	d := l.Vendor + ".example"
	return []uint64{home.HashPort(d, 443, "tcp"), home.HashPort(d, 8883, "tcp")}
}

// flags are what the cloud knows of an endpoint before homes agree on it.
func (c *cloud) flags(d *device, e *end) (f herd.Flags) {
	if e.chain.Flags&endpoint.Shared != 0 {
		f |= herd.Shared
	}
	if e.chain.Flags&endpoint.Wide != 0 {
		f |= herd.Wide
	}
	if d != nil {
		if s, ok := c.set.For(d.level).Known(&e.chain); ok && s.Standing == profile.Normal {
			f |= herd.Normal
		}
	}
	return f
}

// side makes n things side by side.
func side(n, workers int, make1 func(int) *calibrate.Tables) []*calibrate.Tables {
	out := make([]*calibrate.Tables, n)
	next := make(chan int, n) // filled and closed here
	for i := range n {
		next <- i
	}
	close(next)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				out[i] = make1(i)
			}
		})
	}
	wait.Wait()
	return out
}
