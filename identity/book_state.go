package identity

import (
	"slices"
	"time"

	"cardea/home"
)

// Correct takes the owner's word, or the operator's, which counts at once. An empty correction takes it back.
func (b *Book) Correct(id home.DeviceID, c Correction) {
	d := b.at(id)
	d.word = nil
	if c.Model != "" || c.Vendor != "" || c.Class != "" {
		d.word = &c
	}
	b.touch(d)
}

// Corrected is the word of people about a device.
func (b *Book) Corrected(id home.DeviceID) (Correction, bool) {
	if d := b.devices[id]; d != nil && d.word != nil {
		return *d.word, true
	}
	return Correction{}, false
}

// Past is who a device was taken for, the oldest first, at most the last four.
func (b *Book) Past(id home.DeviceID) []Past {
	if d := b.devices[id]; d != nil {
		return slices.Clone(d.past)
	}
	return nil
}

// Strictest is the class by which a device is judged: of those that it was taken for in the last 30 days the one that allows the
// least, since a device could pretend to be another. The owner's word counts alone: nobody can forge it.
func (b *Book) Strictest(id home.DeviceID, now time.Time) home.DeviceClass {
	b.Identity(id)
	d := b.devices[id]
	if d == nil {
		return ""
	}
	if d.word != nil && d.word.Class != "" {
		return d.word.Class
	}
	var out classDay
	for _, c := range d.classes {
		if int(dayOf(now))-int(c.day) > fadeDays {
			continue
		}
		if s, t := c.class.Strictness(), out.class.Strictness(); s > t || s == t && c.day >= out.day {
			out = c
		}
	}
	return out.class
}

// Alone is a book of one device, with all that is known of it: to ask what another model takes it for. Nothing that is done with it comes
// back here. nil: there is no such device.
func (b *Book) Alone(id home.DeviceID) *Book {
	d := b.devices[id]
	if d == nil {
		return nil
	}
	out := NewBook(Config{})
	k := &device{id: id, ev: d.ev, mac: d.mac, maker: d.maker, classes: slices.Clone(d.classes), stale: true}
	k.ev.tokens = slices.Clone(d.ev.tokens)
	for _, i := range d.facts {
		out.tell(k, b.told[i])
	}
	if d.word != nil {
		w := *d.word
		k.word = &w
	}
	out.devices[id] = k
	return out
}

// Merge says that two devices are one: the evidence of both is that of into.
func (b *Book) Merge(into, from home.DeviceID) {
	f := b.devices[from]
	if f == nil || into == from {
		return
	}
	d := b.at(into)
	d.ev.merge(&f.ev)
	for _, i := range f.facts {
		b.tell(d, b.told[i])
	}
	for _, c := range f.classes {
		if i := slices.IndexFunc(d.classes, func(x classDay) bool { return x.class == c.class }); i >= 0 {
			d.classes[i].day = max(d.classes[i].day, c.day)
		} else if len(d.classes) < maxClasses {
			d.classes = append(d.classes, c)
		}
	}
	if d.word == nil {
		d.word = f.word
	}
	if d.maker == "" {
		d.maker = f.maker
	}
	delete(b.devices, from)
	b.touch(d)
}

// Split says that a device was two: nobody can tell whose the evidence was, so both begin anew. People's word stays with the first.
func (b *Book) Split(id, other home.DeviceID) {
	if d := b.devices[id]; d != nil {
		word := d.word
		*d = device{id: id, word: word, queued: d.queued}
		b.touch(d)
	}
	delete(b.devices, other)
}

// Forget drops a device.
func (b *Book) Forget(id home.DeviceID) { delete(b.devices, id) }

// DeviceEvidence is what a Book keeps of a device across a restart.
type DeviceEvidence struct {
	ID      home.DeviceID               `json:"id"`
	MAC     home.MAC                    `json:"mac"`
	Maker   string                      `json:"maker,omitempty"`
	First   uint32                      `json:"first"` // in ticks of 50 ms, as Tokens have them; they wrap
	Last    uint32                      `json:"last"`
	Tokens  []KeptToken                 `json:"tokens"`
	Facts   []KeptFact                  `json:"facts,omitempty"`
	Classes map[home.DeviceClass]uint16 `json:"classes,omitempty"`
	Word    *Correction                 `json:"word,omitempty"`
}

// KeptToken is a token with when it was first seen, in ticks, and on which day last.
type KeptToken struct {
	Hash  uint64 `json:"h"`
	First uint32 `json:"f"`
	Day   uint16 `json:"d"`
	Clue  Clue   `json:"c"`
}

// KeptFact is a fact that a device matched.
type KeptFact struct {
	Clue Clue `json:"c"`
	Fact Fact `json:"fact"`
}

// Snapshot is all that is known, device by device in the order of their ids.
func (b *Book) Snapshot() []DeviceEvidence {
	out := make([]DeviceEvidence, 0, len(b.devices))
	for _, d := range b.devices {
		e := DeviceEvidence{ID: d.id, MAC: d.mac, Maker: d.maker, First: d.ev.first, Last: d.ev.last}
		for _, t := range d.ev.tokens {
			e.Tokens = append(e.Tokens, KeptToken{t.hash, t.at, t.day, t.clue})
		}
		for _, i := range d.facts {
			e.Facts = append(e.Facts, KeptFact{b.told[i].clue, b.told[i].fact})
		}
		for _, c := range d.classes {
			if e.Classes == nil {
				e.Classes = map[home.DeviceClass]uint16{}
			}
			e.Classes[c.class] = c.day
		}
		if d.word != nil {
			w := *d.word
			e.Word = &w
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b DeviceEvidence) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return out
}

// Restore puts back what Snapshot gave. What does not fit the bounds is left out.
func (b *Book) Restore(list []DeviceEvidence) {
	for _, e := range list {
		if e.ID == "" || len(b.devices) >= b.cfg.Devices {
			continue
		}
		d := b.at(e.ID)
		d.mac, d.maker = e.MAC, e.Maker
		for _, t := range e.Tokens {
			if t.Clue.Known() {
				d.ev.add(seen{t.Hash, t.First, t.Day, t.Clue})
			}
		}
		if d.ev.any {
			d.ev.first, d.ev.last = e.First, e.Last
		}
		for _, f := range e.Facts {
			if f.Clue.Known() {
				b.tell(d, told{f.Fact, f.Clue})
			}
		}
		for c, day := range e.Classes {
			if len(d.classes) < maxClasses {
				d.classes = append(d.classes, classDay{c, day})
			}
		}
		slices.SortFunc(d.classes, func(x, y classDay) int { return int(x.day) - int(y.day) })
		if e.Word != nil {
			w := *e.Word
			d.word = &w
		}
		b.touch(d)
	}
}
