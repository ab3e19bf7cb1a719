package eval

import (
	"context"
	"fmt"
	"slices"

	"cardea/identity"
)

// CrossReport is what leaving parts of one folder out in turn says: the instrument for tuning. None of it is a result on its own,
// since whoever tunes by it has seen it.
type CrossReport struct {
	Day   *Report `json:"leave_type_day_out"` // one type's captures of one day, the rest learned; types with one day are not in it
	Folds *Report `json:"ten_fold"`           // all types pooled
	Type  *Report `json:"leave_type_out"`     // a type that was never learned: unknown_rejected counts
	Copy  *Report `json:"copied"`             // each type's devices with names and DHCP habits of another type
	// Build is each type's days left out, with every byte of the stack and of DHCP as another firmware build might have it, and a
	// quarter of the names that it asks for gone: made up, for want of units of other builds.
	Build *Report `json:"other_build"`
	// CopyFound is the share of the copies that would be a finding.
	CopyFound *float64 `json:"copied_found"`
}

// Cross judges one folder's captures by models that have not learned them.
func Cross(ctx context.Context, dir string, o Options) (*CrossReport, error) {
	folders, err := readFolders(dir)
	if err != nil {
		return nil, fmt.Errorf("training folder: %w", err)
	}
	guessed, err := name(ctx, folders)
	if err != nil {
		return nil, err
	}
	full := reading{scramble: o.Scramble}
	taught, err := full.load(ctx, folders)
	if err != nil {
		return nil, err
	}
	asked := taught
	if o.First > 0 {
		full.first = o.First
		if asked, err = full.load(ctx, folders); err != nil {
			return nil, err
		}
	}
	c := &crossing{labels: labelsOf(folders), folders: folders, taught: taught, asked: asked, say: o.say}
	out := &CrossReport{Day: c.days(nil).report(nil, guessed), Folds: c.folds().report(nil, guessed)}
	out.Type = c.types().report(nil, guessed)
	out.Build = c.days(rebuilt).report(nil, guessed)
	copies := c.copies()
	out.Copy = copies.report(nil, guessed)
	t := tally{}
	for _, a := range copies.answers {
		t.add(a.w.folder, a.copied)
	}
	out.CopyFound = t.share()
	return out, nil
}

type crossing struct {
	labels        map[string]identity.Label
	folders       []folder
	taught, asked []*watched
	say           func(string, ...any)
}

// without learns from all captures but those left out.
func (c *crossing) without(out func(i int) bool) *identity.Model {
	var rest []*watched
	for i, w := range c.taught {
		if !out(i) {
			rest = append(rest, w)
		}
	}
	return identity.Learn(units(c.labels, rest), identity.LearnOptions{})
}

// days leaves out each type's days; change, if not nil, is done to what is judged.
func (c *crossing) days(change func(identity.Session) identity.Session) *score {
	s := newScore(c.labels, c.folders)
	type key struct {
		folder string
		day    uint16
	}
	parts, days := map[key][]int{}, map[string]map[uint16]bool{}
	var order []key
	for i, w := range c.taught {
		k := key{w.folder, w.session.Day}
		if len(w.session.Tokens) == 0 {
			continue
		}
		if parts[k] == nil {
			order = append(order, k)
		}
		parts[k] = append(parts[k], i)
		if days[w.folder] == nil {
			days[w.folder] = map[uint16]bool{}
		}
		days[w.folder][k.day] = true
	}
	for _, k := range order {
		if len(days[k.folder]) < 2 {
			continue
		}
		m := c.without(func(i int) bool { return slices.Contains(parts[k], i) })
		for _, i := range parts[k] {
			w := *c.asked[i]
			if change != nil {
				w.session = change(w.session)
			}
			s.judge(m, &w)
		}
	}
	c.say("left out %d days", len(order))
	return s
}

func (c *crossing) folds() *score {
	const folds = 10
	s := newScore(c.labels, c.folders)
	in := func(i int) int { return i % folds }
	for f := range folds {
		m := c.without(func(i int) bool { return in(i) == f })
		for i := range c.asked {
			if in(i) == f {
				s.judge(m, c.asked[i])
			}
		}
	}
	return s
}

func (c *crossing) types() *score {
	s := newScore(c.labels, c.folders)
	s.learned = map[string]bool{} // of those that are judged, none was
	for _, f := range c.folders {
		m := c.without(func(i int) bool { return c.taught[i].folder == f.name })
		for i, w := range c.asked {
			if w.folder == f.name {
				s.judge(m, c.asked[i])
			}
		}
	}
	return s
}

// copies gives each type's devices the names, the announcements and the DHCP habits of a device of each other type.
func (c *crossing) copies() *score {
	s := newScore(c.labels, c.folders)
	s.learned = map[string]bool{}
	m := c.without(func(int) bool { return false })
	first := map[string]int{}
	for i, w := range c.taught {
		if _, ok := first[w.folder]; !ok && len(w.session.Tokens) > 0 {
			first[w.folder] = i
		}
	}
	for _, from := range c.folders {
		i, ok := first[from.name]
		if !ok {
			continue
		}
		for _, as := range c.folders {
			k, ok := first[as.name]
			if !ok || as.name == from.name || s.hub(from.name, as.name) || sameVendor(c.labels[from.name].Vendor, c.labels[as.name].Vendor) {
				continue // a sister of the same maker is no other device by what is hard to forge
			}
			w := *c.taught[i]
			w.session = disguise(c.taught[i].session, c.taught[k].session)
			j := m.Judge(w.session)
			a := answer{w: &w, accepted: j.Accepted && len(j.Candidates) > 0 && j.Candidates[0].Model == as.name, copied: j.Copies == as.name}
			s.answers = append(s.answers, a)
		}
	}
	return s
}

// disguise is a device's session with everything that is easily forged taken from another's.
func disguise(own, other identity.Session) identity.Session {
	out := identity.Session{Age: own.Age, Day: own.Day}
	for _, t := range own.Tokens {
		if t.Clue.Forgeable() < 2 {
			out.Tokens = append(out.Tokens, t)
		}
	}
	for _, t := range other.Tokens {
		if t.Clue.Forgeable() >= 2 {
			out.Tokens = append(out.Tokens, t)
		}
	}
	return out
}

// rebuilt is a session as another firmware build might show it.
func rebuilt(s identity.Session) identity.Session {
	out := identity.Session{Age: s.Age, Day: s.Day}
	for _, t := range s.Tokens {
		switch t.Clue {
		case identity.ClueDHCPVendor, identity.ClueDHCPParams, identity.ClueDHCPForm, identity.ClueDHCPSize, identity.ClueSYN, identity.ClueJA4,
			identity.ClueTLS, identity.ClueAgent, identity.ClueSoftware, identity.ClueHabit, identity.ClueGroup, identity.ClueHops:
			t.Hash = ^t.Hash
		case identity.ClueName:
			if t.Hash%4 == 0 {
				continue
			}
		}
		out.Tokens = append(out.Tokens, t)
	}
	return out
}
