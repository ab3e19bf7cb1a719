package eval

import (
	"cmp"
	"math"
	"slices"

	"cardea/identity"
)

// Report is the outcome. Shares are between 0 and 1, nil where there is nothing to count.
type Report struct {
	TrainTypes       int                  `json:"train_types"`
	KnownCaptures    int                  `json:"known_captures"`
	UnknownCaptures  int                  `json:"unknown_captures"`
	Top1             *float64             `json:"top1"`               // forced choice, of the known
	Macro            *float64             `json:"macro"`              // the same, every type alike
	Vendor           *float64             `json:"vendor"`             // right vendor, of all captures whose vendor is known by the name of the type
	Class            *float64             `json:"class"`              // right class, likewise
	Accepted         *float64             `json:"accepted"`           // of the known, not called unknown
	RightAndAccepted *float64             `json:"right_and_accepted"` // of the known
	UnknownRejected  *float64             `json:"unknown_rejected"`   // of the captures of types that were not learned
	Confusions       []Confusion          `json:"confusions"`
	PerType          map[string]*TypeLine `json:"per_type"`
	Micros           *float64             `json:"us_per_capture"`

	Top1Hub       *float64            `json:"top1_hub"`        // top1 where a device behind a hub may be called by its hub
	WrongAccepted *float64            `json:"wrong_accepted"`  // of all captures: called another model than it is
	VendorUnseen  *float64            `json:"vendor_unseen"`   // right vendor, of captures of types that were not learned
	Copied        int                 `json:"copied"`          // captures that would be a finding: says it is one model, but is not
	Intervals     map[string]Interval `json:"intervals"`       // of the shares above, by Wilson's method, 95 %
	Units         map[string]Interval `json:"units"`           // the same with one vote a physical device: the bound that holds for other units
	Twins         []identity.Twin     `json:"twins,omitempty"` // types that nothing tells apart by itself, in the training folder
	Behind        []string            `json:"behind"`          // types that share an address with another
	Guessed       []string            `json:"guessed_address"` // types whose device's address nobody wrote down
	Empty         int                 `json:"empty"`           // captures that hold nothing of their device
	Damaged       int                 `json:"damaged"`         // captures that could be read in part only
}

// Confusion is a mistake of the forced choice.
type Confusion struct {
	Type     string `json:"type"`
	TakenFor string `json:"taken_for"`
	Captures int    `json:"captures"`
	Accepted int    `json:"accepted"` // of these, not called unknown
	ByHub    bool   `json:"by_hub"`   // one is behind the other
}

// TypeLine is one type's share.
type TypeLine struct {
	Known    bool     `json:"known"`
	Captures int      `json:"captures"`
	Top1     *float64 `json:"top1"`
	Accepted float64  `json:"accepted"`
	Right    *float64 `json:"right_and_accepted"`
}

// Interval is a share with its bounds.
type Interval struct {
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Of    int     `json:"of"`
}

// wilson is Wilson's interval of k in n at 95 % (Wilson 1927).
func wilson(k float64, n int) Interval {
	if n == 0 {
		return Interval{}
	}
	const z = 1.959964
	p, m := k/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Interval{p, max(0, mid-half), min(1, mid+half), n}
}

// tally counts one share, by capture and by unit.
type tally struct {
	yes, of int
	unit    map[string][2]int
}

func (t *tally) add(unit string, yes bool) {
	if t.unit == nil {
		t.unit = map[string][2]int{}
	}
	u := t.unit[unit]
	t.of++
	u[1]++
	if yes {
		t.yes++
		u[0]++
	}
	t.unit[unit] = u
}

func (t *tally) share() *float64 {
	if t.of == 0 {
		return nil
	}
	v := float64(t.yes) / float64(t.of)
	return &v
}

// byUnit gives every physical device one vote: with few of them a share proves little, however many captures there are.
func (t *tally) byUnit() Interval {
	sum := 0.
	for _, u := range t.unit {
		sum += float64(u[0]) / float64(u[1])
	}
	return wilson(sum, len(t.unit))
}

// report sums up.
func (s *score) report(m *identity.Model, guessed []string) *Report {
	r := &Report{
		TrainTypes: len(s.learned), PerType: map[string]*TypeLine{}, Confusions: []Confusion{}, Guessed: append([]string{}, guessed...),
		Intervals: map[string]Interval{}, Units: map[string]Interval{}, Behind: []string{},
	}
	var t struct{ top1, hub, accepted, right, rejected, vendor, class, vendorUnseen, wrong tally }
	confused := map[[2]string]*Confusion{}
	micros := 0.
	for _, a := range s.answers {
		unit := a.w.folder + " " + a.w.mac.String()
		right := a.forced == a.w.folder
		micros += float64(a.took.Nanoseconds()) / 1000
		if len(a.w.session.Tokens) == 0 {
			r.Empty++
		}
		if a.w.damaged {
			r.Damaged++
		}
		if a.copied {
			r.Copied++
		}
		t.wrong.add(unit, a.accepted && !right)
		if l := s.labels[a.w.folder]; l.Vendor != "" {
			ok := sameVendor(a.who.Vendor, l.Vendor)
			t.vendor.add(unit, ok)
			if !a.known {
				t.vendorUnseen.add(unit, ok)
			}
		}
		if l := s.labels[a.w.folder]; l.Class != "" {
			t.class.add(unit, a.who.Class == l.Class)
		}
		r.line(&a, right)
		if !a.known {
			r.UnknownCaptures++
			t.rejected.add(unit, !a.accepted)
			continue
		}
		r.KnownCaptures++
		t.top1.add(unit, right)
		t.hub.add(unit, right || s.hub(a.w.folder, a.forced))
		t.accepted.add(unit, a.accepted)
		t.right.add(unit, a.accepted && right)
		if !right {
			k := [2]string{a.w.folder, a.forced}
			if confused[k] == nil {
				confused[k] = &Confusion{Type: k[0], TakenFor: k[1], ByHub: s.hub(k[0], k[1])}
			}
			confused[k].Captures++
			if a.accepted {
				confused[k].Accepted++
			}
		}
	}
	r.Top1, r.Top1Hub, r.Accepted, r.RightAndAccepted = t.top1.share(), t.hub.share(), t.accepted.share(), t.right.share()
	r.UnknownRejected, r.Vendor, r.Class = t.rejected.share(), t.vendor.share(), t.class.share()
	r.VendorUnseen, r.WrongAccepted = t.vendorUnseen.share(), t.wrong.share()
	for name, k := range map[string]*tally{
		"top1": &t.top1, "top1_hub": &t.hub, "accepted": &t.accepted, "right_and_accepted": &t.right, "unknown_rejected": &t.rejected,
		"vendor": &t.vendor, "class": &t.class, "vendor_unseen": &t.vendorUnseen, "wrong_accepted": &t.wrong,
	} {
		if k.of > 0 {
			r.Intervals[name], r.Units[name] = wilson(float64(k.yes), k.of), k.byUnit()
		}
	}
	if n := len(s.answers); n > 0 {
		v := math.Round(micros/float64(n)*10) / 10
		r.Micros = &v
	}
	r.finish(confused)
	for name := range s.behind {
		r.Behind = append(r.Behind, name)
	}
	slices.Sort(r.Behind)
	if m != nil {
		r.Twins = m.Twins()
	}
	return r
}

// line counts an answer for its type; finish makes shares of the counts.
func (r *Report) line(a *answer, right bool) {
	l := r.PerType[a.w.folder]
	if l == nil {
		l = &TypeLine{Known: a.known}
		if a.known {
			l.Top1, l.Right = new(float64), new(float64)
		}
		r.PerType[a.w.folder] = l
	}
	l.Captures++
	if a.accepted {
		l.Accepted++
	}
	if a.known && right {
		*l.Top1++
		if a.accepted {
			*l.Right++
		}
	}
}

func (r *Report) finish(confused map[[2]string]*Confusion) {
	sum, types := 0., 0
	for _, l := range r.PerType {
		n := float64(l.Captures)
		l.Accepted /= n
		if l.Known {
			*l.Top1 /= n
			*l.Right /= n
			sum += *l.Top1
			types++
		}
	}
	if types > 0 {
		v := sum / float64(types)
		r.Macro = &v
	}
	for _, c := range confused {
		r.Confusions = append(r.Confusions, *c)
	}
	slices.SortFunc(r.Confusions, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.Captures, a.Captures), cmp.Compare(a.Type, b.Type), cmp.Compare(a.TakenFor, b.TakenFor))
	})
}
