package facts

import (
	"strings"

	"cardea/home"
)

// Label reads a plain name of a product, as a folder of captures or a person's note has it ("TP-LinkPlugHS110",
// "ring-doorbell"): who makes it and what it is, as far as the words say. model is never empty for a name with a letter or
// digit; where the product is not in the table it is the name itself in separate words.
func (t *Table) Label(name string) (model, vendor string, class home.DeviceClass) {
	if len(name) > maxValue {
		name = name[:maxValue]
	}
	h := t.words.listen(name, true)
	if h.vendor.vendor == "" && h.product.vendor == "" {
		h = t.words.glued(name, h)
	}
	vendor, class = h.vendor.vendor, h.kind
	if h.product.vendor != "" {
		vendor = h.product.vendor
		if class == "" {
			class = h.product.class
		}
	}
	if class == "" {
		class = h.vendor.class
	}
	return apart(name), vendor, class
}

// glued hears a vendor and a kind that are written as one word in small letters, as "lifxbulb" is.
func (l *lexicon) glued(name string, h heard) heard {
	var p pieces
	p.fill(name)
	for i := range p.n {
		word := p.window(i, i+1)
		for cut := 3; cut < len(word)-1; cut++ {
			maker, ok := l.entries[string(word[:cut])]
			thing, ok2 := l.entries[string(word[cut:])]
			if ok && ok2 && maker.kind != 'k' && thing.kind == 'k' {
				h.take(maker)
				h.take(thing)
				return h
			}
		}
	}
	return h
}

// apart is a name with its words apart: "D-LinkHomeHub" is "D-Link Home Hub".
func apart(name string) string {
	var b strings.Builder
	last, gap := byte(0), false
	for i := range len(name) {
		c := kindOf(name[i])
		if c == 0 && name[i] != '-' {
			gap, last = b.Len() > 0, 0
			continue
		}
		if c == 'A' && (last == 'a' && !brand(name[:i]) || last == 'A' && i+1 < len(name) && kindOf(name[i+1]) == 'a') {
			gap = b.Len() > 0
		}
		if gap {
			b.WriteByte(' ')
		}
		b.WriteByte(name[i])
		last, gap = c, false
	}
	return strings.Trim(b.String(), " -")
}

// brand says whether a name's beginning is that of a brand which has a capital in the middle.
func brand(before string) bool {
	for _, b := range []string{"We", "i"} {
		if rest, ok := strings.CutSuffix(before, b); ok && (rest == "" || kindOf(rest[len(rest)-1]) != 'a') {
			return true
		}
	}
	return false
}
