package same

import (
	"cmp"
	"slices"
	"time"

	"cardea/home"
)

// Link is a proposal: two devices may be one.
type Link struct {
	Into       home.DeviceID `json:"into"` // the one known for longer
	From       home.DeviceID `json:"from"`
	Confidence float64       `json:"confidence"` // 0 to 0.99
	Why        []string      `json:"why"`        // in plain words, the strongest first; at most 5
	// Automatic says that the evidence is enough to merge them without asking.
	Automatic bool `json:"automatic"`
	// Contained: one of them is shut in, so the merged device must be. Protected: one of them is never shut in by itself; that
	// must go on for its own addresses only, and the other must not come to it by looking alike.
	Contained bool `json:"contained,omitempty"`
	Protected bool `json:"protected,omitempty"`
}

const (
	proposed    = 2.2 // log odds: 0.9
	automatic   = 6.9 // 0.999
	hiddenLeast = 1.5
)

type couple struct{ a, b home.DeviceID }

func coupleOf(a, b home.DeviceID) couple {
	if b < a {
		a, b = b, a
	}
	return couple{a, b}
}

// Proposals are all links that may be made now, the most likely first. It costs up to some milliseconds in a home full of
// devices that look alike: to be asked for every few seconds, not at each event.
func (l *Linker) Proposals() []Link {
	best, all := l.candidates()
	groups := map[home.DeviceID][]*face{}
	for _, f := range l.faces {
		groups[f.id] = append(groups[f.id], f)
	}
	busy := map[home.DeviceID]int{}
	var links []Link
	for c, cmp := range best {
		x, y := groups[c.a], groups[c.b]
		if cmp.score < proposed || together(x, y) {
			continue
		}
		busy[c.a]++
		busy[c.b]++
		links = append(links, l.link(x, y, &cmp))
	}
	for i := range links {
		k := &links[i]
		k.Automatic = k.Automatic && all && busy[k.Into] == 1 && busy[k.From] == 1
	}
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Into, b.Into), cmp.Compare(a.From, b.From))
	})
	return links
}

// candidates compares the faces of different devices that share something which leads to each other. all is false when there are
// too many to look at: others come next time, and none is merged without asking.
func (l *Linker) candidates() (best map[couple]comparison, all bool) {
	no := map[couple]bool{}
	for p := range l.apart {
		if a, b := l.faces[p.a], l.faces[p.b]; a != nil && b != nil {
			no[coupleOf(a.id, b.id)] = true
		}
	}
	names := l.popular()
	best = map[couple]comparison{}
	done := map[pair]bool{}
	for k, list := range l.index {
		if l.common[k.value] {
			continue
		}
		for i, a := range list {
			for _, b := range list[i+1:] {
				c, p := coupleOf(a.id, b.id), pairOf(a.mac, b.mac)
				weak := k.clue == Habits
				if a.id == b.id || no[c] || done[p] || weak && prior(a, b) <= priorFixed {
					continue
				}
				if atOnce(a, b) {
					no[c] = true
					continue
				}
				if len(done) >= maxPairs {
					return best, false
				}
				done[p] = true
				got := l.compare(a, b, names)
				if old, ok := best[c]; !ok || got.score > old.score {
					best[c] = got
				}
			}
		}
	}
	return best, true
}

// together says whether two devices were here at once.
func together(x, y []*face) bool {
	for _, a := range x {
		for _, b := range y {
			if atOnce(a, b) {
				return true
			}
		}
	}
	return false
}

// atOnce: both sent or answered in at least two of the same slots. One that leaves as the other comes shares one slot at most.
func atOnce(a, b *face) bool { return a.fine.together(b.fine) >= 2 || a.coarse.together(b.coarse) >= 2 }

// link makes the proposal for two devices and says whether it may be made without asking.
func (l *Linker) link(x, y []*face, c *comparison) Link {
	if older(first(y), first(x)) < 0 {
		x, y = y, x
	}
	old, young := x[0].id, y[0].id
	a, b := l.cfg.Standing(old), l.cfg.Standing(young)
	k := Link{Into: old, From: young, Confidence: c.confidence(), Why: c.why(),
		Contained: a.Contained || b.Contained, Protected: a.Protected || b.Protected}
	began, gone, latest, random := first(y).first, int64(0), int64(0), false
	for _, f := range x {
		gone, random = max(gone, f.last), random || f.mac.IsLocal()
	}
	for _, f := range y {
		latest, random = max(latest, f.last), random || f.mac.IsLocal()
	}
	settled := time.Duration(latest-began)*time.Second >= l.cfg.Settle
	k.Automatic = c.score >= automatic && c.unique && c.hidden >= hiddenLeast && !c.against() && random && settled && gone <= began && !k.Protected
	return k
}

func first(list []*face) *face { return slices.MinFunc(list, older) }

// lookApart finds faces that share something and are here at once: two devices, and what they share tells nobody apart.
func (l *Linker) lookApart() {
	l.spare = maxSpare
	t := l.now.Unix()
	for k, list := range l.index {
		for i, a := range list {
			for _, b := range list[i+1:] {
				if a.id != b.id && t-a.last < 2*fineSlot && t-b.last < 2*fineSlot && atOnce(a, b) {
					l.both(a, b, k)
				}
			}
		}
	}
}

// both notes that two faces with something in common are two devices.
func (l *Linker) both(a, b *face, k key) {
	if k.clue != Habits && len(l.common) < maxCommon {
		l.common[k.value] = true
	}
	if _, known := l.apart[pairOf(a.mac, b.mac)]; !known {
		l.setApart(a, b, Evidence)
	}
	if k.clue == ClientID {
		l.copies(a, b)
	}
}
