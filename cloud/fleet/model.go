package fleet

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"cardea/home"
	"cardea/identity"
)

// Models learns what package identity judges by.
type Models struct {
	// Tune fits margins on units as homes told them, at most maxTuned, the same each time; nil: identity's default.
	Tune func([]identity.Unit) identity.Tuning
	Most int // bytes of the bundle; 0: MaxModel
}

const (
	perModel = 64 // homes of a model that are learned of: a fair sample of them, the same each time
	maxTuned = 4000
	fewHomes = 3 // a token of fewer homes of the sample is no model's: its hash stays here
	// MaxModel is how large a bundle may be, in bytes. In a gateway's memory it takes twelve times as much.
	MaxModel = 1 << 20
)

// Learn makes a bundle of identity.Model.
func (m Models) Learn(ctx context.Context, units func(yield func(Unit) bool)) ([]byte, error) {
	all := map[Label]*sample{}
	units(func(u Unit) bool {
		s := all[u.Label]
		if s == nil {
			s = &sample{}
			all[u.Label] = s
		}
		s.add(u)
		return ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	labels := slices.SortedFunc(maps.Keys(all), byLabel)
	tuning := identity.DefaultTuning()
	if m.Tune != nil {
		tuning = m.Tune(raw(all, labels))
	}
	return fit(all, labels, &tuning, cmp.Or(m.Most, MaxModel))
}

// fit makes the bundle of the labels that most homes have, as many as there is room for.
func fit(all map[Label]*sample, labels []Label, tuning *identity.Tuning, most int) ([]byte, error) {
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b Label) int { return cmp.Compare(all[b].homes, all[a].homes) })
	for {
		c := identity.NewCounts()
		for _, l := range labels {
			for _, u := range all[l].units() {
				c.Add(u)
			}
		}
		data, err := c.Model(tuning).MarshalBinary()
		if err != nil || len(data) <= most || len(labels) == 0 {
			return data, err
		}
		labels = labels[:len(labels)*most/len(data)*15/16]
	}
}

// raw are units as they were told, of each label as many.
func raw(all map[Label]*sample, labels []Label) (out []identity.Unit) {
	for n := range perModel {
		for _, l := range labels {
			if s := all[l]; n < len(s.list) && len(out) < maxTuned {
				out = append(out, s.list[n].unit)
			}
		}
	}
	return out
}

// sample keeps the homes whose hash is smallest.
type sample struct {
	list  []sampled
	homes int // all
}

type sampled struct {
	key  uint64
	unit identity.Unit
}

func (s *sample) add(u Unit) {
	s.homes++
	var key uint64
	for _, c := range []byte(u.Home) {
		key = mix(key ^ uint64(c))
	}
	if len(s.list) == perModel && key >= s.list[perModel-1].key {
		return
	}
	one := sampled{key, unitOf(u)}
	i, _ := slices.BinarySearchFunc(s.list, one, func(a, b sampled) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.unit.Home, b.unit.Home))
	})
	s.list = slices.Insert(s.list, i, one)
	s.list = s.list[:min(len(s.list), perModel)]
}

// units are the sample without what only few homes have.
func (s *sample) units() (out []identity.Unit) {
	homes := map[uint64]int{}
	for _, one := range s.list {
		for _, t := range one.unit.Sessions[0].Tokens {
			homes[t.Hash]++
		}
	}
	for _, one := range s.list {
		session := &one.unit.Sessions[0]
		session.Tokens = slices.DeleteFunc(slices.Clone(session.Tokens), func(t identity.Shown) bool { return homes[t.Hash] < fewHomes })
		out = append(out, one.unit)
	}
	return out
}

// unitOf is a home's vote as package identity counts it.
func unitOf(u Unit) identity.Unit {
	s := identity.Session{Age: uint8(min(u.Age, maxAge))}
	for _, t := range u.Tokens {
		if clue := identity.Clue(t.GetClue()); clue.Known() {
			s.Tokens = append(s.Tokens, identity.Shown{Token: identity.Token{Hash: t.GetHash(), Clue: clue}, Age: uint8(min(t.GetAge(), maxAge))})
		}
	}
	return identity.Unit{Home: u.Home, Label: identity.Label{Model: u.Label.Model, Vendor: u.Label.Vendor, Class: home.DeviceClass(u.Label.Class)}, Sessions: []identity.Session{s}}
}

// weight is less for what is a mere habit of a system.
func weight(clue uint32) float64 {
	switch identity.Clue(clue & 0xff).Rank() {
	case 4:
		return 0.25
	case 3:
		return 0.5
	}
	return 1
}
