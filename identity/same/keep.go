package same

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// Snapshot is what is remembered across a restart.
type Snapshot struct {
	Faces  []Face   `json:"faces"`
	Apart  []Apart  `json:"apart,omitempty"`
	Common []uint64 `json:"common,omitempty"`
}

// Face is one hardware address in a Snapshot.
type Face struct {
	MAC     home.MAC         `json:"mac"`
	Device  home.DeviceID    `json:"device"`
	Own     home.DeviceID    `json:"own,omitempty"` // where it was merged: whose it was
	By      By               `json:"by,omitempty"`
	At      int64            `json:"at,omitempty"` // unix time, as all here
	Port    string           `json:"port,omitempty"`
	Class   home.DeviceClass `json:"class,omitempty"`
	Vendor  string           `json:"vendor,omitempty"` // and what it was surely taken for, since when
	Sure    home.DeviceClass `json:"sure,omitempty"`
	Since   int64            `json:"since,omitempty"`
	First   int64            `json:"first"`
	Last    int64            `json:"last"`
	Clues   []Value          `json:"clues,omitempty"`
	Asked   []uint32         `json:"asked,omitempty"`
	Lodgers []Guest          `json:"lodgers,omitempty"`
}

// Value is a clue's value, hashed.
type Value struct {
	Clue  Clue   `json:"clue"`
	Hash  uint64 `json:"hash"`
	Last  uint32 `json:"last"` // minutes
	Count uint16 `json:"count"`
}

// Guest is a Lodger with what it is known by.
type Guest struct {
	Address netip.Addr `json:"address"`
	MAC     home.MAC   `json:"mac,omitzero"`
	Client  uint64     `json:"client,omitempty"`
	Habits  uint64     `json:"habits,omitempty"`
	Stack   uint64     `json:"stack,omitempty"`
	Name    string     `json:"name,omitempty"`
	First   int64      `json:"first"`
	Last    int64      `json:"last"`
	Turns   uint16     `json:"turns,omitempty"`
	Unknown bool       `json:"unknown,omitempty"`
}

// Snapshot copies what is to be remembered, in a stable order.
func (l *Linker) Snapshot() Snapshot {
	s := Snapshot{Faces: make([]Face, 0, len(l.faces)), Apart: l.aparts()}
	for _, f := range l.faces {
		s.Faces = append(s.Faces, f.keep())
	}
	slices.SortFunc(s.Faces, func(a, b Face) int { return cmp.Or(cmp.Compare(a.First, b.First), bytes.Compare(a.MAC[:], b.MAC[:])) })
	for v := range l.common {
		s.Common = append(s.Common, v)
	}
	slices.Sort(s.Common)
	return s
}

func (f *face) keep() Face {
	k := Face{MAC: f.mac, Device: f.id, By: f.by, At: f.at, Port: f.port, Class: f.class, Vendor: f.was.vendor, Sure: f.was.class,
		Since: f.was.since, First: f.first, Last: f.last, Asked: slices.Clone(f.asked)}
	if f.own != f.id {
		k.Own = f.own
	}
	for _, m := range f.marks {
		k.Clues = append(k.Clues, Value{m.clue, m.value, m.last, m.count})
	}
	for _, x := range f.lodgers {
		k.Lodgers = append(k.Lodgers, Guest{Address: x.addr, MAC: x.inner, Client: x.client, Habits: x.habits, Stack: x.stack, Name: x.name,
			First: x.first, Last: x.last, Turns: x.turns, Unknown: x.unknown})
	}
	return k
}

// Restore puts back what Snapshot gave, into a new Linker. What is more than there is room for, or makes no sense, is left out.
func (l *Linker) Restore(s Snapshot) {
	for _, k := range s.Faces {
		if len(l.faces) >= l.cfg.Faces || k.MAC.IsZero() || k.MAC.IsGroup() || k.Device == "" || l.faces[k.MAC] != nil {
			continue
		}
		f := &face{mac: k.MAC, id: k.Device, own: cmp.Or(k.Own, k.Device), at: k.At, port: short(k.Port), class: home.DeviceClass(short(string(k.Class))),
			first: k.First, last: max(k.First, k.Last), was: identity{short(k.Vendor), home.DeviceClass(short(string(k.Sure))), k.Since}}
		if f.personal = f.class.Personal(); f.own != f.id {
			f.by = min(max(k.By, Evidence), Owner)
		}
		l.faces[f.mac] = f
		l.restoreClues(f, k)
		f.restoreLodgers(k)
	}
	for _, a := range s.Apart {
		if x, y := l.faces[a.A], l.faces[a.B]; x != nil && y != nil && x.id != y.id && len(l.apart) < maxApart && (a.By == Evidence || a.By == Owner) {
			p := pairOf(a.A, a.B)
			l.apart[p] = Apart{A: p.a, B: p.b, By: a.By, At: a.At}
		}
	}
	for _, v := range s.Common[:min(len(s.Common), maxCommon)] {
		l.common[v] = true
	}
}

func (l *Linker) restoreClues(f *face, k Face) {
	for _, v := range k.Clues {
		if v.Clue == 0 || v.Clue >= numClues || clues[v.Clue].keep == 0 {
			continue
		}
		n, known := 0, false
		f.each(v.Clue, func(m mark) { n, known = n+1, known || m.value == v.Hash })
		if known || n >= clues[v.Clue].keep {
			continue
		}
		m := mark{value: v.Hash, last: v.Last, count: v.Count, clue: v.Clue}
		f.marks = append(f.marks, m)
		l.enter(f, m.key())
	}
	asked := slices.Clone(k.Asked)
	slices.Sort(asked)
	asked = slices.Compact(asked)
	f.asked = slices.Clone(asked[:min(len(asked), sketch)])
}

func (f *face) restoreLodgers(k Face) {
	for i, g := range k.Lodgers[:min(len(k.Lodgers), maxLodgers)] {
		a := g.Address.Unmap()
		if a.IsValid() && !a.Is4() {
			continue
		}
		f.lodgers = append(f.lodgers, lodger{number: uint8(i + 1), addr: a, inner: g.MAC, client: g.Client, habits: g.Habits, stack: g.Stack,
			name: shortName(g.Name), first: g.First, last: g.Last, turns: g.Turns, unknown: g.Unknown, port: f.port})
	}
}

func short(s string) string {
	if len(s) > 64 {
		return ""
	}
	return s
}

// Seen is when a hardware address was first and last seen; zero times when it is not known.
func (l *Linker) Seen(m home.MAC) (first, last time.Time) {
	if f := l.faces[m]; f != nil {
		return time.Unix(f.first, 0).UTC(), time.Unix(f.last, 0).UTC()
	}
	return time.Time{}, time.Time{}
}
