package facts

import (
	"fmt"
	"strings"

	"cardea/home"
)

// lexicon knows words of free text: names of vendors, names and numbers of products, and words for kinds of device. Words
// are kept without spaces and punctuation, so "TP-Link", "tp_link" and "TpLink" are one word.
type lexicon struct {
	entries map[string]entry
}

// entry is a word. At most one of the three kinds.
type entry struct {
	kind    byte // 'v' vendor, 'p' product, 'k' kind
	vendor  string
	class   home.DeviceClass
	model   string
	labeled bool // only in a label that a person gave: in a device's own words it may mean something else
}

// maxWindow is how many pieces of a text may make up one word: "D-Link" is two, "DCS-930L" three.
const maxWindow = 4

func newLexicon() *lexicon { return &lexicon{entries: map[string]entry{}} }

func (l *lexicon) add(heading, word string, f Fact, labeled bool) error {
	key := squeeze(word)
	if key == "" {
		return fmt.Errorf("%q is no word", word)
	}
	if _, ok := l.entries[key]; ok {
		return fmt.Errorf("the word %q is there twice", word)
	}
	e := entry{kind: heading[0], vendor: f.Vendor, class: f.Class, model: f.Model, labeled: labeled}
	switch {
	case e.kind == 'k' && (e.class == "" || e.vendor != ""), e.kind == 'v' && e.vendor == "", e.kind == 'p' && e.vendor == "":
		return fmt.Errorf("%q says too little or too much for a %s", word, heading)
	}
	l.entries[key] = e
	return nil
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && isAlnum(byte(r)) {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// pieces is a text cut into runs of letters and of digits, at changes of case too, with all else left out.
type pieces struct {
	text [maxValue]byte // squeezed, lower case
	cut  [48]uint8      // where each piece ends in text
	n    int
}

func (p *pieces) fill(s string) {
	size, last := 0, byte(0)
	for i := 0; i < len(s) && size < maxValue-1; i++ {
		c := kindOf(s[i])
		if c == 0 {
			last = 0
			continue
		}
		if starts := c != last && (last != 'A' || c != 'a') || c == 'A' && last == 'A' && i+1 < len(s) && kindOf(s[i+1]) == 'a'; starts {
			if p.n == len(p.cut) {
				return
			}
			p.n++
		}
		b := s[i]
		if c == 'A' {
			b += 'a' - 'A'
		}
		p.text[size] = b
		size++
		p.cut[p.n-1] = uint8(size)
		last = c
	}
}

func kindOf(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= 'a' && c <= 'z':
		return 'a'
	case isDigit(c):
		return '0'
	}
	return 0
}

// window is the word made of pieces i to j.
func (p *pieces) window(i, j int) []byte {
	from := 0
	if i > 0 {
		from = int(p.cut[i-1])
	}
	return p.text[from:p.cut[j-1]]
}

// heard is what a text says by its words.
type heard struct {
	vendor, product entry
	kind            home.DeviceClass
}

// listen goes through a text from the left and takes the longest word each time. A word inside a longer one says nothing:
// "Nintendo Switch" is no switch.
func (l *lexicon) listen(s string, label bool) (h heard) {
	var p pieces
	p.fill(s)
	for i := 0; i < p.n; {
		next := i + 1
		for j := min(i+maxWindow, p.n); j > i; j-- {
			e, ok := l.entries[string(p.window(i, j))]
			if !ok || e.labeled && !label {
				continue
			}
			h.take(e)
			next = j
			break
		}
		i = next
	}
	return h
}

func (h *heard) take(e entry) {
	switch {
	case e.kind == 'v' && h.vendor.vendor == "":
		h.vendor = e
	case e.kind == 'p' && h.product.vendor == "":
		h.product = e
	case e.kind == 'k':
		h.kind = e.class // the last one: a "door sensor hub" is a hub
	}
}

// described yields what a maker's own words about the product say: a model key of mDNS, a field of a device description.
func (t *Table) described(value string, yield func(Fact)) {
	key, text, ok := strings.Cut(value, "=")
	if !ok {
		text = value // a record without a key: a few products put their name there
	} else if !describes(key) {
		return
	}
	h := t.words.listen(text, false)
	f := Fact{Words: "describes itself as ", Forgeable: 3, Weight: 4}
	switch {
	case h.product.vendor != "":
		f.Model, f.Vendor, f.Class = h.product.model, h.product.vendor, h.product.class
	case h.vendor.vendor != "":
		f.Vendor = h.vendor.vendor
	}
	if f.Class == "" {
		f.Class = h.kind
	}
	t.say(f, yield)
}

// called yields what a host name says by its words: less, for people choose them as well.
func (t *Table) called(value string, yield func(Fact)) {
	h := t.words.listen(value, false)
	if h.product.vendor == "" && h.vendor.vendor == "" {
		return // "camera" alone may be a person's joke
	}
	f := Fact{Words: "calls itself ", Forgeable: 3, Weight: 1.5, Vendor: h.vendor.vendor, Class: h.kind}
	if h.product.vendor != "" {
		f.Weight, f.Model, f.Vendor = 2.5, h.product.model, h.product.vendor
		if h.product.class != "" {
			f.Class = h.product.class
		}
	}
	t.say(f, yield)
}

// announced yields what the number of a product in an announcement says; vendors' names in it are not enough, for one
// maker's protocol is spoken by others.
func (t *Table) announced(value string, yield func(Fact)) {
	p := t.words.listen(value, false).product
	if p.vendor != "" {
		t.say(Fact{Words: "announces itself as ", Forgeable: 3, Weight: 3.5, Model: p.model, Vendor: p.vendor, Class: p.class}, yield)
	}
}

// say finishes a fact made of words. The words told are the table's, never the device's.
func (t *Table) say(f Fact, yield func(Fact)) {
	switch {
	case f.Model != "":
		f.Words += f.Model
	case f.Vendor != "" && f.Class != "":
		f.Words += f.Vendor + " " + string(f.Class)
	case f.Vendor != "":
		f.Words += f.Vendor
	case f.Class != "":
		f.Words += string(f.Class)
		f.Weight /= 2
	default:
		return
	}
	yield(f)
}

// describes says whether a key tells the product, as its maker wrote it, and not what its owner called it.
func describes(key string) bool {
	switch len(key) {
	case 2:
		return fold(key, "mf") || fold(key, "md") || fold(key, "am") || fold(key, "ty")
	case 3:
		return fold(key, "mdl")
	case 4:
		return fold(key, "rpmd")
	case 5:
		return fold(key, "model") || fold(key, "realm")
	case 6:
		return fold(key, "vendor") || fold(key, "device")
	case 7:
		return fold(key, "devtype") || fold(key, "usb_mdl") || fold(key, "usb_mfg") || fold(key, "product")
	}
	return fold(key, "model_number") || fold(key, "manufacturer") || fold(key, "modelname") || fold(key, "modelnumber") || fold(key, "modeldescription")
}

func fold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
