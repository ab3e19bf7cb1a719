package profile

import (
	"cmp"
	"maps"
	"slices"

	"cardea/behavior/calibrate"
)

// Options say how a Set is made.
type Options struct {
	Now         uint32                         // the week as of which it is made; later ones are not looked at
	Version     uint64                         // of the set
	Fleet       uint32                         // all homes that the cloud knows, of whom LeagueOf may be in league; fewer than have voted in a week: as many as these
	Few         uint32                         // counts of homes below it are not told exactly; 0: MinHomes. 1 where the homes are the caller's own captures
	Trusted     bool                           // no home is in league: they are the caller's own
	Qualify     func(Level, Evidence) Standing // nil: DefaultQualify
	Facts       func(Level) []uint64           // keys at the grain Domain of the level's own vendor, by signed facts; nil: none are known
	Calibration func(Level) *calibrate.Tables  // nil: none; a nil table leaves the level to its parent's
	Priors      []Prior                        // what is believed before any home was seen
	NoHierarchy bool                           // only to measure what it is worth: each level by itself
	FlowVotes   bool                           // only to measure what it is worth: homes vote with their flows
}

// Prior is what a document says of a model before homes did: so many homes' votes. It never makes an endpoint normal.
type Prior struct {
	Level Level
	Homes uint8
	Ends  []End
}

// filled are the options with what the counts say themselves: homes that voted are known.
func (c *Counts) filled(o Options) Options {
	if t := c.levels[Level{}]; t != nil {
		for i := range t.weeks {
			if w := &t.weeks[i]; w.week <= o.Now {
				o.Fleet = max(o.Fleet, add32(w.taught(), w.ill))
			}
		}
	}
	if o.Few == 0 {
		o.Few = MinHomes
	}
	if o.Qualify == nil {
		o.Qualify = DefaultQualify
	}
	return o
}

func (o Options) league() uint32 {
	if o.Trusted {
		return 0
	}
	return LeagueOf(o.Fleet)
}

// Build makes what is pushed. It does not change the counts, and the same counts and options make the same bytes.
func (c *Counts) Build(o Options) *Set {
	o = c.filled(o)
	readings := c.read(o)
	fitKappas(readings, o)
	caps := capsOf(len(readings))
	pages := make([]*page, 0, len(readings))
	for _, r := range readings {
		if o.theirs(r.homes) && r.level != (Level{}) {
			continue
		}
		pages = append(pages, r.page(o, caps[r.level.depth()]))
	}
	d := draft{version: o.Version, few: o.Few, levels: fitting(pages)}
	s, err := Parse(d.bytes())
	if err != nil {
		panic("profile: what was built cannot be read: " + err.Error())
	}
	return s
}

// read reads all levels, the coarser before the finer.
func (c *Counts) read(o Options) []*reading {
	levels := map[Level]bool{{}: true}
	for l := range c.levels {
		levels[l] = true
	}
	priors := map[Level][]Prior{}
	for _, p := range o.Priors {
		if p.Level.fits() {
			levels[p.Level], priors[p.Level] = true, append(priors[p.Level], p)
		}
	}
	by := map[Level]*reading{}
	var all []*reading
	for _, l := range slices.SortedFunc(maps.Keys(levels), Level.compare) {
		r := readLevel(l, c.levels[l], priors[l], o)
		if r.weight == 0 && l != (Level{}) {
			continue
		}
		for up, ok := l.Parent(); ok && r.parent == nil; up, ok = up.Parent() {
			r.parent = by[up]
		}
		r.learn(o.Few)
		by[l] = r
		all = append(all, r)
	}
	return all
}

// capsOf is how many endpoints of each grain a page may have, by the level's depth: a model fits in 1 KB. Where few levels are
// pushed there is room for more of each.
func capsOf(levels int) [depths][4]int {
	caps := [depths][4]int{{2048, 1024, 512, 128}, {512, 256, 128, 64}, {128, 64, 32, 24}, {64, 28, 12, 8}}
	if levels <= 200 {
		for d := range caps {
			for g := range caps[d] {
				caps[d][g] *= 8
			}
		}
	}
	return caps
}

// fitting writes pages while there is room: the levels of the fewest homes are left to their parents first, models before vendors.
func fitting(pages []*page) [][]byte {
	type written struct {
		page  *page
		bytes []byte
	}
	all, size := make([]written, 0, len(pages)), 64
	for _, p := range pages {
		w := written{p, p.append(nil)}
		all, size = append(all, w), size+len(w.bytes)
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b written) int {
		return cmp.Or(cmp.Compare(b.page.level.depth(), a.page.level.depth()), cmp.Compare(a.page.homes, b.page.homes))
	})
	left := map[*page]bool{}
	for _, w := range order {
		if size <= MaxSet {
			break
		}
		left[w.page], size = true, size-len(w.bytes)
	}
	var out [][]byte
	for _, w := range all {
		if !left[w.page] {
			out = append(out, w.bytes)
		}
	}
	return out
}
