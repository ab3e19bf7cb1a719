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
