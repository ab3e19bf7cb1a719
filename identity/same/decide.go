package same

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"cardea/home"
)

// By says who decided.
type By uint8

// Who may decide. What an owner decided is not undone by evidence.
const (
	Evidence By = iota + 1
	Owner
)

func (b By) String() string {
	switch b {
	case Evidence:
		return "evidence"
	case Owner:
		return "owner"
	}
	return ""
}

// MarshalText makes it a word in JSON.
func (b By) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (b *By) UnmarshalText(t []byte) error {
	switch string(t) {
	case "evidence":
		*b = Evidence
	case "owner":
		*b = Owner
	case "":
		*b = 0
	default:
		return errors.New("who decided: want evidence or owner")
	}
	return nil
}

// ErrDecided: it was decided, or seen, that the two are different devices.
var ErrDecided = errors.New("these are two devices")

type pair struct{ a, b home.MAC }

func pairOf(a, b home.MAC) pair {
	if less(b, a) {
		a, b = b, a
	}
	return pair{a, b}
}

// Apart says that two addresses are of two devices.
type Apart struct {
	A  home.MAC  `json:"a"`
	B  home.MAC  `json:"b"`
	By By        `json:"by"`
	At time.Time `json:"at"`
}

// Joined is a merge that holds.
type Joined struct {
	Into home.DeviceID `json:"into"`
	From home.DeviceID `json:"from"`
	MAC  home.MAC      `json:"mac"`
	By   By            `json:"by"`
	At   time.Time     `json:"at"`
}

// Merge notes that two devices are one from now on. An owner's word also takes back what kept them apart; evidence does not
// overrule that: the error is ErrDecided then, and nothing has changed.
func (l *Linker) Merge(into, from home.DeviceID, by By) error {
	if into == from {
		return nil
	}
	if by == Owner {
		l.reconcile(into, from)
	} else if l.areApart(into, from) {
		return ErrDecided
	}
	for _, f := range l.faces {
		if f.id != from {
			continue
		}
		if f.id = into; f.by == 0 || by == Owner {
			f.by, f.at = by, l.now.Unix()
		}
	}
	return nil
}

// Split notes that an address of a device is another device, to, from now on, with all that was merged together with it. Evidence
// does not bring them together again.
func (l *Linker) Split(id home.DeviceID, mac home.MAC, to home.DeviceID) {
	at := l.faces[mac]
	if at == nil || at.id != id || id == to {
		return
	}
	own := at.own
	var gone, rest []*face
	for _, f := range l.faces {
		switch {
		case f.id != id:
		case f == at || own != id && f.own == own:
			gone = append(gone, f)
		default:
			rest = append(rest, f)
		}
	}
	slices.SortFunc(gone, older)
	slices.SortFunc(rest, older)
	for _, f := range gone {
		f.id, f.own, f.by, f.at = to, to, 0, 0
		for _, other := range rest {
			l.setApart(f, other, Owner)
		}
	}
}

// Different notes that an owner says that two devices are two: a proposal turned down.
func (l *Linker) Different(a, b home.DeviceID) {
	for _, f := range l.faces {
		for _, g := range l.faces {
			if f.id == a && g.id == b && a != b {
				l.setApart(f, g, Owner)
			}
		}
	}
}

func (l *Linker) setApart(a, b *face, by By) {
	p := pairOf(a.mac, b.mac)
	if old, known := l.apart[p]; known && old.By >= by {
		return
	}
	if len(l.apart) >= maxApart {
		if by == Evidence && l.spare <= 0 {
			return
		}
		l.spare--
		l.dropApart()
	}
	l.apart[p] = Apart{A: p.a, B: p.b, By: by, At: l.now}
}

// dropApart forgets the oldest that was seen, else the oldest that was said.
func (l *Linker) dropApart() {
	var gone pair
	first := true
	for p, a := range l.apart {
		old := l.apart[gone]
		if c := cmp.Or(cmp.Compare(a.By, old.By), a.At.Compare(old.At)); first || c < 0 || c == 0 && (less(p.a, gone.a) || p.a == gone.a && less(p.b, gone.b)) {
			gone, first = p, false
		}
	}
	delete(l.apart, gone)
}

func (l *Linker) aparts() []Apart {
	list := make([]Apart, 0, len(l.apart))
	for _, a := range l.apart {
		list = append(list, a)
	}
	slices.SortFunc(list, func(x, y Apart) int {
		return cmp.Or(x.At.Compare(y.At), bytes.Compare(x.A[:], y.A[:]), bytes.Compare(x.B[:], y.B[:]))
	})
	return list
}

func (l *Linker) areApart(a, b home.DeviceID) bool {
	for p := range l.apart {
		x, y := l.faces[p.a], l.faces[p.b]
		if x != nil && y != nil && coupleOf(x.id, y.id) == coupleOf(a, b) {
			return true
		}
	}
	return false
}

// reconcile takes back what kept two devices apart.
func (l *Linker) reconcile(a, b home.DeviceID) {
	for p := range l.apart {
		x, y := l.faces[p.a], l.faces[p.b]
		if x != nil && y != nil && coupleOf(x.id, y.id) == coupleOf(a, b) {
			delete(l.apart, p)
		}
	}
}

// Links are the merges that hold, in a stable order.
func (l *Linker) Links() []Joined {
	var list []Joined
	for _, f := range l.faces {
		if f.own != f.id {
			list = append(list, Joined{Into: f.id, From: f.own, MAC: f.mac, By: f.by, At: time.Unix(f.at, 0).UTC()})
		}
	}
	slices.SortFunc(list, func(a, b Joined) int {
		return cmp.Or(cmp.Compare(a.Into, b.Into), cmp.Compare(a.From, b.From), strings.Compare(a.MAC.String(), b.MAC.String()))
	})
	return list
}

// Doubts are merges by evidence that turned out to be doubtful, since both were here at once. They are not undone by themselves,
// or a device could shed its containment: a resident is asked.
func (l *Linker) Doubts() []Joined {
	return slices.DeleteFunc(l.Links(), func(j Joined) bool {
		f := l.faces[j.MAC]
		if j.By != Evidence {
			return true
		}
		for _, g := range l.faces {
			if g.id == f.id && g.own != f.own && atOnce(f, g) {
				return false
			}
		}
		return true
	})
}
